from __future__ import annotations

import numpy as np
import pytest

from lenet.drawing import rejection_chart
from lenet.drawing.canvas import BLUE, ORANGE
from lenet.reading.evaluation import ConfidenceBin, FieldEvaluation, Outcome


def evaluation(curve, bins, outcome):
    return FieldEvaluation(
        "given", "digits", 10, 9, (0.6, 0.98), 0.01, outcome, (0.5, 0.9), (0, 0.3), curve, 0.1, 0.02, 0.05, bins, ()
    )


@pytest.mark.parametrize(
    ("curve", "outcome"),
    [
        ((Outcome(0.1, 0.9, 0.0, 0.1), Outcome(0.9, 0.6, 0.4, 0.0), Outcome(1.1, 0, 1, 0)), Outcome(0.5, 1, 0, 0)),
        ((Outcome(1.1, 0, 1, 0),), Outcome(1.1, 0.0, 1.0, 0.0)),
        ((Outcome(0.9, 1.0, 0.0, 0.0), Outcome(1.1, 0, 1, 0)), Outcome(0.5, 1.0, 0.0, 0.0)),
        ((Outcome(0.1, 0.0, 0.0, 1.0), Outcome(1.1, 0, 1, 0)), Outcome(0.5, 0.0, 0.0, 1.0)),
    ],
)  # fmt: skip
def test_both_charts_are_drawn_for_good_and_hopeless_readers(curve, outcome):
    picture = np.asarray(rejection_chart(evaluation(curve, (ConfidenceBin(10, 0.9, 0.9),), outcome)))
    assert picture.shape == (440, 960, 3)
    assert (picture[:, :480] == ORANGE).all(-1).any()
    assert (picture[:, 500:] == BLUE).all(-1).any()
