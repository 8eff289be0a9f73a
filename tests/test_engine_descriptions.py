"""Descriptions of networks are checked before the engine makes one: a broken one is refused, and breaks nothing."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lenet import _engine
from lenet.architectures import Architecture, Convolution, FullConnection, RadialBasis, Subsampling

VALUES = [-1, 0, 1, 2, 3, 7, 40, 1 << 26, 1 << 31, 1.5, None, "x", [], {}, [[0, 1]], [[99]], [[1, 0]], True]
REFUSED = (ValueError, TypeError, RuntimeError, LookupError)


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give every container of a JSON value with each of its keys."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places_in(value[key])


def broken_descriptions() -> Iterator[str]:
    small = Architecture(
        "small",
        (2, 12, 12),
        (
            Convolution("C1", 3, (3, 3), padding=(1, 1), table=((0,), (1,), (0, 1)), batch_norm=True),
            Subsampling("S2", "trainable", copies=2),
            Convolution("C3", 4, (6, 6)),
            FullConnection("F4", 5),
            RadialBasis("OUT", ((1, -1, 1, -1, 1),) * 3),
        ),
    )
    data = json.loads(small.to_json())
    for container, key in list(places_in(data)):
        kept = container[key]
        for value in VALUES:
            container[key] = value
            yield json.dumps(data)
        container[key] = kept
        if isinstance(container, dict):
            del container[key]
            yield json.dumps(data)
            container[key] = kept
    yield from ("", "{", "[]", "null", "1", '{"layers": []}', '{"layers": {}, "input": [1, 1, 1], "scale": [0, 1]}')


def use_descriptions(path: str) -> None:
    """Make a network of each description in a file, and run those that can be made."""
    for text in json.loads(Path(path).read_text()):
        try:
            engine = _engine.Network(text)
        except REFUSED:
            continue
        maps, rows, columns = json.loads(text)["input"]
        if maps * rows * columns > 1e6 or engine.parameters.size > 1e6:
            continue
        images = np.ones((2, maps, rows, columns), np.float32)
        with contextlib.suppress(*REFUSED):
            engine.outputs(images)
            engine.feature_maps(images)
            engine.forward_train(images)


def test_a_broken_description_is_refused_and_takes_nothing_along(tmp_path: Path) -> None:
    """In a process of its own, which a crash would end."""
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(list(broken_descriptions())))
    code = f"from tests.test_engine_descriptions import use_descriptions as use; use({str(broken)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(
    ("layer", "field", "value", "words"),
    [
        (0, "table", [[0], [1], [0, 2]], "layer C1: its table names maps"),
        (0, "table", [[0], [1]], "layer C1: its table needs a row"),
        (0, "table", [[0], [], [1]], "layer C1: a row of its table is empty"),
        (0, "stride", [0, 1], "layer C1: a size"),
        (0, "padding", [1 << 24, 1 << 24], "layer C1: its padding"),
        (1, "copies", 0, "layer S2: a size"),
        (1, "pooling", "max", "layer S2: copies"),
        (2, "kernel", [7, 6], "C3 does not fit"),
        (3, "units", 6, "layer OUT: its codes need"),
        (3, "units", 1 << 25, "layer F4: a size"),
        (3, "kind", "fully", "unknown kind"),
        (4, "codes", [[1, -1, 1, -1]], "layer OUT: its codes need"),
    ],
)
def test_the_engine_says_what_is_wrong_with_a_description(layer: int, field: str, value: Any, words: str) -> None:
    data = json.loads(next(iter(broken_descriptions())))
    data["name"] = "small"
    data["layers"][layer][field] = value
    with pytest.raises(ValueError, match=words):
        _engine.Network(json.dumps(data))
