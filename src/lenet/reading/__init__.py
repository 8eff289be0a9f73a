"""Reading what is written: whole pages row by row, pictures that are one field each, forms and cheques.

The names are fetched from their modules at first use: who reads a field does not wait for forms and cheques.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lenet.reading.cheques import read_cheque
    from lenet.reading.documents import DocumentReader, PageResult
    from lenet.reading.evaluation import FieldEvaluation, calibrate_fields, evaluate_fields
    from lenet.reading.folders import Batch, read_folder
    from lenet.reading.forms import FormPage, FormReader, read_form
    from lenet.reading.pages import read_page
    from lenet.reading.proof import Proof, explain
    from lenet.reading.reader import Reader, read
    from lenet.reading.readings import Character, Reading
    from lenet.reading.rows import COLUMNS
    from lenet.reading.tables import read_tables
    from lenet.reading.templates import Template, load_template

__all__ = [
    "COLUMNS",
    "Batch",
    "Character",
    "DocumentReader",
    "FieldEvaluation",
    "FormPage",
    "FormReader",
    "PageResult",
    "Proof",
    "Reader",
    "Reading",
    "Template",
    "calibrate_fields",
    "evaluate_fields",
    "explain",
    "load_template",
    "read",
    "read_cheque",
    "read_folder",
    "read_form",
    "read_page",
    "read_tables",
]

_PLACES = {
    "cheques": ("read_cheque",),
    "documents": ("DocumentReader", "PageResult"),
    "evaluation": ("FieldEvaluation", "calibrate_fields", "evaluate_fields"),
    "folders": ("Batch", "read_folder"),
    "forms": ("FormPage", "FormReader", "read_form"),
    "pages": ("read_page",),
    "proof": ("Proof", "explain"),
    "reader": ("Reader", "read"),
    "readings": ("Character", "Reading"),
    "rows": ("COLUMNS",),
    "tables": ("read_tables",),
    "templates": ("Template", "load_template"),
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'lenet.reading' has no attribute {name!r}")
    value: object = getattr(import_module(f"lenet.reading.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
