"""The lattice of a field's likeliest texts, as SVG text that stands inside a page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lenet.reading.fields import FieldText
    from lenet.reading.proof import Arc, Lattice

__all__ = ["lattice_svg"]

_STEP, _LANE = 58.0, 34.0
"""Pixels between two nodes, and between two arcs that pass each other."""


def lattice_svg(texts: Sequence[FieldText]) -> str:
    """Draw texts as paths through one graph: the best along the middle line, what differs from it above and below.

    Parameters
    ----------
    texts : best first; see `lenet.reading.proof.lattice_of`.
    """
    from lenet.reading.proof import lattice_of

    lattice = lattice_of(texts)
    lanes = _lanes(lattice)
    above, below = -min(0, *lanes.values()) * _LANE, max(0, *lanes.values()) * _LANE
    middle = above + 24
    width, height = (len(lattice.cuts) + 1) * _STEP + 28, middle + below + 20
    on_best = {node for arc in lattice.arcs if arc.best for node in (arc.source, arc.target)}
    heights = {node: middle if node in on_best else middle + _LANE / 2 for node in range(len(lattice.cuts) + 2)}
    arcs = [_arc(arc, number, heights, middle + _LANE * lanes[arc]) for number, arc in enumerate(lattice.arcs)]
    drawn = [path for path, _ in arcs] + [words for _, words in arcs]
    drawn += [f'<circle class="node" cx="{_across(node):g}" cy="{y:g}" r="4"/>' for node, y in heights.items()]
    size = f'width="{width:.0f}" height="{height:.0f}"'
    return f'<svg viewBox="0 0 {width:.0f} {height:.0f}" {size} role="img">{"".join(drawn)}</svg>'


def _across(node: int) -> float:
    return 14 + _STEP * node


def _lanes(lattice: Lattice) -> dict[Arc, int]:
    """Give each arc a lane of its own wherever it passes others: the best text 0, others 1, -1, 2, -2, ..."""
    lanes: dict[Arc, int] = {}
    taken: dict[int, list[Arc]] = {}
    for arc in sorted(lattice.arcs, key=lambda arc: (not arc.best, arc.target - arc.source, arc.penalty)):
        lane = 0 if arc.best else 1
        while any(arc.source < other.target and other.source < arc.target for other in taken.get(lane, ())):
            lane = -lane if lane > 0 else 1 - lane
        lanes[arc] = lane
        taken.setdefault(lane, []).append(arc)
    return lanes


def _arc(arc: Arc, number: int, heights: dict[int, float], lane: float) -> tuple[str, str]:
    """Draw an arc that leaves its node, runs along its lane, and comes down to its target; and its words.

    Both carry its number, so that a page with a script can light up a path.
    """
    x, y, to_x, to_y = _across(arc.source), heights[arc.source], _across(arc.target), heights[arc.target]
    kind = " best" if arc.best else ""
    bend = 20.0
    path = f"M{x:g} {y:g}C{x + bend / 2:g} {y:g} {x + bend / 2:g} {lane:g} {x + bend:g} {lane:g}H{to_x - bend:g}"
    path += f"C{to_x - bend / 2:g} {lane:g} {to_x - bend / 2:g} {to_y:g} {to_x:g} {to_y:g}"
    words = f"{escape(arc.sign)} <tspan class='grey' font-size='9'>{arc.penalty:.2f}</tspan>"
    place = f'x="{(x + to_x) / 2:g}" y="{lane - 4:g}" text-anchor="middle"'
    text = f'<text class="{kind}" data-arc="{number}" {place}>{words}</text>'
    return f'<path class="arc{kind}" data-arc="{number}" d="{path}"/>', text
