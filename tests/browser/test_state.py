"""What the page shows is of now: no late answer over a newer one, nothing of what was cleared, no state lost."""

from __future__ import annotations

import pytest

from lenet.errors import InputError
from tests.browser.test_digit import SEVEN, answer, draw, holds, sample, settle
from tests.browser.test_field import says, write

pytestmark = pytest.mark.browser

LATE = """(part) => {
    const real = window.fetch;
    window.late = 0;
    window.fetch = async (address, options) => {
        if (!String(address).includes(part)) return real(address, options);
        try {
            const got = await real(address, options);
            await new Promise((done) => setTimeout(done, 700));
            return got;
        } finally {
            setTimeout(() => window.late++, 200);
        }
    };
}"""
"""Make answers of addresses that contain a part come late, and count them and what was given up."""


def test_late_evidence_does_not_cover_that_of_a_class_chosen_after_it(visit):
    page = visit()
    sample(page, 3)
    page.evaluate(LATE, "label=8")
    page.locator("#evidence-class").select_option("8")
    page.locator("#evidence-class").select_option("5")
    holds(page, "window.late > 0")
    holds(page, "document.querySelector('#card-evidence figcaption').textContent.includes('likely 5')")


def test_a_late_reading_does_not_cover_a_field_that_was_cleared(visit):
    page = visit("/#t=field&fk=digits")
    page.evaluate(LATE, "/field/proof")
    with page.expect_request(lambda request: "/field/proof" in request.url):
        write(page, "7")  # one stroke, so one reading
    page.get_by_role("button", name="Clear").click()
    holds(page, "window.late > 0")
    assert "Nothing is written" in page.locator("#field .verdict").inner_text()
    assert page.locator("#field .film").is_hidden()


def test_undo_takes_a_loaded_picture_away(visit):
    page = visit("/#t=field&fk=digits")
    page.get_by_role("button", name="Take a sample").click()
    page.locator("#field .verdict .text").wait_for()
    page.get_by_role("button", name="Undo").click()
    assert "Nothing is written" in page.locator("#field .verdict").inner_text()
    write(page, "7")
    says(page, "7")


def test_clearing_while_the_pen_is_down_ends_the_stroke(visit):
    page = visit()
    box = page.locator("#surface").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.keyboard.press("Delete")
    page.mouse.move(x + 40, y + 40, steps=4)
    page.mouse.up()
    settle(page)
    assert answer(page) == "–"
    draw(page, SEVEN)
    assert answer(page) == "7"


def test_the_surface_is_drawn_on_where_it_is_after_scrolling(visit):
    page = visit(viewport={"width": 800, "height": 500})
    draw(page, SEVEN)
    page.evaluate("scrollTo(0, 60)")
    page.get_by_role("button", name="Clear").click()
    draw(page, SEVEN)
    assert answer(page) == "7"
    first = page.evaluate("document.getElementById('digit').page.digit.surface.strokes[0][0]")
    assert abs(first[0] - 0.25 * 512) < 3
    assert abs(first[1] - 0.2 * 512) < 3


def test_nothing_of_a_digit_that_was_cleared_is_shown(visit):
    page = visit()
    sample(page, 3)
    page.locator("[data-layer=C3] canvas").click(position={"x": 33, "y": 13})
    page.wait_for_selector("#engine-value")
    settle(page)
    page.get_by_role("button", name="Clear").click()
    settle(page)
    assert page.locator("#engine-value").count() == 0
    assert page.locator("#card-evidence figcaption").first.inner_text() == ""
    assert page.locator(".output.best").count() == 0
    sample(page, 5)
    assert page.locator("#card-unit h2").inner_text().startswith("C3, map")


def test_a_refusal_stands_until_something_is_done(visit, monkeypatch):
    from lenet.serve import page_routes

    def refuse():
        raise InputError("there are no digits here")

    def untrained(shelf):  # another test may have trained the network of 1998 before
        shelf._shown.pop("1998", None)
        return iter(tuple(shelf._shown.values()))

    monkeypatch.setattr(page_routes, "_trained_1998", refuse)
    monkeypatch.setattr(page_routes.Shelf, "__iter__", untrained)
    page = visit()
    sample(page, 2)
    page.locator("#net-1").select_option("train")
    page.wait_for_selector("#trouble:not([hidden])")
    settle(page)
    assert page.locator("#trouble").inner_text() == "there are no digits here"
    assert page.locator("#net-1").input_value() == ""
    draw(page, SEVEN)
    assert page.locator("#trouble").is_hidden()


def test_the_skip_link_goes_to_the_section_and_keeps_the_address(visit):
    page = visit()
    draw(page, SEVEN)
    before = page.evaluate("location.hash")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "digit"
    assert page.evaluate("location.hash") == before


def test_another_address_in_the_same_tab_is_shown(visit):
    page = visit()
    draw(page, SEVEN)
    page.evaluate("location.hash = '#n=1998-untrained'")
    holds(page, "document.querySelector('canvas.table')")
    settle(page)
    assert page.locator("#net-0").input_value() == "1998-untrained"


@pytest.mark.parametrize(
    "damage", ["p=xx", "p=0.AAA", "p=28.", "d=???", "u=0.C9.1.1.1", "u=5.C1.0.0.0", "u=0.C1.0.99.0", "u=0.C1", "%"]
)
def test_a_link_that_was_damaged_leads_to_the_page_all_the_same(visit, damage):
    page = visit(f"/#{damage}")
    settle(page)
    assert page.locator("#trouble").is_hidden()
    sample(page, 3)
    assert answer(page) == "3"


def test_sliders_and_evidence_are_of_both_networks(visit):
    page = visit("/#n=digits,untrained")
    sample(page, 3)
    assert page.locator("#card-evidence .speaks:visible").count() == 2
    captions = page.locator("#card-evidence figcaption").all_inner_texts()
    assert "likely 3" in captions[0]
    assert f"likely {answer(page, 1)}" in captions[2]
    told = page.locator("#slider-rotation ~ .strip").get_attribute("aria-label")
    assert "stays 3" in told
    assert f"untrained: it stays {answer(page, 1)}" in told
    page.locator("#net-1").select_option("")
    settle(page)
    assert page.locator("#card-evidence .speaks:visible").count() == 1
    assert "untrained" not in page.locator("#slider-rotation ~ .strip").get_attribute("aria-label")


def test_on_a_phone_a_button_leads_from_a_unit_to_its_sum(visit):
    page = visit(viewport={"width": 360, "height": 740}, has_touch=True)
    sample(page, 3)
    page.locator("[data-layer=C1] canvas").click(position={"x": 20, "y": 20})
    page.wait_for_selector("#engine-value")
    settle(page)
    below = page.locator("[data-layer=C1] .below")
    assert "worked out below" in below.inner_text()
    below.click()
    assert page.evaluate("document.activeElement.id") == "card-unit"
    holds(page, "document.getElementById('card-unit').getBoundingClientRect().top < innerHeight / 2")
