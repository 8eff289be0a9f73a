"""Layers as records: what each makes of a shape, and what it costs."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal

from lenet.errors import ArchitectureError

__all__ = [
    "ACTIVATIONS",
    "POOLINGS",
    "Activation",
    "Convolution",
    "FullConnection",
    "Layer",
    "Pooling",
    "RadialBasis",
    "Shape",
    "Subsampling",
    "Table",
    "refuse",
    "whole_number",
]

Activation = Literal["linear", "tanh", "scaled_tanh", "sigmoid", "relu"]
"""What a sum goes through; "scaled_tanh" is the paper's 1.7159 tanh(2a/3)."""
Pooling = Literal["average", "max", "trainable"]
"""What a window of subsampling becomes; "trainable" is the paper's."""
Table = tuple[tuple[int, ...], ...]
"""For each map that a layer makes, the maps that it reads."""
Shape = tuple[int, int, int]
"""Maps, rows, columns."""

ACTIVATIONS = ("linear", "tanh", "scaled_tanh", "sigmoid", "relu")
"""The names of all activations."""
POOLINGS = ("average", "max", "trainable")
"""The names of all ways to subsample."""


MOST = 1 << 24
"""What sizes and counts may be at most: the engine multiplies a few of them in 64 bits."""


def refuse(layer: str, why: str) -> ArchitectureError:
    """Return the error that names a layer and what is wrong with it."""
    return ArchitectureError(f"layer {layer}: {why}")


def whole_number(what: str, value: object, least: int) -> int:
    """Return a whole number as Python's, NumPy's included; refuse anything else, also what only equals one."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = least - 1
    if isinstance(value, bool) or not least <= number <= MOST:
        raise ArchitectureError(f"{what} is {value!r}, but has to be a whole number from {least} to {MOST:,}")
    return number


class _Record:
    """What all layer records share: they check themselves as they are built, and know their own kind."""

    kind: ClassVar[str]
    name: str
    activation: Activation

    def _whole(self, field: str, least: int = 1) -> None:
        """Make a field a Python int, and refuse it where it is none, too small or too large."""
        object.__setattr__(self, field, whole_number(f"layer {self.name}: {field}", getattr(self, field), least))

    def _pair(self, field: str, least: int = 1) -> None:
        """Make a field a pair of Python ints; one number stands for both."""
        value, what = getattr(self, field), f"layer {self.name}: {field}"
        values = value if isinstance(value, tuple | list) else (value, value)
        if len(values) != 2:
            raise ArchitectureError(f"{what} is {value!r}; give two whole numbers, rows and columns")
        object.__setattr__(self, field, tuple(whole_number(what, entry, least) for entry in values))

    def _rows(self, field: str, least: int) -> None:
        """Make a field a tuple of tuples of Python ints."""
        value, what = getattr(self, field), f"layer {self.name}: {field}"
        if not isinstance(value, tuple | list) or not all(isinstance(row, tuple | list) for row in value):
            raise ArchitectureError(f"{what} is {value!r}; give rows of whole numbers")
        object.__setattr__(
            self, field, tuple(tuple(whole_number(what, entry, least) for entry in row) for row in value)
        )

    def _check(self) -> None:
        if not isinstance(self.name, str):
            raise ArchitectureError(f"a layer is called {self.name!r}; give a name, such as 'C1'")
        if not isinstance(getattr(self, "batch_norm", False), bool):
            raise refuse(self.name, "batch_norm has to be True or False")
        if not isinstance(self.activation, str) or self.activation not in ACTIVATIONS:
            raise refuse(self.name, f"unknown activation {self.activation!r}; choose one of {', '.join(ACTIVATIONS)}")


@dataclass(frozen=True)
class Convolution(_Record):
    """Slide a kernel over maps: `a = sum of weight * input + bias`, then an activation (LeCun et al. 1998, II-A).

    A kernel as large as the maps it reads is a full connection that can still slide over a larger picture; that is
    how the paper means C5. With `batch_norm` the sum is normalised over the batch and scaled and shifted by trained
    numbers, which then stand in for the bias.

    `table[m]` lists, in ascending order, the input maps that output map `m` reads (Table I); None reads all of them.
    """

    name: str
    maps: int
    kernel: tuple[int, int] = (5, 5)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    table: Table | None = None
    batch_norm: bool = False
    activation: Activation = "tanh"

    kind: ClassVar[str] = "convolution"

    def __post_init__(self) -> None:
        self._check()
        self._whole("maps")
        self._pair("kernel")
        self._pair("stride")
        self._pair("padding", least=0)
        if self.table is not None:
            self._rows("table", least=0)

    def links(self, inputs: int) -> Table:
        """Return, for each output map, the input maps it reads."""
        return self.table if self.table is not None else (tuple(range(inputs)),) * self.maps

    def output(self, shape: Shape) -> Shape:
        """Return the shape that this layer makes of `shape`; raise `ArchitectureError` where they do not fit."""
        rows, columns = (shape[1 + i] + 2 * self.padding[i] for i in (0, 1))
        if rows < self.kernel[0] or columns < self.kernel[1]:
            raise refuse(
                self.name,
                f"its {self.kernel[0]}x{self.kernel[1]} kernel is larger than the {rows}x{columns} maps it reads; "
                "use a smaller kernel, more padding or a larger input",
            )
        if self.table is not None:
            self._check_table(shape[0])
        return (
            self.maps,
            (rows - self.kernel[0]) // self.stride[0] + 1,
            (columns - self.kernel[1]) // self.stride[1] + 1,
        )

    def _check_table(self, inputs: int) -> None:
        assert self.table is not None
        if len(self.table) != self.maps:
            raise refuse(self.name, f"its table has {len(self.table)} rows, but it makes {self.maps} maps")
        for m, row in enumerate(self.table):
            if not row or list(row) != sorted(set(row)) or row[0] < 0 or row[-1] >= inputs:
                raise refuse(
                    self.name,
                    f"row {m} of its table is {row}; it has to list some of the {inputs} input maps "
                    f"(0 to {inputs - 1}), each once, in ascending order",
                )

    def weight_shape(self, shape: Shape) -> tuple[int, ...]:
        """Return the shape of the weights: `(maps, inputs, rows, columns)`; with a table `(links, rows, columns)`."""
        if self.table is None:
            return (self.maps, shape[0], *self.kernel)
        return (sum(map(len, self.table)), *self.kernel)

    def fan_in(self, shape: Shape) -> tuple[int, ...]:
        """Return how many inputs a unit of each map has, its bias left out."""
        return tuple(len(row) * prod(self.kernel) for row in self.links(shape[0]))

    def parameters(self, shape: Shape) -> int:
        return prod(self.weight_shape(shape)) + self.maps * (2 if self.batch_norm else 1)

    def multiply_adds(self, shape: Shape) -> int:
        return sum(self.fan_in(shape)) * prod(self.output(shape)[1:])

    def connections(self, shape: Shape) -> int:
        return self.multiply_adds(shape) + prod(self.output(shape))


@dataclass(frozen=True)
class Subsampling(_Record):
    """Reduce each map by a window: its average, its largest value, or the trainable subsampling of the paper.

    "trainable" is section II-B's: the *sum* of the window, times one coefficient a map, plus one bias a map, then the
    activation. `copies` makes several maps of each input map (LeNet-4's pairs). The window moves by its own size
    unless `stride` says otherwise.
    """

    name: str
    pooling: Pooling = "average"
    window: tuple[int, int] = (2, 2)
    stride: tuple[int, int] | None = None
    copies: int = 1
    activation: Activation = "linear"

    kind: ClassVar[str] = "subsampling"

    def __post_init__(self) -> None:
        self._check()
        self._pair("window")
        if self.stride is None:
            object.__setattr__(self, "stride", self.window)
        self._pair("stride")
        self._whole("copies")
        if not isinstance(self.pooling, str) or self.pooling not in POOLINGS:
            raise refuse(self.name, f"unknown pooling {self.pooling!r}; choose one of {', '.join(POOLINGS)}")
        if self.copies > 1 and self.pooling != "trainable":
            raise refuse(self.name, f"{self.copies} copies of {self.pooling} pooling would all be equal")

    @property
    def step(self) -> tuple[int, int]:
        assert self.stride is not None
        return self.stride

    def output(self, shape: Shape) -> Shape:
        """Return the shape that this layer makes of `shape`; raise `ArchitectureError` where they do not fit."""
        if shape[1] < self.window[0] or shape[2] < self.window[1]:
            raise refuse(
                self.name,
                f"its {self.window[0]}x{self.window[1]} window is larger than the {shape[1]}x{shape[2]} maps it reads",
            )
        rows, columns = ((shape[1 + i] - self.window[i]) // self.step[i] + 1 for i in (0, 1))
        return (shape[0] * self.copies, rows, columns)

    def fan_in(self, shape: Shape) -> tuple[int, ...]:
        return (prod(self.window),) * (shape[0] * self.copies)

    def parameters(self, shape: Shape) -> int:
        return 2 * shape[0] * self.copies if self.pooling == "trainable" else 0

    def multiply_adds(self, shape: Shape) -> int:
        """Return 0: the paper's coefficients and sums are left out of the count of multiply-adds."""
        return 0

    def connections(self, shape: Shape) -> int:
        bias = 1 if self.pooling == "trainable" else 0
        return prod(self.output(shape)) * (prod(self.window) + bias)


@dataclass(frozen=True)
class FullConnection(_Record):
    """Connect every unit with every input: `a = weights @ inputs + bias`, then an activation.

    On a larger picture it slides like a convolution whose kernel is as large as the maps it was made for.
    """

    name: str
    units: int
    batch_norm: bool = False
    activation: Activation = "tanh"

    kind: ClassVar[str] = "full"

    def __post_init__(self) -> None:
        self._check()
        self._whole("units")

    def output(self, shape: Shape) -> Shape:
        return (self.units, 1, 1)

    def weight_shape(self, shape: Shape) -> tuple[int, ...]:
        """Return the shape of the weights, `(units, inputs)`; inputs are flattened map by map, row by row."""
        return (self.units, prod(shape))

    def fan_in(self, shape: Shape) -> tuple[int, ...]:
        return (prod(shape),) * self.units

    def parameters(self, shape: Shape) -> int:
        return self.units * (prod(shape) + (2 if self.batch_norm else 1))

    def multiply_adds(self, shape: Shape) -> int:
        return self.units * prod(shape)

    def connections(self, shape: Shape) -> int:
        return self.units * (prod(shape) + 1)


@dataclass(frozen=True)
class RadialBasis(_Record):
    """Give, for each class, the squared distance to its code: `y_i = sum of (x_j - w_ij)^2` (eq. 7).

    A penalty: the smallest one wins. The codes are fixed and are not counted as parameters.
    """

    name: str
    codes: tuple[tuple[int, ...], ...]
    activation: Activation = "linear"

    kind: ClassVar[str] = "radial_basis"

    def __post_init__(self) -> None:
        self._check()
        self._rows("codes", least=-MOST)
        if not self.codes or not self.codes[0] or len({len(code) for code in self.codes}) > 1:
            raise refuse(self.name, "its codes are none, empty or of several lengths; give one for each class")
        if self.activation != "linear":
            raise refuse(self.name, "nothing follows the distances; leave its activation linear")

    @property
    def units(self) -> int:
        return len(self.codes)

    def output(self, shape: Shape) -> Shape:
        """Return the shape that this layer makes of `shape`; raise `ArchitectureError` where they do not fit."""
        if {len(code) for code in self.codes} != {prod(shape)}:
            raise refuse(self.name, f"its codes have {len(self.codes[0])} components, but it reads {prod(shape)} units")
        return (self.units, 1, 1)

    def fan_in(self, shape: Shape) -> tuple[int, ...]:
        return (prod(shape),) * self.units

    def parameters(self, shape: Shape) -> int:
        return 0

    def multiply_adds(self, shape: Shape) -> int:
        return self.units * prod(shape)

    def connections(self, shape: Shape) -> int:
        return self.units * prod(shape)


Layer = Convolution | Subsampling | FullConnection | RadialBasis
"""Any record of a layer."""
