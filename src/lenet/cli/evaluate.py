"""`lenet evaluate`: how often a network is wrong, and where."""

from __future__ import annotations

from typing import Literal

import click

from lenet import learning, weights
from lenet.cli import choices, options
from lenet.cli.evaluate_fields import measure
from lenet.cli.output import columns, json_line, write_picture
from lenet.datasets import Dataset, load_folder
from lenet.datasets.labelled_fields import load_fields
from lenet.learning import Evaluation
from lenet.reading import Reader

_MOST = 40
"""Mistakes that the picture of the worst ones shows."""


@click.command("evaluate")
@click.argument("folder", required=False, type=click.Path(file_okay=False))
@options.data
@click.option("--fields", metavar="LABELS", help="Whole fields: a .jsonl file of labels, or a folder or tar with one.")
@options.kind
@options.max_error
@options.decimal
@options.date_order
@options.any_model
@options.threads
@options.confusion
@options.save
@options.as_is
@options.json
def command(
    folder: str | None, data_name: str | None, fields: str | None, kind: str | None, max_error: float | None,
    decimal: Literal[".", ","] | None, date_order: Literal["dmy", "mdy", "ymd"] | None, model: str | None,
    threads: int, confusion: str | None, save: str | None, as_is: bool, as_json: bool,
) -> None:  # fmt: skip
    """Measure a network on FOLDER, which has a subfolder of pictures for each class; without it, on MNIST's test part.

    --save draws the worst mistakes: the wrong answers that the network was surest of. With --fields, whole fields are
    read, and --save draws the error/reject curve and the reliability diagram.
    """
    if fields is not None:
        if folder or data_name or confusion or as_is:
            raise click.UsageError("--fields is measured by itself; leave FOLDER, --data, --confusion and --as-is out")
        reader = Reader(
            kind or "digits", model=model or "fields", max_error=max_error, decimal=decimal, date_order=date_order,
            threads=threads,
        )  # fmt: skip
        return measure(reader, load_fields(fields), save, as_json=as_json)
    if (kind, max_error, decimal, date_order) != (None, None, None, None):
        raise click.UsageError("--as, --max-error, --decimal and --date-order are for fields; give --fields")
    name = choices.source(folder, data_name, as_is=as_is)
    dataset = choices.to_test(name) or load_folder(name, as_is=as_is)
    evaluation = learning.evaluate(weights.load(model or "digits"), dataset, worst=_MOST, threads=threads)
    click.echo(json_line(evaluation.to_dict()) if as_json else _text(evaluation))
    if confusion is not None:
        from lenet.drawing import confusion_matrix

        write_picture(confusion_matrix(evaluation), confusion)
    if save is not None:
        _save_worst(evaluation, dataset, save)
    return None


def _text(evaluation: Evaluation) -> str:
    rows = [("is \\ read as", *evaluation.classes)]
    rows += [(name, *map(str, row)) for name, row in zip(evaluation.classes, evaluation.confusion, strict=True)]
    table = columns(rows, right=range(1, len(rows[0])))
    return f"{choices.sentence(evaluation)}\n\n{table}"


def _save_worst(evaluation: Evaluation, dataset: Dataset, path: str) -> None:
    from lenet.drawing import contact_sheet

    if not evaluation.worst:
        click.echo(f"no mistake to draw: {path} is not written", err=True)
        return
    captions = [f"{wrong.label} read as {wrong.predicted}, {wrong.confidence:.0%}" for wrong in evaluation.worst]
    write_picture(contact_sheet(dataset.images[[wrong.index for wrong in evaluation.worst]], captions), path)
