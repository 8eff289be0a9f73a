"""Files of weights: they come back as they went, and what is not one is refused by name."""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load as unpack
from safetensors.numpy import save as pack

from lenet import weights
from lenet.architectures import Architecture, Convolution, FullConnection, lenet1, lenet5
from lenet.cards import Card
from lenet.errors import FormatError, InputError
from lenet.network import Network
from tests.networks import random_architecture, random_images, random_values

CARD = Card("digits", "For tests: paper, ink and ümlauts.", figures={"test error": 0.008}, seed=7)


@pytest.fixture(scope="module")
def network() -> Network:
    network = Network("lenet1", seed=1)
    network.card, network.temperature, network.classes = CARD, 1.25, tuple("abcdefghiß")
    return network


@pytest.fixture
def path(network: Network, tmp_path: Path) -> Path:
    return weights.save(network, tmp_path / "network.safetensors")


def header(path: Path) -> dict[str, str]:
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length])["__metadata__"]


def rewrite(path: Path, *, tensors: dict[str, np.ndarray | None] | None = None, **texts: str | None) -> Path:
    """Change tensors or texts of a file; None takes one away."""
    arrays = unpack(path.read_bytes()) | (tensors or {})
    about = header(path) | texts
    path.write_bytes(
        pack(
            {name: array for name, array in arrays.items() if array is not None},
            {name: text for name, text in about.items() if text is not None},
        )
    )
    return path


def test_network_comes_back_whole(network: Network, path: Path) -> None:
    found = weights.load(path)
    images = random_images(lenet1(), 4, 1)
    assert (found.predict_proba(images) == network.predict_proba(images)).all()
    assert (found.card, found.temperature, found.classes) == (CARD, 1.25, tuple("abcdefghiß"))
    assert found.architecture == network.architecture
    assert weights.load(str(path)).card == CARD


def test_half_takes_half_the_bytes_and_keeps_eleven_bits(tmp_path: Path) -> None:
    network = Network("lenet5", seed=5)
    whole, half = (weights.save(network, tmp_path / str(half), half=half) for half in (False, True))
    assert half.stat().st_size < 0.52 * whole.stat().st_size
    for name, numbers in weights.load(half).parameters.items():
        assert numbers.dtype == np.float32
        np.testing.assert_allclose(numbers, network.parameters[name], rtol=2**-11, atol=2**-24)
    network.parameters["C1.biases"][0] = 70_000
    with pytest.raises(InputError, match=r"C1\.biases has a number of 70000"):
        weights.save(network, half, half=True)
    assert weights.load(half).parameters["C1.biases"][0] == 0


def test_network_without_a_card_comes_back_without(tmp_path: Path) -> None:
    path = weights.save(Network("lenet1"), tmp_path / "x")
    assert weights.load(path).card is None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_any_network_comes_back(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    network = Network(random_architecture(seed))
    values = random_values(network.architecture, seed)
    for name, array in (network.parameters | network.statistics).items():
        array[...] = values[name]
    found = weights.load(weights.save(network, tmp_path_factory.mktemp("any") / "x.safetensors"))
    assert all((array == values[name]).all() for name, array in (found.parameters | found.statistics).items())


def test_tensors_have_public_names_and_shapes(path: Path) -> None:
    tensors = unpack(path.read_bytes())
    assert {name: array.shape for name, array in tensors.items()} == {
        name: array.shape for name, array in Network("lenet1").parameters.items()
    }
    assert set(header(path)) == {"format", "architecture", "temperature", "classes", "card"}


def test_equal_networks_make_equal_files(network: Network, path: Path, tmp_path: Path) -> None:
    assert weights.save(network.copy(), tmp_path / "again").read_bytes() == path.read_bytes()


def test_unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(InputError) as caught:
        weights.load("letters-and-more")
    assert all(name in str(caught.value) for name in weights.shipped())
    assert "neither a file nor a shipped network" in str(caught.value)


def test_every_shipped_network_loads_and_has_a_card() -> None:
    for name in weights.shipped():
        found = weights.load(name)
        assert found.card is not None
        assert found.card.command
        assert found.card.data


def test_folder_is_no_network(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a file nor"):
        weights.load(tmp_path)


# ---- files that are refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"x", b"\x89PNG\r\n\x1a\n" + bytes(100), b"\xff" * 64, bytes(64)])
def test_what_is_not_safetensors_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="not a whole safetensors file"):
        weights.load(path)


@pytest.mark.parametrize("kept", [4, 100, 2000, -1])
def test_truncated_file_is_refused(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FormatError, match="not a whole safetensors file"):
        weights.load(path)


def test_any_damage_is_an_error_of_ours_or_harmless(path: Path) -> None:
    content, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(content)
        damaged[rng.integers(0, 3000)] = rng.integers(0, 256)
        path.write_bytes(damaged)
        with contextlib.suppress(FormatError):
            weights.load(path)


@pytest.mark.parametrize("missing", ["format", "architecture"])
def test_file_without_a_description_is_refused(path: Path, missing: str) -> None:
    with pytest.raises(FormatError, match="without the description of a network"):
        weights.load(rewrite(path, **{missing: None}))


def test_file_without_any_header_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(pack({"a": np.zeros(3, np.float32)}))
    with pytest.raises(FormatError, match="without the description of a network"):
        weights.load(path)


@pytest.mark.parametrize("missing", ["temperature", "classes"])
def test_file_without_its_texts_is_refused(path: Path, missing: str) -> None:
    with pytest.raises(FormatError, match=f"its header cannot be used .'{missing}'"):
        weights.load(rewrite(path, **{missing: None}))


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"temperature": "warm"}, "could not convert"),
        ({"temperature": "-1"}, "above 0"),
        ({"classes": "["}, "header cannot be used"),
        ({"classes": '["a"]'}, "1 names of classes"),
        ({"classes": "7"}, "header cannot be used"),
        ({"card": "[]"}, "not a card"),
        ({"architecture": "{}"}, "its architecture cannot be used"),
        ({"format": "lenet-9"}, "without the description"),
    ],
)
def test_texts_that_cannot_be_used_are_refused(path: Path, texts: dict[str, str], words: str) -> None:
    with pytest.raises(FormatError, match=words):
        weights.load(rewrite(path, **texts))


def test_tensors_of_another_architecture_are_refused_by_name(path: Path) -> None:
    with pytest.raises(FormatError, match=r"tensor C1\.weights is missing"):
        weights.load(rewrite(path, architecture=lenet5().to_json()))


def test_tensor_of_another_shape_is_named(path: Path) -> None:
    for name, shape in (("H1.weights", (4, 1, 5, 4)), ("H1.biases", (5,)), ("OUTPUT.weights", (192, 10))):
        original = unpack(path.read_bytes())[name]
        with pytest.raises(FormatError, match=rf"tensor {name} is float32 \({shape[0]},.*needs float32"):
            weights.load(rewrite(path, tensors={name: np.zeros(shape, np.float32)}))
        rewrite(path, tensors={name: original})


def test_missing_and_surplus_tensors_are_named(path: Path) -> None:
    biases = unpack(path.read_bytes())["H4.biases"]
    with pytest.raises(FormatError, match=r"tensor H4\.biases is missing"):
        weights.load(rewrite(path, tensors={"H4.biases": None}))
    with pytest.raises(FormatError, match=r"tensor H5\.biases belongs to no layer"):
        weights.load(rewrite(path, tensors={"H4.biases": biases, "H5.biases": biases}))


def test_tensor_of_another_type_is_named(path: Path) -> None:
    with pytest.raises(FormatError, match=r"tensor H1\.biases is float64"):
        weights.load(rewrite(path, tensors={"H1.biases": np.zeros(4)}))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(path: Path, bad: float) -> None:
    with pytest.raises(FormatError, match=r"tensor H2\.biases holds NaN or infinite numbers"):
        weights.load(rewrite(path, tensors={"H2.biases": np.full(4, bad, np.float32)}))


def test_description_of_a_monster_is_refused_before_it_is_built(path: Path) -> None:
    huge = FullConnection("H1", 10**7)
    with pytest.raises(FormatError, match=r"tensor H1\.weights is"):
        weights.load(rewrite(path, architecture=Architecture("x", (1, 28, 28), (huge,)).to_json()))
    wide = Convolution("H1", 4, padding=(10**6, 10**6))
    with pytest.raises(FormatError, match="more than 67,108,864 units"):
        weights.load(rewrite(path, architecture=Architecture("x", (1, 28, 28), (wide,)).to_json()))


def test_file_that_is_too_large_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "LARGEST", 100)
    with pytest.raises(FormatError, match="more than the 100"):
        weights.load(path)


# ---- places that cannot be written ----------------------------------------------------------------------------------


def test_place_that_cannot_be_written_is_named(network: Network, path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        weights.save(network, path / "inside-a-file.safetensors")


def test_full_disk_leaves_the_old_file_and_nothing_else(
    network: Network, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fdopen", full)
    with pytest.raises(InputError, match="No space left"):
        weights.save(network, path)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


JUNK = st.sampled_from(
    [
        "",
        "null",
        "7",
        "-1",
        "1e400",
        "nan",
        "[]",
        "{}",
        "[[]]",
        '["a"]',
        "[1, 2]",
        '"x"',
        "[" * 5000,
        "\x00",
        "9" * 5000,
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_hostile_headers_are_refused_or_harmless(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    """Any text of the header, whole or with a piece cut out and junk put in, is read or refused by a sentence."""
    network = Network("lenet1", seed=1)
    network.card = CARD
    path = weights.save(network, tmp_path_factory.mktemp("hostile") / "x")
    name = data.draw(st.sampled_from(["architecture", "classes", "temperature", "card", "format"]))
    text, junk = header(path)[name], data.draw(JUNK)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    rewrite(path, **{name: data.draw(st.sampled_from([junk, text[:start] + junk + text[end:]]))})
    with contextlib.suppress(FormatError):
        found = weights.load(path)
        assert found.predict_proba(np.zeros((1, *found.architecture.input), np.uint8)).shape == (1, 10)


@pytest.mark.parametrize("classes", ['{"a": 1}', "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]", "[" * 5000])
def test_classes_are_a_list_of_names(path: Path, classes: str) -> None:
    with pytest.raises(FormatError, match="header cannot be used"):
        weights.load(rewrite(path, classes=classes))


def test_bytes_are_those_of_the_file(network: Network, path: Path) -> None:
    assert weights.as_bytes(network) == path.read_bytes()
