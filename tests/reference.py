"""The engine, restated in float64 NumPy: one small function a formula, with no care for speed.

Every kernel, on every processor, is compared with this file. Arrays are (images, maps, rows, columns) throughout;
`values` maps names such as "C1.weights" to arrays in their public shapes, statistics of batch norm included.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.architectures import Architecture, Convolution, FullConnection, Layer, RadialBasis, Shape, Subsampling

Array = NDArray[np.float64]
Values = dict[str, Array]

EPSILON = 1e-5  # what batch norm adds to a variance
KEEP = 0.9  # how much of a running statistic a batch leaves


# ---- what the first layer sees --------------------------------------------------------------------------------------


def place(architecture: Architecture, images: NDArray[np.uint8] | NDArray[np.float32]) -> Array:
    """Centre images on paper (an odd remainder goes after) and scale them: paper and ink become `scale`."""
    maps, rows, columns = architecture.input
    ink = images / 255.0 if images.dtype == np.uint8 else images.astype(np.float64)
    ink = ink.reshape(len(ink), maps, *ink.shape[-2:])
    seen = np.zeros((len(ink), maps, rows, columns))
    top, left = (rows - ink.shape[2]) // 2, (columns - ink.shape[3]) // 2
    seen[:, :, top : top + ink.shape[2], left : left + ink.shape[3]] = ink
    return scaled(architecture, seen)


def scaled(architecture: Architecture, ink: Array) -> Array:
    low, high = architecture.scale
    return low + (high - low) * ink


# ---- activations ----------------------------------------------------------------------------------------------------


def activate(kind: str, a: Array) -> Array:
    return {
        "linear": lambda: a,
        "tanh": lambda: np.tanh(a),
        "scaled_tanh": lambda: 1.7159 * np.tanh(2 / 3 * a),
        "sigmoid": lambda: 1 / (1 + np.exp(-a)),
        "relu": lambda: np.maximum(a, 0),
    }[kind]()


def slope(kind: str, a: Array) -> Array:
    """Return the derivative of `activate` at `a`; that of relu at 0 is 0."""
    return {
        "linear": lambda: np.ones_like(a),
        "tanh": lambda: 1 - np.tanh(a) ** 2,
        "scaled_tanh": lambda: 1.7159 * 2 / 3 * (1 - np.tanh(2 / 3 * a) ** 2),
        "sigmoid": lambda: activate("sigmoid", a) * (1 - activate("sigmoid", a)),
        "relu": lambda: (a > 0).astype(np.float64),
    }[kind]()


# ---- sliding windows ------------------------------------------------------------------------------------------------


def windows(x: Array, size: tuple[int, int], step: tuple[int, int]):
    """Yield ((row, column) of the output, (row slice, column slice) of the input)."""
    rows, columns = ((x.shape[2 + i] - size[i]) // step[i] + 1 for i in (0, 1))
    for r, c in np.ndindex(rows, columns):
        yield (r, c), (slice(r * step[0], r * step[0] + size[0]), slice(c * step[1], c * step[1] + size[1]))


def empty_output(x: Array, maps: int, size: tuple[int, int], step: tuple[int, int]) -> Array:
    return np.empty((len(x), maps, *((x.shape[2 + i] - size[i]) // step[i] + 1 for i in (0, 1))))


def convolve(x: Array, kernels: Array, step: tuple[int, int]) -> Array:
    """a[n,m,r,c] = sum over i,k,l of kernels[m,i,k,l] x[n,i,r*step+k,c*step+l]."""
    out = empty_output(x, len(kernels), kernels.shape[2:], step)
    for (r, c), (rows, columns) in windows(x, kernels.shape[2:], step):
        out[:, :, r, c] = np.einsum("nikl,mikl->nm", x[:, :, rows, columns], kernels)
    return out


def convolve_backward(x: Array, kernels: Array, step: tuple[int, int], upstream: Array) -> tuple[Array, Array]:
    to_x, to_kernels = np.zeros_like(x), np.zeros_like(kernels)
    for (r, c), (rows, columns) in windows(x, kernels.shape[2:], step):
        to_x[:, :, rows, columns] += np.einsum("nm,mikl->nikl", upstream[:, :, r, c], kernels)
        to_kernels += np.einsum("nm,nikl->mikl", upstream[:, :, r, c], x[:, :, rows, columns])
    return to_x, to_kernels


def pool(x: Array, pooling: str, size: tuple[int, int], step: tuple[int, int]) -> Array:
    out = empty_output(x, x.shape[1], size, step)
    for (r, c), (rows, columns) in windows(x, size, step):
        field = x[:, :, rows, columns]
        out[:, :, r, c] = {"average": np.mean, "max": np.max, "trainable": np.sum}[pooling](field, axis=(2, 3))
    return out


def pool_backward(x: Array, pooling: str, size: tuple[int, int], step: tuple[int, int], upstream: Array) -> Array:
    """Spread the gradient over each window; of equal maxima the first, row by row, gets it."""
    to_x = np.zeros_like(x)
    for (r, c), (rows, columns) in windows(x, size, step):
        share = np.ones((*x.shape[:2], *size))
        if pooling == "average":
            share /= size[0] * size[1]
        if pooling == "max":
            first = x[:, :, rows, columns].reshape(*x.shape[:2], -1).argmax(axis=2)
            share = np.eye(size[0] * size[1])[first].reshape(*x.shape[:2], *size)
        to_x[:, :, rows, columns] += share * upstream[:, :, r, c, np.newaxis, np.newaxis]
    return to_x


# ---- layers ---------------------------------------------------------------------------------------------------------


@dataclass
class Pass:
    """What one layer did to its input: `x` (padded) -> `sums` -> batch norm -> `a` -> `output`."""

    layer: Layer
    shape: Shape
    x: Array
    sums: Array
    a: Array
    output: Array


def per_map(values: Array) -> Array:
    return values[np.newaxis, :, np.newaxis, np.newaxis]


def kernels_of(layer: Convolution | FullConnection, shape: Shape, weights: Array) -> Array:
    """Return the weights as (maps, inputs, rows, columns): a table's missing links are 0."""
    if isinstance(layer, FullConnection):
        return weights.reshape(layer.units, *shape)
    kernels = np.zeros((layer.maps, shape[0], *layer.kernel))
    kernels[pairs(layer, shape)] = weights.reshape(-1, *layer.kernel)
    return kernels


def pairs(layer: Convolution, shape: Shape) -> tuple[list[int], list[int]]:
    """Return the output map and the input map of every link, in the order of the weights."""
    links = [(m, i) for m, row in enumerate(layer.links(shape[0])) for i in row]
    return [m for m, _ in links], [i for _, i in links]


def step_of(layer: Layer) -> tuple[int, int]:
    return layer.stride if isinstance(layer, Convolution) else (1, 1)


def padded(layer: Layer, x: Array) -> Array:
    rows, columns = layer.padding if isinstance(layer, Convolution) else (0, 0)
    return np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)))


def normalized(sums: Array, mean: Array, variance: Array) -> Array:
    return (sums - per_map(mean)) / np.sqrt(per_map(variance) + EPSILON)


def moments(layer: Layer, sums: Array, values: Values, training: bool) -> tuple[Array, Array]:
    """Return the batch's own mean and variance (in training), or the running ones."""
    if training:
        return sums.mean(axis=(0, 2, 3)), sums.var(axis=(0, 2, 3))
    return values[f"{layer.name}.mean"], values[f"{layer.name}.variance"]


def run_layer(layer: Layer, shape: Shape, x: Array, values: Values, training: bool) -> Pass:
    """Run one layer on maps of any size; `shape` is the input it was made for."""
    x, name = padded(layer, x), layer.name
    if isinstance(layer, RadialBasis):
        codes = np.array(layer.codes, dtype=np.float64).reshape(-1, *shape)
        sums = empty_output(x, len(codes), shape[1:], (1, 1))
        for (r, c), (rows, columns) in windows(x, shape[1:], (1, 1)):
            sums[:, :, r, c] = ((x[:, np.newaxis, :, rows, columns] - codes) ** 2).sum(axis=(2, 3, 4))
        return Pass(layer, shape, x, sums, sums, sums)
    if isinstance(layer, Subsampling):
        sums = np.repeat(pool(x, layer.pooling, layer.window, layer.step), layer.copies, axis=1)
        a = sums
        if layer.pooling == "trainable":
            a = per_map(values[f"{name}.coefficients"]) * sums + per_map(values[f"{name}.biases"])
        return Pass(layer, shape, x, sums, a, activate(layer.activation, a))
    sums = convolve(x, kernels_of(layer, shape, values[f"{name}.weights"]), step_of(layer))
    if layer.batch_norm:
        unit = normalized(sums, *moments(layer, sums, values, training))
        a = per_map(values[f"{name}.scale"]) * unit + per_map(values[f"{name}.shift"])
    else:
        a = sums + per_map(values[f"{name}.biases"])
    return Pass(layer, shape, x, sums, a, activate(layer.activation, a))


def forward(architecture: Architecture, values: Values, seen: Array, training: bool = False) -> list[Pass]:
    """Run every layer on `seen` (see `place`); larger inputs give maps of outputs (a scan)."""
    passes = []
    for layer, shape in zip(architecture.layers, architecture.shapes()[:-1], strict=True):
        passes.append(run_layer(layer, shape, passes[-1].output if passes else seen, values, training))
    return passes


def scores(architecture: Architecture, values: Values, seen: Array, training: bool = False) -> Array:
    return forward(architecture, values, seen, training)[-1].output[:, :, 0, 0]


def probabilities(architecture: Architecture, outputs: Array, temperature: float = 1.0) -> Array:
    """Softmax of scores, or of penalties turned over, each divided by the temperature."""
    logits = (-outputs if architecture.penalties else outputs) / temperature
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


# ---- gradients ------------------------------------------------------------------------------------------------------


def loss_of(architecture: Architecture, outputs: Array, labels: NDArray[np.int64], loss: str) -> tuple[float, Array]:
    """Return the mean loss of the images and its gradient on the outputs, both (images, classes)."""
    n, right = len(outputs), np.eye(outputs.shape[1])[labels]
    if loss == "cross_entropy":
        shares = probabilities(architecture, outputs)
        sign = -1 if architecture.penalties else 1
        return -np.log((shares * right).sum(axis=1)).mean(), sign * (shares - right) / n
    if architecture.penalties:  # LeCun et al. 1998, eq. 8
        return (outputs * right).sum() / n, right / n
    return ((outputs - right) ** 2).sum() / 2 / n, (outputs - right) / n


def norm_backward(done: Pass, values: Values, training: bool, to_a: Array) -> tuple[Array, Values]:
    """Go back through batch norm; in training the batch's mean and variance depend on the sums too."""
    layer, axes = done.layer, (0, 2, 3)
    mean, variance = moments(layer, done.sums, values, training)
    unit = normalized(done.sums, mean, variance)
    gradients = {f"{layer.name}.scale": (to_a * unit).sum(axis=axes), f"{layer.name}.shift": to_a.sum(axis=axes)}
    to_unit = to_a * per_map(values[f"{layer.name}.scale"])
    if training:
        along = per_map((to_unit * unit).mean(axis=axes))
        to_unit = to_unit - per_map(to_unit.mean(axis=axes)) - unit * along
    return to_unit / np.sqrt(per_map(variance) + EPSILON), gradients


def back_layer(done: Pass, values: Values, training: bool, upstream: Array) -> tuple[Array, Values]:
    """Return the gradient on the layer's (unpadded) input and on its own numbers."""
    layer, name, shape = done.layer, done.layer.name, done.shape
    if isinstance(layer, RadialBasis):
        codes = np.array(layer.codes, dtype=np.float64).reshape(-1, *shape)
        return 2 * np.einsum("nk,nkicd->nicd", upstream[:, :, 0, 0], done.x[:, np.newaxis] - codes), {}
    to_a = upstream * slope(layer.activation, done.a)
    if isinstance(layer, Subsampling):
        gradients = {}
        if layer.pooling == "trainable":
            gradients[f"{name}.coefficients"] = (to_a * done.sums).sum(axis=(0, 2, 3))
            gradients[f"{name}.biases"] = to_a.sum(axis=(0, 2, 3))
            to_a = to_a * per_map(values[f"{name}.coefficients"])
        to_sums = to_a.reshape(len(to_a), -1, layer.copies, *to_a.shape[2:]).sum(axis=2)
        return pool_backward(done.x, layer.pooling, layer.window, layer.step, to_sums), gradients
    gradients = {f"{name}.biases": to_a.sum(axis=(0, 2, 3))}
    if layer.batch_norm:
        to_a, gradients = norm_backward(done, values, training, to_a)
    kernels = kernels_of(layer, shape, values[f"{name}.weights"])
    to_x, to_kernels = convolve_backward(done.x, kernels, step_of(layer), to_a)
    if isinstance(layer, FullConnection):
        return to_x, {f"{name}.weights": to_kernels.reshape(layer.units, -1), **gradients}
    picked = to_kernels[pairs(layer, shape)].reshape(layer.weight_shape(shape))
    rows, columns = layer.padding
    inside = to_x[:, :, rows : to_x.shape[2] - rows, columns : to_x.shape[3] - columns]
    return inside, {f"{name}.weights": picked, **gradients}


def backward(passes: list[Pass], values: Values, training: bool, upstream: Array) -> tuple[Values, Array]:
    """Return the gradients of all numbers and of what the first layer saw; `upstream` is that of the last output."""
    gradients: Values = {}
    upstream = upstream.reshape(passes[-1].output.shape)
    for done in reversed(passes):
        upstream, own = back_layer(done, values, training, upstream)
        gradients |= own
    return gradients, upstream


def gradients(
    architecture: Architecture, values: Values, seen: Array, labels: NDArray[np.int64], loss: str, training: bool = True
) -> tuple[float, Values, Array]:
    """Return the mean loss, its gradients on all numbers, and on what the first layer sees."""
    passes = forward(architecture, values, seen, training)
    cost, upstream = loss_of(architecture, passes[-1].output[:, :, 0, 0], labels, loss)
    return cost, *backward(passes, values, training, upstream)


# ---- optimisers -----------------------------------------------------------------------------------------------------


def decay_of(name: str, decay: float) -> float:
    """Weights decay; biases, coefficients, scales and shifts do not."""
    return decay if name.endswith(".weights") else 0.0


def sgd(
    values: Values, gradients: Values, state: Values, rate: float, momentum: float, decay: float, nesterov: bool
) -> None:
    """v = momentum v + g + decay w; w -= rate v, or with Nesterov w -= rate (g + decay w + momentum v)."""
    for name, gradient in gradients.items():
        pull = gradient + decay_of(name, decay) * values[name]
        state[name] = momentum * state.get(name, 0.0) + pull
        values[name] = values[name] - rate * (pull + momentum * state[name] if nesterov else state[name])


def adamw(
    values: Values,
    gradients: Values,
    state: Values,
    step: int,
    rate: float,
    beta1: float,
    beta2: float,
    decay: float,
    epsilon: float,
) -> None:
    """Decoupled decay, then the bias-corrected step; `step` counts from 1."""
    for name, gradient in gradients.items():
        first, second = state.get(name, np.zeros((2, *gradient.shape)))
        first, second = beta1 * first + (1 - beta1) * gradient, beta2 * second + (1 - beta2) * gradient**2
        state[name] = np.stack([first, second])
        scale = np.sqrt(second / (1 - beta2**step)) + epsilon
        decayed = values[name] * (1 - rate * decay_of(name, decay))
        values[name] = decayed - rate * first / (1 - beta1**step) / scale


def update_statistics(values: Values, passes: list[Pass]) -> None:
    """Move the running mean and (unbiased) variance of batch norm a tenth of the way to the batch's."""
    for done in passes:
        if getattr(done.layer, "batch_norm", False):
            count = done.sums.size // done.sums.shape[1]
            mean, variance = done.sums.mean(axis=(0, 2, 3)), done.sums.var(axis=(0, 2, 3)) * count / max(count - 1, 1)
            for name, now in (("mean", mean), ("variance", variance)):
                key = f"{done.layer.name}.{name}"
                values[key] = KEEP * values[key] + (1 - KEEP) * now
