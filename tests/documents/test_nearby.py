from __future__ import annotations

import numpy as np
import pytest

from lenet.documents.nearby import closing, enlarged, largest_near, local_mean, reduced


@pytest.mark.parametrize(("down", "across"), [(0, 0), (1, 0), (0, 3), (2, 5), (40, 40)])
def test_the_largest_near_is_the_largest_of_the_window(down, across):
    values = np.random.default_rng(1).integers(0, 256, (13, 17), dtype=np.uint8)
    for y in range(13):
        for x in range(17):
            window = values[max(0, y - down) : y + down + 1, max(0, x - across) : x + across + 1]
            assert largest_near(values, down, across)[y, x] == window.max()


def test_the_local_mean_is_the_mean_of_what_there_is_of_the_window():
    values = np.random.default_rng(2).random((9, 11), np.float32)
    means = local_mean(values, 5)
    assert means[0, 0] == pytest.approx(values[:3, :3].mean(), rel=1e-5)
    assert means[4, 5] == pytest.approx(values[2:7, 3:8].mean(), rel=1e-5)


def test_a_closing_removes_what_is_narrower_than_its_window_and_nothing_else():
    plane = np.full((60, 60), 200, np.uint8)
    plane[30, :] = 20
    plane[:, :25] = 100
    closed = closing(plane, 9)
    assert (closed[:, :25] == 100).all()
    assert (closed[:, 25:] == 200).all()


@pytest.mark.parametrize("shape", [(3, 4), (500, 700), (1001, 2003), (40, 20_000)])
def test_a_reduced_plane_comes_back_at_its_size(shape):
    plane = np.broadcast_to(np.linspace(50, 200, shape[1]).astype(np.uint8), shape)
    small, factor = reduced(np.ascontiguousarray(plane))
    again = enlarged(small, factor, shape)
    assert again.shape == shape
    assert abs(again.astype(int) - plane).max() <= 3
