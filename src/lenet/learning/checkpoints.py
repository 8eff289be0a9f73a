"""Checkpoints: all that a training needs to go on as if it had never stopped.

The order of the images and their distortions follow from seed, epoch and image, so no state of a random generator
has to be kept.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenet.architectures import Architecture
from lenet.errors import FormatError, InputError, LenetError
from lenet.files import write_whole
from lenet.learning.history import History
from lenet.learning.recipes import Recipe

__all__ = ["NUMBERS", "Checkpoint", "load", "save"]

FORMAT = "lenet-checkpoint-1"
"""What the header calls itself; a later, incompatible one would count up."""

LARGEST = 1 << 32
"""Bytes of a file that is read at all; LeNet-5 with AdamW and an average has 1 MB."""

Numbers = NDArray[np.float32]
NUMBERS = ("parameters", "statistics", "optimizer", "average_parameters", "average_statistics")
"""The numbers of a training: of the network, as the engine lays them out; the momentum or moments of the optimiser; the
moving averages, which are empty where the recipe takes none."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of a training between two epochs.

    Parameters
    ----------
    architecture, recipe : what is trained, and how.
    data : tells whether a data set is the one that was trained on.
    step : steps of the optimiser so far.
    history : the epochs so far.
    numbers : all of `NUMBERS`, float32.
    """

    architecture: Architecture
    recipe: Recipe
    data: str
    step: int
    history: History
    numbers: tuple[Numbers, ...]


def save(checkpoint: Checkpoint, path: str | os.PathLike[str]) -> Path:
    """Write a checkpoint; an earlier one at `path` is replaced only when the new one is whole.

    Raises
    ------
    InputError
        The place cannot be written to, or the disk is full; an earlier checkpoint is as it was.
    """
    from safetensors.numpy import save as pack

    metadata = {
        "format": FORMAT,
        "architecture": checkpoint.architecture.to_json(),
        "recipe": checkpoint.recipe.to_json(),
        "history": checkpoint.history.to_json(),
        "data": checkpoint.data,
        "step": json.dumps(checkpoint.step),
    }
    arrays = dict(zip(NUMBERS, checkpoint.numbers, strict=True))
    return write_whole(path, [pack({name: np.ascontiguousarray(some) for name, some in arrays.items()}, metadata)])


def load(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint that `save` wrote.

    Raises
    ------
    InputError
        There is no such file, or it cannot be opened.
    FormatError
        The file is damaged, or is no checkpoint.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise _refuse(path, f"more than the {LARGEST:,} bytes that are read")
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dictionary)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}); give a checkpoint's path") from error
    except (SafetensorError, TypeError, ValueError, AttributeError) as error:
        raise _refuse(path, str(error)) from None
    if header.get("format") != FORMAT or set(arrays) != set(NUMBERS):
        raise _refuse(path, "other contents than a checkpoint's")
    for name, array in arrays.items():
        if array.dtype != np.float32 or array.ndim != 1 or not np.isfinite(array).all():
            raise _refuse(path, f"its {name} are not finite float32 numbers in one row")
    return _join(path, header, arrays)


def _join(path: Path, header: dict[str, str], arrays: dict[str, Numbers]) -> Checkpoint:
    """Make a `Checkpoint` of what stood in a file."""
    try:
        architecture = Architecture.from_json(header["architecture"])
        if architecture.parameters != len(arrays["parameters"]):
            raise _refuse(path, f"{architecture} with {len(arrays['parameters']):,} numbers")
        recipe, history = Recipe.from_json(header["recipe"]), History.from_json(header["history"])
        step = int(header["step"])
        if not 0 <= step < 1 << 62:
            raise _refuse(path, f"{step} steps")
        numbers = tuple(arrays[name] for name in NUMBERS)
        return Checkpoint(architecture, recipe, header["data"], step, history, numbers)
    except FormatError:
        raise
    except (LenetError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise _refuse(path, str(error)) from None


def _refuse(path: Path, why: str) -> FormatError:
    return FormatError(f"{path} is not a whole checkpoint ({why}); give one that training wrote, or start anew")
