"""Tesseract: the program, one line a picture (`--psm 7`), held to digits by its whitelist."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess

from PIL import Image

from benchmarks.fieldsets import FieldSet

OPTIONS = ("--psm", "7", "-c", "tessedit_char_whitelist=0123456789")


def read(fields: FieldSet, variant: str) -> dict[str, list[tuple[str, float, bool]]]:
    """Return what it reads, and its least sure word's confidence.

    Raises
    ------
    FileNotFoundError
        The program is not installed.
    """
    program = shutil.which("tesseract")
    if program is None:
        raise FileNotFoundError("the program tesseract is not installed; install tesseract-ocr")
    return {"": [_line(program, Image.fromarray(picture)) for picture in fields.pictures]}


def _line(program: str, picture: Image.Image) -> tuple[str, float, bool]:
    file = io.BytesIO()
    picture.save(file, "PNG")
    table = subprocess.run(
        [program, "stdin", "stdout", *OPTIONS, "tsv"],
        input=file.getvalue(),
        capture_output=True,
        check=True,
        env=os.environ | {"OMP_THREAD_LIMIT": "1"},
    ).stdout.decode()
    rows = csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE)
    words = [(row["text"], float(row["conf"]) / 100) for row in rows if row["text"] and row["text"].strip()]
    return "".join(text for text, _ in words), min((sure for _, sure in words), default=0.0), True
