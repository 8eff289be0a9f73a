"""What `lenet evaluate --fields` prints and draws."""

from __future__ import annotations

import click

from lenet.cli.output import columns, json_line, write_picture
from lenet.datasets.labelled_fields import Fields
from lenet.reading import FieldEvaluation, Reader, evaluate_fields

__all__ = ["measure", "sentence"]

_MOST = 10
"""Mistakes that are printed."""


def measure(reader: Reader, fields: Fields, save: str | None, *, as_json: bool) -> None:
    """Let a reader read labelled fields; print what came out, and draw it where `save` says."""
    evaluation = evaluate_fields(reader, fields)
    click.echo(json_line(evaluation.to_dict()) if as_json else _text(evaluation))
    if save is not None:
        from lenet.drawing import rejection_chart

        write_picture(rejection_chart(evaluation), save)


def sentence(evaluation: FieldEvaluation) -> str:
    """Say how many fields were read right, with the interval in which the true share lies in 95 of 100 cases."""
    low, high = evaluation.right_interval
    return (
        f"{evaluation.right:,} of {evaluation.count:,} fields of {evaluation.name} read right as {evaluation.kind}: "
        f"{evaluation.right / evaluation.count:.2%} (95% interval {low:.2%} to {high:.2%})"
    )


def _text(evaluation: FieldEvaluation) -> str:
    triple, (low, high) = evaluation.outcome, evaluation.error_interval
    asked = "" if evaluation.max_error is None else f", {evaluation.max_error:.2%} allowed"
    lines = [
        sentence(evaluation),
        f"correct / reject / error: {triple.correct:.1%} / {triple.rejected:.1%} / {triple.error:.1%} "
        f"(95% interval of the error {low:.2%} to {high:.2%}{asked})",
        f"log loss {evaluation.log_loss:.3f}, calibration error {evaluation.calibration_error:.1%} "
        f"(a perfectly calibrated reader: up to {evaluation.calibration_chance:.1%})",
    ]
    if evaluation.worst:
        rows: list[tuple[object, ...]] = [("surest mistakes", "is", "read as", "confidence")]
        rows += [(wrong.name, wrong.text, wrong.read, f"{wrong.confidence:.1%}") for wrong in evaluation.worst[:_MOST]]
        lines += ["", columns(rows, right=[3])]
    return "\n".join(lines)
