"""Random architectures, numbers and images for the tests: everything follows from a seed."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from lenet.architectures import Architecture, Convolution, FullConnection, Layer, RadialBasis, Shape, Subsampling
from lenet.errors import ArchitectureError

ACTIVATIONS = ("linear", "tanh", "scaled_tanh", "sigmoid", "relu")


def random_architecture(seed: int, *, batch_norm: bool = True) -> Architecture:
    """Return a small network of any kinds of layers; the same one for the same seed."""
    rng = np.random.default_rng(seed)
    input_shape = (int(rng.integers(1, 4)), int(rng.integers(7, 15)), int(rng.integers(7, 15)))
    shape: Shape = input_shape
    layers: list[Layer] = []
    for index in range(int(rng.integers(0, 5))):
        layer = _feature_layer(rng, f"L{index}", shape, batch_norm)
        try:
            shape = layer.output(shape)
        except ArchitectureError:
            break
        layers.append(layer)
    layers += _top(rng, shape, batch_norm)
    scale = (0.0, 1.0) if rng.random() < 0.5 else (-0.1, 1.175)
    return Architecture(f"random-{seed}", input_shape, tuple(layers), scale)


def random_field_architecture(seed: int) -> Architecture:
    """Return a small network without full connections, that reads any width from its own on and ends in maps."""
    rng = np.random.default_rng(seed)
    input_shape = (int(rng.integers(1, 3)), int(rng.integers(9, 16)), int(rng.integers(24, 33)))
    shape: Shape = input_shape
    layers: list[Layer] = []
    for index in range(int(rng.integers(1, 5))):
        layer = _feature_layer(rng, f"L{index}", shape, batch_norm=True)
        try:
            after = layer.output(shape)
        except ArchitectureError:
            break
        if after[2] < 8:
            break
        shape = after
        layers.append(layer)
    rows = int(shape[1] if rng.random() < 0.7 else rng.integers(1, shape[1] + 1))
    columns = int(rng.integers(1, 6))
    padding = (0, columns // 2 if rng.random() < 0.7 else 0)
    layers.append(Convolution("OUT", int(rng.integers(2, 9)), (rows, columns), padding=padding, activation="linear"))
    return Architecture(f"field-{seed}", input_shape, tuple(layers), (-0.1, 1.175))


def _feature_layer(rng: np.random.Generator, name: str, shape: Shape, batch_norm: bool) -> Layer:
    activation = str(rng.choice(ACTIVATIONS))
    small = lambda high: (int(rng.integers(1, high)), int(rng.integers(1, high)))  # noqa: E731
    if rng.random() < 0.35:
        pooling = str(rng.choice(("average", "max", "trainable")))
        copies = int(rng.integers(1, 3)) if pooling == "trainable" else 1
        stride = None if rng.random() < 0.6 else small(4)
        return Subsampling(name, pooling, small(4), stride, copies, activation)  # type: ignore[arg-type]
    maps = int(rng.integers(1, 20))
    table = None
    if rng.random() < 0.4:
        picks = [rng.permutation(shape[0])[: rng.integers(1, shape[0] + 1)] for _ in range(maps)]
        table = tuple(tuple(sorted(int(i) for i in pick)) for pick in picks)
    padding = small(3) if rng.random() < 0.4 else (0, 0)
    stride = small(3) if rng.random() < 0.3 else (1, 1)
    normed = batch_norm and rng.random() < 0.25
    return Convolution(name, maps, small(6), stride, padding, table, normed, activation)  # type: ignore[arg-type]


def _top(rng: np.random.Generator, shape: Shape, batch_norm: bool) -> list[Layer]:
    classes = int(rng.integers(2, 13))
    if rng.random() < 0.3:
        units = int(rng.integers(3, 20))
        codes = tuple(tuple(int(c) for c in rng.choice((-1, 1), units)) for _ in range(classes))
        return [FullConnection("F", units, activation="scaled_tanh"), RadialBasis("OUT", codes)]
    top: list[Layer] = [FullConnection("OUT", classes, activation="linear")]
    if rng.random() < 0.5:
        units = int(rng.integers(1, 30))
        normed = batch_norm and rng.random() < 0.25
        top.insert(0, FullConnection("F", units, normed, str(rng.choice(ACTIVATIONS))))  # type: ignore[arg-type]
    return top


def shapes_of(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Return the public name and shape of every array of numbers, statistics included."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, before, after in zip(
        architecture.layers, architecture.shapes()[:-1], architecture.shapes()[1:], strict=True
    ):
        kinds: tuple[str, ...] = ()
        if isinstance(layer, Convolution | FullConnection):
            shapes[f"{layer.name}.weights"] = layer.weight_shape(before)
            kinds = ("scale", "shift", "mean", "variance") if layer.batch_norm else ("biases",)
        elif isinstance(layer, Subsampling) and layer.pooling == "trainable":
            kinds = ("coefficients", "biases")
        shapes |= {f"{layer.name}.{kind}": (after[0],) for kind in kinds}
    return shapes


def random_values(architecture: Architecture, seed: int) -> dict[str, NDArray[np.float32]]:
    """Return numbers that keep the sums of every layer near 1, so that no activation is saturated."""
    rng = np.random.default_rng(seed)
    values = {}
    for name, shape in shapes_of(architecture).items():
        kind = name.rsplit(".", 1)[1]
        drawn = rng.normal(size=shape)
        if kind == "weights":
            layer = next(layer for layer in architecture.layers if name == f"{layer.name}.weights")
            maps = max(getattr(layer, "maps", 0), getattr(layer, "units", 0))
            drawn *= 1.5 / np.sqrt(prod(shape) / maps)
        elif kind in ("variance", "scale"):
            drawn = 0.5 + np.abs(drawn)
        else:
            drawn *= 0.3
        values[name] = drawn.astype(np.float32)
    return values


def random_images(architecture: Architecture, count: int, seed: int, dtype: type = np.float32) -> NDArray:
    """Return images of exactly the network's input: float32 in [0, 1], or uint8."""
    drawn = np.random.default_rng(seed).random((count, *architecture.input))
    return drawn.astype(np.float32) if dtype is np.float32 else (drawn * 255).astype(np.uint8)


def random_labels(architecture: Architecture, count: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed + 1).integers(0, architecture.classes, count)
