"""RapidOCR: called as its users call it; its recogniser alone; the same with all but digits masked in its decoder."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import numpy as np
from numpy.typing import NDArray
from rapidocr import RapidOCR

from benchmarks.fieldsets import FieldSet, field_set
from benchmarks.job import Job, timed
from benchmarks.peers.paths import path_score
from benchmarks.subject import Subject

SAMPLE = 64
"""Fields that are read over and over where speed is measured."""

Readings = list[tuple[str, float, bool]]
Array = NDArray[np.float32]


def read(fields: FieldSet, variant: str) -> dict[str, Readings]:
    """Return what it reads: with `variant` "default" by one plain call, else in several ways by the recogniser alone.

    Of several texts that the detector finds the digits are joined in its order, and the least sure one counts.
    """
    if variant == "default":
        reader = _reader()
        outputs = [reader(picture) for picture in fields.pictures]
        return {"": [("".join(out.txts or ()), min(out.scores or (0.0,)), True) for out in outputs]}
    return _recognised(fields)


def _reader(threads: int = 1, batch: int = 6) -> RapidOCR:
    options = {"Global.log_level": "critical", "Rec.rec_batch_num": batch}
    return RapidOCR(params=options | {"EngineConfig.onnxruntime.intra_op_num_threads": threads})


class _Recogniser:
    """Its recogniser with a hand on the probabilities between network and decoder."""

    def __init__(self) -> None:
        self.reader = _reader()
        recogniser = self.reader._load_rec_model()
        self.decode, session = recogniser.postprocess_op, recogniser.session
        self.kept = [0] + [self.decode.dict[digit] for digit in "0123456789"]

        def remembering(batch: Array) -> Array:
            self.last = session(batch)
            return self.last

        recogniser.session = remembering

    def __call__(self, picture: NDArray[np.uint8]) -> tuple[tuple[str, float], tuple[str, float], float]:
        """Return text and score as they come, those with all but digits masked, and the score of the latter's paths."""
        plain = self.reader(picture, use_det=False, use_cls=False)
        masked = np.zeros_like(self.last)
        masked[:, :, self.kept] = self.last[:, :, self.kept]
        ((text, score),), _ = self.decode(masked)
        symbols = [self.kept.index(self.decode.dict[digit]) for digit in text]
        return (plain.txts[0], plain.scores[0]), (text, score), path_score(masked[0][:, self.kept], symbols)


def _recognised(fields: FieldSet) -> dict[str, Readings]:
    recogniser = _Recogniser()
    results = [recogniser(picture) for picture in fields.pictures]
    return {
        "recogniser only": [(*plain, True) for plain, _, _ in results],
        "digits masked": [(*masked, True) for _, masked, _ in results],
        "digits masked, its paths' score": [(text, paths, True) for _, (text, _), paths in results],
    }


def prepare(subject: Subject, task: str, variant: str, batch: int, threads: int) -> Job:
    """Return the job "fields": its recogniser on the next batch; "sessions" has one of one thread on each core."""
    pictures = list(field_set(task).some(SAMPLE).pictures)
    if variant != "sessions":
        return Job(timed(_next_batch(_reader(threads, batch), pictures, batch), batch))
    calls = [_next_batch(_reader(1, batch), pictures, batch) for _ in range(threads)]
    pool = ThreadPoolExecutor(threads)
    return Job(timed(lambda: list(pool.map(lambda call: call(), calls)), batch * threads))


def _next_batch(reader: RapidOCR, pictures: list[NDArray[np.uint8]], batch: int) -> Callable[[], object]:
    reader._load_rec_model()
    starts = count(0, batch)

    def call() -> object:
        start = next(starts) % len(pictures)
        return reader.recognize_txt(pictures[start : start + batch])

    return call
