"""Forms that the tests fill in are read as they were filled in, wherever they lie on the scan."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.reading import FormReader, load_template
from tests.desks import moved, on_desk
from tests.forms import FILLED, SIZE, form, scan, template
from tests.writing import on_paper

BATCH = 300
"""Pages of a long run; enough that a page that stays in memory, of 2 MB, is seen."""


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    return FormReader(template(tmp_path_factory.mktemp("form")), threads=1)


def read_one(reader, picture):
    (page,) = reader.pages(picture)
    return page


def texts(page):
    return {reading.field: reading.text for reading in page.readings}


@pytest.mark.parametrize("way", [{}, {"turn": 2, "scale": 1.3}, {"turn": -3}, {"scale": 0.85}], ids=str)
def test_a_form_is_read_wherever_it_lies(reader, way):
    page = read_one(reader, scan(**way))
    assert texts(page) == FILLED
    assert list(texts(page)) == list(FILLED), "fields come in the template's order"
    written = [reading for reading in page.readings if reading.text]
    assert all(reading.accepted for reading in written)
    assert not page.turned


def test_a_page_upside_down_is_read_and_told(reader):
    page = read_one(reader, scan(turn=181))
    assert page.turned
    assert texts(page) == FILLED


@pytest.mark.parametrize(("turn", "tilt"), [(10, 0.1), (-5, 0.05)])
def test_a_form_photographed_on_a_desk_is_read_and_its_boxes_are_those_of_the_photograph(reader, turn, tilt):
    photograph, there = on_desk(scan(), turn=turn, tilt=tilt)
    page = read_one(reader, photograph)
    assert texts(page) == FILLED
    net = next(reading for reading in page.readings if reading.field == "net")
    middle = moved(there, [((132 + 213) / 2, (233 + 259) / 2)])[0]
    for found, drawn in zip(middle, ((net.box[0] + net.box[2]) / 2, (net.box[1] + net.box[3]) / 2), strict=True):
        assert abs(found - drawn) <= 12


def test_boxes_are_on_the_page(reader):
    picture = scan(turn=2, scale=1.3)
    for reading in read_one(reader, picture).readings:
        left, top, right, bottom = reading.box
        assert 0 <= left < right <= picture.shape[1]
        assert 0 <= top < bottom <= picture.shape[0]
    net = next(reading for reading in read_one(reader, scan()).readings if reading.field == "net")
    for found, drawn in zip(net.box, (132, 233, 213, 259), strict=True):  # as written, and 12, 21 pixels of paper
        assert abs(found - drawn) <= 6
    assert [character.text for character in net.characters] == list("125")


def test_sums_that_do_not_agree_are_not_accepted(reader):
    page = read_one(reader, scan(FILLED | {"total": "963"}))
    found = {reading.field: reading for reading in page.readings}
    for name in ("net", "tax", "total"):
        assert not found[name].accepted
        assert "total = net + tax does not hold" in found[name].reason
    assert found["code"].accepted


def test_another_page_gives_every_field_with_the_reason(reader):
    page = read_one(reader, np.full((700, 800), 230, np.uint8))
    assert "does not fit the template" in page.reason
    assert texts(page) == dict.fromkeys(FILLED, "")
    assert not any(reading.accepted for reading in page.readings)
    assert {reading.reason for reading in page.readings} == {page.reason}


def test_pages_are_read_as_they_are_asked_for(reader, tmp_path):
    pages = [Image.fromarray(scan(seed=seed)) for seed in range(3)]
    pages[0].save(tmp_path / "scans.pdf", save_all=True, append_images=pages[1:], resolution=200)
    readings = lenet.read_form(tmp_path / "scans.pdf", reader.template, threads=1)
    first = next(readings)
    assert (first.field, first.page, first.file) == ("code", 1, str(tmp_path / "scans.pdf"))
    rest = list(readings)
    assert [reading.page for reading in rest] == [1] * (len(FILLED) - 1) + [2] * len(FILLED) + [3] * len(FILLED)
    assert [reading.text for reading in rest[-len(FILLED) :]] == list(FILLED.values())


def test_the_picture_of_the_empty_form_is_enough_to_find_it(tmp_path):
    empty = on_paper(form(dict.fromkeys(FILLED, "")))
    Image.fromarray(empty).save(tmp_path / "blank.png")
    path = template(tmp_path, "blank: blank.png\nfields: {net: {box: [100, 200, 300, 250], kind: number}}")
    page = read_one(FormReader(path, threads=1), scan(turn=1.5))
    assert texts(page) == {"net": "125"}


def test_without_marks_a_form_fills_its_page(tmp_path):
    path = template(tmp_path, f"page: [{SIZE[0]}, {SIZE[1]}]\nfields: {{tax: {{box: [100, 270, 300, 320]}}}}")
    filling = on_paper(form(FILLED))
    assert texts(read_one(FormReader(path, threads=1), filling)) == {"tax": "38"}
    assert texts(read_one(FormReader(path, threads=1), on_desk(filling, turn=8, tilt=0.1)[0])) == {"tax": "38"}
    assert "no scaled copy" in read_one(FormReader(path, threads=1), filling[:400]).reason


def test_a_page_of_thousands_of_fields_is_read_in_groups(tmp_path, monkeypatch):
    ink = np.zeros((1000, 1000), np.uint8)
    rows, columns = 50, 40
    path = template(
        tmp_path,
        f"page: [1000, 1000]\nfields: {{cell: {{box: [0, 0, 1000, 1000], table: {{rows: {rows}, columns: "
        f"{{{', '.join(f'c{k}: ' for k in range(columns))}}}}}}}}}",
    )
    reader = FormReader(load_template(path), threads=1)
    taken = []
    together = FormReader._together
    monkeypatch.setattr(FormReader, "_together", lambda *given: taken.append(len(given[3])) or together(*given))
    page = read_one(reader, on_paper(ink))
    assert len(page.readings) == rows * columns
    assert max(taken) <= 256
    assert page.readings[columns].field == "cell[2].c0"


def resident() -> int:
    """Return the bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system does not say how much memory is held")
def test_hundreds_of_pages_take_the_memory_of_a_few(reader):
    """Pages are drawn when they are asked for, as those of a PDF are."""
    held = []
    for number in range(BATCH):
        filled = FILLED | {"code": f"{137 * number + 274093:06}"}
        page = read_one(reader, scan(filled, turn=number % 5 - 2, seed=number))
        right = texts(page)["code"] == filled["code"]
        held.append((resident(), right))
    assert sum(right for _, right in held) >= 0.97 * BATCH
    early, late = (max(size for size, _ in part) for part in (held[: BATCH // 4], held[-BATCH // 4 :]))
    assert late - early < 8_000_000
