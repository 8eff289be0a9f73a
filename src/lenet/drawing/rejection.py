"""Charts of what readers of fields measured: errors against rejection, and confidence against what came out."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from lenet.drawing.canvas import BLUE, GREY, INK, ORANGE, PALE, Canvas, blend
from lenet.learning import wilson

if TYPE_CHECKING:
    from PIL import Image

    from lenet.reading.evaluation import FieldEvaluation

__all__ = ["rejection_chart"]

_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
"""Percent between two marks of an axis: the first that needs no more than five."""


class _Axes(NamedTuple):
    """Where a pair of axes stands, in pixels, and the percents at its right and upper ends."""

    left: float
    top: float
    right: float
    bottom: float
    across: float
    up: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where two percents stand."""
        return (
            self.left + x / self.across * (self.right - self.left),
            self.bottom - y / self.up * (self.bottom - self.top),
        )


def rejection_chart(evaluation: FieldEvaluation) -> Image.Image:
    """Draw the error/reject curve and, beside it, the reliability diagram.

    Left: of all fields, how many are accepted and wrong, for each share that is rejected; the dot is what the reader
    does. Right: of fields of like confidence, how many are right, with 95 % intervals; on the diagonal, confidence
    keeps its word.

    Parameters
    ----------
    evaluation : what `lenet.reading.evaluate_fields` measured.
    """
    canvas = Canvas(960, 440)
    _draw_curve(canvas, evaluation)
    _draw_reliability(canvas, evaluation)
    return canvas.finish()


def _draw_curve(canvas: Canvas, evaluation: FieldEvaluation) -> None:
    curve, triple = evaluation.curve, evaluation.outcome
    clean = min([point.rejected for point in curve if point.error == 0], default=1.0)
    across = min(100.0, 10.0 * ceil(10 * max(clean, triple.rejected, 0.2)))
    most = max(100 * max(point.error for point in curve), 100 * triple.error, 0.5)
    axes = _Axes(64, 84, 456, 376, across, _step(most) * ceil(most / _step(most)))
    _draw_axes(canvas, axes, ("rejected, % of all fields", "Accepted and wrong, % of all fields"))
    words = f"correct / reject / error: {triple.correct:.1%} / {triple.rejected:.1%} / {triple.error:.1%}"
    canvas.text((axes.left, 46), words, 14, ORANGE)
    points = [axes.at(100 * point.rejected, 100 * point.error) for point in curve if 100 * point.rejected <= across]
    if len(points) > 1:
        canvas.line(points, BLUE, 2)
    canvas.dot(*axes.at(100 * triple.rejected, 100 * triple.error), 5, ORANGE)


def _draw_reliability(canvas: Canvas, evaluation: FieldEvaluation) -> None:
    axes = _Axes(552, 84, 944, 376, 100, 100)
    _draw_axes(canvas, axes, ("confidence, %", "Right, % of fields of like confidence"))
    words = (
        f"calibration error {evaluation.calibration_error:.1%}; "
        f"of a perfectly calibrated reader up to {evaluation.calibration_chance:.1%}"
    )
    canvas.text((axes.left, 46), words, 14, INK)
    canvas.line([axes.at(0, 0), axes.at(100, 100)], GREY)
    largest = max(group.count for group in evaluation.bins)
    for group in evaluation.bins:
        low, high = wilson(round(group.right * group.count), group.count)
        x = 100 * group.confidence
        canvas.line([axes.at(x, 100 * low), axes.at(x, 100 * high)], blend(BLUE, PALE, 0.4), 2)
        canvas.dot(*axes.at(x, 100 * group.right), 3 + 5 * (group.count / largest) ** 0.5, BLUE)


def _draw_axes(canvas: Canvas, axes: _Axes, names: tuple[str, str]) -> None:
    canvas.text((axes.left, 22), names[1], 17)
    for value in _marks(axes.up):
        canvas.line([axes.at(0, value), axes.at(axes.across, value)], PALE if value else GREY)
        canvas.text((axes.left - 9, axes.at(0, value)[1]), f"{value:g}", 13, GREY, "right")
    for value in _marks(axes.across):
        canvas.text((axes.at(value, 0)[0], axes.bottom + 16), f"{value:g}", 13, GREY, "middle")
    canvas.text(((axes.left + axes.right) / 2, axes.bottom + 42), names[0], 13, GREY, "middle")


def _marks(most: float) -> list[float]:
    step = _step(most)
    return [round(step * k, 6) for k in range(int(most / step + 1e-9) + 1)]


def _step(most: float) -> float:
    return next((step for step in _STEPS if most / step <= 5), _STEPS[-1])
