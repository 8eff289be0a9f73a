"""Reading what is written: whole pages row by row, or pictures that are one field each."""

from lenet.reading.evaluation import FieldEvaluation, calibrate_fields, evaluate_fields
from lenet.reading.pages import read_page
from lenet.reading.proof import Proof, explain
from lenet.reading.reader import Reader, read
from lenet.reading.readings import Character, Reading

__all__ = [
    "Character",
    "FieldEvaluation",
    "Proof",
    "Reader",
    "Reading",
    "calibrate_fields",
    "evaluate_fields",
    "explain",
    "read",
    "read_page",
]
