"""lenet over HTTP: the service that `lenet serve` runs, and a client for it.

The names are fetched from their modules at first use. FastAPI and uvicorn are the extra `lenet[serve]`; `Client` needs
neither.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lenet.serve.app import create_app
    from lenet.serve.client import Client
    from lenet.serve.limits import Limits
    from lenet.serve.running import serve

__all__ = ["Client", "Limits", "create_app", "serve"]

_MODULES = {"Client": "client", "Limits": "limits", "create_app": "app", "serve": "running"}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'lenet.serve' has no attribute {name!r}")
    value: object = getattr(import_module(f"lenet.serve.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
