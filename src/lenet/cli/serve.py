"""`lenet serve`: the service and its page."""

from __future__ import annotations

import sys
import threading
import webbrowser
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from lenet.cli import options
from lenet.errors import InputError
from lenet.serve.limits import MEGABYTE, Limits

USUAL = Limits()


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: one that is free.")
@click.option("--token", metavar="TOKEN|@FILE", help="What has to be shown with every request; @FILE holds it.")
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="A name by which others may call it.")
@click.option("--model", "models", multiple=True, metavar="FILE", help="A network beside the shipped ones.")
@click.option("--template", "templates", multiple=True, metavar="form.yaml", help="A form that requests may name.")
@click.option("--correct", metavar="results.jsonl", help="Let a person correct what lenet read --out rejected.")
@click.option("--corrections", metavar="FOLDER", help="Keep corrections there; it is the only thing written.")
@click.option("--open/--no-open", "opens", default=None,
              help="Open the page in a browser.  [default: on a terminal, but with a token from a file]")  # fmt: skip
@click.option("--max-body", type=click.FloatRange(0, min_open=True), default=USUAL.body / MEGABYTE, show_default=True,
              metavar="MB", help="Megabytes of a request.")  # fmt: skip
@click.option("--max-pixels", type=click.FloatRange(0, min_open=True), default=USUAL.pixels / MEGABYTE,
              show_default=True, metavar="MILLIONS", help="Pixels of a page, in millions.")  # fmt: skip
@click.option("--max-pages", type=click.IntRange(1), default=USUAL.pages, show_default=True, help="Of a document.")
@click.option("--max-pictures", type=click.IntRange(1), default=USUAL.pictures, show_default=True, help="Of a request.")
@click.option(
    "--max-waiting", type=click.IntRange(1), default=USUAL.waiting, show_default=True, help="Requests at once."
)
@click.option("--max-seconds", type=click.FloatRange(0, min_open=True), default=USUAL.seconds, show_default=True,
              help="For one request.")  # fmt: skip
@options.threads
def command(host: str, port: int, token: str | None, opens: bool | None, threads: int, **given: Any) -> None:
    """Answer requests over HTTP, and show the live page, until Ctrl-C or SIGTERM.

    It is reached from this machine alone unless --host says otherwise, and writes nothing to disk but the
    corrections that --corrections asks for. /docs describes the requests.
    """
    from lenet.serve.running import is_loopback, serve

    limits = Limits(**{entry.name: _plain(given.pop(f"max_{entry.name}"), entry.name) for entry in fields(Limits)})
    hidden = token is not None and token.startswith("@")
    token = _token(token)
    if not is_loopback(host) and token is None:
        click.echo("lenet: everybody who reaches this machine can use the service; --token asks for one", err=True)

    def started(address: str) -> None:
        click.echo(f"lenet serves on {address} (Ctrl-C ends it)", err=True)
        if hidden and opens is None:
            click.echo(f"lenet: open {address}?token=TOKEN, with what the file of the token holds", err=True)
        elif sys.stderr.isatty() if opens is None else opens:
            link = address if token is None else f"{address}?token={token}"
            threading.Timer(0.5, webbrowser.open, [link]).start()

    serve(host=host, port=port, limits=limits, token=token, threads=threads, on_start=started, **given)


def _plain(value: Any, name: str) -> Any:
    """Return a limit in the units of `Limits`: megabytes and millions are for people."""
    return round(value * MEGABYTE) if name in ("body", "pixels") else value


def _token(given: str | None) -> str | None:
    """Return the token: a command line can be seen by all users of a machine, a file need not."""
    if given is None or not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{given[1:]} cannot be read ({error}); give a file that holds the token") from error
