"""Labelled images: MNIST, the digits inside scikit-learn, folders of pictures, IDX files and arrays.

Every loader gives a `Dataset`.
"""

from lenet.datasets.arrays import Dataset, from_arrays
from lenet.datasets.digits8x8 import load_digits8x8
from lenet.datasets.folders import load_folder
from lenet.datasets.idx import read_idx, write_idx
from lenet.datasets.mnist import fetch_mnist, load_mnist

__all__ = [
    "Dataset",
    "fetch_mnist",
    "from_arrays",
    "load_digits8x8",
    "load_folder",
    "load_mnist",
    "read_idx",
    "write_idx",
]
