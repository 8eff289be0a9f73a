"""A sheet to draw on with smooth lines and text, and the colours that all drawings share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from PIL import Image, ImageFont

__all__ = ["BLUE", "GREEN", "GREY", "INK", "ORANGE", "PALE", "PAPER", "RED", "Canvas", "Colour", "blend", "font"]

Colour = tuple[int, int, int]
Anchor = Literal["left", "middle", "right"]

# Okabe and Ito's palette (2008), which people with any colour vision tell apart, darkened for text on white.
PAPER: Colour = (255, 255, 255)
INK: Colour = (33, 37, 41)
GREY: Colour = (108, 117, 125)
PALE: Colour = (226, 230, 234)
BLUE: Colour = (0, 104, 168)
ORANGE: Colour = (200, 88, 0)
GREEN: Colour = (0, 130, 95)
RED: Colour = (190, 30, 45)

_SMOOTH = 3
"""Everything is drawn this many times larger and then reduced: Pillow's own lines have steps."""


def blend(near: Colour, far: Colour, share: float) -> Colour:
    """Return the colour that stands `share` of the way from `near` (0) to `far` (1)."""
    share = min(1.0, max(0.0, share))
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(near, far, strict=True))
    return red, green, blue


def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font that Pillow itself carries, `size` pixels high."""
    from PIL import ImageFont

    return ImageFont.load_default(max(6.0, size))


class Canvas:
    """A white sheet of `width` by `height` pixels; positions and sizes are in pixels of the finished picture."""

    def __init__(self, width: float, height: float) -> None:
        from PIL import Image, ImageDraw

        self.size = round(width), round(height)
        self._image = Image.new("RGB", (self.size[0] * _SMOOTH, self.size[1] * _SMOOTH), PAPER)
        self._draw = ImageDraw.Draw(self._image)

    def line(self, points: list[tuple[float, float]], colour: Colour, width: float = 1.0) -> None:
        """Join `points` by a line."""
        scaled = [(x * _SMOOTH, y * _SMOOTH) for x, y in points]
        self._draw.line(scaled, fill=colour, width=max(1, round(width * _SMOOTH)), joint="curve")

    def dot(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a disc around a point."""
        left, top, right, bottom = ((v * _SMOOTH) for v in (x - radius, y - radius, x + radius, y + radius))
        self._draw.ellipse((left, top, right, bottom), fill=colour)

    def rectangle(self, box: tuple[float, float, float, float], fill: Colour, outline: Colour | None = None) -> None:
        """Fill a box `(left, top, right, bottom)`."""
        left, top, right, bottom = (round(v * _SMOOTH) for v in box)
        self._draw.rectangle((left, top, right - 1, bottom - 1), fill=fill, outline=outline, width=_SMOOTH)

    def text(self, at: tuple[float, float], words: str, size: float = 13, colour: Colour = INK, to: Anchor = "left",
             ) -> None:  # fmt: skip
        """Write `words` with the given end at a point, centred on it vertically."""
        anchor = {"left": "lm", "middle": "mm", "right": "rm"}[to]
        self._draw.text(
            (at[0] * _SMOOTH, at[1] * _SMOOTH), words, fill=colour, font=font(size * _SMOOTH), anchor=anchor
        )

    def paste(self, picture: Image.Image, box: tuple[float, float, float, float]) -> None:
        """Put a picture into a box, its pixels kept as squares."""
        from PIL import Image

        left, top, right, bottom = (round(v * _SMOOTH) for v in box)
        enlarged = picture.convert("RGB").resize((right - left, bottom - top), Image.Resampling.NEAREST)
        self._image.paste(enlarged, (left, top))

    def finish(self) -> Image.Image:
        """Return the drawing as an RGB picture."""
        return self._image.reduce(_SMOOTH)
