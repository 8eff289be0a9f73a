"""`Architecture`: layers in a row, what follows from them (shapes, counts), and JSON both ways."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from lenet.architectures.layers import (
    Convolution,
    FullConnection,
    Layer,
    RadialBasis,
    Shape,
    Subsampling,
    refuse,
    whole_number,
)
from lenet.errors import ArchitectureError

__all__ = ["Architecture", "LayerSummary"]

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
        sizes = tuple(whole_number(f"the input of {self.name}", size, 1) for size in self.input)
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
                raise refuse(name, "layers need different names, without dots")
        for layer in self.layers[:-1]:
            if isinstance(layer, RadialBasis):
                raise refuse(layer.name, "distances to codes can only come last")
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
                    raise refuse(layer.name, f"a {rows}x{columns} picture is smaller than the network's input")
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
            raise refuse(last.name, f"its {self.classes} outputs are fixed; choose a network that ends in scores")
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
