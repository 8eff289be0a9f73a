from __future__ import annotations

import io
import json
import math
import tarfile

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.errors import GrammarError, InputError
from tests.desks import LIGHT_WOOD, WOOD, moved, on_desk
from tests.writing import digit, in_shadow, on_paper, page, write

ROWS = ["31415926", "5358", "979323"]


def texts(readings):
    return [reading.text for reading in readings]


def test_a_page_is_read_row_by_row():
    assert texts(lenet.read_page(on_paper(page(ROWS, 40)))) == ROWS


@pytest.mark.parametrize("slope", [-0.08, 0.08])
def test_sloping_rows_are_read_in_order(slope):
    assert texts(lenet.read_page(on_paper(page(ROWS, 40, slope=slope)))) == ROWS


def test_polarity_and_shadow_change_nothing():
    picture = on_paper(page(ROWS, 40), noise=2)
    assert lenet.read_page(255 - picture) == lenet.read_page(picture)
    assert texts(lenet.read_page(in_shadow(picture))) == ROWS


@pytest.mark.parametrize(("turn", "tilt", "colour"), [(0, 0, WOOD), (-15, 0.15, LIGHT_WOOD), (12, 0.1, WOOD)])
def test_a_sheet_on_a_desk_is_read_and_boxes_are_those_of_the_photograph(turn, tilt, colour):
    paper = on_paper(page(ROWS, 40, margin=80), noise=2)
    photograph, there = on_desk(paper, turn=turn, tilt=tilt, colour=colour)
    readings = lenet.read_page(photograph)
    assert texts(readings) == ROWS
    for flat, seen in zip(lenet.read_page(paper), readings, strict=True):
        for one, other in zip(flat.characters, seen.characters, strict=True):
            middle = [((one.box[0] + one.box[2]) / 2, (one.box[1] + one.box[3]) / 2)]
            (x, y), box = moved(there, middle)[0], other.box
            assert abs(x - (box[0] + box[2]) / 2) < 8
            assert abs(y - (box[1] + box[3]) / 2) < 8


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_page_that_lies_sideways_or_upside_down_is_read_and_keeps_its_boxes(quarters):
    picture = on_paper(page(ROWS, 40), noise=2)
    upright, turned = lenet.read_page(picture), lenet.read_page(np.rot90(picture, quarters))
    assert texts(turned) == ROWS
    rows, columns = picture.shape
    for one, other in zip(upright, turned, strict=True):
        left, top, right, bottom = one.box
        for _ in range(quarters):
            left, top, right, bottom = top, columns - right, bottom, columns - left
            rows, columns = columns, rows
        assert other.box == pytest.approx((left, top, right, bottom), abs=3)
        rows, columns = picture.shape


@pytest.mark.parametrize("row", ["609609609609", "886099800698", "0" * 18, "6" * 18])
def test_a_page_is_not_turned_where_its_digits_do_not_tell(row):
    assert texts(lenet.read_page(on_paper(page([row], 40), noise=2))) == [row]


@pytest.mark.parametrize("degrees", [-12, 12])
def test_a_page_that_is_turned_a_little_is_read(degrees):
    image = Image.fromarray(on_paper(page(ROWS, 40, margin=80)))
    turned = image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=230)
    assert texts(lenet.read_page(np.asarray(turned))) == ROWS


@pytest.mark.parametrize("text", list("0123456789"))
@pytest.mark.parametrize("height", [14, 28, 60, 200])
def test_a_lone_digit_is_never_empty(text, height):
    picture = on_paper(np.pad(digit(text, height), height // 4))
    assert len(lenet.read(picture, model="digits").text) == 1
    assert len(lenet.read_page(picture)) == 1


@pytest.mark.parametrize("text", list("0123456789"))
def test_a_tight_crop_is_never_empty(text):
    for height in (20, 50, 150):
        assert lenet.read(on_paper(digit(text, height)), model="digits").text


@pytest.mark.parametrize("place", [(0, 0), (0, 110), (90, 0), (90, 110), (45, 55)])
def test_a_lone_digit_is_found_wherever_it_stands(place):
    ink = np.zeros((150, 170), np.uint8)
    write(ink, "3", place[1], place[0], 60)
    assert lenet.read(on_paper(ink), model="digits").text == "3"


def test_the_pictures_of_mnist_are_pictures_too():
    image = np.zeros((28, 28), np.uint8)
    write(image, "2", 7, 4, 20)
    assert lenet.read(image, model="digits").text == "2"


def test_repeated_digits_are_all_read():
    for text in ("11", "77", "111111", "0000"):
        ink = np.zeros((80, 60 * len(text) + 40), np.uint8)
        write(ink, text, 20, 20, 40)
        assert lenet.read(on_paper(ink), model="digits").text == text


def test_a_field_is_one_row_even_where_it_jumps():
    ink = np.zeros((120, 300), np.uint8)
    write(ink, "12", 20, 20, 40)
    write(ink, "34", 170, 60, 40)
    assert lenet.read(on_paper(ink), model="digits").text == "1234"


def test_empty_paper_gives_no_readings_and_an_empty_field():
    blank = on_paper(np.zeros((100, 300), np.uint8), noise=2)
    assert lenet.read_page(blank) == []
    reading = lenet.read(blank, model="digits")
    assert (reading.text, reading.value, reading.confidence, reading.characters) == ("", None, 0.0, ())
    assert reading.box == (0, 0, 300, 100)


def test_boxes_lie_around_the_characters_inside_the_picture():
    picture = on_paper(page(ROWS, 40))
    for reading in lenet.read_page(picture):
        lefts, tops, rights, bottoms = zip(*(character.box for character in reading.characters), strict=True)
        assert reading.box == (min(lefts), min(tops), max(rights), max(bottoms))
        assert 0 <= reading.box[0] < reading.box[2] <= picture.shape[1]
        assert 0 <= reading.box[1] < reading.box[3] <= picture.shape[0]


def test_confidence_is_the_product_and_alternatives_follow():
    (reading,) = lenet.read_page(on_paper(page(["2468"], 40)))
    assert reading.confidence == pytest.approx(math.prod(c.confidence for c in reading.characters))
    assert 0 < reading.confidence <= 1
    assert reading.accepted
    assert reading.value == reading.text
    for character in reading.characters:
        ranked = [character.confidence, *(confidence for _, confidence in character.alternatives)]
        assert ranked == sorted(ranked, reverse=True)
        assert sum(ranked) <= 1.0001


def test_readings_hold_plain_values():
    (reading,) = lenet.read_page(on_paper(page(["13"], 40)))
    assert json.loads(reading.to_json())["text"] == "13"
    assert {type(edge) for edge in reading.characters[0].box} == {int}
    assert type(reading.confidence) is float


def test_a_picture_may_be_given_in_any_form(tmp_path):
    picture = on_paper(page(["4071"], 40))
    path = tmp_path / "field.png"
    Image.fromarray(picture).save(path)
    data = path.read_bytes()
    forms = [path, str(path), data, io.BytesIO(data), Image.open(path), picture, np.stack([picture] * 3, axis=2)]
    readings = [lenet.read(form, model="digits") for form in forms]
    assert set(texts(readings)) == {"4071"}
    assert [reading.file for reading in readings] == [str(path), str(path), None, None, None, None, None]


def test_pages_of_a_document_are_numbered(tmp_path):
    path = tmp_path / "pages.tiff"
    images = [Image.fromarray(on_paper(page([row], 40))) for row in ("12", "345")]
    images[0].save(path, save_all=True, append_images=images[1:])
    assert [(reading.page, reading.text) for reading in lenet.read_page(path)] == [(1, "12"), (2, "345")]
    with pytest.raises(InputError, match="several pages"):
        lenet.read(path, model="digits")


def test_a_field_of_an_unknown_kind_is_refused():
    with pytest.raises(GrammarError, match="roman"):
        lenet.read(np.zeros((9, 9), np.uint8), "roman", model="digits")


def test_a_network_may_be_given():
    network = lenet.load("digits")
    picture = on_paper(page(["2468"], 40))
    assert lenet.read(picture, model=network) == lenet.read(picture, model="digits")


def photographs(data):
    with tarfile.open(data / "photos.tar") as tar:
        for line in tar.extractfile("labels.jsonl").read().decode().splitlines():
            label = json.loads(line)
            yield label, tar.extractfile(label["file"]).read()


@pytest.mark.data
@pytest.mark.parametrize(("kind", "share"), [("grid_", 0.98), ("page_", 0.97), ("line_", 1.0)])
def test_photographs_of_pages_are_read(data, kind, share):
    labelled = [(label["rows"], lenet.read_page(file)) for label, file in photographs(data) if kind in label["file"]]
    for rows, readings in labelled:
        assert [len(text) for text in texts(readings)] == [len(row) for row in rows]
    pairs = [pair for rows, readings in labelled for pair in zip("".join(rows), "".join(texts(readings)), strict=True)]
    assert sum(a == b for a, b in pairs) >= share * len(pairs)


@pytest.mark.data
@pytest.mark.parametrize(("kind", "share"), [("marker_", 1.0), ("squared_", 1.0), ("cell_", 0.7)])
def test_photographs_of_one_digit_are_read(data, kind, share):
    right = [
        lenet.read(file, model="digits").text == label["text"]
        for label, file in photographs(data)
        if kind in label["file"]
    ]
    assert sum(right) >= share * len(right)


def test_an_empty_field_is_not_accepted():
    empty = lenet.read(np.full((40, 90), 230, np.uint8), model="digits")
    assert (empty.text, empty.value, empty.accepted, empty.reason) == ("", None, False, "nothing is written")
    assert lenet.read(on_paper(page(["12"], 24, margin=10)), model="digits").accepted


@pytest.mark.data
def test_the_digits_of_mnist_are_not_worse_for_being_read(data):
    network = lenet.load("digits")
    test = lenet.load_mnist("test", data=data).subset(slice(0, 200))
    seen = test.labels == network.predict(test.images)
    read = [lenet.read(255 - np.pad(image[0], 10), model=network).text for image in test.images]
    right = np.array([text == str(label) for text, label in zip(read, test.labels, strict=True)])
    assert (~right).sum() <= (~seen).sum() + 1
