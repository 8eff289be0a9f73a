"""What the verbs print: tables for people, JSON lines and CSV for programs, progress for a terminal."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lenet.errors import InputError
from lenet.reading.readings import SCHEMA

if TYPE_CHECKING:
    from PIL import Image

    from lenet.learning.history import Progress as TrainingProgress
    from lenet.reading.folders import Progress as BatchProgress

__all__ = ["Printer", "Progress", "columns", "given_bytes", "json_line", "require_drawn", "write_picture"]


def json_line(record: Mapping[str, object]) -> str:
    """Return a record as one line of JSON, its schema version first."""
    return json.dumps({"schema": SCHEMA, **record}, ensure_ascii=False)


def columns(rows: Sequence[Sequence[object]], right: Sequence[int] = ()) -> str:
    """Return rows as text in aligned columns; those numbered in `right` end below each other."""
    texts = [[str(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    lines = []
    for row in texts:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


class Printer:
    """Prints results as they come: a line of text each, a JSON object each, or CSV with a header."""

    def __init__(self, *, as_json: bool, as_csv: bool) -> None:
        if as_json and as_csv:
            raise click.UsageError("--json and --csv exclude each other; give one of them")
        self._json, self._csv, self._started = as_json, as_csv, False

    def start(self, fields: Sequence[str]) -> None:
        """Print the header of CSV, also where no result follows."""
        if self._csv and not self._started:
            click.echo(_csv_line(fields))
        self._started = True

    def show(self, text: str, record: Mapping[str, object], row: Mapping[str, object] | None = None) -> None:
        """Print one result: `text` for people, `record` for programs, `row` (or the record) for spreadsheets."""
        if self._json:
            click.echo(json_line(record))
        elif self._csv:
            cells = record if row is None else row
            self.start(list(cells))
            click.echo(_csv_line(list(cells.values())))
        elif text:
            click.echo(text)


def _csv_line(values: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)  # its own end of line, or breaks inside values would not be quoted
    return line.getvalue().removesuffix("\r\n")


class Progress:
    """Keeps one line on stderr up to date, on a terminal and unless told to be quiet; takes it away at the end."""

    def __init__(self, *, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._say("")

    def _say(self, words: str) -> None:
        if self._shown:
            click.echo(f"\r\033[K{words}", nl=False, err=True)

    def training(self, now: TrainingProgress) -> None:
        """Show how far a training is, as a bar; keep a line for each epoch that is over."""
        if now.finished is None:
            bar = "━" * round(24 * now.done / now.images)
            self._say(f"epoch {now.epoch}/{now.epochs} {bar:<24} loss {now.loss:.4f}, wrong {now.training_error:.2%}")
        else:
            held_out = now.finished.validation_error
            words = "" if held_out is None else f", of those held out {held_out:.2%}"
            self._say(
                f"epoch {now.epoch}/{now.epochs}: wrong {now.training_error:.2%}{words}, {now.finished.seconds:.1f} s\n"
            )

    def batch(self, now: BatchProgress) -> None:
        """Show how many documents are read, how fast it goes, and how long it still takes."""
        share = now.done / now.documents
        aside = f", {now.bad:,} set aside" if now.bad else ""
        self._say(
            f"{int(now.done):,} of {now.documents:,} documents {'━' * round(24 * share):<24} {share:4.0%}, "
            f"{now.rate:,.0f} readings a second, {_duration(now.left)} left{aside}"
        )

    def download(self, name: str, received: int, total: int) -> None:
        """Show how much of a file has arrived, in bytes; `total` is 0 where nobody said."""
        of = f" of {total / 1e6:.1f}" if total else ""
        self._say(f"{name}: {received / 1e6:.1f}{of} MB")


def _duration(seconds: float) -> str:
    """Return a time in two words at most, as people say it."""
    if not math.isfinite(seconds):
        return "unknown time"
    minutes, hours = round(seconds / 60), seconds / 3600
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def given_bytes(name: str) -> str | bytes:
    """Return the path as it is, or what standard input holds where it is `-`."""
    if name != "-":
        return name
    if sys.stdin is None:
        raise InputError("- was given, but standard input is closed; expected a picture there, or give its path")
    return sys.stdin.buffer.read()


_SOFTWARE = 0x0131
"""EXIF's tag for the program that made a picture."""


def require_drawn(path: str) -> None:
    """Raise `InputError` where a file stands that is no picture of lenet's: it may be somebody's photograph."""
    from PIL import Image

    if not Path(path).exists():
        return
    try:
        with Image.open(path) as picture:
            drawn = picture.getexif().get(_SOFTWARE) == "lenet" or picture.info.get("comment") == b"lenet"
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        drawn = False
    if not drawn:
        raise InputError(f"{path} stands there already and lenet did not draw it; choose another name, or remove it")


def write_picture(picture: Image.Image, path: str) -> None:
    """Write a picture whole or not at all, in the format of its suffix, never over one that lenet did not draw."""
    from PIL import Image

    from lenet.files import write_whole

    require_drawn(path)
    made = Image.Exif()
    made[_SOFTWARE] = "lenet"
    content = io.BytesIO()
    kind = Image.registered_extensions()[Path(path).suffix.lower()]
    picture.save(content, kind, **({"comment": b"lenet"} if kind == "GIF" else {"exif": made}))
    write_whole(path, [content.getvalue()])
