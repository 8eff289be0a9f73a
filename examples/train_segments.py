"""Teach LeNet-5 to cut strings of digits, from their texts alone: `python examples/train_segments.py`.

It starts from the shipped "digits", which knows single digits and nothing of half ones, of two at once, or of points.
Which pieces of ink are digits follows from the text, through the graph of all readings (LeCun et al. 1998, section VI).
"""

from __future__ import annotations

import numpy as np

import lenet
from lenet import grammar
from lenet.datasets.labelled_fields import Fields
from lenet.datasets.synthetic import synthetic_fields
from lenet.learning import Recipe
from lenet.learning.segments import segment_network, train_segments
from lenet.reading.segments import spell_segments
from lenet.segments import make_segments


def written(count: int, seed: int) -> Fields:
    """Return fields of two to four digits, apart or touching."""

    def text(rng: np.random.Generator) -> str:
        return "".join(map(str, rng.integers(0, 10, rng.integers(2, 5))))

    found = list(synthetic_fields(lenet.load_digits8x8(), count, seed=seed, text=text))
    return Fields([one.picture for one in found], tuple(one.text for one in found), ("",) * count, "synthetic")


def main() -> None:
    start = segment_network(lenet.load("digits"))
    recipe = Recipe(optimizer="adamw", epochs=5, batch=8, rate=2e-3, warmup=0.1, validation=0.0)
    network, _ = train_segments(
        written(120, seed=0),
        start,
        recipe=recipe,
        validation=written(30, seed=1),
        callback=lambda progress: print(progress.finished),
    )

    field = written(1, seed=2)
    (found,) = spell_segments(network, make_segments(field.pictures), grammar.get("digits"))
    print(f"{field.texts[0]} is written; {len(found.segments)} segments, of which the best path takes")
    for arc in found.best[0].path:
        one = found.segments.segmentation.segments[arc.segment]
        print(f"  {arc.said:>6} from column {one.box[0]} to {one.box[2]}, cuts and all for {one.penalty:.2f}")
    for text in found.best[:3]:
        print(f"{text.text:>8}: {np.exp(text.score):.1%}")


if __name__ == "__main__":
    main()
