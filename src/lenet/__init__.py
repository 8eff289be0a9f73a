"""LeNet-5 as software: train it in seconds, read handwritten digits with it, look inside.

>>> import lenet
>>> network = lenet.load("digits")
>>> network.classes
('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')

The names are fetched from their modules at first use, so that `import lenet` loads nothing that is not needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lenet.architectures import Architecture, lenet1, lenet4, lenet5, lenet5_1998
    from lenet.cards import Card
    from lenet.datasets import Dataset, load_digits8x8, load_folder, load_mnist
    from lenet.documents import Page, open_document
    from lenet.errors import LenetError
    from lenet.glyphs import open_glyph
    from lenet.grammar import Grammar
    from lenet.learning import Evaluation, History, Recipe, Training, evaluate, train
    from lenet.network import Network
    from lenet.reading import Character, Reader, Reading, read, read_cheque, read_folder, read_form, read_page
    from lenet.weights import load, save

    __version__: str

__all__ = [
    "Architecture",
    "Card",
    "Character",
    "Dataset",
    "Evaluation",
    "Grammar",
    "History",
    "LenetError",
    "Network",
    "Page",
    "Reader",
    "Reading",
    "Recipe",
    "Training",
    "__version__",
    "evaluate",
    "lenet1",
    "lenet4",
    "lenet5",
    "lenet5_1998",
    "load",
    "load_digits8x8",
    "load_folder",
    "load_mnist",
    "open_document",
    "open_glyph",
    "read",
    "read_cheque",
    "read_folder",
    "read_form",
    "read_page",
    "save",
    "train",
]

_PLACES = {
    "architectures": ("Architecture", "lenet1", "lenet4", "lenet5", "lenet5_1998"),
    "cards": ("Card",),
    "datasets": ("Dataset", "load_digits8x8", "load_folder", "load_mnist"),
    "documents": ("Page", "open_document"),
    "errors": ("LenetError",),
    "glyphs": ("open_glyph",),
    "grammar": ("Grammar",),
    "learning": ("Evaluation", "History", "Recipe", "Training", "evaluate", "train"),
    "network": ("Network",),
    "reading": ("Character", "Reader", "Reading", "read", "read_cheque", "read_folder", "read_form", "read_page"),
    "weights": ("load", "save"),
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("lenet")
    if name not in _MODULES:
        raise AttributeError(f"module 'lenet' has no attribute {name!r}")
    value: object = getattr(import_module(f"lenet.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
