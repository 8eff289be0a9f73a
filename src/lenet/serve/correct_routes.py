"""What the page asks while somebody corrects: what was rejected, to keep a correction, to learn from them."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenet import grammar
from lenet.datasets.found import digits_here
from lenet.datasets.labelled_fields import LABELS, Fields, keep_field, load_fields, read_labels
from lenet.datasets.synthetic import SIGNS
from lenet.errors import InputError, MissingExtraError
from lenet.files import require_place
from lenet.inputs import thread_count
from lenet.learning import RECIPES
from lenet.network import Network
from lenet.reading.corrections import FEWEST, Stage, learn_corrections
from lenet.reading.pages import open_field
from lenet.serve.answering import file, off_loop, off_loop_with_body, router_of, service_of, whole_number
from lenet.serve.doubts import Doubts, crop_of, load_doubts
from lenet.serve.jobs import Job
from lenet.serve.proofs import png
from lenet.serve.refusals import wrong
from lenet.serve.train_routes import begin

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request

__all__ = ["correct_router"]

_PASSES = 6_000
"""Corrections that pass in a training, counted each time, so that a page waits for minutes and not for hours: up to 150
corrections learn by the recipe's own 40 epochs, more by fewer; of ours."""
_EPOCHS = 8
"""Epochs at least; of ours."""
_MANY_PIXELS = 4
"""Times the limit on a picture's pixels that those of a training set may have together: a packed one holds any number
of them in a few bytes; of ours."""


def correct_router(
    results: str | os.PathLike[str] | None = None, corrections: str | os.PathLike[str] | None = None
) -> APIRouter:
    """Return the routes of correcting, under `/correct/`.

    Parameters
    ----------
    results : a file that `lenet read --out results.jsonl` wrote, to be corrected.
    corrections : the folder to keep corrections in, the only thing that is written; None keeps them in the browser.

    Raises
    ------
    InputError
        There are no such results, or the folder cannot be written to.
    FormatError
        The results are damaged.
    """
    doubts = None if results is None else load_doubts(results)
    shelf = None if corrections is None else _Shelf(Path(corrections))

    async def state(request: Request) -> Any:
        return {
            "batch": None if doubts is None else await off_loop(request, _batch_values, doubts),
            "kept": None if shelf is None else await off_loop(request, shelf.count),
            "folder": None if shelf is None else str(shelf.folder),
            "signs": SIGNS,
            "fewest": FEWEST,
        }

    async def crop(request: Request) -> Any:
        if doubts is None:
            raise wrong("no results were given to correct; start with lenet serve --correct results.jsonl")
        number = whole_number(request, "number")
        return file(await off_loop(request, lambda: png(crop_of(doubts, number))), "image/png")

    async def keep(request: Request) -> Any:
        if shelf is None:
            raise wrong("no folder for corrections was named; start with lenet serve --corrections FOLDER")
        given = request.query_params
        text, source = written(given.get("text", "")), given.get("source", "")[:200]
        pixels = service_of(request).limits.pixels
        return {"kept": await off_loop_with_body(request, shelf.keep, text, source, pixels)}

    async def learn(request: Request) -> Any:
        given, service = request.query_params, service_of(request)
        kind, folder = given.get("kind", "digits"), None if shelf is None else shelf.folder
        known, fields = await off_loop_with_body(request, _material, kind, folder, _MANY_PIXELS * service.limits.pixels)
        network = service.networks["fields"]
        return begin(request, given.get("session", "page")[:64], lambda job: _lesson(job, fields, known, network))

    return router_of(
        [
            ("GET", "/correct/state", state),
            ("GET", "/correct/crop", crop),
            ("POST", "/correct/keep", keep),
            ("POST", "/correct/learn", learn),
        ]
    )


def written(text: str) -> str:
    """Return what a person typed as a label; raise `InputError` where a network cannot learn to read it."""
    text = "".join(text.split())
    if unknown := sorted(set(text) - set(SIGNS)):
        raise InputError(f"{''.join(unknown)} cannot be learned; known are {SIGNS}: write ? for anything else")
    return text


class _Shelf:
    """The folder of corrections; one writer at a time."""

    def __init__(self, folder: Path) -> None:
        require_place(folder / LABELS)
        self.folder = folder
        self._lock = threading.Lock()
        self.count()

    def keep(self, picture: bytes, text: str, source: str, pixels: int) -> int:
        """Keep a correction: the picture anew as PNG, so that nothing but pixels gets there; return their number."""
        page = open_field(picture, pixels=pixels).page
        with self._lock:
            keep_field(self.folder, page.picture, text, source=source)
        return self.count()

    def count(self) -> int:
        """Return how many corrections are there; raise `FormatError` where the labels are damaged."""
        with self._lock:
            labels = self.folder / LABELS
            return len(list(read_labels(labels.read_bytes(), labels))) if labels.exists() else 0


def _batch_values(doubts: Doubts) -> dict[str, Any]:
    return {
        "name": doubts.path.name,
        "accepted": doubts.accepted,
        "more": doubts.more,
        "doubts": [doubt.to_dict() for doubt in doubts.rejected],
    }


def _material(body: bytes, kind: str, folder: Path | None, pixels: int) -> tuple[grammar.Grammar, Fields]:
    """Return what is learned: the kind of field, and the corrections that were sent, or else those of the folder."""
    if not body and folder is None:
        raise wrong("there are no corrections to learn from; correct some first")
    known = grammar.get(kind)
    fields = load_fields(body, pixels=pixels) if body or folder is None else load_fields(folder)
    if len(fields) < FEWEST:
        raise InputError(
            f"{len(fields)} corrections are too few to learn from and to tell what that gains; correct {FEWEST} at "
            "least, better a hundred"
        )
    return known, fields


def _lesson(job: Job, fields: Fields, known: grammar.Grammar, network: Network) -> Network:
    """Learn, and tell the job how far it is and what came of it."""

    def told(stage: Stage) -> None:
        job.report(share=round(stage.share, 4), part=stage.part, parts=stage.parts)

    try:
        digits = digits_here()
    except MissingExtraError:
        digits = None
    job.report(share=0.0, part=1, parts=1)
    recipe = RECIPES["fields-more"]
    recipe = replace(recipe, epochs=max(_EPOCHS, min(recipe.epochs, _PASSES // len(fields))))
    lesson = learn_corrections(
        fields, known, start=network, digits=digits, recipe=recipe, callback=told, threads=max(1, thread_count(0) // 2)
    )
    job.report(share=1.0, outcome=lesson.to_dict())
    return lesson.network
