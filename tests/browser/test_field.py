"""Field mode in a real browser: what is written is read, and the proof stands under it."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from tests.browser.test_digit import holds
from tests.writing import STROKES

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).parents[2] / "examples" / "pictures"


def write(page, text):
    """Write digits with the mouse, side by side."""
    box = page.locator("#field canvas.paper").bounding_box()
    height = min(0.6 * box["height"], box["width"] / (len(text) + 1))
    for place, sign in enumerate(text):
        left, top = box["x"] + 20 + place * height, box["y"] + 0.2 * box["height"]
        for stroke in STROKES[sign]:
            points = [(left + int(c[0]) * height / 10, top + int(c[1], 16) * height / 10) for c in stroke.split()]
            page.mouse.move(*points[0])
            page.mouse.down()
            for point in points[1:]:
                page.mouse.move(*point, steps=3)
            page.mouse.up()


def says(page, text):
    """Wait until the page says that it read a text."""
    page.locator("#field .verdict .text", has_text=re.compile(f"^{text}$")).wait_for()


def test_a_field_that_is_written_is_read_with_its_proof(visit):
    page = visit("/#t=field&fk=digits")
    write(page, "358")
    says(page, "358")
    assert "Accepted" in page.locator("#field .verdict").inner_text()
    assert page.locator("#field .texts [aria-pressed=true]").inner_text() == "358"
    assert page.locator("#field .graph path.lit").count() == 3
    assert page.locator("#field .graph path.cut").count() >= 2
    assert "By pieces alone" in page.locator("#field").inner_text()
    lit = page.locator("#field .graph text.lit")
    assert sorted(lit.nth(k).text_content()[0] for k in range(3)) == ["3", "5", "8"]


def test_clearing_and_taking_back_strokes_reads_anew(visit):
    page = visit("/#t=field&fk=digits")
    write(page, "42")
    says(page, "42")
    page.get_by_role("button", name="Undo").click()
    says(page, "4")
    page.get_by_role("button", name="Clear").click()
    assert "Nothing is written" in page.locator("#field .verdict").inner_text()
    assert page.locator("#field .film").is_hidden()


def test_choosing_another_text_lights_its_path(visit):
    page = visit("/#t=field&fk=digits")
    page.set_input_files("#field-file", PICTURES / "field-year.png")
    page.locator("#field .texts button").nth(1).click()
    second = page.locator("#field .texts [aria-pressed=true]").inner_text()
    lit = page.locator("#field .graph path.lit")
    assert lit.count() == len(second)
    assert page.evaluate("document.activeElement.textContent") == second, "the focus stays where it was"


def test_a_picture_is_loaded_by_the_keyboard_and_a_place_looked_at(visit):
    page = visit("/#t=field&fk=amount")
    page.set_input_files("#field-file", PICTURES / "field-amount.jpg")
    page.locator("#field .film").wait_for()
    page.locator("#field-place").focus()
    before = page.locator("#field output").inner_text()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    after = page.locator("#field output").inner_text()
    assert before.startswith("Place 1 of")
    assert after.startswith("Place 7 of")
    assert page.locator("#field-place").get_attribute("aria-valuetext") in after


def test_a_picture_may_be_dropped(visit):
    page = visit("/#t=field&fk=digits")
    content = base64.b64encode((PICTURES / "field-year.png").read_bytes()).decode()
    page.evaluate(
        """(content) => {
          const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0)), given = new DataTransfer();
          given.items.add(new File([bytes], "year.png", { type: "image/png" }));
          document.getElementById("field").dispatchEvent(new DragEvent("drop", { dataTransfer: given, bubbles: true }));
        }""",
        content,
    )
    page.locator("#field .film").wait_for()
    assert page.locator("#field img.paper").is_visible()


def test_a_rejected_field_says_why(visit):
    page = visit("/#t=field&fk=date&fo=dmy&fe=0.001")
    page.set_input_files("#field-file", PICTURES / "scribble.jpg")
    page.locator("#field .verdict").get_by_text("Rejected").wait_for()
    assert len(page.locator("#field .verdict p").nth(1).inner_text()) > len("Rejected: ")


def test_the_kind_stands_in_the_address_and_comes_back(visit):
    page = visit("/#t=field")
    page.select_option("#field-kind", "date")
    page.select_option("#field-order", "dmy")
    assert page.evaluate("location.hash").endswith("fk=date&fo=dmy")
    page.reload()
    page.locator("#field-kind").wait_for()
    assert page.input_value("#field-kind") == "date"
    assert page.input_value("#field-order") == "dmy"
    assert page.locator("#field-decimal").is_hidden()


def test_a_sample_is_of_the_kind_asked_for(visit):
    pytest.importorskip("sklearn")
    page = visit("/#t=field&fk=amount")
    page.get_by_role("button", name="Take a sample").click()
    page.locator("#field .film").wait_for()
    assert page.locator("#field .verdict .text").inner_text() != "nothing"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_on_a_phone(visit, scheme):
    page = visit("/#t=field&fk=amount", viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.set_input_files("#field-file", PICTURES / "field-amount.jpg")
    page.locator("#field .film").wait_for()
    holds(page, "document.documentElement.scrollWidth <= 360")


def test_every_control_has_a_name(visit):
    page = visit("/#t=field&fk=date")
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("#field button, #field select, #field input")]
          .filter((one) => !one.textContent.trim() && !one.labels?.length && !one.ariaLabel).map((one) => one.id)"""
    )
    assert unnamed == []
