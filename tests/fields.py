"""Fields and networks for the tests of what stands above reading: small, and from a seed."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

from lenet.architectures import field_network
from lenet.datasets import load_digits8x8
from lenet.datasets.labelled_fields import Fields
from lenet.datasets.synthetic import synthetic_fields
from lenet.learning.fields import FIELD_CLASSES
from lenet.network import Network


@cache
def written(count: int, seed: int = 0) -> Fields:
    """Return synthetic fields of two to five digits."""

    def digits(rng: np.random.Generator) -> str:
        return "".join(map(str, rng.integers(0, 10, rng.integers(2, 6))))

    found = list(synthetic_fields(load_digits8x8(), count, seed=seed, text=digits))
    names = tuple(f"field-{number}.png" for number in range(count))
    return Fields([field.picture for field in found], tuple(field.text for field in found), names, "written")


def save_fields(fields: Fields, folder: Path) -> Path:
    """Write fields as `load_fields` takes them, and return the folder."""
    from PIL import Image

    folder.mkdir()
    for name, picture in zip(fields.names, fields.pictures, strict=True):
        Image.fromarray(picture).save(folder / name)
    lines = [json.dumps({"file": n, "text": t}) for n, t in zip(fields.names, fields.texts, strict=True)]
    (folder / "labels.jsonl").write_text("\n".join(lines))
    return folder


def untrained() -> Network:
    """Return a network for whole fields that never saw one: it reads something, and is sure of nothing."""
    network = Network(field_network(len(FIELD_CLASSES)), seed=3)
    network.classes = FIELD_CLASSES
    return network
