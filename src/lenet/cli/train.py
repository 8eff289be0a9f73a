"""`lenet train`: make a network from labelled pictures."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from lenet import learning, weights
from lenet.architectures import ZOO, named
from lenet.cli import choices, options
from lenet.cli.output import Progress, write_picture
from lenet.cli.train_fields import FieldTraining, train_on_fields
from lenet.datasets import Dataset
from lenet.errors import FormatError
from lenet.files import require_place
from lenet.learning import RECIPES, checkpoints
from lenet.network import Network


def _place_for_state(_ctx: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Refuse a place for a checkpoint, and a file that stands there and is none."""
    if value is not None:
        require_place(value)
        if Path(value).exists():
            try:
                checkpoints.load(value)
            except FormatError:
                raise click.BadParameter(
                    f"{value} stands there already and is no checkpoint; choose another name"
                ) from None
    return value


@click.command("train")
@click.argument("folder", required=False, type=click.Path(file_okay=False))
@options.data
@click.option("--fields", metavar="LABELS", help="Whole fields: a .jsonl file of labels, or a folder or tar with one.")
@options.kind
@click.option("--from", "start", metavar="MODEL", help="Network to go on from, or none.  [with --fields: fields]")
@click.option("--architecture", type=click.Choice(list(ZOO)), help="What to train.  [default: lenet5]")
@click.option("--recipe", help=f"How: {', '.join(RECIPES)}, or a JSON file; what suits the data if left out.")
@click.option(
    "--teacher",
    multiple=True,
    help="A network, or a .safetensors file, whose answers are learned instead of the labels; with --fields, besides "
    "the texts, and there may be several.",
)
@click.option("--epochs", type=click.IntRange(min=0), help="Times that every training image is seen.")
@options.seed
@options.threads
@click.option(
    "--out",
    type=click.Path(),
    callback=options.place(".safetensors"),
    help="Write the network to this .safetensors file.",
)
@click.option(
    "--checkpoint", type=click.Path(), callback=_place_for_state, help="Keep the state after each epoch in this file."
)
@click.option("--resume", type=click.Path(dir_okay=False), help="Go on from this checkpoint, and keep it.")
@options.save
@options.as_is
@options.quiet
def command(
    folder: str | None, data_name: str | None, fields: str | None, kind: str | None, start: str | None,
    architecture: str | None, recipe: str | None, teacher: tuple[str, ...], epochs: int | None, seed: int | None,
    threads: int, out: str | None, checkpoint: str | None, resume: str | None, save: str | None, as_is: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Train a network on FOLDER, which has a subfolder of pictures for each class; without it, on MNIST.

    Prints the error on the test part, where the data has one. --save draws the learning curve.
    With --fields, a network for whole fields learns from fields of which only the text is known; some are held out, and
    measured before and after.
    """
    if resume is not None and (recipe, epochs, seed) != (None, None, None):
        raise click.UsageError("a checkpoint carries its recipe; give --resume without --recipe, --epochs and --seed")
    checkpoint = checkpoint or resume  # which goes on being kept
    if fields is not None:
        if folder or data_name or architecture or as_is:
            raise click.UsageError("--fields excludes FOLDER, --data, --architecture and --as-is")
        how = None if recipe is None else choices.recipe(recipe, 0, named("fields"), None, None)
        return train_on_fields(
            FieldTraining(
                fields=fields,
                kind=kind or "digits",
                start=start,
                teachers=teacher,
                recipe=how,
                epochs=epochs,
                seed=seed,
                threads=threads,
                out=out,
                checkpoint=checkpoint,
                resume=resume,
                save=save,
                quiet=quiet,
            )
        )
    if start is not None or kind is not None:
        raise click.UsageError("--from and --as are for training on fields; give --fields")
    name = choices.source(folder, data_name, as_is=as_is)
    training = choices.to_train(name, as_is=as_is)
    chosen = None
    if resume is None:
        chosen = choices.recipe(recipe, len(training), named(architecture or "lenet5"), epochs, seed)
    if len(teacher) > 1:
        raise click.UsageError("images have one teacher; give --teacher once")
    taught_by = weights.load(teacher[0]) if teacher else None
    with Progress(quiet=quiet) as shown:
        network, history = learning.train(
            training, architecture, recipe=chosen, teacher=taught_by, resume=resume, checkpoint=checkpoint,
            threads=threads, callback=shown.training,
        )  # fmt: skip
    click.echo(f"{network.architecture.name}: {len(training):,} images of {training.name}, {history.seconds:.1f} s")
    assert network.card is not None
    click.echo(network.card.summary)
    figures = dict(network.card.figures)
    test = choices.to_test(name)
    if test is not None:
        evaluation = learning.evaluate(network, test, threads=threads)
        figures[f"error on {test.name}"] = evaluation.error
        click.echo(choices.sentence(evaluation))
    else:
        _say_held_out(network, training, threads)
    if out is not None:
        words, today = shlex.join(["lenet", *sys.argv[1:]]), date.today().isoformat()
        network.card = replace(network.card, name=Path(out).stem, command=words, figures=figures, date=today)
        click.echo(f"written to {weights.save(network, out)}")
        click.echo(_next(out, as_is))
    elif sys.stderr.isatty():
        click.echo("the network is not kept; give --out FILE to keep it", err=True)
    if save is not None:
        from lenet.drawing import learning_curve

        write_picture(learning_curve(history), save)
    return None


def _say_held_out(network: Network, data: Dataset, threads: int) -> None:
    """Print how many of the images that were held out of the training are read wrong."""
    assert network.card is not None
    aside = data.split_indices(float(network.card.recipe["validation"]), network.card.seed)[1]
    if len(aside):
        held_out = replace(data.subset(aside), name=f"{data.name}, held out,")
        click.echo(choices.sentence(learning.evaluate(network, held_out, threads=threads)))
    else:
        click.echo("no images were held out, so nothing says how good it is: lenet evaluate measures it on others")


def _next(out: str, as_is: bool) -> str:
    """Say what can be done with a network of one's own."""
    model = f"{'--as-is ' if as_is else ''}--model {shlex.quote(out)}"
    return (
        f"next: lenet predict {model} PICTURE...   which class each picture shows\n"
        f"      lenet evaluate {model} FOLDER    how often it is wrong on pictures that it has not seen\n"
        f"      lenet show {shlex.quote(out)}   its layers and its card"
    )
