"""A network drawn as planes of maps, in the manner of Fig. 2 of LeCun et al. 1998; the result is SVG text."""

from __future__ import annotations

from typing import NamedTuple
from xml.sax.saxutils import escape

from lenet.architectures import Architecture, Convolution, FullConnection, Layer, LayerSummary, RadialBasis, Subsampling

__all__ = ["diagram"]

_LINE = 214
"""Where the planes stand: this many pixels above and below is room for the largest."""

_STYLE = (
    "text{font-family:Helvetica,Arial,sans-serif;fill:#212529;text-anchor:middle}"
    ".name{font-size:15px;font-weight:bold}.shape{font-size:13px}.grey{font-size:12px;fill:#5c636a}"
    ".map{fill:#fff;stroke:#0068a8;stroke-width:1}.units{fill:#dbeaf4;stroke:#0068a8;stroke-width:1}"
    ".field{fill:#c85800;fill-opacity:.25;stroke:#c85800}.ray{stroke:#c85800;stroke-width:.8;fill:none}"
)


class _Plane(NamedTuple):
    """A stack of maps, or a bar of units: what it is called, its shape, and where it stands in pixels."""

    name: str
    maps: int
    rows: int
    columns: int
    left: float

    @property
    def flat(self) -> bool:
        return self.rows == self.columns == 1

    @property
    def side(self) -> tuple[float, float]:
        """Width and height of one map."""
        if self.flat:
            return 11.0, min(230.0, 26 + 1.9 * min(self.maps, 110))
        return 22 + 3.6 * min(self.columns, 40), 22 + 3.6 * min(self.rows, 40)

    @property
    def shown(self) -> int:
        return 1 if self.flat else min(self.maps, 16)

    @property
    def shift(self) -> float:
        """How far each map stands from the one behind it, to the right and down."""
        return min(8.0, 58 / max(1, self.shown - 1))

    @property
    def width(self) -> float:
        return self.side[0] + self.shift * (self.shown - 1)

    @property
    def top(self) -> float:
        return _LINE - (self.side[1] + self.shift * (self.shown - 1)) / 2

    @property
    def front(self) -> tuple[float, float]:
        """The corner, left and top, of the map that stands in front."""
        return self.left + self.shift * (self.shown - 1), self.top + self.shift * (self.shown - 1)


def diagram(architecture: Architecture) -> str:
    """Draw a network as planes of maps, with what connects them and how many numbers are trained, as SVG text."""
    planes = [_Plane("INPUT", *architecture.input, 36)]
    for row in architecture.summary:
        before = planes[-1]
        gap = 112.0 if before.flat else 92.0 if max(row.output[1:]) == 1 else 62.0
        planes.append(_Plane(row.name, *row.output, before.left + before.width + gap))
    width = planes[-1].left + planes[-1].width + 60
    drawn = [_draw_plane(plane) for plane in planes]
    for layer, summary, before, after in zip(
        architecture.layers, architecture.summary, planes[:-1], planes[1:], strict=True
    ):
        drawn.append(_draw_link(layer, before, after))
        drawn.append(_draw_words(layer, summary, (before.left + before.width + after.left) / 2))
    total = f"{architecture.parameters:,} trained numbers, {architecture.connections:,} connections"
    title = f'<text class="name" x="{width / 2:.0f}" y="30">{escape(architecture.name)}: {total}</text>'
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} 440" width="{width:.0f}" height="440">',
            f"<title>{escape(architecture.name)}</title><style>{_STYLE}</style>",
            f'<rect width="{width:.0f}" height="440" fill="#fff"/>',
            title,
            *drawn,
            "</svg>\n",
        )
    )


def _draw_plane(plane: _Plane) -> str:
    wide, high = plane.side
    kind = "units" if plane.flat else "map"
    maps = "".join(
        f'<rect class="{kind}" x="{plane.left + i * plane.shift:.1f}" y="{plane.top + i * plane.shift:.1f}" '
        f'width="{wide:.1f}" height="{high:.1f}"/>'
        for i in range(plane.shown)
    )
    shape = str(plane.maps) if plane.flat else f"{plane.maps} @ {plane.rows}×{plane.columns}"
    middle = plane.left + plane.width / 2
    return (
        f'{maps}<text class="name" x="{middle:.1f}" y="{plane.top - 28:.1f}">{escape(plane.name)}</text>'
        f'<text class="shape" x="{middle:.1f}" y="{plane.top - 11:.1f}">{shape}</text>'
    )


def _draw_link(layer: Layer, before: _Plane, after: _Plane) -> str:
    """Draw the field that one unit reads, and the rays from it; or, between bars, their full connection."""
    if before.flat or isinstance(layer, FullConnection | RadialBasis):
        x = before.left + before.width
        high, low = before.front[1], before.front[1] + before.side[1]
        ends = (after.top, 2 * _LINE - after.top)
        rays = ((high, ends[0]), (low, ends[1]), (high, ends[1]), (low, ends[0]))
        return "".join(f'<path class="ray" d="M{x:.1f} {a:.1f}L{after.left:.1f} {b:.1f}"/>' for a, b in rays)
    size = layer.kernel if isinstance(layer, Convolution) else layer.window
    wide = before.side[0] * min(1.0, size[1] / before.columns)
    high = before.side[1] * min(1.0, size[0] / before.rows)
    left = before.front[0] + (before.side[0] - wide) * 0.62
    top = before.front[1] + (before.side[1] - high) * 0.55
    x = after.left + (after.side[0] * 0.4 if not after.flat else 0)
    y = after.top + after.side[1] * 0.42
    reach = "".join(
        f'<path class="ray" d="M{left + wide:.1f} {edge:.1f}L{x:.1f} {y:.1f}"/>' for edge in (top, top + high)
    )
    field = f'<rect class="field" x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{high:.1f}"/>'
    unit = "" if after.flat else f'<rect class="field" x="{x - 2:.1f}" y="{y - 2:.1f}" width="4" height="4"/>'
    return field + reach + unit


def _draw_words(layer: Layer, summary: LayerSummary, x: float) -> str:
    trained = f"{summary.parameters:,} trained" if summary.parameters else "nothing trained"
    lines = (*_described(layer), trained)
    return "".join(f'<text class="grey" x="{x:.1f}" y="{376 + 17 * i}">{line}</text>' for i, line in enumerate(lines))


def _described(layer: Layer) -> tuple[str, str]:
    if isinstance(layer, Convolution):
        return f"convolution {layer.kernel[0]}×{layer.kernel[1]}", "with a table" if layer.table else "of all maps"
    if isinstance(layer, Subsampling):
        return "subsampling", f"{layer.pooling} {layer.window[0]}×{layer.window[1]}"
    if isinstance(layer, RadialBasis):
        return "distances", "to codes"
    return "full", "connection"
