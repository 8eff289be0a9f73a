"""What reads a page, as the options of `lenet read` say: row by row, as one field, as a cheque, or as a form."""

from __future__ import annotations

from typing import Any

import click

__all__ = ["check_way"]


def check_way(
    *,
    kind: str | None,
    template: str | None,
    max_error: float | None,
    decimal: str | None,
    date_order: str | None,
    **_: Any,
) -> None:
    """Raise `click.UsageError` where options of `lenet.reading.DocumentReader` do not go together."""
    if kind is not None and template is not None:
        raise click.UsageError("--as and --template exclude each other; give one of them")
    if template is not None and (decimal, date_order) != (None, None):
        raise click.UsageError("a template says for each field what --decimal and --date-order would; leave them")
    if kind is None and template is None and (max_error, decimal, date_order) != (None, None, None):
        raise click.UsageError("--max-error, --decimal and --date-order are for fields; give --as or --template")
