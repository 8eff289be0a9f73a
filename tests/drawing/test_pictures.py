from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from lenet.drawing import annotate, contact_sheet, feature_maps, pictures
from lenet.drawing.canvas import GREEN, RED
from lenet.errors import InputError
from lenet.network import Network


def reading(*confidences):
    boxes = [(10 + 20 * i, 10, 24 + 20 * i, 40) for i in range(len(confidences))]
    characters = [SimpleNamespace(text="7", confidence=c, box=box) for c, box in zip(confidences, boxes, strict=True)]
    return SimpleNamespace(box=(10, 10, 24 + 20 * len(confidences), 40), characters=characters)


def has(picture, colour):
    return bool((np.asarray(picture) == colour).all(-1).any())


@pytest.mark.parametrize("shape", [(50, 100), (50, 100, 3), (1200, 1600), (60, 3000)])
def test_annotate_draws_on_any_size(shape):
    picture = annotate(np.full(shape, 230, np.uint8), [reading(0.99, 0.2)])
    assert max(picture.size) >= 700
    assert has(picture, GREEN)
    assert has(picture, RED)


def test_annotate_leaves_the_given_picture_alone():
    page = np.full((50, 100), 230, np.uint8)
    annotate(page, [reading(0.99)])
    assert (page == 230).all()


def test_annotate_without_readings_shows_the_picture():
    assert not has(annotate(np.full((50, 100), 230, np.uint8), []), GREEN)


def test_a_character_at_the_edge_keeps_its_label_inside():
    edge = SimpleNamespace(text="1", confidence=0.5, box=(0, 0, 3, 9))
    picture = annotate(np.full((10, 12), 255, np.uint8), [SimpleNamespace(box=(0, 0, 3, 9), characters=[edge])])
    assert has(picture, RED)


@pytest.mark.parametrize("shape", [(3, 28, 28), (20, 1, 28, 28), (9, 3, 32, 32)])
def test_contact_sheet_takes_images_of_any_kind(shape):
    images = np.zeros(shape, np.uint8)
    sheet = contact_sheet(images, [f"{i} read as 4, 98%" for i in range(len(images))])
    assert sheet.height > 100 * np.ceil(len(images) / 8)


def test_contact_sheet_draws_ink_dark():
    images = np.full((1, 28, 28), 255, np.uint8)
    assert (np.asarray(contact_sheet(images, [""]))[62, 66] == 0).all()


def test_contact_sheet_refuses_other_counts():
    with pytest.raises(InputError, match="2 images and 1 captions"):
        contact_sheet(np.zeros((2, 28, 28), np.uint8), ["one"])


@pytest.mark.parametrize("name", ["lenet5", "lenet5-1998", "lenet1", "lenet4"])
def test_feature_maps_are_drawn_for_every_network(name):
    image = np.zeros((28, 28), np.uint8)
    image[8:20, 12:15] = 255
    picture = feature_maps(Network(name, seed=1), image)
    assert picture.width > 900
    assert picture.height > 500


def test_the_input_is_drawn_as_the_network_sees_it():
    """28 stands in 32 with two pixels of paper around it; where the rest is odd, more comes after."""
    image = np.full((1, 28, 28), 255, np.uint8)
    seen = pictures._as_seen(Network("lenet5", seed=1), image)
    assert seen.shape == (1, 32, 32)
    assert (seen[0, 2:-2, 2:-2] == 1).all()
    assert seen.sum() == 28 * 28
    assert (pictures._as_seen(Network("lenet5", seed=1), image[:, :27] / 255.0)[0, 2:29, 2:-2] == 1).all()
