"""Pictures about pictures: a sheet of small images, a read page with its boxes, the maps inside a network."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lenet.drawing.canvas import BLUE, GREEN, GREY, INK, ORANGE, PALE, PAPER, RED, Canvas, Colour, font
from lenet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray
    from PIL import Image, ImageDraw

    from lenet.network import Images, Network
    from lenet.reading import Reading

__all__ = ["annotate", "contact_sheet", "feature_maps"]

_SURE, _LIKELY = 0.95, 0.7
"""Confidences from which a character is drawn green and orange; below, red. Chosen to look at, not measured."""

_READABLE = 900
"""Smaller pictures are enlarged until their longer side has this many pixels, so that text fits in."""


def contact_sheet(images: ArrayLike, captions: Sequence[str]) -> Image.Image:
    """Draw small images in rows, each with a caption under it: the worst mistakes of an evaluation, say.

    Parameters
    ----------
    images : uint8 ink (paper 0) or float32 (paper 0, ink 1), shape (n, rows, columns) or (n, 1 or 3, rows, columns).
    captions : one line for each image.
    """
    tiles = [_as_tile(image) for image in np.asarray(images)]
    if len(tiles) != len(captions) or not tiles:
        raise InputError(f"{len(tiles)} images and {len(captions)} captions; give as many of both, at least one")
    across = min(len(tiles), 8)
    wide = max(116.0, 16 + 7.2 * max(map(len, captions)))
    canvas = Canvas(across * wide + 16, ceil(len(tiles) / across) * 144 + 16)
    for i, (tile, caption) in enumerate(zip(tiles, captions, strict=True)):
        left, top = 8 + (i % across) * wide, 12 + (i // across) * 144
        side = (left + wide / 2 - 50, top, left + wide / 2 + 50, top + 100)
        canvas.rectangle((side[0] - 1, side[1] - 1, side[2] + 1, side[3] + 1), PAPER, PALE)
        canvas.paste(tile, side)
        canvas.text((left + wide / 2, top + 117), caption, 13, INK, "middle")
    return canvas.finish()


def _as_tile(image: NDArray[Any]) -> Image.Image:
    from PIL import Image

    pixels = np.asarray(image, np.float32) * (1.0 if image.dtype == np.uint8 else 255.0)
    if pixels.ndim == 3:
        pixels = np.moveaxis(pixels, 0, -1) if pixels.shape[0] == 3 else pixels[0]
    return Image.fromarray((255 - np.clip(np.nan_to_num(pixels), 0, 255)).astype(np.uint8))


def annotate(picture: Image.Image | NDArray[np.uint8], readings: Sequence[Reading]) -> Image.Image:
    """Draw what was read over the picture: a box around each character, with the character and how sure it is.

    Green is sure, orange is likely, red is doubtful; a thin grey box goes around each reading. A small picture is
    enlarged by a whole number, so that the text can be read.

    Parameters
    ----------
    picture : as scanned, uint8 of shape (rows, columns) or (rows, columns, 3), or a PIL image.
    readings : with boxes in pixels of this picture.
    """
    from PIL import Image, ImageDraw

    sheet = (picture if isinstance(picture, Image.Image) else Image.fromarray(np.asarray(picture))).convert("RGB")
    scale = max(1, min(8, round(_READABLE / max(sheet.size))))
    tall = [c.box[3] - c.box[1] for reading in readings for c in reading.characters]
    size = min(40.0, max(15.0, 0.42 * scale * (float(np.median(tall)) if tall else 0.0)))
    highest = min((scale * c.box[1] for reading in readings for c in reading.characters), default=sheet.height * scale)
    room = max(0, round(1.4 * size) - highest)
    enlarged = sheet.resize((sheet.width * scale, sheet.height * scale), Image.Resampling.BICUBIC)
    sheet = Image.new("RGB", (enlarged.width, enlarged.height + room), PAPER)
    sheet.paste(enlarged, (0, room))
    draw = ImageDraw.Draw(sheet)
    placed = _Placement(scale, room, size, max(1, round(size / 12)))
    for reading in readings:
        draw.rectangle(placed.box(reading.box, placed.line * 2), outline=GREY, width=placed.line)
        for character in reading.characters:
            colour = _colour(character.confidence)
            draw.rectangle(placed.box(character.box, placed.line), outline=colour, width=placed.line)
            _tag(draw, placed, character.box, _words(character.text, character.confidence), colour)
    return sheet


class _Placement(NamedTuple):
    """How pixels of the picture become pixels of the annotated one, and how large text and lines are there."""

    scale: int
    room: int
    size: float
    line: int

    def box(self, box: Sequence[float], wider: int) -> tuple[float, float, float, float]:
        left, top, right, bottom = (value * self.scale for value in box)
        return (left - wider, top + self.room - wider, right + wider, bottom + self.room + wider)


def _colour(confidence: float) -> Colour:
    return GREEN if confidence >= _SURE else ORANGE if confidence >= _LIKELY else RED


def _words(text: str, confidence: float) -> str:
    return text if confidence >= _SURE else f"{text} {100 * confidence:.0f}%"


def _tag(draw: ImageDraw.ImageDraw, placed: _Placement, box: Sequence[float], words: str, colour: Colour) -> None:
    left, top, right, _ = placed.box(box, placed.line)
    letters = font(placed.size)
    if draw.textlength(words, letters) > 1.6 * (right - left) + placed.size:
        letters = font(0.7 * placed.size)
    wide, high = draw.textlength(words, letters), 1.18 * placed.size
    middle = min(max((left + right) / 2, wide / 2 + 4), draw.im.size[0] - wide / 2 - 4)
    draw.rectangle((middle - wide / 2 - 4, top - high, middle + wide / 2 + 4, top), fill=colour)
    draw.text((middle, top - high / 2), words, fill=PAPER, font=letters, anchor="mm")


def feature_maps(network: Network, image: Images) -> Image.Image:
    """Draw what every layer makes of one image: its maps as squares, its units as a row of cells.

    Orange is positive and blue negative, white is zero; each layer has its own scale, written beside it. The input is
    shown as the network sees it: 28x28 with two pixels of paper around it, if it reads 32x32.

    Parameters
    ----------
    network : a trained or a fresh network.
    image : one image as `Network.feature_maps` takes it.
    """
    bands = [_Band("input", _as_seen(network, image), None)]
    for name, maps in network.feature_maps(image).items():
        last = name == network.architecture.layers[-1].name
        bands.append(_Band(name, maps, network.classes if last else None))
    canvas = Canvas(1040, 40 + sum(band.height + 30 for band in bands))
    top = 26.0
    for band in bands:
        _draw_band(canvas, band, top)
        top += band.height + 30
    return canvas.finish()


def _as_seen(network: Network, image: Images) -> NDArray[np.float32]:
    """Return the first map of an image as the network sees it: centred on paper, where it is smaller than the input."""
    pixels = np.asarray(image)
    ink = pixels.reshape(-1, *pixels.shape[-2:])[0].astype(np.float32) / (255.0 if pixels.dtype == np.uint8 else 1.0)
    _, rows, columns = network.architecture.input
    around = [((size - own) // 2, (size - own + 1) // 2) for size, own in zip((rows, columns), ink.shape, strict=True)]
    return np.asarray(np.pad(ink, around)[None], np.float32)


class _Band(NamedTuple):
    """One layer: its name, its maps (maps, rows, columns), and the names of its units where they are classes."""

    name: str
    maps: NDArray[np.float32]
    classes: tuple[str, ...] | None

    @property
    def cell(self) -> float:
        """The side of one map, in pixels."""
        if self.classes is not None:
            return min(56.0, 856 / len(self.maps))
        rows = self.maps.shape[1]
        return 14.0 if rows == 1 else min(112.0, max(46.0, 3.6 * rows))

    @property
    def across(self) -> int:
        return min(len(self.maps), int(868 / (self.cell + self.gap)))

    @property
    def gap(self) -> float:
        return 0.0 if self.maps.shape[1] == 1 else 8.0

    @property
    def height(self) -> float:
        rows = ceil(len(self.maps) / self.across)
        return max(58.0, rows * (self.cell + self.gap) - self.gap + (22 if self.classes else 0))


def _draw_band(canvas: Canvas, band: _Band, top: float) -> None:
    count, rows, columns = band.maps.shape
    most = float(np.abs(band.maps).max()) or 1.0
    shape = f"{count} units" if rows == columns == 1 else f"{count} of {rows}x{columns}"
    for line, (words, size, colour) in enumerate(
        ((band.name, 17, INK), (shape, 13, GREY), (f"-{most:.2g} to {most:.2g}", 12, GREY))
    ):
        canvas.text((24, top + 9 + 20 * line), words, size, colour)
    for i, values in enumerate(band.maps):
        left = 156 + (i % band.across) * (band.cell + band.gap)
        upper = top + (i // band.across) * (band.cell + band.gap)
        box = (left, upper, left + band.cell, upper + band.cell * (rows / columns))
        canvas.rectangle((box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1), PAPER, PALE)
        canvas.paste(_diverging(values / most), box)
        if band.classes is not None:
            canvas.text((left + band.cell / 2, upper + band.cell + 14), band.classes[i], 14, INK, "middle")


def _diverging(values: NDArray[np.float32]) -> Image.Image:
    """Colour values from -1 (blue) over 0 (white) to 1 (orange)."""
    from PIL import Image

    share = np.abs(values)[..., None]
    ends = np.where(values[..., None] > 0, np.array(ORANGE), np.array(BLUE))
    return Image.fromarray((PAPER[0] + (ends - PAPER[0]) * share).round().astype(np.uint8))
