"""Which way to read a field is best: along its strip, through its segmentation graph, or both composed.

    LENET_DATA=../shared/data python -m benchmarks.segmentation FOLDER --strips FOLDER [--fold K ...] [--ship]

Three networks for segments: one learns single characters of strings of MNIST's training digits, whose owners are known,
and no amount at all; for each fold of ORAND-CAR-A (`folds.py`; with `--fold`, for these) one learns single characters
of the amounts of the other folds, too, by their boxes; and goes on globally, on texts alone. `--strips` holds networks
for whole fields, fold-K.safetensors, as `field_weights.py` makes them. All read the fields of fold K, and strings of
touching MNIST test digits. What is made stays in FOLDER, and is not made again.

Composed: log P(text | strip) + w log P(text | segments), over the best texts along the strip. For each fold w is the
best on the answers for the other folds, by the network of strings; neither of the two had seen them.

`--ship` makes the shipped "segments": the network of the first fold learns on, from the fields of all folds.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import lenet
from benchmarks.fieldsets import field_set
from benchmarks.folds import FOLDS, folds_of
from benchmarks.judging import Judged
from benchmarks.reading import pictures
from benchmarks.segments import labelled_by_boxes, labelled_by_owners, segments_dataset
from benchmarks.strings import touching, varied
from lenet import Network, grammar
from lenet.cards import Card
from lenet.datasets import load_mnist
from lenet.datasets.labelled_fields import Fields
from lenet.learning import Distortion, Recipe
from lenet.learning.segments import RECIPE, segment_network, train_segments
from lenet.reading.fields import spell_strips
from lenet.reading.segments import score_texts, spell_segments
from lenet.segments import make_segments
from lenet.strips import make_strips

SINGLE = Recipe(
    optimizer="adamw",
    epochs=8,
    batch=128,
    rate=2e-3,
    warmup=0.1,
    decay=0.02,
    average=0.8,
    distortion=Distortion(rotation=5, shear=0.15, scale=0.1, shift=1, elastic=0.7),
    validation=0.0,
)
GLOBAL = replace(RECIPE, epochs=12, rate=1.5e-3)
MORE = replace(GLOBAL, epochs=3, rate=5e-4, seed=1)
"""How the shipped network learns on, from the fields of all folds."""
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0)
FLOOR = -30.0
"""What a text counts that one of the two cannot spell."""
KIND = "digits"
LEARNED = {
    "strings": "single characters of strings alone",
    "single": "single characters of strings and amounts",
    "global": "then globally, texts alone",
}
SHIPPED = Path(__file__).parents[1] / "src" / "lenet" / "models" / "segments.safetensors"


class Amount(NamedTuple):
    """A cheque amount: its label, its picture and its fold."""

    label: dict
    picture: NDArray[np.uint8]
    fold: int


class Answer(NamedTuple):
    """What two readers say of a field: the truth, texts, and the score of each text by strip and by segments."""

    truth: str
    texts: list[str]
    strip: list[float]
    segments: list[float]

    def best(self, strip: float, segments: float) -> tuple[str, float]:
        """Return the best text by the weighted sum of both scores, and its share among all."""
        if not self.texts:
            return "", 0.0
        both = strip * np.maximum(self.strip, FLOOR) + segments * np.maximum(self.segments, FLOOR)
        number = int(both.argmax())
        return self.texts[number], float(np.exp(both[number] - np.logaddexp.reduce(both)))


def amounts() -> list[Amount]:
    """Return the cheque amounts of the archive, but those of doubtful label."""
    found = list(pictures(Path(os.environ["LENET_DATA"]) / "orand-car-a.tar"))
    folds = folds_of([label["id"] for label, _ in found])
    return [
        Amount(label, picture, int(fold))
        for (label, picture), fold in zip(found, folds, strict=True)
        if not label["ambiguous"]
    ]


def single_network(seen: Sequence[Amount], path: Path) -> Network:
    """Return a network for segments that learned single characters, made or found."""
    if path.exists():
        return lenet.load(path)
    data = load_mnist("train")
    images, labels = data.images[:, 0], data.labels
    strings = [*varied(images, labels, 700, seed=11), *touching(images, labels, 400, seed=12)]
    boxed = [one for one in seen if one.label["text"] == one.label["text_repo"]]
    parts = [labelled_by_owners(string) for string in strings]
    parts += [labelled_by_boxes(one.picture, one.label) for one in boxed]
    start = segment_network(lenet.load("digits"))
    network, history = lenet.train(segments_dataset(parts, "segments"), start, recipe=SINGLE)
    print(f"{path.stem}: {history.epochs[-1]}", flush=True)
    lenet.save(network, path)
    return network


def global_network(seen: Sequence[Amount], start: Network, path: Path, recipe: Recipe = GLOBAL) -> Network:
    """Return a network for segments that learned from whole fields, made or found."""
    if path.exists():
        return lenet.load(path)
    data = load_mnist("train")
    images, labels = data.images[:, 0], data.labels
    strings = [*varied(images, labels, 150, seed=21), *touching(images, labels, 350, seed=22)]
    rows = [(one.picture, one.label["text"]) for one in seen] + [(one.picture, one.text) for one in strings]
    given, texts = zip(*rows, strict=True)
    network, history = train_segments(Fields(given, texts, ("",) * len(texts)), start, recipe=recipe)
    print(f"{path.stem}: {history.epochs[-1]}", flush=True)
    lenet.save(network, path)
    return network


def answers(
    strips: Network, segments: Network, fields: Sequence[NDArray[np.uint8]], truths: Sequence[str]
) -> list[Answer]:
    """Let both networks read fields, and the segments judge the texts that were found along the strip."""
    known = grammar.get(KIND)
    first = spell_strips(strips, make_strips(fields), known)
    ready = make_segments(fields)
    second = spell_segments(segments, ready, known)
    texts = [sorted({one.text for one in (*a.best, *b.best)} - {""}) for a, b in zip(first, second, strict=True)]
    by_segments = score_texts(segments, ready, known, texts)
    answered = []
    for truth, some, a, scores in zip(truths, texts, first, by_segments, strict=True):
        by_strip = {one.text: one.score for one in a.best}
        answered.append(Answer(truth, some, [by_strip.get(text, -np.inf) for text in some], scores))
    return answered


def kept_answers(path: Path, *given: object) -> list[Answer]:
    """Return answers, made or found."""
    if not path.exists():
        path.write_text(json.dumps(answers(*given)))  # type: ignore[arg-type]
    return [Answer(*row) for row in json.loads(path.read_text())]


def share_right(found: Sequence[Answer], strip: float, segments: float) -> float:
    """Return the share of fields that are read right with these weights."""
    return float(np.mean([one.best(strip, segments)[0] == one.truth for one in found]))


def best_weight(found: Sequence[Answer]) -> float:
    """Return the weight of the segments' score with which most fields are read right; of equals the least."""
    return max(WEIGHTS, key=lambda weight: share_right(found, 1, weight))


def print_rows(name: str, parts: Sequence[Sequence[Answer]], weights: Sequence[float]) -> None:
    """Print what is right and what can be accepted at 1 % error: strip, segments, both."""
    every = [one for part in parts for one in part]
    ways = {
        "along the strip": [(1.0, 0.0)] * len(parts),
        "segmentation graph": [(0.0, 1.0)] * len(parts),
        "both composed": [(1.0, weight) for weight in weights],
    }
    known = np.mean([one.truth in one.texts for one in every])
    print(f"{name}: {len(every)} fields, {known:.1%} among the best texts of both; weights {list(weights)}")
    for way, used in ways.items():
        read = [(*one.best(*pair), True) for part, pair in zip(parts, used, strict=True) for one in part]
        judged = Judged.of(read, [one.truth for one in every])
        right, accepted = judged.share_right(), judged.share_accepted()
        shown = "  ".join(f"{100 * s:5.1f} ({100 * low:.1f} to {100 * high:.1f})" for s, low, high in (right, accepted))
        print(f"  {way:20} right, accepted at 1 %: {shown}")


def ship(every: Sequence[Amount], start: Network, folder: Path, right: float) -> None:
    """Let a fold's network learn from the fields of all folds, and ship it."""
    network = global_network(every, start, folder / "global-all.safetensors", MORE)
    network.card = Card(
        "segments",
        "Reads segments of number fields; for research only: it learned from pictures of ORAND-CAR-A, which ORAND S.A. "
        "gave out for research, beside strings of MNIST's digits.",
        data=f"{len(every)} amount fields of ORAND-CAR-A (ICFHR 2014 competition; labels Fzkuji/Labeled_ORAND-CAR-A, "
        "MIT, corrected); 1,600 strings of MNIST's training digits (CC BY-SA 3.0), touching or with drawn signs",
        licence="research only, as the pictures",
        command="python -m benchmarks.segmentation FOLDER --strips FOLDER --fold 0 --ship",
        recipe={"single": asdict(SINGLE), "global": [asdict(recipe) for recipe in (GLOBAL, MORE)]},
        figures={"orand-car-a, fold 0, whole fields right by segments alone, before it saw that fold": right},
        limits="Digits and one class for all signs. Made to show how a field may be cut and to weigh what 'fields' "
        "reads; alone it reads fewer fields right than that.",
        seed=SINGLE.seed,
        date=date.today().isoformat(),
    )
    print(f"written to {lenet.save(network, SHIPPED)}")


def main() -> None:
    """Train what is missing, read, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.segmentation", description=__doc__)
    parser.add_argument("folder", type=Path, help="where networks for segments and answers are kept")
    parser.add_argument("--strips", type=Path, required=True, help="networks for whole fields, fold-K.safetensors")
    parser.add_argument("--fold", type=int, action="append", choices=range(FOLDS), help="these alone")
    parser.add_argument("--ship", action="store_true", help="make the shipped network, too")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    every, touched = amounts(), field_set("touching")
    own = options.fold or list(range(FOLDS))
    found: dict[str, dict[int, list[Answer]]] = {}
    strings: dict[str, list[Answer]] = {}
    for fold in range(FOLDS):
        unseen = [one for one in every if one.fold == fold]
        along = lenet.load(options.strips / f"fold-{fold}.safetensors")
        for name, network in networks_for(fold, every, options.folder, fold in own).items():
            place = options.folder / f"{options.strips.name}-{name}-{fold}.json"
            given = [one.picture for one in unseen], [one.label["text"] for one in unseen]
            found.setdefault(name, {})[fold] = kept_answers(place, along, network, *given)
            if name not in strings:
                place = place.with_stem(f"{place.stem}-touching")
                strings[name] = kept_answers(place, along, network, touched.pictures, touched.texts)
    if options.ship:
        first = share_right(found["global"][own[0]], 0, 1)
        ship(every, lenet.load(options.folder / f"global-{own[0]}.safetensors"), options.folder, first)
    by_strings = found["strings"]
    weights = [best_weight([one for k in by_strings if k != fold for one in by_strings[k]]) for fold in range(FOLDS)]
    for name, parts in found.items():
        print_rows(f"amounts, {LEARNED[name]}", list(parts.values()), [weights[fold] for fold in parts])
    usual = best_weight([one for part in by_strings.values() for one in part])
    for name, part in strings.items():
        print_rows(f"touching digits, {LEARNED[name]}", [part], [usual])


def networks_for(fold: int, every: Sequence[Amount], folder: Path, own: bool) -> dict[str, Network]:
    """Return the networks for segments that read the fields of a fold, by what they learned from."""
    networks = {"strings": single_network([], folder / "strings.safetensors")}
    if own:
        seen = [one for one in every if one.fold != fold]
        networks["single"] = single_network(seen, folder / f"single-{fold}.safetensors")
        networks["global"] = global_network(seen, networks["single"], folder / f"global-{fold}.safetensors")
    return networks


if __name__ == "__main__":
    main()
