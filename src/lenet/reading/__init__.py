"""Reading what is written: whole pages row by row, or pictures that are one field each."""

from lenet.reading.cheques import read_cheque
from lenet.reading.pages import read_page
from lenet.reading.reader import Reader, read
from lenet.reading.readings import Character, Reading

__all__ = ["Character", "Reader", "Reading", "read", "read_cheque", "read_page"]
