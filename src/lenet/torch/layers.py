"""Each kind of layer in plain PyTorch: any device, any float type, differentiable as often as one likes.

The engine is the quick way to the same numbers; see `lenet.torch.lenet5`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lenet.architectures import Convolution, FullConnection, Layer, RadialBasis, Shape, Subsampling

__all__ = ["PlainLayer", "plain_layer"]

BATCH_NORM_EPSILON = 1e-5
BATCH_NORM_MOMENTUM = 0.1

Numbers = dict[str, Tensor]


def squash(kind: str, sums: Tensor) -> Tensor:
    """Apply the activation that goes by `kind`."""
    if kind == "tanh":
        return torch.tanh(sums)
    if kind == "scaled_tanh":
        return 1.7159 * torch.tanh(sums * (2 / 3))
    if kind == "sigmoid":
        return torch.sigmoid(sums)
    return torch.relu(sums) if kind == "relu" else sums


class PlainLayer(nn.Module):
    """A layer whose parameters and buffers have lenet's names and shapes: weights, biases, ..."""

    weights: Tensor
    biases: Tensor
    coefficients: Tensor

    def __init__(self, layer: Layer, parameters: Numbers, statistics: Numbers) -> None:
        super().__init__()
        self.layer = layer
        for name, values in parameters.items():
            self.register_parameter(name, nn.Parameter(values))
        for name, values in statistics.items():
            self.register_buffer(name, values)

    def extra_repr(self) -> str:
        """Return what PyTorch prints between the parentheses."""
        fields = vars(self.layer).items()
        return ", ".join(f"{name}={value}" for name, value in fields if name not in ("name", "table", "codes"))

    @property
    def offsets(self) -> Tensor | None:
        """Return the biases; batch norm has its shift instead."""
        return self.biases if hasattr(self, "biases") else None

    def finish(self, sums: Tensor) -> Tensor:
        """Normalise over the batch, where the layer does, then squash; `sums` is (images, maps) or larger."""
        if getattr(self.layer, "batch_norm", False):
            mean, variance, scale, shift = (getattr(self, name) for name in ("mean", "variance", "scale", "shift"))
            momentum, epsilon = BATCH_NORM_MOMENTUM, BATCH_NORM_EPSILON
            sums = functional.batch_norm(sums, mean, variance, scale, shift, self.training, momentum, epsilon)
        return squash(self.layer.activation, sums)


class PlainConvolution(PlainLayer):
    """`lenet.architectures.Convolution`; a table's missing kernels are put in as zeros."""

    layer: Convolution
    links: Tensor | None

    def __init__(self, layer: Convolution, shape: Shape, parameters: Numbers, statistics: Numbers) -> None:
        super().__init__(layer, parameters, statistics)
        links = [(m, i) for m, row in enumerate(layer.links(shape[0])) for i in row]
        self.dense_shape = (layer.maps, shape[0], *layer.kernel)
        self.register_buffer("links", torch.tensor(links).T if layer.table else None, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (images, maps, rows, columns)."""
        kernels = self.weights
        if self.links is not None:
            kernels = kernels.new_zeros(self.dense_shape).index_put((self.links[0], self.links[1]), kernels)
        return self.finish(functional.conv2d(x, kernels, self.offsets, self.layer.stride, self.layer.padding))


class PlainSubsampling(PlainLayer):
    """`lenet.architectures.Subsampling`."""

    layer: Subsampling

    def forward(self, x: Tensor) -> Tensor:
        """Return (images, maps, rows, columns)."""
        window, step = self.layer.window, self.layer.step
        if self.layer.pooling == "max":
            return self.finish(functional.max_pool2d(x, window, step))
        if self.layer.pooling == "average":
            return self.finish(functional.avg_pool2d(x, window, step))
        sums = functional.avg_pool2d(x, window, step, divisor_override=1).repeat_interleave(self.layer.copies, dim=1)
        return self.finish(sums * self.coefficients.view(-1, 1, 1) + self.biases.view(-1, 1, 1))


class PlainFullConnection(PlainLayer):
    """`lenet.architectures.FullConnection`."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (images, units, 1, 1)."""
        return self.finish(functional.linear(x.flatten(1), self.weights, self.offsets))[:, :, None, None]


class PlainRadialBasis(PlainLayer):
    """`lenet.architectures.RadialBasis`."""

    codes: Tensor

    def __init__(self, layer: RadialBasis) -> None:
        super().__init__(layer, {}, {})
        self.register_buffer("codes", torch.tensor(layer.codes, dtype=torch.float32), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (images, classes, 1, 1)."""
        return (x.flatten(1)[:, None] - self.codes).square().sum(dim=2)[:, :, None, None]


def plain_layer(layer: Layer, shape: Shape, parameters: Numbers, statistics: Numbers) -> PlainLayer:
    """Return the module for a layer record that reads `shape`, around the given tensors."""
    if isinstance(layer, Convolution):
        return PlainConvolution(layer, shape, parameters, statistics)
    if isinstance(layer, Subsampling):
        return PlainSubsampling(layer, parameters, statistics)
    if isinstance(layer, FullConnection):
        return PlainFullConnection(layer, parameters, statistics)
    return PlainRadialBasis(layer)
