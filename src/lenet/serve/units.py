"""One unit of a network, worked out in numbers: what it reads, its weights, the sum, and what of the digit it sees."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architectures import Architecture, Convolution, FullConnection, Layer, RadialBasis, Subsampling
from lenet.errors import InputError
from lenet.network import Network

__all__ = ["Term", "Unit", "receptive_field", "unit"]

Array = NDArray[np.float64]
Span = tuple[int, int]

_EPSILON = 1e-5
"""What the engine adds to a variance."""

_POOLINGS: dict[str, Callable[[Array], float]] = {
    "average": lambda field: float(field.mean()),
    "max": lambda field: float(field.max()),
    "trainable": lambda field: float(field.sum()),
}

_ACTIVATIONS: dict[str, tuple[str, Callable[[float], float]]] = {
    "tanh": ("tanh of it", math.tanh),
    "scaled_tanh": ("1.7159 tanh(2/3 of it)", lambda a: 1.7159 * math.tanh(2 / 3 * a)),
    "sigmoid": ("1 / (1 + exp(-it))", lambda a: (1 + math.tanh(a / 2)) / 2),
    "relu": ("it, or 0 if it is below 0", lambda a: max(a, 0.0)),
}


@dataclass(frozen=True)
class Term:
    """What a unit reads of one map.

    Parameters
    ----------
    map : its number among the maps of the layer before.
    top, left : the first row and column that are read; below 0 in padding.
    inputs : float64 (rows, columns).
    weights : float64 (rows, columns): kernel, or code; None where all inputs count alike.
    total : what they come to together.
    """

    map: int
    top: int
    left: int
    inputs: Array
    weights: Array | None
    total: float


@dataclass(frozen=True)
class Unit:
    """One unit of a layer.

    Parameters
    ----------
    layer, reads : the name of its layer and of the one before, "input" for the first.
    place : map, row, column.
    kind : of the layer, as in its record; of subsampling the pooling.
    terms : what it reads.
    steps : from the sum to the value, in words and numbers; the last is the value.
    engine : the value that the engine found.
    field : left, top, right, bottom of the pixels that it sees, in the network's input.
    """

    layer: str
    reads: str
    place: tuple[int, int, int]
    kind: str
    terms: tuple[Term, ...]
    steps: tuple[tuple[str, float], ...]
    engine: float
    field: tuple[int, int, int, int]

    @property
    def value(self) -> float:
        """The value of the unit as worked out here."""
        return self.steps[-1][1]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready to become JSON."""
        terms = [
            {
                "map": term.map,
                "top": term.top,
                "left": term.left,
                "inputs": term.inputs.tolist(),
                "weights": None if term.weights is None else term.weights.tolist(),
                "total": term.total,
            }
            for term in self.terms
        ]
        return {
            "layer": self.layer,
            "reads": self.reads,
            "place": self.place,
            "kind": self.kind,
            "terms": terms,
            "steps": self.steps,
            "value": self.value,
            "engine": self.engine,
            "field": self.field,
        }


def unit(network: Network, image: NDArray[np.uint8], layer: str, place: tuple[int, int, int]) -> Unit:
    """Work out one unit.

    Parameters
    ----------
    network : whose unit it is.
    image : uint8 (rows, columns), as large as the network reads.
    layer : the name of the layer.
    place : map, row and column of the unit.

    Raises
    ------
    InputError
        The network has no such layer, or the layer no such unit.
    """
    names = [record.name for record in network.architecture.layers]
    if layer not in names:
        raise InputError(f"no layer is called {layer!r}; {network.architecture.name} has {', '.join(names)}")
    index = names.index(layer)
    shape = network.architecture.shapes()[index + 1]
    if not all(0 <= at < size for at, size in zip(place, shape, strict=True)):
        raise InputError(f"{layer} has {shape} maps, rows and columns, but {place} was asked for; count from 0")
    found = network.feature_maps(image)
    low, high = network.architecture.scale
    before = found[names[index - 1]].astype(np.float64) if index else low + (high - low) * image[None] / 255
    record = network.architecture.layers[index]
    values = network.parameters | network.statistics
    terms = _terms(record, values, before, place)
    return Unit(
        layer,
        names[index - 1] if index else "input",
        place,
        record.pooling if isinstance(record, Subsampling) else record.kind,
        terms,
        _steps(record, values, terms, place[0]),
        float(found[layer][place]),
        receptive_field(network.architecture, index, place),
    )


def receptive_field(architecture: Architecture, index: int, place: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the input pixels on which a unit depends.

    Parameters
    ----------
    architecture : of the network.
    index : the number of the layer.
    place : map, row and column of the unit.
    """
    shapes = architecture.shapes()
    spans = [(place[1], place[1] + 1), (place[2], place[2] + 1)]
    for number in range(index, -1, -1):
        layer, shape = architecture.layers[number], shapes[number]
        spans = [_read(layer, shape[1 + axis], span, axis) for axis, span in enumerate(spans)]
        spans = [(max(0, first), min(shape[1 + axis], end)) for axis, (first, end) in enumerate(spans)]
    (top, bottom), (left, right) = spans
    return left, top, right, bottom


def _read(layer: Layer, size: int, span: Span, axis: int) -> Span:
    """Return the first and the end of the rows (axis 0) or columns (1), of `size`, that a span of units reads."""
    if isinstance(layer, Convolution):
        window, step, padding = layer.kernel[axis], layer.stride[axis], layer.padding[axis]
    elif isinstance(layer, Subsampling):
        window, step, padding = layer.window[axis], layer.step[axis], 0
    else:
        return 0, size
    return span[0] * step - padding, (span[1] - 1) * step - padding + window


def _terms(
    layer: Layer, values: Mapping[str, NDArray[np.float32]], before: Array, place: tuple[int, int, int]
) -> tuple[Term, ...]:
    """Return what a unit reads of each map."""
    spans = [_read(layer, before.shape[1 + axis], (at, at + 1), axis) for axis, at in enumerate(place[1:])]
    (top, bottom), (left, right) = spans
    rows, columns = layer.padding if isinstance(layer, Convolution) else (0, 0)
    padded = np.pad(before, ((0, 0), (rows, rows), (columns, columns)))
    window = padded[:, top + rows : bottom + rows, left + columns : right + columns]
    if isinstance(layer, Subsampling):
        number = place[0] // layer.copies
        total = _POOLINGS[layer.pooling](window[number])
        return (Term(number, top, left, window[number], None, total),)
    maps, weights = _weights(layer, values, before.shape, place[0])
    sums = [
        ((window[i] - w) ** 2).sum() if isinstance(layer, RadialBasis) else (window[i] * w).sum()
        for i, w in zip(maps, weights, strict=True)
    ]
    return tuple(
        Term(i, top, left, window[i], w, float(total)) for i, w, total in zip(maps, weights, sums, strict=True)
    )


def _weights(
    layer: Convolution | FullConnection | RadialBasis,
    values: Mapping[str, NDArray[np.float32]],
    shape: tuple[int, ...],
    number: int,
) -> tuple[tuple[int, ...], Array]:
    """Return the maps that a unit reads, and its weights for each: float64 (maps, rows, columns)."""
    every = tuple(range(shape[0]))
    if isinstance(layer, RadialBasis):
        return every, np.array(layer.codes[number], np.float64).reshape(shape)
    weights = values[f"{layer.name}.weights"].astype(np.float64)
    if isinstance(layer, FullConnection):
        return every, weights[number].reshape(shape)
    if layer.table is None:
        return every, weights[number]
    first = sum(map(len, layer.table[:number]))
    return layer.table[number], weights[first : first + len(layer.table[number])]


def _steps(
    layer: Layer, values: Mapping[str, NDArray[np.float32]], terms: tuple[Term, ...], number: int
) -> tuple[tuple[str, float], ...]:
    """Return the way from the sum to the value."""
    total = sum(term.total for term in terms)

    def own(kind: str) -> float:
        return float(values[f"{layer.name}.{kind}"][number])

    if isinstance(layer, RadialBasis):
        return (("sum of the squared differences", total),)
    if isinstance(layer, Subsampling):
        words = {"average": "average of the four", "max": "largest", "trainable": "sum"}[layer.pooling]
        steps = [(words, total)]
        if layer.pooling == "trainable":
            coefficient, bias = own("coefficients"), own("biases")
            steps += [
                ("coefficient", coefficient),
                ("bias", bias),
                ("coefficient x sum + bias", coefficient * total + bias),
            ]
    elif layer.batch_norm:
        scale, shift = own("scale"), own("shift")
        unit_sum = (total - own("mean")) / np.sqrt(own("variance") + _EPSILON)
        steps = [
            ("sum of the products", total),
            ("normalised", unit_sum),
            ("scaled and shifted", scale * unit_sum + shift),
        ]
    else:
        bias = own("biases")
        steps = [("sum of the products", total), ("bias", bias), ("sum + bias", total + bias)]
    if layer.activation in _ACTIVATIONS:
        words, squash = _ACTIVATIONS[layer.activation]
        steps.append((words, float(squash(steps[-1][1]))))
    return tuple((words, float(value)) for words, value in steps)
