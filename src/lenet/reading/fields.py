"""Whole fields: a network slides over the field, a grammar says what may stand there, and the best text is searched.

The network's outputs along the field, the character model that joins repetitions, and the grammar are composed as
section VII of LeCun et al. 1998 composes them, but while the search runs, and only as far as its beam reaches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from lenet.grammar import Grammar
from lenet.network import Network
from lenet.strips import Strip, padded, side_by_side
from lenet.trellis import Acceptor, Spelling, prefix_search, prefix_search_many

__all__ = ["FRAME", "FieldText", "FieldTexts", "emissions_of", "is_field_network", "margin_of", "spell_strips"]

BEAM = 12
"""Texts that the search follows side by side; of ours."""
TOGETHER = 256
"""Strips that go through the network at once: its blocks of 16 then are of like width, and all threads have some."""
FRAME = 4
"""Columns of a strip for each place at which the network says what it sees."""
LOOKALIKES = {"/": "1"}
"""What else a sign may be where a grammar of plain texts does not know it: many a 1 is a slanted stroke."""
NO_SIGN = "?"
"""A letter or a scribble: no sign that may be passed over, since it may be a digit of a hand that was never seen."""
NOTHING = "nothing"
"""The name of class 0 of a network for whole fields."""
N_BEST = 8
"""Texts of the grammar that are looked at; several of them may mean the same."""


@dataclass(frozen=True)
class FieldText:
    """A text that a field may say.

    Parameters
    ----------
    text : its characters.
    score : natural logarithm of its probability, over all ways in which the field can spell it; 0 or less.
    spans : for each character its first column on the strip, and the one after its last.
    sure : for each character how probable it is where it stands, 0 to 1.
    """

    text: str
    score: float
    spans: tuple[tuple[int, int], ...]
    sure: tuple[float, ...]


@dataclass(frozen=True)
class FieldTexts:
    """What a field may say: the best texts of its grammar, and the best text without any grammar.

    Parameters
    ----------
    best : of texts that mean the same the likeliest, with the probability of all; best first; none where nothing of
        the grammar fits the field.
    find_free : searches the best text of all signs.
    """

    best: tuple[FieldText, ...]
    find_free: Callable[[], FieldText] = field(compare=False, repr=False)

    @cached_property
    def free(self) -> FieldText:
        """The best text of all signs, looked for when it is first asked for: only of doubtful fields it is."""
        return self.find_free()

    @property
    def margin(self) -> float:
        """How far the second text is behind the first, in natural logarithms; infinite where there is none."""
        return self.best[0].score - self.best[1].score if len(self.best) > 1 else float("inf")


def is_field_network(network: Network) -> bool:
    """Tell whether a network reads whole fields, and not single characters."""
    return network.classes[0] == NOTHING


def spell_strips(
    network: Network, strips: Sequence[Strip], grammar: Grammar, *, n_best: int = N_BEST, threads: int = 0
) -> list[FieldTexts]:
    """Return what each strip may say.

    Parameters
    ----------
    network : one that `is_field_network`.
    strips : of `lenet.strips.make_strips`.
    grammar : which texts there may be. Signs that a grammar of plain texts does not know are passed over.
    n_best : how many texts of the grammar are wanted.
    threads : how many to use; 0 means LENET_THREADS, or else what the machine offers. The result is the same.

    Raises
    ------
    GrammarError
        The network's classes write no text of the grammar.
    """
    acceptor, passed_over, taken_for = _prepared(grammar, network.classes)
    everything = emissions_of(network, [strip.image for strip in strips], threads)
    wanted = [_without(logs, passed_over, taken_for) for logs in everything]
    found = prefix_search_many(wanted, acceptor, beam=BEAM, n_best=n_best, threads=threads)
    texts = []
    for strip, spellings, logs in zip(strips, found, everything, strict=True):
        shift = margin_of(strip)
        possible = [_text(spelling, network.classes, shift) for spelling in spellings]
        best = _by_value(_weighed(possible, acceptor, network), grammar)
        texts.append(FieldTexts(best, partial(_free, logs, network.classes, shift)))
    return texts


def _free(logs: NDArray[np.float32], classes: tuple[str, ...], shift: int) -> FieldText:
    return _text(prefix_search(logs, beam=BEAM)[0], classes, shift)


_Pairs = tuple[tuple[int, int], ...]


@lru_cache(maxsize=64)
def _prepared(grammar: Grammar, classes: tuple[str, ...]) -> tuple[Acceptor, tuple[int, ...], _Pairs]:
    """Return the grammar as the search takes it, the classes passed over, and those that are taken for others."""
    table = grammar.table(classes[1:])
    nothing = np.full((len(table.next), 1), -1, np.int32)
    scores = None if table.score is None else np.hstack([np.zeros_like(nothing, np.float32), table.score])
    acceptor = Acceptor(np.hstack([nothing, table.next]), table.accepting, scores)
    if grammar.kind != "text":
        return acceptor, (), ()
    unknown = {k for k, sign in enumerate(classes) if k and not sign.isdigit() and sign not in grammar.alphabet}
    unknown -= {k for k in unknown if classes[k] == NO_SIGN}
    pairs = [(k, classes.index(LOOKALIKES[classes[k]])) for k in unknown if classes[k] in LOOKALIKES]
    return acceptor, tuple(unknown - {sign for sign, _ in pairs}), tuple(pairs)


def emissions_of(network: Network, images: Sequence[NDArray[np.uint8]], threads: int) -> list[NDArray[np.float32]]:
    """Return the logarithms of what a network sees at each place of each image, float32 (places, classes)."""
    return [
        logs
        for begin in range(0, len(images), TOGETHER)
        for logs in _emissions(network, images[begin : begin + TOGETHER], threads)
    ]


def _emissions(network: Network, images: Sequence[NDArray[np.uint8]], threads: int) -> list[NDArray[np.float32]]:
    """Return the same of images that go through the network together, each as wide as `padded` says."""
    widths = np.array([padded(image.shape[1]) for image in images])
    together, places = side_by_side(images, widths.tolist()), widths // FRAME
    seen = network.outputs(together, widths=widths, threads=threads)[:, :, 0]
    logs = _log_softmax(seen / np.float32(network.temperature))
    return [np.ascontiguousarray(one[:, :count].T) for one, count in zip(logs, places.tolist(), strict=True)]


def _log_softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the logarithms of the classes' probabilities; scores are (n, classes, places)."""
    less = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(less - np.log(np.exp(less).sum(axis=1, keepdims=True)), np.float32)


def _without(logs: NDArray[np.float32], passed_over: tuple[int, ...], taken_for: _Pairs) -> NDArray[np.float32]:
    """Return emissions in which some classes mean nothing, and some mean others."""
    if not passed_over:
        return logs
    changed = logs.copy()
    changed[:, 0] = np.logaddexp.reduce(logs[:, [0, *passed_over]], axis=1)
    changed[:, list(passed_over)] = -np.inf
    for sign, other in taken_for:
        changed[:, other] = np.logaddexp(logs[:, sign], logs[:, other])
        changed[:, sign] = -np.inf
    return changed


def _weighed(texts: list[FieldText], acceptor: Acceptor, network: Network) -> list[FieldText]:
    """Return texts with their probabilities, where the grammar holds some for likelier than others.

    What a grammar adds moves probability from text to text; that what is written is one of them at all is as probable
    as the network says.
    """
    if acceptor.scores is None or not texts:
        return texts
    added = np.array([_added(text.text, acceptor, network) for text in texts])
    scores = np.array([text.score for text in texts])
    shift = np.logaddexp.reduce(scores - added) - np.logaddexp.reduce(scores)
    return [replace(text, score=min(0.0, float(score + shift))) for text, score in zip(texts, scores, strict=True)]


def _added(text: str, acceptor: Acceptor, network: Network) -> float:
    """Return what an acceptor adds to the logarithm of a text's probability."""
    state, total = 0, 0.0
    for sign in text:
        column = network.classes.index(sign)
        total += float(acceptor.scores[state, column]) if acceptor.scores is not None else 0.0
        state = int(acceptor.next[state, column])
    return total


def _by_value(texts: Sequence[FieldText], grammar: Grammar) -> tuple[FieldText, ...]:
    """Join the texts of one value: 1,000 and 1000.- are the same amount, and as likely as both together."""
    if grammar.kind == "text":
        return tuple(texts)
    joined: dict[object, FieldText] = {}
    for text in texts:
        value = grammar.value(text.text)
        key = text.text if value is None else value
        first = joined.get(key)
        joined[key] = text if first is None else replace(first, score=float(np.logaddexp(first.score, text.score)))
    return tuple(sorted(joined.values(), key=lambda text: -text.score))


def margin_of(strip: Strip) -> int:
    """Return how many columns of paper stand before the strip in the image that the network sees."""
    columns = int(strip.image.shape[1])
    return (padded(columns) - columns) // 2


def _text(spelling: Spelling, classes: tuple[str, ...], shift: int) -> FieldText:
    spans = tuple([(FRAME * first - shift, FRAME * end - shift) for first, end in spelling.spans])
    text = "".join([classes[label] for label in spelling.labels])
    return FieldText(text, min(0.0, spelling.score), spans, tuple(map(math.exp, spelling.peaks)))
