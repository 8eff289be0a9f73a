"""The network: an architecture joined with its numbers, run by the engine.

Arrays are checked here, at the public door. Images are `(n, maps, rows, columns)`, or `(n, rows, columns)` where the
network reads one map: uint8 with paper 0 and ink 255, or floats with paper 0 and ink 1. Smaller ones than the network
reads are centred on paper, so that 28x28 stands in 32x32 with two pixels on each side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.architectures import Architecture, named
from lenet.calibration import Calibration
from lenet.cards import Card
from lenet.errors import ArchitectureError, InputError
from lenet.initial import initial_numbers
from lenet.inputs import (
    Images,
    as_array,
    check_environment,
    labels_for,
    ready,
    ready_for,
    sized,
    thread_count,
    widths_for,
    within_ink,
)

__all__ = ["LOSSES", "Gradients", "Images", "Network"]

LOSSES = ("cross_entropy", "squared_error")
"""The names of the losses that `Network.gradients` and `Recipe` know."""


@dataclass(frozen=True)
class Gradients:
    """The mean loss of some images and its derivatives.

    Parameters
    ----------
    loss : natural-log units for cross entropy; lower is better.
    parameters : the derivative of the loss by every trained number, named and shaped as `Network.parameters`.
    inputs : float32 (n, maps, rows, columns), by what the first layer sees, after placing and scaling.
    """

    loss: float
    parameters: dict[str, NDArray[np.float32]]
    inputs: NDArray[np.float32]

    def __repr__(self) -> str:
        return f"Gradients(loss {self.loss:.4g}, {len(self.parameters)} arrays)"


class Network:
    """An architecture and its parameters.

    Parameters
    ----------
    architecture : what to build, or the name of one in `lenet.architectures.ZOO`.
    seed : decides the initial numbers.

    Attributes
    ----------
    card : where the numbers came from, or None.
    calibration : how sure readings of whole fields may be, or None.

    Raises
    ------
    ArchitectureError
        No architecture goes by that name, or something else was given.
    InputError
        LENET_PROCESSOR or LENET_THREADS names what this machine does not have.

    Examples
    --------
    >>> import numpy as np
    >>> network = Network("lenet5", seed=1)
    >>> network.predict_proba(np.zeros((3, 28, 28), np.uint8)).shape
    (3, 10)
    """

    def __init__(self, architecture: Architecture | str, *, seed: int = 0) -> None:
        planned = named(architecture) if isinstance(architecture, str) else architecture
        if not isinstance(planned, Architecture):
            raise ArchitectureError(f"{architecture!r} was given to build; give an Architecture, or the name of one")
        self._build(planned)
        arrays = self._arrays | self._statistics
        for name, numbers in initial_numbers(self.architecture, seed).items():
            arrays[name][...] = numbers
        self._engine.changed()

    def _build(self, architecture: Architecture) -> None:
        """Give `self` an engine and its arena, without deciding any number."""
        self.architecture = architecture
        self.card: Card | None = None
        self.calibration: Calibration | None = None
        self._temperature = 1.0
        self._classes = tuple(str(index) for index in range(architecture.classes))
        check_environment()
        self._engine = _engine.Network(architecture.to_json())
        self._arena = (self._engine.parameters, self._engine.statistics)
        self._arrays = _views(self._engine, self._arena[0], statistics=False)
        self._statistics = _views(self._engine, self._arena[1], statistics=True)
        self._known: tuple[NDArray[np.float32], ...] | None = None

    # ---- what it holds ----------------------------------------------------------------------------------------------

    @property
    def parameters(self) -> dict[str, NDArray[np.float32]]:
        """All trained numbers, by names such as "C1.weights": writable views in the shapes of the layer records."""
        self._watch()
        return dict(self._arrays)

    @property
    def statistics(self) -> dict[str, NDArray[np.float32]]:
        """The running means and variances of batch norm, such as "C1.mean": writable views."""
        self._watch()
        return dict(self._statistics)

    @property
    def temperature(self) -> float:
        """What scores are divided by before the softmax; above 1 makes it less sure."""
        return self._temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        if not (math.isfinite(value) and value > 0):
            raise InputError(
                f"a temperature of {value} was given; it has to be a finite number above 0: 1 changes nothing"
            )
        self._temperature = float(value)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the outputs."""
        return self._classes

    @classes.setter
    def classes(self, names: Sequence[str]) -> None:
        names = tuple(str(name) for name in names)
        if len(names) != self.architecture.classes:
            raise InputError(
                f"{len(names)} names of classes were given, but the network has {self.architecture.classes} outputs; "
                "give one for each, or build it with Architecture.with_classes"
            )
        self._classes = names

    # ---- what it computes -------------------------------------------------------------------------------------------

    def scores(self, images: Images, *, threads: int = 0, bfloat16: bool = False) -> NDArray[np.float32]:
        """Return the outputs of the last layer, before any softmax.

        Parameters
        ----------
        images : see the head of this module.
        threads : how many to use; 0 means LENET_THREADS, or else what the machine offers. The result is the same.
        bfloat16 : multiply numbers rounded to 8 bits of mantissa: sooner, to 2 or 3 decimal digits.

        Returns
        -------
        float32 (n, classes): natural-log scores, higher is better; with `RadialBasis` last, penalties: lower is better.

        Raises
        ------
        InputError
            The images have another shape or type than the network reads, or are not all finite, or there are none;
            or the network's own numbers are not; or the processor or the network has no bfloat16 (see `has_bfloat16`).
        ArchitectureError
            The network gives maps, not one score a class (see `outputs`).
        """
        if bfloat16:
            self._need_bfloat16()
        scores: NDArray[np.float32] = self._run(self._engine.forward, images, thread_count(threads), bfloat16)
        return scores

    def outputs(
        self, images: Images, *, widths: NDArray[np.integer[Any]] | None = None, threads: int = 0
    ) -> NDArray[np.float32]:
        """Return the maps of the last layer, as it gives them: before any softmax.

        Parameters
        ----------
        images : as in `scores`. A network whose layers read any width (`Architecture.any_width`) reads images of any,
            and gives so many more or fewer columns; other networks see narrower images centred on paper.
        widths : for such a network, how many columns of each image there are, (n,); what stands right of them is not
            looked at. Images of unlike widths then go through the network together, as each would by itself.
        threads : as in `scores`.

        Returns
        -------
        float32 (n, classes, rows, columns); the columns are those of `Architecture.shapes`, and 0 after as many as an
        image of its own width has.

        Raises
        ------
        InputError
            As in `scores`; or the widths are not those of the images.
        ArchitectureError
            The images are too narrow for a layer.
        """
        seen = ready_for(self.architecture, images, any_width=True)
        self._refresh()
        known = None if widths is None else widths_for(self.architecture, widths, seen)
        outputs: NDArray[np.float32] = self._ask(self._engine.outputs, seen, thread_count(threads), known)
        return outputs

    def predict_proba(self, images: Images, *, threads: int = 0, bfloat16: bool = False) -> NDArray[np.float32]:
        """Return float32 (n, classes): for each image, probabilities that sum to 1.

        The softmax of `scores` (or of minus the penalties) over `temperature`. Parameters and errors as in `scores`.
        """
        if bfloat16:
            self._need_bfloat16()
        shares: NDArray[np.float32] = self._run(
            self._engine.probabilities, images, self._temperature, thread_count(threads), bfloat16
        )
        return shares

    @property
    def has_bfloat16(self) -> bool:
        """Whether this processor (AVX512-BF16) and this network (plain layers) can read in bfloat16."""
        return self._engine.has_bfloat16

    def _need_bfloat16(self) -> None:
        if not self.has_bfloat16:
            raise InputError(
                "bfloat16 was asked for, which needs an AVX512-BF16 processor and a network of plain convolutions, 2x2 "
                "pooling and full connections; leave bfloat16 out"
            )

    def predict(self, images: Images, *, threads: int = 0) -> NDArray[np.int64]:
        """Return int64 (n,): the number of the winning class of each image. Parameters and errors as in `scores`."""
        outputs = self.scores(images, threads=threads)
        winners: NDArray[np.int64] = (np.argmin if self.architecture.penalties else np.argmax)(outputs, axis=1)
        return winners

    def feature_maps(self, image: Images) -> dict[str, NDArray[np.float32]]:
        """Return what every layer makes of one image, `(rows, columns)` or `(maps, rows, columns)`.

        Returns
        -------
        By the name of the layer, float32 (maps, rows, columns), after its activation.

        Raises
        ------
        InputError
            As in `scores`.
        """
        image = as_array(image)
        if image.ndim not in (2, 3):
            raise InputError(f"an array of shape {image.shape} was given; expected one image: (rows, columns)")
        seen = ready_for(self.architecture, image.reshape(1, *(1,) * (3 - image.ndim), *image.shape))
        self._refresh()
        maps = self._ask(self._engine.feature_maps, seen)
        return {layer.name: found[0] for layer, found in zip(self.architecture.layers, maps, strict=True)}

    def scan(self, picture: Images, *, threads: int = 0) -> NDArray[np.float32]:
        """Slide the whole network over one larger picture, which costs far less than cutting it up (section VII).

        Parameters
        ----------
        picture : ink, `(rows, columns)` or `(maps, rows, columns)`, at least as large as the network's input.
        threads : as in `scores`.

        Returns
        -------
        float32 (classes, rows, columns): `scores` at every place. One step on it is as many pixels of the picture as
        the strides of the layers make together: 4 for LeNet-5.

        Raises
        ------
        InputError
            The picture is smaller than the network's input, or as in `scores`.
        """
        picture = as_array(picture)
        needed = self.architecture.input
        if picture.ndim == 2:
            picture = picture[np.newaxis]
        if picture.ndim != 3 or picture.shape[0] != needed[0] or any(picture.shape[i] < needed[i] for i in (1, 2)):
            raise InputError(
                f"a picture of shape {picture.shape} was given; expected (maps, rows, columns), {sized(needed)} or "
                "larger; put smaller ones on paper, or use predict"
            )
        seen = ready(picture)[np.newaxis]
        self._refresh()
        return np.asarray(self._ask(self._engine.scan, seen, thread_count(threads))[0])

    def gradients(
        self, images: Images, labels: NDArray[np.integer[Any]], *, loss: str = "cross_entropy", threads: int = 0
    ) -> Gradients:
        """Return the mean loss of labelled images and its derivatives, as one step of training would see them.

        Parameters
        ----------
        images : see the head of this module.
        labels : whole numbers (n,), the right class of each.
        loss : "cross_entropy", or "squared_error" (for `RadialBasis` the penalty of the right class: eq. 8).
        threads : as in `scores`.

        Raises
        ------
        InputError
            As in `scores`; or the labels do not fit the images or the classes; or there is no such loss.
        """
        if loss not in LOSSES:
            raise InputError(f"no loss is called {loss!r}; choose one of {', '.join(LOSSES)}")
        self.architecture.require_scores()
        seen = ready_for(self.architecture, images)
        right = labels_for(labels, len(seen), self.architecture.classes)
        self._refresh()
        cost, flat, inputs = self._engine.gradients(seen, right, loss, thread_count(threads))
        return Gradients(float(cost), _views(self._engine, flat, statistics=False), inputs)

    def _watch(self) -> None:
        """Remember the numbers, now that views of them are handed out through which anyone may write."""
        if self._known is None:
            self._known = tuple(numbers.copy() for numbers in self._arena)

    def _refresh(self) -> None:
        """Tell the engine if numbers were written through such views; it keeps them in other forms as well."""
        if self._known is None or all(map(np.array_equal, self._known, self._arena)):
            return
        self._known = tuple(numbers.copy() for numbers in self._arena)
        self._engine.changed()

    def _run(self, compute: Callable[..., Any], images: Images, *options: Any) -> Any:
        """Call the engine at once, and ask what is wrong with the images only if it refuses: one image is quick."""
        if self._known is not None:
            self._refresh()
        try:
            within_ink(images)
            return compute(images, *options)
        except (TypeError, ValueError):
            self.architecture.require_scores()
            return self._ask(compute, ready_for(self.architecture, images), *options)

    def _ask(self, compute: Callable[..., Any], *arguments: Any) -> Any:
        """Call the engine with images that are right; if it refuses, the network's own numbers are not."""
        try:
            return compute(*arguments)
        except ValueError:
            for name, numbers in (self._arrays | self._statistics).items():
                if not np.isfinite(numbers).all():
                    raise InputError(
                        f"{name} of the network holds NaN or infinite numbers; expected finite ones: load it anew, or "
                        "train it with a lower learning rate"
                    ) from None
            raise

    def copy(self) -> Network:
        """Return a network with the same numbers, and its own memory for them."""
        return _restore(*self._parts())

    def _parts(self) -> tuple[Any, ...]:
        numbers, statistics = (numbers.copy() for numbers in self._arena)
        about = (self.card, self._temperature, self._classes, self.calibration)
        return self.architecture, numbers, statistics, *about

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, self._parts()

    def __repr__(self) -> str:
        return (
            f"Network({self.architecture.name!r}: {self.architecture.parameters:,} parameters, "
            f"{self.architecture.classes} classes)"
        )


def _restore(
    architecture: Architecture,
    numbers: NDArray[np.float32],
    statistics: NDArray[np.float32],
    card: Card | None,
    temperature: float,
    classes: tuple[str, ...],
    calibration: Calibration | None,
) -> Network:
    """Build the network that `Network._parts` describes."""
    network = Network.__new__(Network)
    network._build(architecture)
    network._arena[0][...] = numbers
    network._arena[1][...] = statistics
    network._engine.changed()
    network.card, network.temperature, network.classes = card, temperature, classes
    network.calibration = calibration
    return network


def _views(engine: _engine.Network, flat: NDArray[np.float32], *, statistics: bool) -> dict[str, NDArray[np.float32]]:
    """Cut the engine's flat numbers into named views in public shapes."""
    views = {}
    for layer, kind, offset, shape, stored_by_input in engine.layout():
        if (kind in ("mean", "variance")) == statistics:
            block = flat[offset : offset + math.prod(shape)]
            views[f"{layer}.{kind}"] = (
                np.moveaxis(block.reshape(*shape[1:], shape[0]), -1, 0) if stored_by_input else block.reshape(shape)
            )
    return views
