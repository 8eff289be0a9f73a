"""The verbs of the command, and what becomes of their errors: one sentence and an exit status.

Each verb stands in a file of its name and is loaded when it is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import click

from lenet.cli.failures import EXPECTED, sentence
from lenet.errors import LenetError

__all__ = ["VERBS", "lenet", "run"]

VERBS = {
    "read": "Read what is written on pictures, scans and PDF files.",
    "predict": "Say for each picture which class it shows.",
    "train": "Train a network, on MNIST or on pictures of your own.",
    "evaluate": "Measure how often a network is wrong, and where.",
    "show": "Show the layers of a network, or what they make of a picture.",
    "export": "Write a network as ONNX.",
    "serve": "Answer requests over HTTP, and show the live page.",
    "fetch": "Fetch a data set and keep it.",
    "info": "Say what this installation has and uses.",
}
"""The verbs and what each does, in the order of the help."""


class _Verbs(click.Group):
    """Knows its verbs by name, and imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = import_module(f"lenet.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"lenet {version('lenet')}")
        ctx.exit()


_EXAMPLES = """\b
Examples:
  lenet read page.jpg --save read.png             what is written on it
  lenet read --as amount field.png                one field
  lenet train my-pictures --out mine.safetensors  one subfolder for each class
  lenet predict --model mine.safetensors photo.png
"""


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXAMPLES)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show it.")
def lenet() -> None:
    """Read handwritten digits, and train, measure and look into LeNet-5."""


def run(arguments: Sequence[str] | None) -> int:
    """Run the command and return its exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    try:
        result = lenet.main(arguments, prog_name="lenet", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except EXPECTED as error:
        click.echo(f"lenet: {sentence(error)}", err=True)
        return error.exit_status if isinstance(error, LenetError) else 1
    return result if isinstance(result, int) else 0
