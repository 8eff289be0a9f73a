"""Training by hand: forward, back, and a step of the optimiser, for losses that the engine does not take itself.

`lenet.learning.train` is the way to train a network that sorts images into classes. This is for the others, such as
a loss on a whole field of digits: a network whose last layer is a row of maps reads fields of any width, the caller
takes the loss and its derivatives by those outputs, and the engine does the rest.

Examples
--------
>>> import numpy as np
>>> from lenet.architectures import Architecture, Convolution, Subsampling
>>> layers = Convolution("C", 8, (5, 5), padding=(2, 2)), Subsampling("S", "max"), Convolution("OUT", 3, (4, 3))
>>> network = Network(Architecture("fields", (1, 8, 32), layers), seed=1)
>>> trainer = Trainer(network, "sgd", momentum=0.0)
>>> for width in (32, 48):
...     outputs = trainer.forward(np.ones((2, 8, width), np.float32))
...     gradient = trainer.backward(outputs)  # of half the sum of squares
...     trainer.update(gradient, rate=0.01)
>>> outputs.shape
(2, 3, 1, 22)
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.errors import InputError
from lenet.inputs import Images, as_array, ready_for, thread_count
from lenet.network import Network

__all__ = ["Trainer"]

Optimizer = Literal["adamw", "sgd"]


class Trainer:
    """Passes over a network and the steps of an optimiser.

    Parameters
    ----------
    network : what to train; its numbers change in place.
    optimizer : "adamw" (Loshchilov and Hutter 2019), or "sgd" with momentum.
    momentum : of SGD; of AdamW the share kept of the first moment.
    decay : of weights alone; biases and what batch norm trains do not decay. AdamW's is decoupled.
    beta2, epsilon : of AdamW: the share kept of the second moment; what is added to its root.
    nesterov : whether SGD's step looks ahead.
    threads : how many to use; 0 means LENET_THREADS, or else what the machine offers. The numbers are the same.

    Attributes
    ----------
    state : float32, what the optimiser remembers, as a view: velocities, or first and then second moments.
    steps : how many were taken. Both are all that has to be kept, beside the network, to go on later.

    Raises
    ------
    InputError
        There is no such optimiser.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer = "adamw",
        *,
        momentum: float = 0.9,
        decay: float = 0.0,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        nesterov: bool = False,
        threads: int = 0,
    ) -> None:
        if optimizer not in ("adamw", "sgd"):
            raise InputError(f"no optimizer is called {optimizer!r}; choose 'adamw' or 'sgd'")
        self.network = network
        self._engine = _engine.Trainer(
            network._engine,
            optimizer=optimizer,
            momentum=momentum,
            decay=decay,
            beta2=beta2,
            epsilon=epsilon,
            nesterov=nesterov,
            threads=thread_count(threads),
        )
        self._shape: tuple[int, ...] = ()

    @property
    def state(self) -> NDArray[np.float32]:
        return self._engine.state

    @property
    def steps(self) -> int:
        return self._engine.step

    @steps.setter
    def steps(self, taken: int) -> None:
        self._engine.step = taken

    def forward(self, images: Images) -> NDArray[np.float32]:
        """Return the outputs of the last layer, and keep what `backward` needs.

        Batch norm uses the mean and variance of these images, and moves the running ones a tenth of the way to them.

        Parameters
        ----------
        images : as in `Network.outputs`: of any width where the network reads any, which may differ from call to call.

        Returns
        -------
        float32 (n, classes, rows, columns), before any softmax.

        Raises
        ------
        InputError, ArchitectureError
            As in `Network.outputs`.
        """
        self._shape = ()
        seen = ready_for(self.network.architecture, images, any_width=True)
        outputs: NDArray[np.float32] = self._engine.forward(seen)
        self._shape = outputs.shape
        return outputs

    def backward(self, deltas: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Return the gradient of the loss by all parameters, flat, in an order of the engine's own.

        Gradients of several passes may be summed, scaled or clipped before `update`.

        Parameters
        ----------
        deltas : the derivatives of the loss by the outputs of the last `forward`, in their shape.

        Raises
        ------
        InputError
            The deltas have another shape, or are not all finite, or no `forward` went before.
        """
        deltas = as_array(deltas)
        if not self._shape or deltas.shape != self._shape or deltas.dtype.kind != "f":
            expected = f"expected floats of shape {self._shape}" if self._shape else "expected a forward pass before"
            raise InputError(
                f"deltas of {deltas.dtype} and shape {deltas.shape} were given; {expected}: give one for each output "
                "of the last forward"
            )
        gradient: NDArray[np.float32] = self._engine.backward(_finite(deltas, "array of deltas"))
        return gradient

    def update(self, gradient: NDArray[np.float32], rate: float) -> None:
        """Take one step of the optimiser along a gradient as `backward` returns it, with that learning rate.

        Raises
        ------
        InputError
            The gradient is not as long as `backward` returns it, or is not all finite.
        """
        along = as_array(gradient)
        size = self.network._arena[0].size
        if along.dtype.kind != "f" or along.shape != (size,):
            raise InputError(
                f"a gradient of {along.dtype} and shape {along.shape} was given; expected {size} floats, as backward "
                "returns them"
            )
        self._engine.update(_finite(along, "gradient"), rate)


def _finite(numbers: NDArray[np.floating[Any]], what: str) -> NDArray[np.float32]:
    """Return float32 in one piece, or say that not all of it is finite."""
    found = np.ascontiguousarray(numbers, np.float32)
    if not (math.isfinite(found.min()) and math.isfinite(found.max())):
        raise InputError(f"the {what} holds NaN or infinite numbers; expected finite ones: lower the learning rate")
    return found
