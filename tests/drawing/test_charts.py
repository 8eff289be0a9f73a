from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from lenet.drawing import confusion_matrix, learning_curve
from lenet.drawing.canvas import ORANGE
from lenet.learning import Epoch, History


def history(*errors, held_out=None):
    return History(tuple(Epoch(i + 1, 2 * e, e, held_out, 0.1, 1.0) for i, e in enumerate(errors)))


def has(picture, colour):
    return bool((np.asarray(picture) == colour).all(-1).any())


@pytest.mark.parametrize("errors", [(0.1,), (0.1, 0.05, 0.02), (0.0, 0.0), tuple(0.9**i for i in range(200))])
def test_learning_curve_is_drawn_for_any_number_of_epochs(errors):
    assert learning_curve(history(*errors)).size == (960, 400)


def test_learning_curve_of_no_epochs_is_empty_axes():
    assert learning_curve(History()).size == (960, 400)


def test_the_held_out_error_has_a_line_of_its_own():
    assert has(learning_curve(history(0.1, 0.05, held_out=0.07)), ORANGE)
    assert not has(learning_curve(history(0.1, 0.05)), ORANGE)


def test_confusion_matrix_fits_any_classes():
    for names in (("0", "1"), tuple("0123456789"), tuple(f"class {i}" for i in range(40))):
        counts = tuple(tuple(1 + (i == j) * 900 for j in range(len(names))) for i in range(len(names)))
        picture = confusion_matrix(SimpleNamespace(confusion=counts, classes=names))
        assert picture.width < 4000
        assert picture.height > 300


def test_a_class_that_was_never_seen_has_no_error():
    assert confusion_matrix(SimpleNamespace(confusion=((3, 0), (0, 0)), classes=("a", "b"))).width > 300
