"""Reading what is written: whole pages row by row, pictures that are one field each, forms and cheques."""

from lenet.reading.batch import Results
from lenet.reading.cheques import read_cheque
from lenet.reading.evaluation import FieldEvaluation, calibrate_fields, evaluate_fields
from lenet.reading.forms import FormPage, FormReader, read_form
from lenet.reading.pages import read_page
from lenet.reading.proof import Proof, explain
from lenet.reading.reader import Reader, read
from lenet.reading.readings import Character, Reading
from lenet.reading.templates import Template, load_template

__all__ = [
    "Character",
    "FieldEvaluation",
    "FormPage",
    "FormReader",
    "Proof",
    "Reader",
    "Reading",
    "Results",
    "Template",
    "calibrate_fields",
    "evaluate_fields",
    "explain",
    "load_template",
    "read",
    "read_cheque",
    "read_form",
    "read_page",
]
