"""A page of proofs: for each field the picture, what the network saw and held possible, and the texts it chose from.

The page is one HTML file that asks nothing of any host: pictures stand in it as data, it has no script, and it follows
the light or dark theme of whoever looks at it.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lenet.drawing.canvas import BLUE
from lenet.drawing.lattice import lattice_svg
from lenet.drawing.segments import segments_svg

if TYPE_CHECKING:
    from lenet.reading.fields import FieldText
    from lenet.reading.proof import Proof
    from lenet.reading.segments import SegmentTexts

__all__ = ["field_report", "field_section"]

_ZOOM = 2.2
"""Pixels on the screen for a column of the strip."""
_ROW = 7.0
"""Columns of the strip that a row of the heat map is high."""
_NAMES = 12.0
"""Columns of the strip left for the names of the classes."""
_SIGNS = 13.0
"""Columns of the strip above it, where the characters stand."""
_SHOWN = 0.02
"""Probability that a class reaches somewhere to be given a row."""
_LARGEST = 1200
"""Pixels of the longer side of a picture; larger ones are reduced."""

_STYLE = """
:root{color-scheme:light dark;--page:#fff;--card:#f6f8fa;--ink:#212529;--grey:#5c636a;--rule:#d7dce1;--blue:#0068a8;
--good:#00704f;--bad:#b0202e}
@media(prefers-color-scheme:dark){:root{--page:#14171a;--card:#1e2226;--ink:#e8eaed;--grey:#a3abb3;--rule:#3a4046;
--blue:#6db8ee;--good:#4cc79c;--bad:#ff8a8f}.ink{filter:invert(1) hue-rotate(180deg)}.heat{filter:brightness(1.9)}}
*{box-sizing:border-box}body{margin:0 auto;padding:16px;max-width:60rem;background:var(--page);color:var(--ink);
font:16px/1.45 system-ui,sans-serif}h1{font-size:1.4rem}h2{font-size:1rem;margin:0;color:var(--grey);
font-weight:normal;overflow-wrap:anywhere}h3{font-size:.85rem;margin:1rem 0 .3rem;color:var(--grey)}
article{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:14px;margin:16px 0}
.text{font:600 1.7rem/1.25 ui-monospace,monospace;margin:.2rem 0;overflow-wrap:anywhere}p{margin:.3rem 0}
.good{color:var(--good)}.bad{color:var(--bad)}.grey{color:var(--grey)}.wide{overflow-x:auto}
.wide svg{display:block}.crop{max-width:100%;max-height:14rem;min-height:2.5rem;border:1px solid var(--rule)}
table{border-collapse:collapse;width:100%;font-size:.92rem}td,th{padding:3px 8px 3px 0;text-align:left;
vertical-align:middle;overflow-wrap:anywhere}th{color:var(--grey);font-weight:normal}td:nth-child(2),th{white-space:nowrap}
tr+tr td{border-top:1px solid var(--rule)}
.mono{font-family:ui-monospace,monospace}.bar{height:8px;background:var(--blue);border-radius:2px;min-width:1px}
svg text{font:11px ui-monospace,monospace;fill:var(--ink);paint-order:stroke;stroke:var(--card);stroke-width:3px}
svg .grey{fill:var(--grey)}
.cut{stroke:var(--bad);stroke-dasharray:2 1.5;stroke-width:.7}.span{fill:var(--blue);fill-opacity:.3}
.arc{fill:none;stroke:var(--grey)}.arc.best{stroke:var(--blue);stroke-width:2.2}.node{fill:var(--card);
stroke:var(--ink)}svg .best{fill:var(--blue);font-weight:600}svg path.best{fill:none}
"""

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser may load for the page: nothing but what stands in it."""


def field_report(sections: Iterable[str], title: str = "What was read, and why") -> str:
    """Return a page of sections as HTML text.

    Parameters
    ----------
    sections : of `field_section`.
    title : what stands above them.
    """
    body = "\n".join(sections) or '<p class="grey">No field was read.</p>'
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def field_section(proof: Proof, name: str = "") -> str:
    """Return what a report says of one field, as HTML text.

    Parameters
    ----------
    proof : of `lenet.reading.explain`.
    name : what to call the field, such as its file.
    """
    parts = [f"<h2>{escape(name)}</h2>" if name else "", _verdict(proof)]
    parts.append(f'<h3>Picture</h3><img class="crop" alt="the field" src="{_data(_cropped(proof))}">')
    if proof.strip.written:
        parts.append(_section("What the network saw, and where it reads each character", _strip_svg(proof)))
        parts.append(_texts(proof))
    if proof.texts.best and proof.texts.best[0].text:
        words = "Where these texts divide the field: each arc a character, with −ln of its probability"
        parts.append(_section(words, lattice_svg(proof.texts.best)))
    if proof.segments is not None and len(proof.segments.segments):
        parts.append(_segments(proof.segments, proof.picture))
    return f"<article>{''.join(parts)}</article>"


def _segments(found: SegmentTexts, picture: NDArray[np.uint8]) -> str:
    """Say how the field may be cut and what its pieces may be, and which texts follow from that alone."""
    words = "Cut into pieces: each arc a piece, with its likeliest character and its penalty; bold, the best path"
    drawn = _section(words, segments_svg(found, _data(picture), picture.shape[:2]))
    texts = ", ".join(
        f'<span class="mono">{escape(one.text)}</span> {math.exp(one.score):.1%}' for one in found.best[:4]
    )
    return f'{drawn}<p class="grey">By pieces alone: {texts or "nothing of the grammar"}</p>'


def _verdict(proof: Proof) -> str:
    reading = proof.reading
    value = "" if reading.value is None or str(reading.value) == reading.text else f" = {reading.value}"
    needed = f"{reading.confidence:.1%} sure, {min(proof.threshold, 1.0):.1%} needed"
    word, kind = ("accepted", "good") if reading.accepted else ("rejected", "bad")
    reason = "" if reading.accepted else f"<p>{escape(reading.reason)}</p>"
    text = f"{escape(reading.text)}<span class='grey'>{escape(value)}</span>" if reading.text else "nothing"
    return f'<p class="text">{text}</p><p><b class="{kind}">{word}</b> <span class="grey">{needed}</span></p>{reason}'


def _section(title: str, content: str) -> str:
    return f'<h3>{title}</h3><div class="wide">{content}</div>'


class _Frame(NamedTuple):
    """Where things stand in the drawing of a strip, in columns of the strip."""

    left: float
    width: float
    rows: int
    names: tuple[str, ...]

    @property
    def below(self) -> float:
        return _SIGNS + self.rows + 4

    @property
    def height(self) -> float:
        return self.below + _ROW * len(self.names)


def _strip_svg(proof: Proof) -> str:
    """Draw the strip with its cuts, and below it how probable each class is at each place."""
    from lenet.reading.fields import FRAME

    reached = [k for k in range(1, len(proof.classes)) if proof.probabilities[:, k].max() >= _SHOWN]
    columns = FRAME * len(proof.probabilities)
    rows = int(proof.strip.image.shape[0])
    frame = _Frame(proof.first - _NAMES, columns + _NAMES, rows, tuple(proof.classes[k] for k in reached))
    box = f"{frame.left:g} 0 {frame.width:g} {frame.height:g}"
    size = f'width="{_ZOOM * frame.width:.0f}" height="{_ZOOM * frame.height:.0f}"'
    heat = _image("heat", _heat(proof.probabilities[:, reached]), (proof.first, frame.below), columns, frame)
    strip = _image("ink", 255 - proof.strip.image, (0, _SIGNS), proof.strip.image.shape[1], frame)
    names = "".join(
        f'<text class="grey" style="font-size:6px" x="{proof.first - 3}" y="{frame.below + _ROW * (k + 0.8):g}" '
        f'text-anchor="end">{escape(name)}</text>'
        for k, name in enumerate(frame.names)
    )
    drawn = _spans(proof.texts.best[0], frame) if proof.texts.best else ""
    return f'<svg viewBox="{box}" {size} role="img">{strip}{heat}{names}{drawn}</svg>'


def _image(kind: str, pixels: NDArray[np.uint8], at: tuple[float, float], columns: int, frame: _Frame) -> str:
    high = frame.rows if kind == "ink" else _ROW * len(frame.names)
    return (
        f'<image class="{kind}" x="{at[0]}" y="{at[1]:g}" width="{columns}" height="{high:g}" '
        f'preserveAspectRatio="none" style="image-rendering:pixelated" href="{_data(pixels)}"/>'
    )


def _spans(text: FieldText, frame: _Frame) -> str:
    """Draw each character above the columns it was read from, and the cuts between neighbours."""
    from lenet.reading.proof import cuts_of

    drawn = []
    for sign, (first, end), sure in zip(text.text, text.spans, text.sure, strict=True):
        drawn.append(
            f'<rect class="span" x="{first}" y="{_SIGNS}" width="{end - first}" height="{frame.rows}">'
            f"<title>{escape(sign)}: {sure:.1%}</title></rect>"
            f'<text style="font-size:9px" x="{(first + end) / 2:g}" y="9.5" text-anchor="middle">{escape(sign)}</text>'
        )
    drawn += [f'<path class="cut" d="M{cut:g} {_SIGNS - 2}V{frame.height:g}"/>' for cut in cuts_of(text)]
    return "".join(drawn)


def _heat(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return probabilities (places, classes) as RGBA (classes, places, 4), clear where there is none."""
    pixels = np.empty((*probabilities.T.shape, 4), np.uint8)
    pixels[..., :3] = BLUE
    pixels[..., 3] = np.sqrt(np.clip(probabilities.T, 0, 1)) * 255
    return pixels


def _texts(proof: Proof) -> str:
    likely: Sequence[FieldText] = proof.texts.best
    rows = [_row(text, "") for text in likely] + [_row(proof.texts.free, "without a grammar")]
    head = "<tr><th>text</th><th>probability</th><th></th></tr>"
    return f"<h3>Likeliest texts</h3><table>{head}{''.join(rows)}</table>"


def _row(text: FieldText, note: str) -> str:
    share = math.exp(text.score)
    bar = f'<div class="bar" style="width:{100 * share:.1f}%"></div>'
    words = f'<span class="mono">{escape(text.text) or "nothing"}</span> <span class="grey">{note}</span>'
    return f'<tr><td>{words}</td><td>{share:.2%}</td><td style="width:35%">{bar}</td></tr>'


def _cropped(proof: Proof) -> NDArray[np.uint8]:
    """Return the picture around what was read, with a margin as high as the writing."""
    rows, columns = proof.picture.shape[:2]
    left, top, right, bottom = proof.reading.box
    margin = bottom - top
    return proof.picture[
        max(0, top - margin) : min(rows, bottom + margin), max(0, left - margin) : min(columns, right + margin)
    ]


def _data(pixels: NDArray[Any]) -> str:
    """Return pixels as the address of a PNG that stands in the page."""
    from PIL import Image

    picture, content = Image.fromarray(np.ascontiguousarray(pixels, np.uint8)), io.BytesIO()
    if max(picture.size) > _LARGEST and pixels.shape[0] > 64:
        picture.thumbnail((_LARGEST, _LARGEST))
    picture.save(content, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()
