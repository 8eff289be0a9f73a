"""Learning: recipes, the loop, checkpoints, and what a network gets wrong."""

from lenet.learning.evaluation import Evaluation, Mistake, Rejection, calibrate, evaluate, wilson
from lenet.learning.history import Epoch, History, Progress
from lenet.learning.loop import Training, train
from lenet.learning.recipes import RECIPES, Distortion, Recipe

__all__ = [
    "RECIPES",
    "Distortion",
    "Epoch",
    "Evaluation",
    "History",
    "Mistake",
    "Progress",
    "Recipe",
    "Rejection",
    "Training",
    "calibrate",
    "evaluate",
    "train",
    "wilson",
]
