"""`lenet evaluate`: how often a network is wrong, and where."""

from __future__ import annotations

import click

from lenet import learning, weights
from lenet.cli import choices, options
from lenet.cli.output import columns, json_line, write_picture
from lenet.datasets import Dataset, load_folder
from lenet.learning import Evaluation

_MOST = 40
"""Mistakes that the picture of the worst ones shows."""


@click.command("evaluate")
@click.argument("folder", required=False, type=click.Path(file_okay=False))
@options.data
@options.model
@options.threads
@options.confusion
@options.save
@options.as_is
@options.json
def command(
    folder: str | None, data_name: str | None, model: str, threads: int, confusion: str | None, save: str | None,
    as_is: bool, as_json: bool,
) -> None:  # fmt: skip
    """Measure a network on FOLDER, which has a subfolder of pictures for each class; without it, on MNIST's test part.

    --save draws the worst mistakes: the wrong answers that the network was surest of.
    """
    name = choices.source(folder, data_name, as_is=as_is)
    dataset = choices.to_test(name) or load_folder(name, as_is=as_is)
    evaluation = learning.evaluate(weights.load(model), dataset, worst=_MOST, threads=threads)
    click.echo(json_line(evaluation.to_dict()) if as_json else _text(evaluation))
    if confusion is not None:
        from lenet.drawing import confusion_matrix

        write_picture(confusion_matrix(evaluation), confusion)
    if save is not None:
        _save_worst(evaluation, dataset, save)


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
