"""Correcting in a real browser: by the keyboard alone, kept where it should be, taken away as a training set."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.datasets.labelled_fields import load_fields
from tests.browser.test_digit import holds
from tests.writing import on_paper, page

pytestmark = pytest.mark.browser


def scratched(rng):
    """Return a picture of digits that somebody scratched out."""
    picture = on_paper(page(["3141"], 30))
    rows, columns = picture.shape
    for _ in range(60):
        row, column = rng.integers(30, rows - 30), rng.integers(20, columns - 60)
        picture[row : row + 3, column : column + 50] = 40
    return picture


@pytest.fixture(scope="module")
def doubtful(tmp_path_factory):
    """Give three pictures that are rejected as digits."""
    folder, rng, reader = tmp_path_factory.mktemp("doubtful"), np.random.default_rng(1), lenet.Reader()
    pictures = filter(lambda picture: not reader(picture).accepted, (scratched(rng) for _ in range(50)))
    places = [folder / name for name in ("a.png", "b.png", "c.png")]
    for place, picture in zip(places, pictures, strict=False):
        Image.fromarray(picture).save(place)
    return places


def begin(visit, pictures, **options):
    shown = visit("/#t=correct", **options)
    shown.locator("#correct-files").wait_for(state="attached")
    shown.set_input_files("#correct-files", pictures)
    shown.get_by_text("0 accepted, 3 rejected").wait_for()
    return shown


def test_the_truth_is_typed_and_taken_away_as_a_training_set(visit, doubtful, tmp_path):
    shown = begin(visit, doubtful)
    assert shown.evaluate("document.activeElement.id") == "correct-truth", "one can type at once"
    shown.keyboard.type("3141")
    shown.keyboard.press("Enter")
    shown.get_by_text("2 of 3.").wait_for()
    shown.keyboard.press("Escape")
    shown.get_by_text("3 of 3.").wait_for()
    shown.keyboard.type("31,41")
    shown.keyboard.press("Enter")
    shown.get_by_text("2 corrections are kept in this browser").wait_for()
    with shown.expect_download() as download:
        shown.get_by_role("button", name="Only labels.jsonl").click()
    lines = [json.loads(line) for line in Path(download.value.path()).read_text("utf-8").splitlines()]
    assert [(line["file"], line["text"]) for line in lines] == [("a.png", "3141"), ("c.png", "31,41")]
    with shown.expect_download() as download:
        shown.get_by_role("button", name="Download as a training set").click()
    download.value.save_as(tmp_path / "corrections.tar")
    found = load_fields(tmp_path / "corrections.tar")
    assert found.texts == ("3141", "31,41")
    assert np.array_equal(found.pictures[0], np.asarray(Image.open(doubtful[0])))


def test_corrections_outlive_the_page_until_they_are_forgotten(visit, doubtful):
    shown = begin(visit, doubtful)
    shown.keyboard.type("7")
    shown.keyboard.press("Enter")
    shown.get_by_text("1 correction is kept").wait_for()
    shown.reload()
    shown.get_by_text("1 correction is kept").wait_for()
    shown.on("dialog", lambda dialog: dialog.accept())
    shown.get_by_role("button", name="Forget them").click()
    shown.get_by_text("0 corrections are kept").wait_for()


def test_one_can_go_back_and_mend(visit, doubtful):
    shown = begin(visit, doubtful)
    shown.keyboard.type("1")
    shown.keyboard.press("Enter")
    shown.get_by_text("2 of 3.").wait_for()
    shown.keyboard.press("Shift+Enter")
    shown.locator("#correct-said").get_by_text("1 of 3.").wait_for()
    assert shown.input_value("#correct-truth") == "1"
    shown.keyboard.type("2")
    shown.keyboard.press("Enter")
    shown.get_by_text("1 correction is kept").wait_for()
    assert "→ 2" in shown.locator("#correct .doubts").inner_text()


def test_what_cannot_be_learned_is_said_and_not_kept(visit, doubtful):
    shown = begin(visit, doubtful)
    shown.keyboard.type("twelve")
    shown.keyboard.press("Enter")
    assert "cannot be learned" in shown.get_by_role("alert").inner_text()
    assert shown.locator("#correct-said").get_by_text("1 of 3.").is_visible()
    assert shown.get_by_text("0 corrections are kept").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_on_a_phone(visit, doubtful, scheme):
    shown = begin(visit, doubtful, viewport={"width": 360, "height": 740}, color_scheme=scheme)
    holds(shown, "document.documentElement.scrollWidth <= 360")
    holds(shown, "document.querySelector('#correct img').naturalWidth > 0")
