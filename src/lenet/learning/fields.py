"""Training on whole fields, of which only the text is known: where each character stands is found by training itself.

The network slides over the field and says at each place what it sees (a space-displacement network, LeCun et al. 1998,
section VII). The loss is minus the logarithm of the probability of all ways in which that can spell the text: the
forward penalty of the paths with the right text, against that of all paths (discriminative forward training, section
VI-E). Since the network's outputs are probabilities, that of all paths is always 0.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.architectures import Architecture, named
from lenet.datasets import Dataset
from lenet.datasets.labelled_fields import Fields
from lenet.datasets.synthetic import SIGNS, synthetic_fields
from lenet.documents.fields import FIELD_ROWS, normalize_field
from lenet.errors import InputError
from lenet.learning import checkpoints
from lenet.learning.course import Course, Training
from lenet.learning.history import Epoch, History, Progress
from lenet.learning.recipes import RECIPES, Recipe
from lenet.network import Network
from lenet.reading.whole import field_batch  # the same margins as in reading
