"""What may be given as a picture. Protected: grey levels and polarity survive every type and mode, opacity is laid on
white, photos stand upright, and what has no meaning as grey is refused in words."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from lenet.documents import as_picture, open_document
from lenet.documents.pictures import check_size, from_pil, small_png, without_colour
from lenet.errors import InputError

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize(
    "array",
    [
        RAMP,
        RAMP.astype(np.int64),
        RAMP.astype(np.uint16) * 257,
        RAMP.astype(np.float32) / 255,
        RAMP.astype(np.float64),
        RAMP.astype(np.float16),
        RAMP[:, :, None],
    ],
    ids=["uint8", "int64", "uint16", "float32 to 1", "float64 to 255", "float16 to 255", "one channel"],
)
def test_every_type_gives_the_same_grey(array: np.ndarray) -> None:
    picture = as_picture(array)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, RAMP)


def test_a_picture_is_not_copied() -> None:
    colour = np.zeros((4, 5, 3), np.uint8)
    assert as_picture(RAMP) is RAMP
    assert as_picture(colour) is colour


def test_bool_is_black_and_white() -> None:
    assert as_picture(np.array([[True, False]])).tolist() == [[255, 0]]


def test_what_is_not_opaque_is_laid_on_white() -> None:
    black = np.zeros((1, 3, 4), np.uint8)
    black[0, :, 3] = [0, 51, 255]
    assert as_picture(black).tolist() == [[255, 204, 0]]
    red = np.array([[[255, 0, 0, 255], [255, 0, 0, 0]]], np.uint8)
    assert as_picture(red).tolist() == [[[255, 0, 0], [255, 255, 255]]]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros(5, np.uint8), r"shape \(5,\)"),
        (np.zeros((3, 28, 28), np.uint8), "colours last"),
        (np.zeros((2, 28, 28, 3), np.uint8), "one picture at a time"),
        (np.zeros((0, 5), np.uint8), "at least one"),
        (np.zeros((5, 0, 3)), "at least one"),
        (np.array([["a"]]), "type <U1"),
        (np.array([[1j]]), "complex"),
        (np.array([[None]]), "object"),
        (np.array([[np.nan]]), "NaN"),
        (np.array([[np.inf, 0]]), "NaN or infinity"),
        (np.array([[-1, 5]]), "from -1 to 5"),
        (np.array([[0, 256]]), "to 256"),
        (np.array([[-0.5, 0.5]]), "from -0.5 to 0.5"),
        (np.broadcast_to(np.uint8(0), (20_000, 20_000)), "20,000 x 20,000 pixels; up to 120,000,000"),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(array: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        as_picture(array)


@pytest.mark.parametrize("size", [(0, 5), (-3, 5), (float("nan"), 5), (float("inf"), 5), (1e5, 1e5)])
def test_sizes_without_sense_are_refused(size: tuple[float, float]) -> None:
    with pytest.raises(InputError):
        check_size(*size, "it")


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "La", "I", "I;16", "F"])
def test_modes_of_pil_without_colour_give_grey(mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(RAMP.astype(np.uint16) * 257)
    elif mode == "I":
        image = Image.fromarray(RAMP.astype(np.int32) * 257)
    elif mode == "La":
        image = Image.fromarray(RAMP).convert("LA").convert("La")
    else:
        image = Image.fromarray(RAMP).convert(mode)
    np.testing.assert_array_equal(from_pil(image), RAMP)


@pytest.mark.parametrize("mode", ["RGB", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"])
def test_modes_of_pil_with_colour_give_colour(mode: str) -> None:
    if mode == "LAB":
        image = Image.new("LAB", (3, 2), (255, 128, 128))
    else:
        image = Image.new("RGB", (3, 2), "white").convert(mode)
    picture = from_pil(image)
    assert picture.shape == (2, 3, 3)
    assert picture.min() >= 250


def test_one_bit_is_black_and_white() -> None:
    assert from_pil(Image.fromarray(RAMP > 127)).tolist() == np.where(RAMP > 127, 255, 0).tolist()


def test_a_palette_with_a_transparent_colour_is_laid_on_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 9, 9, 9])
    image.putdata([0, 1])
    image.info["transparency"] = 0
    assert from_pil(image).tolist() == [[255, 9]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_of_a_photo_is_applied(orientation: int) -> None:
    upright = Image.fromarray(np.kron(np.array([[0, 80, 160], [255, 40, 120]], np.uint8), np.ones((8, 8), np.uint8)))
    undo = {2: 0, 3: 1, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that makes such a file
    stored = upright
    if orientation == 3:
        stored = upright.transpose(Image.Transpose.ROTATE_180)
    elif orientation > 1:
        stored = upright.transpose(Image.Transpose(undo[orientation]))
    stored.getexif()[0x0112] = orientation
    np.testing.assert_array_equal(from_pil(stored), np.asarray(upright))


def test_deep_grey_without_meaning_is_refused() -> None:
    with pytest.raises(InputError, match="70000"):
        from_pil(Image.fromarray(np.array([[70_000, 0]], np.int32)))
    with pytest.raises(InputError, match="NaN"):
        from_pil(Image.fromarray(np.array([[np.nan, 0]], np.float32)))


def test_without_colour_keeps_colour() -> None:
    colour = np.zeros((2, 2, 3), np.uint8)
    assert without_colour(colour).shape == (2, 2)
    colour[1, 1, 2] = 1
    assert without_colour(colour) is colour


def test_a_small_png_is_the_picture_that_opening_it_gives():
    for image in (Image.fromarray(RAMP), Image.fromarray(RAMP).convert("RGBA"), Image.fromarray(RAMP).convert("P")):
        content = BytesIO()
        image.save(content, "PNG")
        np.testing.assert_array_equal(small_png(content.getvalue()), next(open_document(content.getvalue())).picture)
        assert small_png(content.getvalue()[:-30]) is None
    for other in (b"", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(40)):
        assert small_png(other) is None


def test_a_large_png_is_no_small_one():
    content = BytesIO()
    Image.new("L", (257, 256)).save(content, "PNG")
    assert small_png(content.getvalue()) is None
