"""Data sets of arrays: usual types are taken, and what does not fit is said in one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from lenet.datasets import Dataset, from_arrays
from lenet.errors import InputError

IMAGES = np.arange(6 * 4 * 4, dtype=np.uint8).reshape(6, 4, 4)
LABELS = [0, 1, 2, 0, 1, 2]


def test_uint8_images_are_not_copied():
    assert np.shares_memory(from_arrays(IMAGES, LABELS).images, IMAGES)


def test_integers_become_classes_up_to_the_largest():
    dataset = from_arrays(IMAGES, [0, 3, 3, 0, 1, 1])
    assert dataset.classes == ("0", "1", "2", "3")
    assert dataset.labels.dtype == np.int64


def test_strings_are_sorted_into_classes():
    dataset = from_arrays(IMAGES, ["no", "yes", "no", "no", "yes", "maybe"])
    assert dataset.classes == ("maybe", "no", "yes")
    assert dataset.labels.tolist() == [1, 2, 1, 1, 2, 0]


def test_given_classes_keep_their_order():
    dataset = from_arrays(IMAGES, ["b", "a"] * 3, ["b", "a", "c"])
    assert dataset.labels.tolist() == [0, 1] * 3
    assert dataset.classes == ("b", "a", "c")


def test_floats_are_rounded_to_256_steps():
    dataset = from_arrays(np.array([[[0.0, 0.5, 1.0]]]), [0])
    assert dataset.images.tolist() == [[[[0, 128, 255]]]]


def test_booleans_are_ink():
    assert from_arrays(np.array([[[True, False]]]), [0]).images.tolist() == [[[[255, 0]]]]


def test_other_integers_are_taken_as_bytes():
    assert from_arrays(IMAGES.astype(np.int64), LABELS).images.dtype == np.uint8


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((6, 784)), "reshape"),
        (np.zeros((6, 28, 28, 3), np.uint8), "channels last"),
        (np.full((6, 4, 4), np.nan), "from 0"),
        (np.full((6, 4, 4), np.inf), "from 0"),
        (np.full((6, 4, 4), 255.0), "from 0"),
        (np.full((6, 4, 4), -1), "from 0"),
        (np.full((6, 4, 4), 256), "from 0"),
        (np.zeros((6, 4, 4), complex), "complex"),
        (np.zeros((6, 0, 4)), "shape"),
        (np.zeros((5, 4, 4)), "5 images came with 6 labels"),
    ],
)
def test_images_that_cannot_be_used_are_refused(images, said):
    with pytest.raises(InputError, match=said):
        from_arrays(images, LABELS)


@pytest.mark.parametrize(
    ("labels", "classes", "said"),
    [
        (np.eye(6), None, "shape"),
        ([0.0, 1.0, 2.0, 0.0, 1.0, 2.0], None, "float64"),
        ([0, 1, 2, 0, 1, -1], None, "-1"),
        ([0, 1, 2, 0, 1, 10**9], None, "1,000,000,000"),
        ([0, 1, 2, 0, 1, 3], ["a", "b", "c"], "3 classes"),
        (["a", "b", "c", "a", "b", "d"], ["a", "b", "c"], "'d'"),
        (LABELS, ["a", "a", "b"], "different"),
        (["a", "b", None, "a", "b", "c"], None, "strings"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(labels, classes, said):
    with pytest.raises(InputError, match=said):
        from_arrays(IMAGES, labels, classes)


def test_dataset_itself_takes_no_other_types():
    with pytest.raises(InputError, match="from_arrays"):
        Dataset(IMAGES, np.zeros(6, np.int64), ("0",))
    with pytest.raises(InputError, match="int64"):
        Dataset(IMAGES[:, np.newaxis], np.zeros(6, np.uint8), ("0",))


def test_subset_takes_indices_and_masks():
    dataset = from_arrays(IMAGES, LABELS, groups=range(6))
    assert dataset.subset([4, 0]).labels.tolist() == [1, 0]
    assert dataset.subset(dataset.labels == 2).groups.tolist() == [2, 5]


def test_subset_takes_slices_without_copying():
    dataset = from_arrays(IMAGES, LABELS)
    assert np.shares_memory(dataset.subset(slice(2)).images, IMAGES)
    assert len(dataset.subset([])) == 0


@pytest.mark.parametrize("indices", [[6], [0.5], [True, False], ["a"]])
def test_subset_refuses_what_is_no_index(indices):
    with pytest.raises(InputError, match="no such subset"):
        from_arrays(IMAGES, LABELS).subset(indices)


def test_split_parts_everything_once_and_repeatably():
    dataset = from_arrays(np.zeros((100, 2, 2), np.uint8), np.arange(100))
    most, some = dataset.split(0.2, seed=3)
    assert (len(most), len(some)) == (80, 20)
    assert sorted([*most.labels, *some.labels]) == list(range(100))
    assert some.labels.tolist() == dataset.split(0.2, seed=3)[1].labels.tolist()
    assert some.labels.tolist() != dataset.split(0.2, seed=4)[1].labels.tolist()


def test_split_keeps_groups_whole():
    dataset = from_arrays(np.zeros((100, 2, 2), np.uint8), np.zeros(100, int), groups=np.arange(100) // 7)
    most, some = dataset.split(0.3)
    assert not set(most.groups) & set(some.groups)
    assert 30 <= len(some) < 37


@pytest.mark.parametrize("fraction", [-0.1, 1, 1.5, float("nan")])
def test_split_refuses_what_is_no_share(fraction):
    with pytest.raises(InputError, match="fraction"):
        from_arrays(IMAGES, LABELS).split(fraction)


def test_a_person_can_read_what_it_is():
    assert repr(from_arrays(IMAGES, LABELS, name="mine")) == "Dataset('mine': 6 images 1x4x4, 3 classes)"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"images": [[1, 2], [3]], "labels": [0, 1]}, "the images are no array"),
        ({"labels": [[0], [0, 1]]}, "the labels are no array"),
        ({"groups": ["ann", "ben"]}, "the groups are <U3"),
        ({"groups": [0.5, 1.5]}, "the groups are float64"),
    ],
)
def test_what_makes_no_array_is_named(values, words):
    with pytest.raises(InputError, match=words):
        from_arrays(**{"images": np.zeros((2, 8, 8), np.uint8), "labels": [0, 1]} | values)


def test_classes_are_kept_as_a_tuple_of_names():
    images, labels = np.zeros((2, 1, 8, 8), np.uint8), np.array([0, 1])
    assert Dataset(images, labels, ["a", "b"]).classes == ("a", "b")
    for classes in ("ab", [0, 1]):
        with pytest.raises(InputError, match="tuple of their names"):
            Dataset(images, labels, classes)
