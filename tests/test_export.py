"""ONNX files: ONNX Runtime gives the network's probabilities, whatever the layers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.networks import random_architecture, random_images, random_values

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from lenet.architectures import ZOO, Architecture, named  # noqa: E402
from lenet.cards import Card  # noqa: E402
from lenet.errors import FormatError, InputError, MissingExtraError  # noqa: E402
from lenet.export import OPSET, export  # noqa: E402
from lenet.network import Network  # noqa: E402


def network_of(architecture: Architecture, seed: int = 0) -> Network:
    network, values = Network(architecture), random_values(architecture, seed)
    for name, array in (network.parameters | network.statistics).items():
        array[...] = values[name]
    return network


def run(path: Path, images: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"images": images})[0]


@pytest.mark.parametrize("which", [*(name for name in ZOO if named(name).shapes()[-1][1:] == (1, 1)), *range(40)])
def test_onnx_runtime_agrees(which: str | int, tmp_path: Path) -> None:
    network = network_of(named(which) if isinstance(which, str) else random_architecture(which))
    path = export(network, tmp_path / "x.onnx")
    for count in (1, 7):
        images = random_images(network.architecture, count, count)
        assert (
            np.abs(run(path, images) - network.predict_proba(images)).max() < 2e-5
        )  # penalties are sums of 84 squares


def test_temperature_class_names_and_card_go_along(tmp_path: Path) -> None:
    network = Network("lenet5-1998", seed=1)
    network.temperature, network.classes, network.card = 7.5, tuple("abcdefghij"), Card("x", "y")
    path = export(network, tmp_path / "x.onnx")
    images = random_images(network.architecture, 2, 1)
    assert np.abs(run(path, images) - network.predict_proba(images)).max() < 2e-5
    about = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert json.loads(about["classes"]) == list("abcdefghij")
    assert Card.from_json(about["card"]) == network.card
    assert Architecture.from_json(about["architecture"]) == network.architecture


def test_model_says_what_goes_in_and_comes_out(tmp_path: Path) -> None:
    model = onnx.load(export(Network("lenet5"), tmp_path / "x.onnx"))
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", OPSET)]
    shapes = {
        value.name: [entry.dim_param or entry.dim_value for entry in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {"images": ["n", 1, 32, 32], "probabilities": ["n", 10]}
    assert model.producer_name == "lenet"


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("onnx", "onnxruntime"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, name, None)
            with pytest.raises(MissingExtraError, match=rf'needs {name}, .*pip install "lenet\[onnx\]"'):
                export(Network("lenet1"), tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())


def test_model_that_differs_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lenet.export.BATCH_NORM_EPSILON", 1.0)
    seed = next(s for s in range(99) if any(getattr(layer, "batch_norm", 0) for layer in random_architecture(s).layers))
    with pytest.raises(FormatError, match=r"differs from the network by .*nothing was written"):
        export(network_of(random_architecture(seed)), tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())


def test_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be written"):
        export(Network("lenet1"), tmp_path / "file" / "x.onnx")
