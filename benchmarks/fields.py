"""Whole fields: how many are read right, how many may be accepted at 1 % error, and how many are read a second.

Fields of `fieldsets.py`; a field is right where all its digits are and no other is there. "accepted at 1 %" is the
largest share of all fields that a threshold on the confidence accepts while at most 1 % of all fields are accepted
wrongly; it is chosen in hindsight, for everybody alike. LENET_FOLDS may name a folder of five models, trained without
one fold of ORAND-CAR-A each (`folds.py`): those fields are read with them then, and not with the shipped model.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from benchmarks.contest import CORES, Candidate, ask, race
from benchmarks.fieldsets import field_set
from benchmarks.judging import Judged
from benchmarks.records import Figure
from lenet.errors import DownloadError

SHIPPED, FOLDED = "lenet, shipped model", "lenet, five folds"
TITLES = {
    "orand": "amounts of ORAND-CAR-A",
    "touching": "strings of touching MNIST digits",
    "lone": "single MNIST digits as fields",
}
ANY = tuple(sorted({1, CORES}))
BATCHES = (1, 4, 16)
ROUNDS, SECONDS = 7, 1.0


@dataclass(frozen=True)
class Entrant:
    """Who reads, and how many fields of each set; 0 for all."""

    name: str
    peer: str
    variant: str = ""
    count: int = 0


PEERS = (
    Entrant("RapidOCR", "with_rapidocr", "recogniser"),
    Entrant("RapidOCR, as called by default", "with_rapidocr", "default", 100),
    Entrant("Tesseract --psm 7, digits", "with_tesseract", "", 200),
)
RACE = (
    ("lenet", "with_lenet", "", (64, 256), ANY),
    ("RapidOCR, recogniser", "with_rapidocr", "", BATCHES, ANY),
    ("RapidOCR, a recogniser a core", "with_rapidocr", "sessions", BATCHES, (CORES,)),
)


def measure() -> list[Figure]:
    """Return shares of fields with their 95 % intervals, and fields a second."""
    figures: list[Figure] = []
    there = [name for name in TITLES if _is_there(name)]
    for name in there:
        folds = os.environ.get("LENET_FOLDS", "") if name == "orand" else ""
        own = Entrant(FOLDED if folds else SHIPPED, "with_lenet", folds)
        for entrant in (own, *PEERS):
            figures += _read(entrant, name)
    return figures + (_speed(there[0]) if there else [])


def _is_there(name: str) -> bool:
    try:
        field_set(name)
    except (FileNotFoundError, DownloadError) as error:
        print(f"  left out: {name}: {error}", file=sys.stderr)
        return False
    return True


def _read(entrant: Entrant, name: str) -> list[Figure]:
    """Return the figures of a reader, in all its ways, on a set."""
    order = {"do": "read", "peer": entrant.peer, "set": name, "variant": entrant.variant, "count": entrant.count}
    (answer,) = ask(Candidate(entrant.name, entrant.peer, name), [order])
    if "error" in answer:
        print(f"  left out: {entrant.name}: {answer['error']}", file=sys.stderr)
        return []
    texts = field_set(name).some(entrant.count).texts
    return [
        figure
        for way, readings in answer["readings"].items()
        for figure in _figures(", ".join(filter(None, (entrant.name, way))), name, Judged.of(readings, texts))
    ]


def _figures(who: str, name: str, judged: Judged) -> list[Figure]:
    """Return shares in percent; those of lenet stand in the README, unless the model may know the fields."""
    setting, honest = f"{len(judged.right)} fields", who == FOLDED or (who == SHIPPED and name != "orand")
    figures = []
    for what, three in (("right", judged.share_right()), ("accepted at 1 %", judged.share_accepted())):
        headline = f"{TITLES[name]}, {what}, with its 95 % interval" if honest else ""
        figures.append(
            Figure("fields", f"{name}, {what}: {who}", *(100 * share for share in three), "%", setting, headline)
        )
    if judged.refuses:
        shares = zip(("right", "refused", "wrong"), judged.own_triple(), strict=True)
        figures += [
            Figure.of("fields", f"{name}, {what} by its own threshold: {who}", [100 * share], "%", setting)
            for what, share in shares
        ]
    return figures


def _speed(name: str) -> list[Figure]:
    """Return fields a second, and how lenet compares with the faster way to run RapidOCR's recogniser."""
    candidates = [Candidate(who, peer, name, variant, *at) for who, peer, variant, *at in RACE]
    standings = race(candidates, rounds=ROUNDS, seconds=SECONDS)
    others = [who for who, *_ in RACE[1:] if who in standings.rates]
    ratio = [
        standings.ratio("fields", f"{name} fields a second against {fastest}", "lenet", fastest)
        for fastest in [standings.fastest(others)] * bool(others)
    ]
    return standings.figures("fields", "fields/s", "fields read a second by `Reader.many`") + ratio
