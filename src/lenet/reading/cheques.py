"""Whole cheques: candidate zones for the amount and the date, each read, and the best of reading and place taken.

Every zone has a penalty for where it stands and what it looks like, to which the reading's own is added, as the field
graph of Fig. 33 in LeCun et al. 1998 puts its candidates side by side. Penalties are natural logarithms; lower is
better. Places are wide preferences, alike for all forms: amounts stand right of the middle, dates above them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from lenet import grammar
from lenet.documents.cleanup import to_ink
from lenet.documents.segmentation import Box
from lenet.documents.sheets import find_sheet
from lenet.documents.zones import Zone, find_zones
from lenet.grammar import Grammar
from lenet.network import Network
from lenet.reading.pages import network_for, on_picture, open_field
from lenet.reading.reader import Reader
from lenet.reading.readings import Reading

if TYPE_CHECKING:
    from lenet.documents.pages import Source

__all__ = ["read_cheque"]

Picture = NDArray[np.uint8]
DateOrder = Literal["dmy", "mdy", "ymd"]

PART = (0.4, 0.0, 1.0, 0.65)
"""Left, top, right, bottom of where amount and date are looked for, as shares of the cheque; of ours."""
AMOUNT_AT, DATE_AT = (0.83, 0.43), (0.8, 0.17)
"""Where the middles of these fields usually stand, as shares of width and height; of ours."""
SPREAD = (0.12, 0.1)
"""How far from there costs half a unit; of ours."""
SIGN_BONUS, FRAME_BONUS, COMB_BONUS = 2.0, 2.0, 4.0
"""What a currency sign, a frame around the amount, and boxes for the digits of the date are worth; of ours."""
REGULAR = (
    r"[*#=-]*(?:[$₹]/?)?[*#=-]*(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{2,3})*,(?:[0-9]{3}|[0-9]{5,}))"
    r"(?:\.[0-9]{2})?(?:/[-=]*)?[*=-]*"
)
"""Amounts on cheques: commas before two or three digits, three or more at the end; two decimals or none."""
_YEAR = "(?:19[5-9]|20[0-4])[0-9]"
RECENT = f"{_YEAR}.*|(?:.*[^0-9])?(?:{_YEAR}|[0-9][0-9])|[0-9]{{4}}{_YEAR}"
"""Dates on cheques: of 1950 to 2049, or without a century."""
LEFT_OUT = 1.5
"""What each piece left of a zone costs that its line goes on with: print may stand there, but rather not; of ours."""
SIDES = (0.045, 0.07, 0.1)
"""Half the width of the lines of boxes for digits, as shares of their height; each is tried."""
BOXED_GAP = 0.12
"""So far apart, as a share of their height, stand the contents of boxes when they are read as a line; of ours."""
BOXED_DARK = 24
"""Ink in a box is so much darker than its paper, of 255; of ours."""
CHARACTER_BONUS = 1.0
"""What each character is worth, so that a part of a field that is easy to read is no better than all of it; of ours."""
WIDEST = 1600
"""Zones are looked for on a cheque of about so many columns; larger pictures are made smaller for that."""


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A zone on the cheque given, its picture for the network, and the penalty of its place."""

    box: Box
    picture: Picture
    penalty: float
    comb: bool = False


def read_cheque(
    picture: Source,
    *,
    model: str | os.PathLike[str] | Network = "fields",
    date_order: DateOrder | None = None,
    max_error: float | None = None,
    threads: int = 0,
) -> list[Reading]:
    """Find the amount and the date on the picture of a cheque, and read them.

    Parameters
    ----------
    picture : the whole cheque, upright, and filling the picture or on a darker desk, as for `lenet.read`.
    model : a network for whole fields.
    date_order : the order of the date; None takes day, month, year where there are boxes for them or a sign of rupees,
        month, day, year where there is a dollar sign, and otherwise only dates that can be read in one way.
    max_error : as for `lenet.Reader`.
    threads : how many to use; 0 for as many as `lenet` uses by default.

    Returns
    -------
    Two readings, whose `field` is "amount" and "date". One that is not found is empty and not accepted.

    Raises
    ------
    InputError
        The picture cannot be used, or has several pages, or the model reads no whole fields.
    FormatError
        The file is damaged.

    References
    ----------
    LeCun et al. 1998, section X, Fig. 33.
    """
    field = open_field(picture)
    sheet, network = find_sheet(field.page.picture), network_for(model)
    zones = _zones(sheet.picture)
    amounts = Reader(_regular_amount(), model=network, max_error=max_error, threads=threads)
    amount = _best(amounts, _amounts(sheet.picture, zones), _sign_bonus)
    dates = _dates(sheet.picture, zones, amount.box if amount.text else None)
    order = date_order or _order(amount, dates)
    on_line = Reader(_recent_date(order), model=network, max_error=max_error, threads=threads)
    in_boxes = Reader(_boxed_date(order), model=network, max_error=max_error, threads=threads)
    combs, lines = ([each for each in dates if each.comb is comb] for comb in (True, False))
    date = _best(in_boxes, combs) if combs else _best(on_line, lines)
    whole = (0, 0, int(field.page.picture.shape[1]), int(field.page.picture.shape[0]))
    found = []
    for name, reading in (("amount", amount), ("date", date)):
        placed = on_picture(reading, sheet) if reading.text else replace(reading, box=whole)
        found.append(replace(placed, field=name, page=field.page.number, file=field.file))
    return found


def _regular_amount() -> Grammar:
    """Return the grammar of amounts as cheques have them: thousands in threes or the Indian way, or not parted."""
    narrowed = grammar.get("amount", decimal=".") & grammar.get(f"regex:{REGULAR}")
    return replace(narrowed, name="amount")


def _recent_date(order: DateOrder | None) -> Grammar:
    """Return the grammar of dates whose year may stand on a cheque."""
    return replace(grammar.get("date", date_order=order) & grammar.get(f"regex:{RECENT}"), name="date")


def _boxed_date(order: DateOrder | None) -> Grammar:
    """Return the grammar of dates of eight digits; the boxes of a cheque are for day, month and year."""
    return replace(_recent_date(order or "dmy") & grammar.only("0123456789"), name="date")


def _order(amount: Reading, dates: Sequence[_Candidate]) -> DateOrder | None:
    if "₹" in amount.text or any(each.comb for each in dates):
        return "dmy"
    return "mdy" if "$" in amount.text else None


def _zones(picture: Picture) -> list[Zone]:
    """Find the zones in the part of a cheque where amount and date stand, in pixels of the cheque."""
    rows, columns = picture.shape[:2]
    left, top, right, bottom = (round(share * size) for share, size in zip(PART, (columns, rows) * 2, strict=True))
    step = max(1, round(columns / WIDEST))
    part = _reduced(picture[top:bottom, left:right], step)
    zones = find_zones(to_ink(part), page_width=columns // step)
    return [_moved(zone, step, left, top) for zone in zones]


def _reduced(picture: Picture, step: int) -> Picture:
    """Return the picture with squares of `step` pixels averaged."""
    from PIL import Image

    return picture if step == 1 else np.asarray(Image.fromarray(picture).reduce(step))


def _moved(zone: Zone, step: int, left: int, top: int) -> Zone:
    first, above, last, below = zone.box
    box = (step * first + left, step * above + top, step * last + left, step * below + top)
    return replace(zone, box=box, sides=tuple(step * side + left for side in zone.sides))


def _amounts(picture: Picture, zones: Sequence[Zone]) -> list[_Candidate]:
    """Return what may be the amount: the inside of frames, with and without a box at their left, and lines."""
    found = []
    for zone in zones:
        if zone.kind == "comb":
            continue
        bonus = FRAME_BONUS if zone.kind == "frame" else 0.0
        penalty = _away(zone.box, picture, AMOUNT_AT) + LEFT_OUT * max(0, zone.left_out - 1) - bonus
        for box in _insides(zone):
            found.append(_Candidate(box, _cut(picture, box), penalty))
    return found


def _insides(zone: Zone) -> list[Box]:
    """Return a line's box, or what stands between a frame's lines, from each of its upright lines but the last on."""
    left, top, right, bottom = zone.box
    if zone.kind == "line":
        return [zone.box]
    edge = max(3, zone.height // 15)
    starts = [side for side in zone.sides if side - left <= 0.4 * zone.width][:3]
    return [(start + edge, top + edge, right - edge, bottom - edge) for start in starts]


def _dates(picture: Picture, zones: Sequence[Zone], amount: Box | None) -> list[_Candidate]:
    """Return what may be the date: combs with their lines painted over, and lines of writing above the amount."""
    found = []
    for zone in zones:
        if zone.kind == "frame" or (amount and zone.box[3] > amount[3]):
            continue
        penalty = _away(zone.box, picture, DATE_AT) + LEFT_OUT * zone.left_out
        if zone.kind == "comb":
            for thick in SIDES:
                inside = _boxed(picture, zone, max(1, round(thick * zone.height)))
                found.append(_Candidate(zone.box, inside, penalty - COMB_BONUS, comb=True))
        else:
            found.append(_Candidate(zone.box, _cut(picture, zone.box), penalty))
    return found


def _boxed(picture: Picture, zone: Zone, edge: int) -> Picture:
    """Return what is written in the boxes of a comb, side by side as on a line, `edge` pixels of each side left out."""
    left, top, right, bottom = zone.box
    inside = _cut(picture, (left, top + edge + 1, right, bottom - edge - 1))
    light = inside if inside.ndim == 2 else inside.min(axis=2)
    paper = np.percentile(inside, 75, axis=(0, 1)).astype(np.uint8)
    dark = paper.min().astype(np.int16) - light > max(
        BOXED_DARK, (int(paper.min()) - int(np.percentile(light, 2))) // 3
    )
    gap = np.broadcast_to(paper, (len(inside), max(1, round(BOXED_GAP * zone.height)), *inside.shape[2:]))
    parts = [gap]
    for start, end in pairwise(zone.sides):
        first, last = start - left + edge + 1, end - left - edge
        written = np.flatnonzero(dark[:, first:last].sum(axis=0) >= 2)
        if len(written):
            parts += [inside[:, max(first, first + written[0] - 2) : min(last, first + written[-1] + 3)], gap]
    return np.ascontiguousarray(np.concatenate([gap, *parts, gap], axis=1))


def _away(box: Box, picture: Picture, usual: tuple[float, float]) -> float:
    """Return the penalty of a place: the squared distance from the usual one."""
    rows, columns = picture.shape[:2]
    middle = ((box[0] + box[2]) / 2 / columns, (box[1] + box[3]) / 2 / rows)
    return float(sum(((at - mean) / far) ** 2 / 2 for at, mean, far in zip(middle, usual, SPREAD, strict=True)))


def _cut(picture: Picture, box: Box) -> Picture:
    left, top, right, bottom = box
    return np.ascontiguousarray(picture[top:bottom, left:right])


def _sign_bonus(reading: Reading) -> float:
    return SIGN_BONUS if set(reading.text) & set("$₹") else 0.0


def _best(reader: Reader, candidates: Sequence[_Candidate], bonus: Callable[[Reading], float] | None = None) -> Reading:
    """Read the candidates and return the reading that is best with the penalty of its place."""
    seen = [each for each in candidates if min(each.picture.shape[:2]) > 3]
    found: list[tuple[float, Reading]] = []
    for each, reading in zip(seen, reader.many([each.picture for each in seen]), strict=True):
        if not reading.text:
            continue
        more = bonus(reading) if bonus else 0.0
        penalty = each.penalty - more - CHARACTER_BONUS * len(reading.text) - math.log(max(reading.confidence, 1e-12))
        found.append((penalty, reading.moved(*each.box[:2])))
    if not found:
        return Reading(
            "", None, 0.0, False, f"no place was found that reads as {reader.grammar.name}", (), (0, 0, 0, 0)
        )
    return _settled(found, reader.threshold)


def _settled(found: Sequence[tuple[float, Reading]], threshold: float) -> Reading:
    """Return the best reading of the likeliest value, no surer than candidates that say something else leave it.

    `found` are readings with their penalties. Candidates of one value speak for each other.
    """
    said: dict[object, list[tuple[float, Reading]]] = {}
    for penalty, reading in found:
        said.setdefault(reading.text if reading.value is None else reading.value, []).append((penalty, reading))
    least = min(penalty for penalty, _ in found)
    weights = {key: sum(math.exp(least - penalty) for penalty, _ in each) for key, each in said.items()}
    first, *others = sorted(weights, key=weights.__getitem__, reverse=True)
    best = min(said[first], key=lambda pair: pair[0])[1]
    sure = best.confidence * weights[first] / sum(weights.values())
    if not best.accepted or sure >= threshold:
        return replace(best, confidence=sure)
    other = min(said[others[0]], key=lambda pair: pair[0])[1]
    return replace(
        best, confidence=sure, accepted=False, reason=f"{best.text!r} and {other.text!r} elsewhere are both likely"
    )
