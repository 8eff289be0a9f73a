"""The checks of the public door, where no network is needed; tests/test_network.py has what users see of them."""

from __future__ import annotations

import numpy as np
import pytest

from lenet.architectures import lenet5
from lenet.errors import InputError
from lenet.inputs import as_array, labels_for, ready, ready_for, sized


def test_images_that_are_ready_are_not_copied() -> None:
    images = np.zeros((2, 1, 28, 28), np.float32)
    assert ready_for(lenet5(), images) is images
    assert np.shares_memory(ready_for(lenet5(), images[:, 0]), images)


def test_other_floats_and_orders_become_float32_in_one_piece() -> None:
    found = ready(np.ones((3, 4))[:, ::2])
    assert found.dtype == np.float32
    assert found.flags.c_contiguous


@pytest.mark.parametrize("dtype", [np.int64, bool, complex, np.str_])
def test_numbers_of_no_known_scale_are_refused(dtype: type) -> None:
    with pytest.raises(InputError, match="convert them with astype"):
        ready(np.zeros((2, 2), dtype))


def test_doubles_too_large_for_float32_are_refused() -> None:
    with pytest.raises(InputError, match="infinite"):
        ready(np.full((2, 2), 1e300))


def test_rows_of_different_lengths_are_no_array() -> None:
    with pytest.raises(InputError, match=r"numpy\.stack"):
        as_array([[1], [1, 2]])


@pytest.mark.parametrize("labels", [[0, 1], [0.0, 1.0, 2.0], [0, 1, 10], [-1, 0, 1], [[0], [1], [2]]])
def test_labels_that_do_not_fit_are_refused(labels: list) -> None:
    with pytest.raises(InputError):
        labels_for(labels, 3, 10)


def test_width_is_free_only_where_the_network_reads_any() -> None:
    with pytest.raises(InputError, match="at most 1 map of 32x32"):
        ready_for(lenet5(), np.zeros((1, 32, 40), np.uint8), any_width=True)


def test_sizes_in_words() -> None:
    assert sized((1, 28, 28)) == "1 map of 28x28"
    assert sized((3, 8, 9)) == "3 maps of 8x9"
