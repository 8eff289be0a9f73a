"""Charts of what training and evaluation measured: the learning curve and the confusion matrix."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import TYPE_CHECKING, NamedTuple

from lenet.drawing.canvas import BLUE, GREY, INK, ORANGE, PALE, PAPER, Canvas, Colour, blend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from lenet.learning import Evaluation, History

__all__ = ["confusion_matrix", "learning_curve"]


class _Line(NamedTuple):
    name: str
    colour: Colour
    values: Sequence[float]


class _Panel(NamedTuple):
    """Where one pair of axes stands, and the logarithms of the values at its lower and upper end."""

    left: float
    top: float
    right: float
    bottom: float
    low: float
    high: float

    def height(self, value: float) -> float:
        """Return where a value stands, in pixels from the top; what lies below the axis stands on it."""
        share = (log10(max(value, 10**self.low)) - self.low) / (self.high - self.low)
        return self.bottom - share * (self.bottom - self.top)

    def place(self, index: int, count: int) -> float:
        """Return where the `index`-th of `count` epochs stands, in pixels from the left."""
        return self.left + (index + 0.5) / count * (self.right - self.left)


def learning_curve(history: History) -> Image.Image:
    """Draw the errors and the loss after each epoch, both on logarithmic axes.

    Parameters
    ----------
    history : what `lenet.train` measured.
    """
    epochs = history.epochs
    error = [_Line("training", BLUE, [100 * epoch.training_error for epoch in epochs])]
    held_out = [100 * epoch.validation_error for epoch in epochs if epoch.validation_error is not None]
    if held_out:
        error.append(_Line("held out", ORANGE, held_out))
    canvas = Canvas(960, 400)
    _panel(canvas, (64, 62, 464, 344), "Wrong, %", error)
    _panel(canvas, (548, 62, 948, 344), "Loss", [_Line("training", BLUE, [epoch.loss for epoch in epochs])])
    return canvas.finish()


def _panel(canvas: Canvas, box: tuple[float, float, float, float], title: str, lines: list[_Line]) -> None:
    positive = [value for line in lines for value in line.values if value > 0] or [1.0]
    low, high = floor(log10(min(positive)) * 3) / 3, ceil(log10(max(positive)) * 3) / 3
    panel = _Panel(*box, low, high if high > low else low + 1 / 3)
    epochs = max(1, *(len(line.values) for line in lines))
    _axes(canvas, panel, epochs)
    canvas.text((panel.left, 24), title, 17)
    for line in lines:
        points = [(panel.place(i, epochs), panel.height(value)) for i, value in enumerate(line.values)]
        if len(points) > 1:
            canvas.line(points, line.colour, 2)
        for x, y in points if epochs <= 40 else points[-1:]:
            canvas.dot(x, y, 3, line.colour)
    if len(lines) > 1:
        _legend(canvas, panel, lines)


def _legend(canvas: Canvas, panel: _Panel, lines: list[_Line]) -> None:
    x = panel.right
    for line in reversed(lines):
        x -= 9 * len(line.name)
        canvas.text((x, 24), line.name, 14, line.colour)
        canvas.line([(x - 26, 24), (x - 8, 24)], line.colour, 2.5)
        x -= 44


def _axes(canvas: Canvas, panel: _Panel, epochs: int) -> None:
    for value in _ticks(panel.low, panel.high):
        y = panel.height(value)
        canvas.line([(panel.left, y), (panel.right, y)], PALE)
        canvas.text((panel.left - 9, y), f"{value:g}", 13, GREY, "right")
    step = max(1, ceil(epochs / 10))
    for number in range(step, epochs + 1, step):
        canvas.text((panel.place(number - 1, epochs), panel.bottom + 16), str(number), 13, GREY, "middle")
    canvas.line([(panel.left, panel.bottom), (panel.right, panel.bottom)], GREY)
    canvas.text(((panel.left + panel.right) / 2, panel.bottom + 40), "epoch", 13, GREY, "middle")


def _ticks(low: float, high: float) -> list[float]:
    """Return round values between two powers of ten; more of them where the axis is short."""
    if high - low < 0.8:
        leading: tuple[float, ...] = (1, 1.5, 2, 3, 4, 5, 6, 8)
    else:
        leading = (1, 2, 5) if high - low < 2.5 else (1,)
    marks = [digit * 10.0**power for power in range(floor(low), ceil(high) + 1) for digit in leading]
    return [mark for mark in marks if low - 1e-9 <= log10(mark) <= high + 1e-9]


def confusion_matrix(evaluation: Evaluation) -> Image.Image:
    """Draw how often each true class (row) was taken for each class (column), and each class's errors.

    The darker an orange cell, the more often that mistake was made; right answers stand on the blue diagonal.

    Parameters
    ----------
    evaluation : what `lenet.evaluate` measured.
    """
    counts = [[int(count) for count in row] for row in evaluation.confusion]
    names = [str(name) for name in evaluation.classes]
    margin = max(56, 16 + 8 * max(map(len, names)))
    cell = max(34.0, 560 / len(names), 14 + 8 * len(str(max(map(max, counts)))))
    side = cell * len(names)
    canvas = Canvas(margin + side + 92, 92 + side + 16)
    canvas.text((margin + side / 2, 22), "read as", 14, GREY, "middle")
    canvas.text((margin - 12, 52), "is", 14, GREY, "right")
    canvas.text((margin + side + 16, 52), "wrong", 14, GREY)
    worst = max((count for i, row in enumerate(counts) for j, count in enumerate(row) if i != j), default=0)
    for i, row in enumerate(counts):
        y = 72 + cell * (i + 0.5)
        canvas.text((margin + cell * (i + 0.5), 52), _short(names[i], cell), 15, INK, "middle")
        canvas.text((margin - 12, y), names[i], 15, INK, "right")
        wrong = 1 - row[i] / sum(row) if sum(row) else 0.0
        canvas.text((margin + side + 16, y), f"{wrong:.2%}" if sum(row) else "none seen", 14, INK)
        for j, count in enumerate(row):
            _cell(canvas, (margin + cell * j, 72 + cell * i, cell), count, (i == j, sum(row) if i == j else worst))
    return canvas.finish()


def _short(name: str, width: float) -> str:
    room = max(1, int(width / 9))
    return name if len(name) <= room else name[: max(1, room - 1)] + "…"


def _cell(canvas: Canvas, place: tuple[float, float, float], count: int, most: tuple[bool, int]) -> None:
    left, top, size = place
    right, total = most
    share = count / total if total else 0.0
    if right:
        fill = blend(PAPER, BLUE, 0.15 + 0.55 * share if count else 0.06)
    else:
        fill = blend(PAPER, ORANGE, 0.12 + 0.6 * share) if count else (247, 248, 249)
    canvas.rectangle((left + 1, top + 1, left + size - 1, top + size - 1), fill)
    if count:
        dark = sum(fill) < 450
        canvas.text((left + size / 2, top + size / 2), str(count), 14, PAPER if dark else INK, "middle")
