"""Networks as ONNX, to be run by anything that reads it; checked against the engine before the file is put in place."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architectures import Convolution, FullConnection, Layer, Shape, Subsampling
from lenet.errors import FormatError, MissingExtraError
from lenet.files import write_whole
from lenet.network import Network

__all__ = ["OPSET", "TOLERANCE", "export"]

OPSET = 17
"""The version of ONNX's operators that is used (December 2021), and 8 that of its file format: old enough for all."""

IR_VERSION = 8

TOLERANCE = 1e-5
"""How far the probabilities of ONNX Runtime may be from the engine's; float32 sums in another order differ by 1e-6."""

BATCH_NORM_EPSILON = 1e-5

Array = NDArray[np.float32]


def export(network: Network, path: str | os.PathLike[str]) -> Path:
    """Write a network as an ONNX model.

    Its input `images` is float32 (n, maps, rows, columns), paper 0 and ink 1, exactly of the network's size; its output
    `probabilities` is float32 (n, classes), as `Network.predict_proba` gives them, temperature included. Any n will do.
    The class names and the card stand in the model's metadata.

    Parameters
    ----------
    network : what to write.
    path : where; a file that stands there is replaced once the new one is whole and has been checked.

    Returns
    -------
    The path.

    Raises
    ------
    MissingExtraError
        onnx or onnxruntime is not installed.
    FormatError
        ONNX Runtime computes something else than the engine (a bug of ours or of theirs); nothing is written.
    InputError
        The place cannot be written to.
    """
    onnx, runtime = _extra("onnx"), _extra("onnxruntime")
    content = _model(network, onnx).SerializeToString()
    _check(network, content, runtime)
    return write_whole(path, [content])


def _extra(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            f'export needs {name}, which is not installed; run pip install "lenet[onnx]"'
        ) from error


def _check(network: Network, content: bytes, runtime: Any) -> None:
    """Compare both on random images, one and several at a time; raise `FormatError` where they differ."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    for count in (1, 5):
        images = rng.random((count, *network.architecture.input), np.float32)
        (found,) = session.run(["probabilities"], {"images": images})
        difference = float(np.abs(found - network.predict_proba(images)).max())
        if not difference <= TOLERANCE:
            raise FormatError(
                f"the exported {network.architecture.name} differs from the network by {difference:.1e} where "
                f"{TOLERANCE:.0e} is allowed; nothing was written: please report this"
            )


def _model(network: Network, onnx: Any) -> Any:
    """Return the model: scale, layers, softmax."""
    graph, architecture = _Graph(onnx), network.architecture
    architecture.require_scores()
    low, high = architecture.scale
    x = "images"
    if (low, high) != (0.0, 1.0):
        x = graph.add("Add", graph.add("Mul", x, graph.constant(high - low)), graph.constant(low))
    arrays = network._arrays | network._statistics
    for layer, shape in zip(architecture.layers, architecture.shapes()[:-1], strict=True):
        own = {name.split(".")[1]: array for name, array in arrays.items() if name.split(".")[0] == layer.name}
        x = _squash(graph, layer.activation, _layer(graph, layer, shape, own, x))
    x = graph.add("Flatten", x, attributes={"axis": 1})
    sign = -1.0 if architecture.penalties else 1.0
    logits = graph.add("Mul", x, graph.constant(sign / network.temperature))
    graph.add("Softmax", logits, output="probabilities", attributes={"axis": 1})
    return graph.model(architecture.name, ("n", *architecture.input), ("n", architecture.classes), _about(network))


def _about(network: Network) -> dict[str, str]:
    card = network.card.to_json() if network.card is not None else "null"
    return {
        "architecture": network.architecture.to_json(),
        "classes": json.dumps(network.classes, ensure_ascii=False),
        "card": card,
    }


class _Graph:
    """Nodes and constants in the making; every `add` returns the name of what it computes."""

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, values: float | Array | list[int]) -> str:
        array = np.asarray(values, np.int64 if isinstance(values, list) else np.float32)
        name = f"constant{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return name

    def add(
        self, operator: str, *inputs: str, output: str = "", attributes: Mapping[str, Any] = MappingProxyType({})
    ) -> str:
        output = output or f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def model(self, name: str, images: tuple[Any, ...], answer: tuple[Any, ...], about: dict[str, str]) -> Any:
        helper, kind = self.onnx.helper, self.onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("images", kind, list(images))],
            [helper.make_tensor_value_info("probabilities", kind, list(answer))],
            self.constants,
        )
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, producer_name="lenet", opset_imports=[opset], ir_version=IR_VERSION)
        helper.set_model_props(model, about)
        self.onnx.checker.check_model(model)
        return model


def _squash(graph: _Graph, activation: str, x: str) -> str:
    if activation == "scaled_tanh":
        inner = graph.add("Mul", x, graph.constant(2 / 3))
        return graph.add("Mul", graph.add("Tanh", inner), graph.constant(1.7159))
    operator = {"tanh": "Tanh", "sigmoid": "Sigmoid", "relu": "Relu"}.get(activation)
    return graph.add(operator, x) if operator else x


def _layer(graph: _Graph, layer: Layer, shape: Shape, own: dict[str, Array], x: str) -> str:
    """Add the sums of one layer, before its activation, as (n, maps, rows, columns)."""
    if isinstance(layer, Subsampling):
        return _subsample(graph, layer, shape, own, x)
    if isinstance(layer, Convolution | FullConnection):
        weights, biases = _folded(own, layer.batch_norm, _dense(layer, shape, own["weights"]))
        stride, padding = (layer.stride, layer.padding) if isinstance(layer, Convolution) else ((1, 1), (0, 0))
        geometry = {"strides": stride, "pads": [*padding, *padding]}
        return graph.add("Conv", x, graph.constant(weights), graph.constant(biases), attributes=geometry)
    codes = np.array(layer.codes, np.float32).reshape(1, layer.units, -1)
    units = graph.add("Reshape", x, graph.constant([0, 1, codes.shape[2]]))
    apart = graph.add("Sub", units, graph.constant(codes))
    return graph.add("ReduceSum", graph.add("Mul", apart, apart), graph.constant([2]), attributes={"keepdims": 0})


def _dense(layer: Convolution | FullConnection, shape: Shape, weights: Array) -> Array:
    """Return kernels (maps, inputs, rows, columns); the links that a table leaves out are 0."""
    if isinstance(layer, FullConnection):
        return weights.reshape(layer.units, *shape)
    kernels = np.zeros((layer.maps, shape[0], *layer.kernel), np.float32)
    links = [(m, i) for m, row in enumerate(layer.links(shape[0])) for i in row]
    kernels[tuple(zip(*links, strict=True))] = weights.reshape(-1, *layer.kernel)
    return kernels


def _folded(own: dict[str, Array], batch_norm: bool, kernels: Array) -> tuple[Array, Array]:
    """Return kernels and biases, with batch norm (as it reads) worked into them."""
    if not batch_norm:
        return kernels, own["biases"]
    gain = own["scale"] / np.sqrt(own["variance"].astype(np.float64) + BATCH_NORM_EPSILON)
    weights = kernels * gain[:, np.newaxis, np.newaxis, np.newaxis]
    return weights.astype(np.float32), (own["shift"] - own["mean"] * gain).astype(np.float32)


def _subsample(graph: _Graph, layer: Subsampling, shape: Shape, own: dict[str, Array], x: str) -> str:
    if layer.pooling != "trainable":
        operator = "MaxPool" if layer.pooling == "max" else "AveragePool"
        return graph.add(operator, x, attributes={"kernel_shape": layer.window, "strides": layer.step})
    kernels = own["coefficients"].reshape(-1, 1, 1, 1) * np.ones((1, 1, *layer.window), np.float32)
    geometry = {"strides": layer.step, "group": shape[0]}
    return graph.add("Conv", x, graph.constant(kernels), graph.constant(own["biases"]), attributes=geometry)
