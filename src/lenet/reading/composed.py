"""Both ways to read a field, composed: texts found along the strip, weighed by the segmentation graph as well.

The sum of both logarithms, each with a weight, is a product of experts; what one of them sees the other may not,
since one slides along the field and the other cuts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lenet.grammar import Grammar
from lenet.network import Network
from lenet.reading.fields import FieldTexts
from lenet.reading.segments import score_texts
from lenet.segments import Segments

__all__ = ["compose_texts", "weigh_doubtful"]

WEIGHT = 0.2
"""What the segments' score counts, against 1 for the strip's: the best on cheque amounts that neither network had
learned from (`benchmarks/segmentation.py`); from 0.1 to 0.3 little changes."""
FLOOR = -30.0
"""No text counts less than this by its segments: one that no path spells may be right all the same."""


def compose_texts(along: FieldTexts, by_segments: Sequence[float], *, weight: float = WEIGHT) -> FieldTexts:
    """Return the texts of a field, their scores raised or lowered by what its segments say.

    Parameters
    ----------
    along : what the field may say, from `spell_strips`.
    by_segments : the score of each of its best texts, from `score_texts`.
    weight : what that counts.

    Returns
    -------
    The same texts, best first, with as much probability in all as before.
    """
    if not along.best:
        return along
    before = np.array([text.score for text in along.best])
    after = before + weight * np.maximum(by_segments, FLOOR)
    after += np.logaddexp.reduce(before) - np.logaddexp.reduce(after)
    order = np.argsort(-after, kind="stable").tolist()
    return replace(along, best=tuple(replace(along.best[k], score=min(0.0, float(after[k]))) for k in order))


def weigh_doubtful(
    network: Network,
    segments: Sequence[Segments],
    texts: Sequence[FieldTexts],
    grammar: Grammar,
    *,
    threads: int = 0,
) -> list[FieldTexts]:
    """Let a network for segments weigh the texts of those fields in which that could change the best.

    Parameters
    ----------
    network : for segments.
    segments, texts : of the fields, and what they may say along their strips.
    grammar : of the texts.
    threads : how many to use; 0 means LENET_THREADS, or else what the machine offers. The result is the same.
    """
    doubtful = [k for k, found in enumerate(texts) if found.margin < -WEIGHT * FLOOR]
    words = [[text.text for text in texts[k].best] for k in doubtful]
    scores = score_texts(network, [segments[k] for k in doubtful], grammar, words, threads=threads)
    weighed = dict(zip(doubtful, scores, strict=True))
    return [compose_texts(found, weighed[k]) if k in weighed else found for k, found in enumerate(texts)]
