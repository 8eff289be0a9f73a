"""What runs for every piece of ink and every training image: components, normalisation, distortion.

The oracles are SciPy's labelling and slow restatements in NumPy of what engine/glyphs.h promises. Protected are: the
reading order of components; that a digit is prepared exactly as MNIST's were, or every network here misreads photos;
that distortion depends on (seed, id) alone, or a training could not be repeated with other threads.
"""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from lenet import _engine

Grey = NDArray[np.uint8]
EVERYTHING = {
    "rotation": 12.0,
    "shear": 0.2,
    "scale": 0.15,
    "shift": 2.0,
    "elastic": 0.9,
    "elastic_sigma": 4.0,
    "thickness": 0.7,
}


def ink_of(seed: int, rows: int, columns: int, density: float = 1.0) -> Grey:
    numbers = np.random.default_rng(seed)
    return (numbers.integers(0, 256, (rows, columns)) * (numbers.random((rows, columns)) < density)).astype(np.uint8)


def strokes(seed: int, count: int = 20, side: int = 28) -> Grey:
    """Return smooth blobs that look a little like digits."""
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(count, side, side)), (0, 1.5, 1.5))
    smooth = np.clip(smooth / smooth.max() * 3, 0, 1)
    smooth[:, :4] = smooth[:, -4:] = smooth[:, :, :4] = smooth[:, :, -4:] = 0
    return (255 * smooth).astype(np.uint8)


# ---- Components


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 40), st.floats(0.05, 0.95))
def test_components_are_those_of_scipy_in_reading_order(seed: int, rows: int, columns: int, density: float) -> None:
    mask = (ink_of(seed, rows, columns, density) > 0).astype(np.uint8)
    labels, boxes = _engine.components(mask)
    expected, count = ndimage.label(mask, np.ones((3, 3)))
    assert labels.dtype == np.int32
    assert boxes.shape == (count, 5)
    np.testing.assert_array_equal(labels, expected)
    areas = np.bincount(expected.ravel())[1:]
    for box, (down, across), area in zip(boxes, ndimage.find_objects(expected), areas, strict=True):
        assert box.tolist() == [across.start, down.start, across.stop, down.stop, area]


def test_components_of_interlocked_shapes_are_joined_late() -> None:
    rows = ["#.#.#.#", "#.#.#.#", "#.#.#.#", "#.###.#", "#.....#", "#######"]
    mask = np.array([[letter == "#" for letter in row] for row in rows]).astype(np.uint8)
    labels, boxes = _engine.components(mask)
    assert boxes[:, :4].tolist() == [[0, 0, 7, 6], [2, 0, 5, 4]]
    assert labels[0].tolist() == [1, 0, 2, 0, 2, 0, 1]


def test_components_touch_at_corners() -> None:
    assert len(_engine.components(np.eye(9, dtype=np.uint8))[1]) == 1
    assert len(_engine.components(np.eye(9, dtype=np.uint8)[::-1])[1]) == 1


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (3, 4)])
def test_components_of_paper_are_none(shape: tuple[int, int]) -> None:
    labels, boxes = _engine.components(np.zeros(shape, np.uint8))
    assert labels.shape == shape
    assert boxes.shape == (0, 5)
    assert not labels.any()


def test_components_of_a_view_are_those_of_its_copy() -> None:
    page = ink_of(3, 60, 80, 0.4)
    for view in (page[10:40, 20:70], page[::2, ::3], page[::-1, ::-1], page.T):
        labels, boxes = _engine.components(view)
        copied_labels, copied_boxes = _engine.components(np.ascontiguousarray(view))
        np.testing.assert_array_equal(labels, copied_labels)
        np.testing.assert_array_equal(boxes, copied_boxes)


@pytest.mark.parametrize("wrong", [np.zeros((3, 3)), np.zeros(3, np.uint8), np.zeros((2, 3, 3), np.uint8), None])
def test_components_of_something_else_are_refused_not_converted(wrong: object) -> None:
    with pytest.raises(TypeError):
        _engine.components(wrong)


# ---- Normalising


def slow_axis(length: int, enlargement: float) -> NDArray[np.float64]:
    """Return the (20, length) weights of pixels in cells, by the definition."""
    extent = length * enlargement
    margin = (20 - extent) / 2
    if abs(extent - round(extent)) < 1e-9:
        margin = math.floor(margin + 1e-9)
    weights = np.zeros((20, length))
    for cell in range(20):
        for pixel in range(length):
            if enlargement <= 1:
                left, right = pixel * enlargement + margin, (pixel + 1) * enlargement + margin
                weights[cell, pixel] = max(0.0, min(right, cell + 1) - max(left, cell))
            else:
                away = (cell + 0.5 - margin) / enlargement - (pixel + 0.5)
                weights[cell, pixel] = max(0.0, 1 - abs(away))
    return weights


def slow_normalize(ink: Grey) -> NDArray[np.float64]:
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    enlargement = 20 / max(ink.shape)
    cells = slow_axis(ink.shape[0], enlargement) @ ink @ slow_axis(ink.shape[1], enlargement).T
    image = np.zeros((60, 60))
    image[20:40, 20:40] = np.floor(cells + 0.5)
    for axis in (0, 1):
        masses = image.sum(1 - axis)
        centre = (masses @ np.arange(60)) / masses.sum()
        inked = np.flatnonzero(masses)
        shift = np.clip(math.floor(30 - centre + 0.5), 16 - inked[0], 43 - inked[-1])
        image = np.roll(image, shift, axis)
    return image[16:44, 16:44]


SHAPES = [(20, 20), (20, 13), (40, 30), (57, 31), (31, 57), (128, 128), (9, 5), (1, 1), (1, 90), (300, 2), (7, 20)]


@pytest.mark.parametrize("shape", SHAPES)
def test_normalize_glyph_follows_its_definition(shape: tuple[int, int]) -> None:
    ink = ink_of(sum(shape), *shape, 0.6)
    ink[0, 0] = ink[-1, -1] = 200
    image = _engine.normalize_glyph(ink)
    assert image.shape == (28, 28)
    np.testing.assert_allclose(image, slow_normalize(ink), atol=1)


def test_normalize_glyph_does_not_depend_on_the_paper_around() -> None:
    ink = ink_of(5, 33, 21)
    in_a_corner = np.pad(ink, ((90, 3), (0, 250)))
    np.testing.assert_array_equal(_engine.normalize_glyph(in_a_corner), _engine.normalize_glyph(ink))


def test_normalize_glyph_keeps_the_amount_of_ink() -> None:
    ink = ink_of(6, 83, 59, 0.5)
    assert _engine.normalize_glyph(ink).sum() == pytest.approx(ink.sum() * (20 / 83) ** 2, rel=0.01)


@pytest.mark.parametrize("shape", [(0, 0), (0, 7), (7, 0), (50, 50)])
def test_normalize_glyph_of_paper_is_paper(shape: tuple[int, int]) -> None:
    assert not _engine.normalize_glyph(np.zeros(shape, np.uint8)).any()


def test_normalize_glyph_never_wraps_or_cuts_heavy_corners() -> None:
    ink = np.zeros((100, 100), np.uint8)
    ink[:12, :12] = 255
    ink[:, 3] = ink[3, :] = 40
    for turn in range(4):
        image = _engine.normalize_glyph(np.rot90(ink, turn))
        assert len(_engine.components(image)[1]) == 1
        assert image.sum() == pytest.approx(ink.sum() / 25, rel=0.02)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 90), st.integers(2, 90), st.floats(0.1, 1))
def test_normalized_glyphs_stand_like_mnist(seed: int, rows: int, columns: int, density: float) -> None:
    ink = ink_of(seed, rows, columns, density)
    ink[0, :] = ink[-1, :] = ink[:, 0] = ink[:, -1] = 255
    image = _engine.normalize_glyph(ink)
    sides = [np.ptp(np.flatnonzero(image.any(axis))) + 1 for axis in (0, 1)]
    assert max(sides) == 20
    for axis in (0, 1):
        masses = image.sum(axis, dtype=float)
        assert abs(masses @ np.arange(28) / masses.sum() - 14) <= 0.5 + 1e-9


def test_pieces_are_drawn_one_after_the_other() -> None:
    page = ink_of(7, 100, 100, 0.5)
    crops = [page[:30, :20], page[5:80, 40:70], page[::2, ::2], np.zeros((4, 4), np.uint8)]
    images = _engine.draw_pieces(crops, [100.0] * 4)  # strokes so wide need not be thickened
    assert images.shape == (4, 28, 28)
    for image, crop in zip(images, crops, strict=True):
        np.testing.assert_array_equal(image, _engine.normalize_glyph(crop))
    assert _engine.draw_pieces([], []).shape == (0, 28, 28)


def mnist(data: Path, count: int) -> Grey:
    with gzip.open(data / "mnist" / "t10k-images-idx3-ubyte.gz") as file:
        return np.frombuffer(file.read(16 + 784 * count), np.uint8, offset=16).reshape(count, 28, 28)


@pytest.mark.data
def test_normalizing_mnist_again_changes_nothing(data: Path) -> None:
    images = mnist(data, 5000)
    again = np.stack(list(map(_engine.normalize_glyph, images)))
    assert (again == images).all((1, 2)).mean() > 0.999


@pytest.mark.data
@pytest.mark.parametrize("factor", [2, 4, 7])
def test_normalizing_enlarged_mnist_gives_it_back(data: Path, factor: int) -> None:
    images = mnist(data, 1000)
    enlarged = [np.kron(image, np.ones((factor, factor), np.uint8)) for image in images]
    difference = np.abs(np.stack(list(map(_engine.normalize_glyph, enlarged))).astype(int) - images)
    assert (difference.max((1, 2)) <= 2).mean() > 0.995


# ---- Distortion


class SlowDraws:
    """SplitMix64 in Python's integers."""

    def __init__(self, seed: int, number: int) -> None:
        self.state = self.mix((self.mix((seed + 0x9E3779B97F4A7C15) % 2**64) + number) % 2**64)

    @staticmethod
    def mix(z: int) -> int:
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return z ^ z >> 31

    def bits(self) -> int:
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        return self.mix(self.state)

    def within(self, bound: float) -> float:
        return bound * ((self.bits() >> 40) / 2**23 - 1)


def slow_field(draws: SlowDraws, shape: tuple[int, int], rms: float, sigma: float) -> NDArray[np.float64]:
    """Smooth even noise, whose nodes stand one sigma apart, by a Gaussian cut off three sigma away."""
    weights = []
    for length in shape:
        positions = np.arange(length) / sigma
        start = np.ceil(positions - 0.5).astype(int)[:, None]
        nodes = np.arange(-(-(start[-1, 0] + 7) // 7) * 7)
        gaussian = np.exp(-((positions[:, None] - nodes + 2.5) ** 2) / 2) * ((nodes >= start) & (nodes < start + 7))
        weights.append(gaussian / np.sqrt((gaussian**2).sum(1, keepdims=True)))
    noise = np.zeros((weights[0].shape[1], -(-weights[1].shape[1] // 4) * 4))
    for row in noise:
        for first in range(0, len(row), 4):
            bits = draws.bits()
            row[first : first + 4] = [(bits >> 16 * k) % 65536 - 32767.5 for k in range(4)]
    return weights[0] @ noise[:, : weights[1].shape[1]] @ weights[1].T * rms * math.sqrt(3) / 32768


def slow_thicken(image: NDArray[np.float64], thickness: float) -> NDArray[np.float64]:
    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)
    extreme = ndimage.maximum_filter if thickness > 0 else ndimage.minimum_filter
    left = abs(thickness)
    while left > 0:
        part = int(256 * min(left, 1) + 0.5)
        moved = extreme(image, footprint=cross, mode="constant")
        image = (image * (256 - part) + moved * part + 128) // 256
        left -= 1
    return image


def slow_distort(image: Grey, seed: int, number: int, bounds: dict[str, float]) -> NDArray[np.float64]:
    draws = SlowDraws(seed, number)
    angle, shear = math.radians(draws.within(bounds["rotation"])), draws.within(bounds["shear"])
    wide, high = math.exp(draws.within(bounds["scale"])), math.exp(draws.within(bounds["scale"]))
    shift = np.array([draws.within(bounds["shift"]), draws.within(bounds["shift"])])
    thickness = draws.within(bounds["thickness"])
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    inverse = np.linalg.inv(turn @ np.array([[1, shear], [0, 1]]) @ np.diag([wide, high]))
    rows, columns = image.shape
    middle = np.array([(columns - 1) / 2, (rows - 1) / 2])
    places = np.stack(np.meshgrid(np.arange(columns), np.arange(rows))) - (middle + shift)[:, None, None]
    source = np.einsum("ij,jyx->iyx", inverse, places) + middle[:, None, None]
    if bounds["elastic"] > 0:
        source[0] += slow_field(draws, (rows, columns), bounds["elastic"], bounds["elastic_sigma"])
        source[1] += slow_field(draws, (rows, columns), bounds["elastic"], bounds["elastic_sigma"])
    thick = slow_thicken(image.astype(float), thickness)
    return ndimage.map_coordinates(np.pad(thick, 40), source[::-1] + 40, order=1, mode="constant")


@pytest.mark.parametrize("only", [None, *EVERYTHING])
def test_distort_follows_its_definition(only: str | None) -> None:
    bounds = {name: value if only in (None, name) else 0.0 for name, value in EVERYTHING.items()}
    bounds["elastic_sigma"] = 4.0
    images = np.ascontiguousarray(strokes(1)[:, :, :25])
    distorted = _engine.distort(images, 17, 1000, **bounds)
    for i, image in enumerate(images):
        np.testing.assert_allclose(distorted[i], slow_distort(image, 17, 1000 + i, bounds), atol=1)


def test_distort_of_a_whole_field_follows_its_definition() -> None:
    field = np.hstack(list(strokes(2, 9)))[2:]
    bounds = EVERYTHING | {"elastic_sigma": 6.5}
    distorted = _engine.distort(field[None], 2**64 - 1, -5, **bounds)[0]
    np.testing.assert_allclose(distorted, slow_distort(field, 2**64 - 1, -5, bounds), atol=1)


def test_distort_by_nothing_changes_nothing() -> None:
    images = ink_of(8, 28 * 9, 28).reshape(9, 28, 28)
    np.testing.assert_array_equal(_engine.distort(images, 1, 0), images)


def test_distort_depends_on_seed_and_id_alone() -> None:
    images = strokes(3, 2000)
    ids = np.random.default_rng(0).permutation(10**6)[:2000]
    whole = _engine.distort(images, 5, ids, **EVERYTHING, threads=1)
    np.testing.assert_array_equal(_engine.distort(images, 5, ids, **EVERYTHING, threads=3), whole)
    np.testing.assert_array_equal(_engine.distort(images[700:733], 5, ids[700:733], **EVERYTHING), whole[700:733])
    for i in (0, 1999):
        np.testing.assert_array_equal(_engine.distort(images[i : i + 1], 5, int(ids[i]), **EVERYTHING)[0], whole[i])
    assert (_engine.distort(images, 6, ids, **EVERYTHING) != whole).any((1, 2)).mean() > 0.99
    assert (_engine.distort(images, 5, ids + 1, **EVERYTHING) != whole).any((1, 2)).mean() > 0.99


def test_distort_moves_the_maps_of_an_image_together() -> None:
    images = strokes(4, 30)
    backwards = np.ascontiguousarray(images[::-1])
    distorted = _engine.distort(np.stack([images, backwards], axis=1), 5, 0, **EVERYTHING)
    np.testing.assert_array_equal(distorted[:, 0], _engine.distort(images, 5, 0, **EVERYTHING))
    np.testing.assert_array_equal(distorted[:, 1], _engine.distort(backwards, 5, 0, **EVERYTHING))


def test_elastic_field_has_the_size_and_smoothness_asked_for() -> None:
    ramp = np.tile((5 * np.arange(48)).astype(np.uint8), (3000, 48, 1))
    moved = _engine.distort(ramp, 9, 0, elastic=0.8, elastic_sigma=4)
    field = (moved - ramp.astype(float))[:, 10:38, 10:38] / 5
    assert field.mean() == pytest.approx(0, abs=0.03)
    assert np.sqrt((field**2).mean()) == pytest.approx(0.8, rel=0.03)
    covariance = (field[:, :, 4:] * field[:, :, :-4]).mean() / (field**2).mean()
    assert covariance == pytest.approx(math.exp(-(4**2) / (4 * 4**2)), abs=0.03)


def test_distort_reaches_its_bounds_evenly() -> None:
    dot = np.zeros((4000, 41, 41), np.uint8)
    dot[:, 20, 20] = 255
    weights = _engine.distort(dot, 4, 0, shift=10).sum(1, dtype=float)
    shifts = weights @ np.arange(41) / weights.sum(1) - 20
    assert np.abs(shifts).max() <= 10.01
    np.testing.assert_allclose(np.histogram(shifts, 10, (-10, 10))[0], 400, atol=90)


def test_thickness_changes_the_ink_not_its_place() -> None:
    bar = np.zeros((500, 28, 28), np.uint8)
    bar[:, 6:22, 12:16] = 255
    widths = _engine.distort(bar, 2, 0, thickness=1.0)[:, 10].sum(1, dtype=float) / 255
    assert widths.min() == pytest.approx(2, abs=0.05)
    assert widths.max() == pytest.approx(6, abs=0.05)
    assert widths.mean() == pytest.approx(4, abs=0.15)


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"rotation": math.nan}, "finite"),
        ({"shift": -1.0}, "0 or more"),
        ({"scale": 4.0}, "at most 3"),
        ({"thickness": 99.0}, "at most 16"),
        ({"elastic": 1.0, "elastic_sigma": 0.0}, "from 1 to"),
    ],
)
def test_distort_refuses_bounds_without_sense(bounds: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _engine.distort(np.zeros((1, 28, 28), np.uint8), 0, 0, **bounds)


def test_distort_refuses_wrong_shapes_and_too_few_ids() -> None:
    with pytest.raises(ValueError, match="axes"):
        _engine.distort(np.zeros((28, 28), np.uint8), 0, 0)
    with pytest.raises(ValueError, match="2 ids"):
        _engine.distort(np.zeros((3, 28, 28), np.uint8), 0, np.arange(2))
    with pytest.raises(TypeError):
        _engine.distort(np.zeros((3, 28, 28), np.float32), 0, 0)


@pytest.mark.parametrize("shape", [(0, 28, 28), (3, 0, 28), (3, 28, 0), (0, 1, 28, 28), (2, 1, 1)])
def test_distort_of_few_pixels_or_none_works(shape: tuple[int, ...]) -> None:
    assert _engine.distort(np.zeros(shape, np.uint8), 0, 0, **EVERYTHING).shape == shape
