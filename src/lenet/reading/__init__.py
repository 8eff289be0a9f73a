"""Reading what is written: whole pages row by row, pictures that are one field each, or the fields of forms."""

from lenet.reading.batch import Results
from lenet.reading.forms import FormPage, FormReader, read_form
from lenet.reading.pages import read_page
from lenet.reading.reader import Reader, read
from lenet.reading.readings import Character, Reading
from lenet.reading.templates import Template, load_template

__all__ = [
    "Character",
    "FormPage",
    "FormReader",
    "Reader",
    "Reading",
    "Results",
    "Template",
    "load_template",
    "read",
    "read_form",
    "read_page",
]
