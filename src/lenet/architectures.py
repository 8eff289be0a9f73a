"""Networks as data: layer records, what follows from them (shapes, counts), and LeNet-1, LeNet-4 and LeNet-5.

An `Architecture` holds no numbers that are learned; `lenet.Network` joins it with parameters and runs it.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from math import prod
from typing import Any, ClassVar, Literal

from lenet.errors import ArchitectureError

__all__ = [
    "C3_TABLE",
    "ZOO",
    "Architecture",
    "Convolution",
    "FullConnection",
    "LayerSummary",
    "RadialBasis",
    "Shape",
    "Subsampling",
    "deep5",
    "digit_codes",
    "field_network",
    "lenet1",
    "lenet4",
    "lenet5",
    "lenet5_1998",
    "named",
]

Activation = Literal["linear", "tanh", "scaled_tanh", "sigmoid", "relu"]
Pooling = Literal["average", "max", "trainable"]
Table = tuple[tuple[int, ...], ...]
Shape = tuple[int, int, int]
"""Maps, rows, columns."""

ACTIVATIONS = ("linear", "tanh", "scaled_tanh", "sigmoid", "relu")
POOLINGS = ("average", "max", "trainable")


MOST = 1 << 24
"""What sizes and counts may be at most: the engine multiplies a few of them in 64 bits."""


def _refuse(layer: str, why: str) -> ArchitectureError:
    return ArchitectureError(f"layer {layer}: {why}")


def _whole(what: str, value: object, least: int) -> int:
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
        object.__setattr__(self, field, _whole(f"layer {self.name}: {field}", getattr(self, field), least))

    def _pair(self, field: str, least: int = 1) -> None:
        """Make a field a pair of Python ints; one number stands for both."""
        value, what = getattr(self, field), f"layer {self.name}: {field}"
        values = value if isinstance(value, tuple | list) else (value, value)
        if len(values) != 2:
            raise ArchitectureError(f"{what} is {value!r}; give two whole numbers, rows and columns")
        object.__setattr__(self, field, tuple(_whole(what, entry, least) for entry in values))

    def _rows(self, field: str, least: int) -> None:
        """Make a field a tuple of tuples of Python ints."""
        value, what = getattr(self, field), f"layer {self.name}: {field}"
        if not isinstance(value, tuple | list) or not all(isinstance(row, tuple | list) for row in value):
            raise ArchitectureError(f"{what} is {value!r}; give rows of whole numbers")
        object.__setattr__(self, field, tuple(tuple(_whole(what, entry, least) for entry in row) for row in value))

    def _check(self) -> None:
        if not isinstance(self.name, str):
            raise ArchitectureError(f"a layer is called {self.name!r}; give a name, such as 'C1'")
        if not isinstance(getattr(self, "batch_norm", False), bool):
            raise _refuse(self.name, "batch_norm has to be True or False")
        if not isinstance(self.activation, str) or self.activation not in ACTIVATIONS:
            raise _refuse(self.name, f"unknown activation {self.activation!r}; choose one of {', '.join(ACTIVATIONS)}")


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
            raise _refuse(
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
            raise _refuse(self.name, f"its table has {len(self.table)} rows, but it makes {self.maps} maps")
        for m, row in enumerate(self.table):
            if not row or list(row) != sorted(set(row)) or row[0] < 0 or row[-1] >= inputs:
                raise _refuse(
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
            raise _refuse(self.name, f"unknown pooling {self.pooling!r}; choose one of {', '.join(POOLINGS)}")
        if self.copies > 1 and self.pooling != "trainable":
            raise _refuse(self.name, f"{self.copies} copies of {self.pooling} pooling would all be equal")

    @property
    def step(self) -> tuple[int, int]:
        assert self.stride is not None
        return self.stride

    def output(self, shape: Shape) -> Shape:
        """Return the shape that this layer makes of `shape`; raise `ArchitectureError` where they do not fit."""
        if shape[1] < self.window[0] or shape[2] < self.window[1]:
            raise _refuse(
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
            raise _refuse(self.name, "its codes are none, empty or of several lengths; give one for each class")
        if self.activation != "linear":
            raise _refuse(self.name, "nothing follows the distances; leave its activation linear")

    @property
    def units(self) -> int:
        return len(self.codes)

    def output(self, shape: Shape) -> Shape:
        """Return the shape that this layer makes of `shape`; raise `ArchitectureError` where they do not fit."""
        if {len(code) for code in self.codes} != {prod(shape)}:
            raise _refuse(
                self.name, f"its codes have {len(self.codes[0])} components, but it reads {prod(shape)} units"
            )
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
_KINDS: dict[str, type[Layer]] = {kind.kind: kind for kind in (Convolution, Subsampling, FullConnection, RadialBasis)}


@dataclass(frozen=True)
class LayerSummary:
    """One line of the table of layers: shapes, and what the layer costs."""

    name: str
    kind: str
    input: Shape
    output: Shape
    parameters: int
    connections: int
    multiply_adds: int
    receptive_field: int
    step: int


@dataclass(frozen=True)
class Architecture:
    """A network without its numbers: input shape, scale of the pixels, and layers. Frozen, and JSON both ways.

    Parameters
    ----------
    name : the name it goes by, such as "lenet5".
    input : maps, rows and columns of one image.
    layers : records of this module, first to last.
    scale : the value of paper (byte 0) and of full ink (byte 255) as the first layer sees them.

    Raises
    ------
    ArchitectureError
        A layer does not fit the one before it; the message names the layer.
    """

    name: str
    input: Shape
    layers: tuple[Layer, ...]
    scale: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise ArchitectureError(f"a network is called {self.name!r}; give a name, such as 'lenet5'")
        if not isinstance(self.input, tuple | list) or len(self.input) != 3:
            raise ArchitectureError(f"the input of {self.name} is {self.input!r}; give maps, rows, columns")
        sizes = tuple(_whole(f"the input of {self.name}", size, 1) for size in self.input)
        object.__setattr__(self, "input", sizes)
        object.__setattr__(self, "scale", _scale(self.name, self.scale))
        if not isinstance(self.layers, tuple | list) or not all(isinstance(layer, Layer) for layer in self.layers):
            raise ArchitectureError(f"the layers of {self.name} are {self.layers!r}; give layer records of this module")
        object.__setattr__(self, "layers", tuple(self.layers))
        if not self.layers:
            raise ArchitectureError(f"{self.name} has no layers; give at least one")
        names = [layer.name for layer in self.layers]
        for name in names:
            if names.count(name) > 1 or not name or "." in name:
                raise _refuse(name, "layers need different names, without dots")
        for layer in self.layers[:-1]:
            if isinstance(layer, RadialBasis):
                raise _refuse(layer.name, "distances to codes can only come last")
        self.shapes()

    def shapes(self, rows: int | None = None, columns: int | None = None) -> tuple[Shape, ...]:
        """Return the shape of the input and of every layer's output.

        With `rows` and `columns`, for a picture of that size, over which the whole network slides
        (`lenet.Network.scan`): full connections then slide too, and give maps.
        """
        nominal, wide = self.input, (self.input[0], rows or self.input[1], columns or self.input[2])
        shapes = [wide]
        for layer in self.layers:
            following = layer.output(nominal)
            if isinstance(layer, FullConnection | RadialBasis):
                if wide[1] < nominal[1] or wide[2] < nominal[2]:
                    raise _refuse(layer.name, f"a {rows}x{columns} picture is smaller than the network's input")
                wide = (following[0], wide[1] - nominal[1] + 1, wide[2] - nominal[2] + 1)
            else:
                wide = layer.output(wide)
            nominal = following
            shapes.append(wide)
        return tuple(shapes)

    @property
    def classes(self) -> int:
        """How many outputs, or maps of outputs, the last layer has."""
        return self.shapes()[-1][0]

    def require_scores(self) -> None:
        """Raise `ArchitectureError` where an image gives maps of outputs, not a single one for each class."""
        maps, rows, columns = self.shapes()[-1]
        if rows * columns > 1:
            raise ArchitectureError(
                f"{self.name} gives {maps} maps of {rows}x{columns} outputs, but one score a class is needed; "
                "use Network.outputs, and lenet.training to train it"
            )

    @property
    def any_width(self) -> bool:
        """Whether images of any width can be read: no layer is tied to the size of its maps.

        Full connections, codes, and kernels as large as the maps they read are tied (`scan` slides them instead).
        """
        return not any(
            isinstance(layer, FullConnection | RadialBasis)
            or (isinstance(layer, Convolution) and layer.kernel == shape[1:] and layer.padding == (0, 0))
            for layer, shape in zip(self.layers, self.shapes()[:-1], strict=True)
        )

    @property
    def penalties(self) -> bool:
        """Whether the outputs are penalties (smallest wins) and not scores (largest wins)."""
        return isinstance(self.layers[-1], RadialBasis)

    @property
    def summary(self) -> tuple[LayerSummary, ...]:
        """Return one `LayerSummary` a layer: shapes, parameters, connections, multiply-adds, receptive field."""
        shapes, field, step, rows = self.shapes(), 1, 1, []
        for layer, before, after in zip(self.layers, shapes[:-1], shapes[1:], strict=True):
            size, stride = self._reach(layer, before)
            field, step = field + (size - 1) * step, step * stride
            counts = (layer.parameters(before), layer.connections(before), layer.multiply_adds(before))
            rows.append(LayerSummary(layer.name, layer.kind, before, after, *counts, field, step))
        return tuple(rows)

    @staticmethod
    def _reach(layer: Layer, before: Shape) -> tuple[int, int]:
        if isinstance(layer, Convolution):
            return layer.kernel[0], layer.stride[0]
        if isinstance(layer, Subsampling):
            return layer.window[0], layer.step[0]
        return before[1], 1

    @property
    def parameters(self) -> int:
        """How many numbers are trained."""
        return sum(row.parameters for row in self.summary)

    @property
    def connections(self) -> int:
        """How many connections one image passes through, biases counted, as the paper counts them."""
        return sum(row.connections for row in self.summary)

    @property
    def multiply_adds(self) -> int:
        """How many multiply-adds the weights of one image cost, biases left out."""
        return sum(row.multiply_adds for row in self.summary)

    def with_classes(self, classes: int) -> Architecture:
        """Return the same network with another number of outputs; its last layer has to be a full connection."""
        last = self.layers[-1]
        if not isinstance(last, FullConnection):
            raise _refuse(last.name, f"its {self.classes} outputs are fixed; choose a network that ends in scores")
        return replace(self, layers=(*self.layers[:-1], replace(last, units=classes)))

    def to_json(self) -> str:
        """Return the description as JSON; `from_json` reads it back."""
        layers = [{"kind": layer.kind, **asdict(layer)} for layer in self.layers]
        return json.dumps({"name": self.name, "input": self.input, "scale": self.scale, "layers": layers})

    @classmethod
    def from_json(cls, text: str) -> Architecture:
        """Read a description that `to_json` wrote; raise `ArchitectureError` where it is not one."""
        try:
            data = json.loads(text)
            layers = tuple(_layer_from(entry) for entry in data["layers"])
            return cls(data["name"], data["input"], layers, data["scale"])
        except ArchitectureError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError, IndexError, OverflowError, RecursionError) as error:
            raise ArchitectureError(
                f"not a network's description ({error}); write it with Architecture.to_json"
            ) from None

    def __repr__(self) -> str:
        return f"Architecture({self.name!r}: {len(self.layers)} layers, {self.parameters:,} parameters)"


def _scale(name: str, given: object) -> tuple[float, float]:
    """Return the values of paper and ink as finite Python floats."""
    try:
        low, high = (float(value) for value in given)  # type: ignore[attr-defined]
    except (TypeError, ValueError, OverflowError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ArchitectureError(f"the scale of {name} is {given!r}; give two finite numbers, of paper and of ink")
    return low, high


def _layer_from(entry: dict[str, Any]) -> Layer:
    entry = dict(entry)
    kind = _KINDS[entry.pop("kind")]
    known = {field.name for field in fields(kind)}
    if unknown := set(entry) - known:
        raise ArchitectureError(f"layer {entry.get('name')}: unknown field {sorted(unknown)[0]!r}")
    return kind(**entry)


C3_TABLE: Table = (
    (0, 1, 2),
    (1, 2, 3),
    (2, 3, 4),
    (3, 4, 5),
    (0, 4, 5),
    (0, 1, 5),
    (0, 1, 2, 3),
    (1, 2, 3, 4),
    (2, 3, 4, 5),
    (0, 3, 4, 5),
    (0, 1, 4, 5),
    (0, 1, 2, 5),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)
"""Which S2 maps each C3 map reads (LeCun et al. 1998, Table I)."""

LENET1_TABLE: Table = ((0,), (0, 1), (0, 1), (1,), (0, 1), (0, 1), (2,), (2, 3), (2, 3), (3,), (2, 3), (2, 3))
"""Which of its four maps each H3 map of LeNet-1 reads (LeCun et al., NIPS 2, 1990)."""

LENET4_TABLE: Table = tuple(tuple(sorted({m % 8, (m + 1) % 8, (m + (2 if m < 8 else 4)) % 8})) for m in range(16))
"""Ours: the paper does not print LeNet-4's table. Three maps each give 262,306 connections ("about 260,000")."""


_DIGIT_BITMAPS = """
.#####. ...##.. .#####. ####### .#####. .#####. ..####. ####### .#####. .#####.
....... ..###.. ....... .....## ....... ....... .##.... .....## ##...## ##..###
..###.. .####.. .#####. ....##. ....... ####### ##..... .....## ##...## ##...##
.##.##. ...##.. ##...## ...##.. .##..## ##..... ##..... ....##. ##...## ##...##
##...## ...##.. #....## ..####. .##..## ##..... ######. ...##.. .#####. ##..###
##...## ...##.. ....##. .....## ###..## .####.. ###..## ...##.. ##...## .######
##...## ...##.. ..###.. .....## ##...## ..####. ##...## ..##... ##...## .....##
##...## ...##.. .##.... .....## ##...## .....## ##...## ..##... ##...## .....##
.##.##. ...##.. ##..... ##...## ##..### ##...## ###..## ..##... ##...## ....##.
..###.. .###### ####### .#####. .###### .#####. .#####. ..##... .#####. .####..
....... ....... ....... ....... .....## ....... ....... ....... ....... .......
....... ....... ....... ....... .....## ....... ....... ....... ....... .......
"""


def digit_codes() -> tuple[tuple[int, ...], ...]:
    """Return the ten 7x12 bitmaps of Fig. 3 as codes of 84 components, +1 for ink and -1 for paper, row by row."""
    rows = [line.split() for line in _DIGIT_BITMAPS.split("\n") if line]
    return tuple(tuple(1 if c == "#" else -1 for row in rows for c in row[digit]) for digit in range(10))


def lenet5(*, pooling: Pooling = "average", activation: Activation = "tanh", classes: int = 10) -> Architecture:
    """Return LeNet-5 as the popular descriptions give it: 61,706 parameters, 32x32 grey pixels in [0, 1].

    It is not the network of the paper (`lenet5_1998`): every C3 map reads every S2 map, subsampling has no parameters,
    and ten scores go through a softmax.
    """
    variant = "".join(f"-{word}" for word, usual in ((pooling, "average"), (activation, "tanh")) if word != usual)
    return Architecture(
        f"lenet5{variant}",
        (1, 32, 32),
        (
            Convolution("C1", 6, activation=activation),
            Subsampling("S2", pooling),
            Convolution("C3", 16, activation=activation),
            Subsampling("S4", pooling),
            Convolution("C5", 120, activation=activation),
            FullConnection("F6", 84, activation=activation),
            FullConnection("OUTPUT", classes, activation="linear"),
        ),
    )


def lenet5_1998() -> Architecture:
    """Return LeNet-5 as the paper defines it: 60,000 parameters, 340,908 connections (section II-B).

    C3 reads S2 by Table I, subsampling is trained, every layer is squashed by 1.7159 tanh(2a/3), and the outputs are
    squared distances to the 7x12 bitmaps of the digits (Fig. 3).
    """
    return Architecture(
        "lenet5-1998",
        (1, 32, 32),
        (
            Convolution("C1", 6, activation="scaled_tanh"),
            Subsampling("S2", "trainable", activation="scaled_tanh"),
            Convolution("C3", 16, table=C3_TABLE, activation="scaled_tanh"),
            Subsampling("S4", "trainable", activation="scaled_tanh"),
            Convolution("C5", 120, activation="scaled_tanh"),
            FullConnection("F6", 84, activation="scaled_tanh"),
            RadialBasis("OUTPUT", digit_codes()),
        ),
        scale=(-0.1, 1.175),
    )


def lenet1() -> Architecture:
    """Return LeNet-1: 2,578 parameters, 98,442 connections (LeCun et al., NIPS 2, 1990; 1998, section III-C.7)."""
    return Architecture(
        "lenet1",
        (1, 28, 28),
        (
            Convolution("H1", 4, activation="scaled_tanh"),
            Subsampling("H2", "trainable", activation="scaled_tanh"),
            Convolution("H3", 12, table=LENET1_TABLE, activation="scaled_tanh"),
            Subsampling("H4", "trainable", activation="scaled_tanh"),
            FullConnection("OUTPUT", 10, activation="linear"),
        ),
        scale=(-0.1, 1.175),
    )


def lenet4() -> Architecture:
    """Return LeNet-4 as its description goes (section III-C.8); its parameter count cannot be met.

    The paper describes 4 maps, 8 subsampling maps in pairs, 16 maps, 16 subsampling maps and 120 fully connected
    units, and counts about 17,000 parameters; but 120 units on 16 maps of 5x5 have 48,120 alone. We keep the
    description and the connections (262,306; "about 260,000"), and have 50,698 parameters.
    """
    return Architecture(
        "lenet4",
        (1, 32, 32),
        (
            Convolution("C1", 4, activation="scaled_tanh"),
            Subsampling("S2", "trainable", copies=2, activation="scaled_tanh"),
            Convolution("C3", 16, table=LENET4_TABLE, activation="scaled_tanh"),
            Subsampling("S4", "trainable", activation="scaled_tanh"),
            FullConnection("F5", 120, activation="scaled_tanh"),
            FullConnection("OUTPUT", 10, activation="linear"),
        ),
        scale=(-0.1, 1.175),
    )


def deep5() -> Architecture:
    """Return a network of today, with 78,970 parameters in five layers of weights; ours, the teacher of "digits".

    Two more convolutions than LeNet-1, small kernels, batch norm (Ioffe and Szegedy 2015), ReLU and max pooling. Paper
    and ink are seen as about -0.42 and 2.82: MNIST's pixels then have mean 0 and deviation 1.
    """
    kernel = (3, 3)
    return Architecture(
        "deep5",
        (1, 28, 28),
        (
            Convolution("C1", 16, batch_norm=True, activation="relu"),
            Subsampling("S2", "max"),
            Convolution("C3", 40, kernel, batch_norm=True, activation="relu"),
            Convolution("C4", 56, kernel, batch_norm=True, activation="relu"),
            Subsampling("S5", "max"),
            Convolution("C6", 96, kernel, batch_norm=True, activation="relu"),
            FullConnection("OUTPUT", 10, activation="linear"),
        ),
        scale=(-0.1307 / 0.3081, 0.8693 / 0.3081),
    )


def field_network(classes: int = 25) -> Architecture:
    """Return a network of 174,217 parameters that slides over whole fields 40 pixels high; ours, of model "fields".

    A space-displacement network (LeCun et al. 1998, section VII) of layers as in `deep5`: its last layer says, for
    each 4 columns of a field of any width, which of the classes stands there; class 0 is none.
    """
    kernel, padding = (3, 3), (1, 1)
    return Architecture(
        "fields",
        (1, 40, 160),
        (
            Convolution("C1", 16, padding=(2, 2), batch_norm=True, activation="relu"),
            Subsampling("S2", "max"),
            Convolution("C3", 32, kernel, padding=padding, batch_norm=True, activation="relu"),
            Subsampling("S4", "max"),
            Convolution("C5", 48, kernel, padding=padding, batch_norm=True, activation="relu"),
            Convolution("C6", 64, kernel, padding=padding, batch_norm=True, activation="relu"),
            Subsampling("S7", "max", (2, 1)),
            Convolution("C8", 96, (5, 3), padding=(0, 1), batch_norm=True, activation="relu"),
            Convolution("C9", 96, (1, 3), padding=(0, 1), batch_norm=True, activation="relu"),
            Convolution("OUTPUT", classes, (1, 3), padding=(0, 1), activation="linear"),
        ),
    )


ZOO: dict[str, Callable[[], Architecture]] = {
    "lenet5": lenet5,
    "lenet5-max": lambda: lenet5(pooling="max"),
    "lenet5-relu": lambda: lenet5(activation="relu"),
    "lenet5-max-relu": lambda: lenet5(pooling="max", activation="relu"),
    "lenet5-1998": lenet5_1998,
    "lenet4": lenet4,
    "lenet1": lenet1,
    "deep5": deep5,
    "fields": field_network,
}
"""The networks that go by a name, and what builds them."""


def named(name: str) -> Architecture:
    """Return the architecture that goes by `name`, a key of `ZOO`; raise `ArchitectureError` where there is none."""
    if name not in ZOO:
        raise ArchitectureError(f"no network is called {name!r}; choose one of {', '.join(ZOO)}")
    return ZOO[name]()
