"""LeNet-5 and its kin as PyTorch modules: the engine does float32 on a CPU, plain PyTorch the rest.

The module's parameters *are* the engine's memory: optimisers write where the engine reads, and nothing is copied in a
step. Where that does not hold (another device or type, a hook on a layer, a transform of `torch.func`, tracing,
autocast, second derivatives) the layers of `lenet.torch.layers` compute the same numbers.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Self, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lenet.architectures import Activation, Architecture, Pooling, lenet5, named
from lenet.cards import Card
from lenet.errors import ArchitectureError, InputError
from lenet.network import Network as Numbers
from lenet.torch.layers import PlainLayer, plain_layer

__all__ = ["LeNet5", "Network"]

STATISTICS = ("mean", "variance")

_OWN = ("_numbers", "_places", "_built", "_lock")  # what a copy makes anew


class Network(nn.Module):
    """A network of `lenet.architectures` as a module.

    Parameters
    ----------
    architecture : what to build, or the name of one in `lenet.architectures.ZOO`.
    seed : decides the initial numbers; None draws it from PyTorch's generator, so that `torch.manual_seed` decides.

    Notes
    -----
    Call it with images (n, maps, rows, columns): floats with paper 0 and ink 1, or uint8 with ink 255; smaller ones
    are centred on paper. It returns (n, classes): scores, higher is better, ready for `CrossEntropyLoss`; or, for a
    network that ends in `RadialBasis`, penalties: lower is better; or, for one that ends in maps, those: (n, classes,
    rows, columns). Names and shapes in `state_dict` are those of
    `lenet.network.Network.parameters`. The engine uses as many threads as `torch.get_num_threads` says.

    Examples
    --------
    >>> import torch
    >>> LeNet5(seed=0)(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(self, architecture: Architecture | str, *, seed: int | None = None) -> None:
        super().__init__()
        self.architecture = named(architecture) if isinstance(architecture, str) else architecture
        self.classes = tuple(str(index) for index in range(self.architecture.classes))
        self._origin: tuple[int, float, Card | None] | None = None
        seed = int(torch.randint(2**62, ())) if seed is None else seed
        self._own(Numbers(self.architecture, seed=seed))
        tensors = self._memory()
        for layer, shape in zip(self.architecture.layers, self.architecture.shapes()[:-1], strict=True):
            parts = {name.split(".")[1]: at for name, at in tensors.items() if name.split(".")[0] == layer.name}
            moments = {name: parts.pop(name) for name in STATISTICS if name in parts}
            if hasattr(self, layer.name):
                raise ArchitectureError(
                    f"layer {layer.name}: every PyTorch module has an attribute of that name; give it another"
                )
            self.add_module(layer.name, plain_layer(layer, shape, parts, moments))
        self.register_load_state_dict_post_hook(_after_load)
        self._share()

    # ---- one memory -------------------------------------------------------------------------------------------------

    def _own(self, numbers: Numbers) -> None:
        self._numbers, self._lock = numbers, threading.Lock()
        numbers._engine.on_openmp = True  # training passes run on PyTorch's threads, which spin between its loops
        numbers._watch()
        self._places: list[tuple[dict[str, Any], str, Tensor, int]] | None = None
        self._built: list[PlainLayer] = []
        self._pass = 0

    def _memory(self) -> dict[str, Tensor]:
        """Return the engine's numbers as tensors, by name."""
        return {
            name: torch.from_numpy(view) for name, view in (self._numbers._arrays | self._numbers._statistics).items()
        }

    @property
    def _layers(self) -> list[PlainLayer]:
        return [cast(PlainLayer, self._modules[layer.name]) for layer in self.architecture.layers]

    def _share(self) -> None:
        """Move the numbers into the engine's memory; where they cannot live there, remember that."""
        self._places, self._built, places = None, self._layers, []
        if [getattr(layer, "layer", None) for layer in self._built] != list(self.architecture.layers):
            return  # someone put another module in the place of a layer
        for name, at in self._memory().items():
            layer, kind = name.split(".")
            holder = self._modules[layer]
            entries: dict[str, Any] = vars(holder)["_buffers" if kind in STATISTICS else "_parameters"]
            tensor = entries.get(kind)
            if tensor is None or tensor.dtype != torch.float32 or tensor.device.type != "cpu" or tensor.is_shared():
                return
            places.append((entries, kind, tensor, at))
        for _, _, tensor, at in places:
            if tensor.data_ptr() != at.data_ptr():
                at.copy_(tensor.data)
                tensor.data = at
        self._places = [(entries, kind, tensor, at.data_ptr()) for entries, kind, tensor, at in places]

    def _shared(self) -> bool:
        """Tell whether every number still lives in the engine's memory."""
        if self._places is None or any(self._modules.get(layer.layer.name) is not layer for layer in self._built):
            return False
        return all(
            entries.get(kind) is tensor and tensor.data_ptr() == pointer
            for entries, kind, tensor, pointer in self._places
        )

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        super()._apply(fn, recurse)
        self._share()
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in _OWN}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._own(Numbers(self.architecture))
        self._share()

    # ---- computing --------------------------------------------------------------------------------------------------

    def forward(self, images: Tensor) -> Tensor:
        """Return (n, classes): scores, or penalties; or maps of them.

        Raises
        ------
        InputError
            The images have another shape than the network reads.
        """
        images = self._checked(images)
        parameters = [tensor for _, kind, tensor, _ in self._places or () if kind not in STATISTICS]
        backward = torch.is_grad_enabled() and (images.requires_grad or any(p.requires_grad for p in parameters))
        if not self._engine_can(images, backward):
            return self.plain(images)
        if backward:
            scores: Tensor = _OnEngine.apply(images, self, *parameters)
            return scores
        engine = self._numbers._engine
        with self._lock:
            if self._normalises and self.training:
                self._pass += 1
                return torch.from_numpy(engine.forward_train(_array(images), torch.get_num_threads()))
            self._numbers._refresh()
        compute = engine.outputs if self._gives_maps else engine.forward
        try:
            return torch.from_numpy(compute(_array(images), torch.get_num_threads()))
        except ValueError:  # the engine refuses what is not finite
            if not torch.isfinite(images).all():
                raise
            return self.plain(images)

    def plain(self, images: Tensor) -> Tensor:
        """Return what `forward` does, computed by the layers in PyTorch."""
        _, rows, columns = self.architecture.input
        top, left = (rows - images.shape[2]) // 2, (columns - images.shape[3]) // 2
        margins = (left, columns - images.shape[3] - left, top, rows - images.shape[2] - top)
        low, high = self.architecture.scale
        x = low + (high - low) * functional.pad(images, margins)
        for layer in self._layers:
            x = layer(x)
        return x if self._gives_maps else x.flatten(1)

    def _checked(self, images: Tensor) -> Tensor:
        """Return (n, maps, rows, columns) floats, or say what is wrong with the shape."""
        maps, rows, columns = self.architecture.input
        if images.ndim == 3 and maps == 1:
            images = images[:, None]
        if images.ndim != 4 or images.shape[1] != maps or images.shape[2] > rows or images.shape[3] > columns:
            raise InputError(
                f"images of shape {tuple(images.shape)} were given; expected (n, {maps}, rows, columns), at most "
                f"{rows}x{columns}: make them smaller, or slide over larger ones with to_lenet().scan"
            )
        return images / 255 if images.dtype == torch.uint8 else images

    @property
    def _gives_maps(self) -> bool:
        return self.architecture.shapes()[-1][1:] != (1, 1)

    @property
    def _normalises(self) -> bool:
        return any(getattr(layer, "batch_norm", False) for layer in self.architecture.layers)

    def _engine_can(self, images: Tensor, backward: bool) -> bool:
        """Tell whether the engine computes what PyTorch would."""
        ordinary = type(images) is Tensor and images.device.type == "cpu" and images.dtype == torch.float32
        if not ordinary or not len(images) or (backward and self._normalises and not self.training):
            return False
        if (
            torch.compiler.is_compiling()
            or torch._C._get_tracing_state() is not None
            or torch.is_autocast_enabled("cpu")
        ):
            return False
        hooked = any(layer._forward_hooks or layer._forward_pre_hooks for layer in self._layers)
        return not hooked and self._shared()

    # ---- to lenet and back ------------------------------------------------------------------------------------------

    @classmethod
    def from_lenet(cls, network: Numbers) -> Self:
        """Return a module with the numbers and class names of a `lenet.network.Network`, in memory of its own."""
        module = cls.__new__(cls)
        Network.__init__(module, network.architecture, seed=0)
        for name, at in module._memory().items():
            at.copy_(torch.from_numpy((network._arrays | network._statistics)[name]))
        module.classes = network.classes
        module._origin = (_digest(module.state_dict()), network.temperature, network.card)
        return module

    def to_lenet(self) -> Numbers:
        """Return a `lenet.network.Network` with the module's numbers and class names, in memory of its own.

        It has temperature and card of the network that `from_lenet` was given, unless the numbers are others since.

        Raises
        ------
        InputError
            The module no longer holds the layers of its architecture.
        """
        numbers = Numbers(self.architecture)
        arrays, state = numbers._arrays | numbers._statistics, self.state_dict()
        if {name: tuple(tensor.shape) for name, tensor in state.items()} != {n: a.shape for n, a in arrays.items()}:
            raise InputError(
                f"the module holds {', '.join(state)}, but {self.architecture.name} has {', '.join(arrays)}; "
                "only a module whose layers were not replaced can become a lenet network"
            )
        for name, tensor in state.items():
            arrays[name][...] = tensor.detach().to("cpu", torch.float32).numpy()
        numbers._engine.changed()
        numbers.classes = self.classes
        if self._origin is not None and self._origin[0] == _digest(state):
            _, numbers.temperature, numbers.card = self._origin
        return numbers


class LeNet5(Network):
    """LeNet-5 as `lenet.architectures.lenet5` describes it.

    Parameters
    ----------
    pooling, activation, classes : as in `lenet.architectures.lenet5`.
    seed : as in `Network`.
    """

    def __init__(
        self,
        *,
        pooling: Pooling = "average",
        activation: Activation = "tanh",
        classes: int = 10,
        seed: int | None = None,
    ) -> None:
        super().__init__(lenet5(pooling=pooling, activation=activation, classes=classes), seed=seed)


def _digest(state: Mapping[str, Tensor]) -> int:
    """Return what tells these numbers from others."""
    found = 0
    for tensor in state.values():
        found = zlib.crc32(tensor.detach().to("cpu", torch.float32).contiguous().numpy().data, found)
    return found


def _after_load(module: nn.Module, incompatible: Any) -> None:
    """Take tensors that `load_state_dict(assign=True)` put in place back into the engine's memory."""
    if isinstance(module, Network):
        module._share()


def _array(images: Tensor) -> np.ndarray[Any, np.dtype[np.float32]]:
    return images.detach().contiguous().numpy()


class _OnEngine(torch.autograd.Function):
    """One pass forward, and back, on the engine."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, module: Network, *parameters: Tensor) -> Tensor:
        """Run the network, and remember which pass of the engine this is."""
        ctx.module = module
        ctx.save_for_backward(images, *parameters)
        with module._lock:
            module._pass += 1
            ctx.made = module._pass
            return torch.from_numpy(module._numbers._engine.forward_train(_array(images), torch.get_num_threads()))

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Any, ...]:
        """Return the gradients of the images and of every parameter."""
        images, *parameters = ctx.saved_tensors
        if torch.is_grad_enabled():  # with create_graph: the answer has to be differentiable itself
            return _plain_gradients(ctx, images, parameters, upstream[0])
        module: Network = ctx.module
        engine = module._numbers._engine
        with module._lock:
            if ctx.made != module._pass:
                _repeat(module, images)
                ctx.made = module._pass
            flat, inputs = engine.backward(_array(upstream[0]), ctx.needs_input_grad[0])
        views = _cut(module, torch.from_numpy(flat))
        wanted = [view if need else None for view, need in zip(views, ctx.needs_input_grad[2:], strict=True)]
        return (_to_images(module, images, inputs) if ctx.needs_input_grad[0] else None, None, *wanted)


def _repeat(module: Network, images: Tensor) -> None:
    """Run a pass again whose results another pass has overwritten since; batch norm does not count it twice."""
    engine = module._numbers._engine
    before = engine.statistics.copy()
    engine.forward_train(_array(images), torch.get_num_threads())
    engine.statistics[...] = before
    module._pass += 1


def _to_images(module: Network, images: Tensor, inputs: Any) -> Tensor:
    """Turn the gradient of what the first layer sees into that of the images."""
    (low, high), rows, columns = module.architecture.scale, images.shape[2], images.shape[3]
    top, left = (inputs.shape[2] - rows) // 2, (inputs.shape[3] - columns) // 2
    return torch.from_numpy(inputs)[:, :, top : top + rows, left : left + columns] * (high - low)


def _cut(module: Network, flat: Tensor) -> list[Tensor]:
    """Return views of the engine's flat gradients that lie as the parameters do."""
    places = [tensor for _, kind, tensor, _ in module._places or () if kind not in STATISTICS]
    start = module._numbers._engine.parameters.ctypes.data
    return [flat.as_strided(tensor.shape, tensor.stride(), (tensor.data_ptr() - start) // 4) for tensor in places]


def _plain_gradients(ctx: Any, images: Tensor, parameters: list[Tensor], upstream: Tensor) -> tuple[Any, ...]:
    """Return gradients that PyTorch can differentiate again."""
    module: Network = ctx.module
    needed = (ctx.needs_input_grad[0], *ctx.needs_input_grad[2:])
    wanted = [source for source, need in zip((images, *parameters), needed, strict=True) if need]
    kept = [(layer, dict(layer._buffers)) for layer in module._layers]
    for layer, buffers in kept:  # the pass was counted in the running statistics when it was made
        layer._buffers.update({name: tensor if tensor is None else tensor.clone() for name, tensor in buffers.items()})
    try:
        found = iter(torch.autograd.grad(module.plain(images), wanted, upstream, create_graph=True))
    finally:
        for layer, buffers in kept:
            layer._buffers.update(buffers)
    first, *others = [next(found) if need else None for need in needed]
    return (first, None, *others)
