"""Networks in files: safetensors with the architecture, the class names and the `Card` in its header.

The format holds numbers and text only; reading a file of unknown origin runs nothing that is in it.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architectures import Architecture, Convolution, FullConnection
from lenet.calibration import Calibration
from lenet.cards import Card
from lenet.errors import ArchitectureError, FormatError, InputError
from lenet.files import write_whole
from lenet.network import Network

__all__ = ["Card", "as_bytes", "load", "save", "shipped"]

FORMAT = "lenet-1"
"""What the header calls itself; a later, incompatible one would count up."""

LARGEST = 1 << 30
"""Bytes of a file that is read at all; LeNet-5 has 0.25 MB."""

LARGEST_UNITS = 1 << 26
"""Units of a network that a file may describe: 256 MB an image; LeNet-5 has 8,094."""


_MODELS = Path(__file__).with_name("models")
_SUFFIX = ".safetensors"


def save(network: Network, path: str | os.PathLike[str], *, half: bool = False) -> Path:
    """Write a network, with its card, class names and temperature, to a safetensors file.

    Parameters
    ----------
    network : what to write.
    path : where; a file that stands there is replaced once the new one is whole.
    half : write float16, in half the bytes: numbers keep 11 bits, those below 6e-5 fewer; `load` makes them float32.

    Returns
    -------
    The path.

    Raises
    ------
    InputError
        The place cannot be written to, or a number is too large for float16; nothing is left half-written.
    """
    return write_whole(path, _pieces(network, half=half))


def as_bytes(network: Network) -> bytes:
    """Return what `save` writes, for those who send it instead."""
    return b"".join(_pieces(network))


def _pieces(network: Network, *, half: bool = False) -> tuple[bytes, bytes, bytes]:
    metadata = {
        "format": FORMAT,
        "architecture": network.architecture.to_json(),
        "temperature": repr(network.temperature),
        "classes": json.dumps(network.classes, ensure_ascii=False),
    }
    if network.card is not None:
        metadata["card"] = network.card.to_json()
    if network.calibration is not None:
        metadata["calibration"] = network.calibration.to_json()
    tensors = _tensors(network)
    return _packed({name: _halved(name, some) for name, some in tensors.items()} if half else tensors, metadata)


def _halved(name: str, numbers: NDArray[np.float32]) -> NDArray[np.float16]:
    largest = float(np.abs(numbers).max(initial=0))
    if largest > float(np.finfo(np.float16).max):
        raise InputError(f"{name} has a number of {largest:g}, too large for float16; save it without half")
    return numbers.astype(np.float16)


def load(name_or_path: str | os.PathLike[str]) -> Network:
    """Read a network that `save` wrote, or one that comes with lenet.

    Parameters
    ----------
    name_or_path : the name of a shipped network, such as "digits" (see `shipped`), or a path.

    Raises
    ------
    InputError
        There is no such file, and no shipped network of that name.
    FormatError
        The file is damaged, is not a network, or its numbers do not fit its architecture; the message names the tensor.
    """
    path = _find(name_or_path)
    metadata, tensors = _read(path)
    architecture = _architecture(path, metadata, tensors)
    network = Network.__new__(Network)
    network._build(architecture)
    _fill(path, _tensors(network), tensors)
    network._engine.changed()
    _describe(path, network, metadata)
    return network


def shipped() -> tuple[str, ...]:
    """Return the names of the networks that come with lenet."""
    return tuple(sorted(path.stem for path in _MODELS.glob(f"*{_SUFFIX}")))


def _tensors(network: Network) -> dict[str, NDArray[np.float32]]:
    return network._arrays | network._statistics


def _packed(tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> tuple[bytes, bytes, bytes]:
    """Return the pieces of a safetensors file: the same ones for the same network, so that a checksum says something.

    The package writes the header's texts in an order that changes from run to run; here they are sorted.
    """
    from safetensors.numpy import save as pack

    content = pack({name: np.ascontiguousarray(array) for name, array in tensors.items()}, dict(metadata))
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the numbers start at a multiple of eight bytes
    return len(text).to_bytes(8, "little"), text, content[start:]


def _find(name_or_path: str | os.PathLike[str]) -> Path:
    path = Path(name_or_path)
    if path.is_file():
        return path
    name = str(name_or_path)
    if name in shipped():
        return _MODELS / f"{name}{_SUFFIX}"
    names = ", ".join(shipped()) or "none"
    raise InputError(f"{name} is neither a file nor a shipped network ({names}); give a path, or one of those names")


def _refuse(path: Path, why: str) -> FormatError:
    return FormatError(f"{path}: {why}; expected a file that lenet.save wrote: save or fetch it again")


def _read(path: Path) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """Return the header's text and all arrays."""
    from safetensors import SafetensorError, safe_open

    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise _refuse(path, f"{size:,} bytes are more than the {LARGEST:,} that are read")
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}); give a file that can") from error
    except (SafetensorError, TypeError, ValueError, AttributeError) as error:
        raise _refuse(path, f"not a whole safetensors file ({error})") from None


def _architecture(path: Path, metadata: Mapping[str, str], tensors: Mapping[str, NDArray[Any]]) -> Architecture:
    """Return the architecture of a file, before anything is made as large as it says."""
    if metadata.get("format") != FORMAT or "architecture" not in metadata:
        raise _refuse(path, "a safetensors file, but without the description of a network in its header")
    try:
        architecture = Architecture.from_json(metadata["architecture"])
    except ArchitectureError as error:
        raise _refuse(path, f"its architecture cannot be used ({error})") from None
    for layer, shape in zip(architecture.layers, architecture.shapes()[:-1], strict=True):
        if isinstance(layer, Convolution | FullConnection):
            _check(path, f"{layer.name}.weights", tensors, layer.weight_shape(shape))
    if sum(math.prod(shape) for shape in architecture.shapes()) > LARGEST_UNITS:
        raise _refuse(path, f"{architecture.name} has more than {LARGEST_UNITS:,} units")
    return architecture


def _fill(path: Path, wanted: Mapping[str, NDArray[np.float32]], tensors: Mapping[str, NDArray[Any]]) -> None:
    """Copy each tensor to its place, or name the one that does not fit."""
    for name in sorted(set(tensors) - set(wanted)):
        raise _refuse(path, f"tensor {name} belongs to no layer")
    for name, place in wanted.items():
        place[...] = _check(path, name, tensors, place.shape)


def _check(path: Path, name: str, tensors: Mapping[str, NDArray[Any]], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return one tensor if it is there, fits its layer and is finite."""
    if name not in tensors:
        raise _refuse(path, f"tensor {name} is missing")
    found = tensors[name]
    if found.shape != shape or found.dtype not in (np.float32, np.float16):
        raise _refuse(
            path, f"tensor {name} is {found.dtype} {found.shape}, but its layer needs float32 or float16 {shape}"
        )
    if not np.isfinite(found).all():
        raise _refuse(path, f"tensor {name} holds NaN or infinite numbers")
    return found.astype(np.float32)


def _describe(path: Path, network: Network, metadata: Mapping[str, str]) -> None:
    """Give the network the class names, the temperature and the card of its file."""
    try:
        network.temperature = float(metadata["temperature"])
        network.classes = _names(json.loads(metadata["classes"]))
        network.card = Card.from_json(metadata["card"]) if "card" in metadata else None
        if "calibration" in metadata:
            network.calibration = Calibration.from_json(metadata["calibration"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise _refuse(path, f"its header cannot be used ({error})") from None


def _names(given: object) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise TypeError("the classes are not a list of names")
    return given
