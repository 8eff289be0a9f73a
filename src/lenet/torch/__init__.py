"""lenet's networks as ordinary PyTorch modules."""

from __future__ import annotations

from lenet.errors import MissingExtraError

try:
    from lenet.torch.lenet5 import LeNet5, Network
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise MissingExtraError(
        'lenet.torch needs PyTorch, which is not installed; run pip install "lenet[torch]"'
    ) from error

__all__ = ["LeNet5", "Network"]
