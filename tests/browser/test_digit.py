"""The Digit section in a real browser: what is drawn is read, and what is shown is what the engine computes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import lenet
from lenet.network import Network
from lenet.serve.inside import seen
from lenet.serve.sliders import Sliders

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).parents[2] / "examples" / "pictures"
SEVEN = ((0.25, 0.2), (0.5, 0.2), (0.75, 0.2), (0.6, 0.5), (0.45, 0.85))
ONE = ((0.5, 0.15), (0.5, 0.5), (0.49, 0.85))


def draw(page, points, *, at=(0.0, 0.0), size=1.0):
    """Draw a stroke with the mouse, in parts of the surface."""
    box = page.locator("#surface").bounding_box()
    (left, top), side = (box["x"], box["y"]), box["width"]
    places = [(left + side * (at[0] + size * x), top + side * (at[1] + size * y)) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()
    settle(page)


def holds(page, expression):
    """Wait until an expression holds in the page; as a function, since the page's policy forbids texts as programs."""
    page.wait_for_function(f"() => {expression}")


def settle(page):
    """Wait until all that the page asks when the hand rests is there."""
    holds(page, "document.getElementById('digit').page?.digit.rested")


def answer(page, side=0):
    return page.locator("#card-answer .digit").nth(side).inner_text()


def sample(page, digit):
    page.get_by_role("button", name=f"Sample {digit}", exact=True).click()
    settle(page)


def ink(page):
    """Return the square of ink that the page sent last."""
    found = page.evaluate("[...document.getElementById('digit').page.digit.ink]")
    return np.array(found, np.uint8).reshape(96, 96)


@pytest.mark.parametrize(("points", "digit"), [(SEVEN, "7"), (ONE, "1")])
def test_a_digit_drawn_with_the_mouse_is_read(visit, points, digit):
    page = visit()
    draw(page, points)
    assert answer(page) == digit
    assert f"reads {digit}" in page.locator("#said").inner_text()


def test_a_small_digit_in_a_corner_is_read(visit):
    page = visit()
    draw(page, SEVEN, at=(0.72, 0.72), size=0.25)
    assert answer(page) == "7"
    assert "brought to the middle" in page.locator("#card-seen").inner_text()


def test_a_finger_draws_too(visit):
    page = visit(has_touch=True)
    box = page.locator("#surface").bounding_box()
    session = page.context.new_cdp_session(page)
    places = [{"x": box["x"] + box["width"] * x, "y": box["y"] + box["height"] * y} for x, y in SEVEN]
    for kind, points in (
        ("touchStart", places[:1]),
        *(("touchMove", [place]) for place in places[1:]),
        ("touchEnd", []),
    ):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    settle(page)
    assert answer(page) == "7"


def test_every_sample_is_read_as_itself(visit):
    page = visit()
    for digit in range(10):
        sample(page, digit)
        assert answer(page) == str(digit)


def test_clear_and_undo(visit):
    page = visit()
    draw(page, ONE)
    draw(page, ((0.2, 0.2), (0.3, 0.2)))
    page.get_by_role("button", name="Undo").click()
    settle(page)
    assert answer(page) == "1"
    page.get_by_role("button", name="Clear").click()
    settle(page)
    assert answer(page) == "–"
    assert "Nothing is drawn" not in page.locator("#trouble").inner_text()
    holds(page, "!new URLSearchParams(location.hash.slice(1)).has('d')")


def test_a_picture_is_uploaded(visit):
    page = visit()
    page.locator("#file").set_input_files(PICTURES / "digit-5.jpg")
    holds(page, "document.querySelector('#card-answer .digit').textContent === '5'")
    page.locator("#file").set_input_files(PICTURES / "digit-9.jpg")
    holds(page, "document.querySelector('#card-answer .digit').textContent === '9'")
    settle(page)
    page.reload()
    holds(page, "document.querySelector('#card-answer .digit')?.textContent === '9'")


@pytest.mark.parametrize(
    ("event", "holder", "target"), [("ClipboardEvent", "clipboardData", "paste"), ("DragEvent", "dataTransfer", "drop")]
)
def test_a_picture_is_pasted_or_dropped(visit, event, holder, target):
    page = visit()
    content = list((PICTURES / "digit-2.jpg").read_bytes())
    page.evaluate(
        """([content, event, holder, target]) => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(content)], "digit.jpg", { type: "image/jpeg" }));
            document.getElementById("surface").dispatchEvent(
                new globalThis[event](target, { [holder]: files, bubbles: true, cancelable: true }));
        }""",
        [content, event, holder, target],
    )
    holds(page, "document.querySelector('#card-answer .digit').textContent === '2'")


def test_a_file_that_is_no_picture_is_refused_in_words(visit, tmp_path):
    page = visit()
    (tmp_path / "notes.png").write_text("not a picture")
    page.locator("#file").set_input_files(tmp_path / "notes.png")
    page.wait_for_selector("#trouble:not([hidden])")
    assert "no format that is known" in page.locator("#trouble").inner_text()


# ---- what is shown inside -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", ["C1", "S2", "C3", "S4", "C5", "F6"])
def test_the_shown_sum_of_a_clicked_unit_is_the_engines(visit, layer):
    page = visit()
    sample(page, 3)
    canvas = page.locator(f"[data-layer={layer}] canvas")
    canvas.click(position={"x": 33, "y": 13})
    page.wait_for_selector("#engine-value")
    settle(page)
    cell = page.locator("#engine-value")
    name, *place = page.evaluate("(d => [d.unit.layer, ...d.unit.place])(document.getElementById('digit').page.digit)")
    assert name == layer
    found = lenet.load("digits").feature_maps(seen(ink(page)))[layer][tuple(place)]
    assert float(cell.get_attribute("data-engine")) == pytest.approx(float(found), abs=1e-6)
    assert float(cell.get_attribute("data-value")) == pytest.approx(float(found), abs=1e-4)
    assert f"{found:.5f}".replace("-", "−") == cell.inner_text()
    assert page.locator(".seen .field").is_visible()


def test_the_maps_on_the_screen_are_coloured_by_the_engines_numbers(visit):
    page = visit()
    sample(page, 4)
    maps = lenet.load("digits").feature_maps(seen(ink(page)))["C1"]
    pixels = page.evaluate(
        """() => { const c = document.querySelector("[data-layer=C1] canvas");
            return { across: Math.round((c.width + 1) / 29), width: c.width,
                     data: [...c.getContext("2d").getImageData(0, 0, c.width, c.height).data] }; }"""
    )
    image = np.array(pixels["data"], np.int64).reshape(-1, pixels["width"], 4)
    for m in range(6):
        top, left = 29 * (m // pixels["across"]), 29 * (m % pixels["across"])
        warmth = image[top : top + 28, left : left + 28, 0] - image[top : top + 28, left : left + 28, 2]
        assert np.corrcoef(warmth.ravel(), maps[m].ravel())[0, 1] > 0.98


def test_the_outputs_can_be_clicked_and_worked_out(visit):
    page = visit()
    sample(page, 6)
    page.get_by_role("button", name="Class 6").click()
    page.wait_for_selector("#engine-value")
    found = lenet.load("digits").scores(seen(ink(page))[None])[0, 6]
    assert float(page.locator("#engine-value").get_attribute("data-value")) == pytest.approx(float(found), abs=1e-4)


def test_two_networks_stand_side_by_side_with_the_codes_of_1998(visit):
    page = visit("/#n=digits,1998-untrained")
    sample(page, 8)
    assert page.locator("article.net:visible").count() == 2
    assert answer(page, 0) == "8"
    assert page.locator("canvas.code:visible").count() == 10
    distances = Network("lenet5-1998", seed=1).scores(seen(ink(page))[None])[0]
    shown = [float(text) for text in page.locator("article.net").nth(1).locator(".output .value").all_inner_texts()]
    assert np.allclose(shown, distances, atol=0.051)
    page.locator("#net-1").select_option("")
    settle(page)
    assert page.locator("article.net:visible").count() == 1


def test_the_network_of_1998_is_trained_when_asked(visit, monkeypatch):
    from lenet.serve import page_routes

    network = Network("lenet5-1998", seed=9)
    monkeypatch.setattr(page_routes, "_trained_1998", lambda: (network, "tests", 7))
    page = visit()
    sample(page, 2)
    page.locator("#net-1").select_option("train")
    page.wait_for_selector("article.net:nth-of-type(2):visible")
    settle(page)
    assert page.locator("#net-1").input_value() == "1998"
    assert "trained here on 7 digits of tests" in page.locator("article.net").nth(1).inner_text()


# ---- sliders and evidence -------------------------------------------------------------------------------------------


def test_a_slider_changes_what_the_network_sees(visit):
    page = visit()
    sample(page, 3)
    page.locator("#slider-rotation").fill("40")
    settle(page)
    image = np.array(page.evaluate("[...document.getElementById('digit').page.digit.image]")).reshape(32, 32)
    assert np.allclose(image * 255, seen(ink(page), Sliders(rotation=40.0)), atol=0.01)
    page.locator("#card-sliders").get_by_role("button", name="Reset").click()
    settle(page)
    image = np.array(page.evaluate("[...document.getElementById('digit').page.digit.image]")).reshape(32, 32)
    assert np.allclose(image * 255, seen(ink(page)), atol=0.01)


def test_the_answer_stands_along_every_slider(visit):
    page = visit()
    sample(page, 3)
    holds(page, "document.querySelector('#slider-rotation ~ .strip').getAttribute('aria-label').includes('stays 3')")
    for strip in page.locator(".strip").all():
        assert "stays 3" in strip.get_attribute("aria-label")
        painted = strip.evaluate("c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean)")
        assert painted


def test_what_speaks_for_a_class_is_shown_and_can_be_chosen(visit):
    page = visit()
    sample(page, 3)
    card = page.locator("#card-evidence")
    holds(page, "document.querySelector('#card-evidence figcaption').textContent.includes('likely 3')")
    page.locator("#evidence-class").select_option("8")
    holds(page, "document.querySelector('#card-evidence figcaption').textContent.includes('likely 8')")
    assert "makes 8 likelier than 3" in card.inner_text()


# ---- everybody ------------------------------------------------------------------------------------------------------


def test_the_address_leads_back_to_all_of_it(visit):
    page = visit()
    draw(page, SEVEN)
    page.locator("#slider-noise").fill("0.1")
    settle(page)
    page.locator("[data-layer=C3] canvas").click(position={"x": 33, "y": 13})
    page.wait_for_selector("#engine-value")
    settle(page)
    value = page.locator("#engine-value").inner_text()
    again = visit("/" + page.url.partition("/#")[2].join(["#", ""]))
    again.wait_for_selector("#engine-value")
    settle(again)
    assert answer(again) == answer(page) == "7"
    assert again.locator("#slider-noise").input_value() == "0.1"
    assert (
        abs(float(again.locator("#engine-value").inner_text().replace("−", "-")) - float(value.replace("−", "-")))
        < 0.05
    )


def test_all_of_it_works_with_the_keyboard(visit):
    page = visit()
    page.locator("#surface").focus()
    page.keyboard.press("4")
    settle(page)
    assert answer(page) == "4"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "(e => e.id || e.closest('[data-layer]')?.dataset.layer || e.className)(document.activeElement)"
            )
        )
    assert {
        "C1",
        "S2",
        "C3",
        "S4",
        "C5",
        "F6",
        "net-0",
        "net-1",
        "file",
        "clear",
        "slider-rotation",
        "evidence-class",
        "output best",
    } <= reached
    page.locator("[data-layer=C1] canvas").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "PageDown"):
        page.keyboard.press(key)
    page.wait_for_selector("#card-unit h2:text-is('C1, map 1, row 15, column 15')")


def test_tabs_are_changed_with_arrow_keys(visit):
    page = visit()
    page.locator("#tab-digit").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#train:not([hidden])", state="attached")
    assert page.locator("#tab-train").get_attribute("aria-selected") == "true"
    assert page.locator("#digit").is_hidden()
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#surface")


def test_everything_that_can_be_focused_has_a_name(visit):
    page = visit("/#n=digits,1998-untrained")
    sample(page, 5)
    focusable = ("#digit button", "#digit select", "#digit input", "#digit canvas[tabindex]", "header button")
    nameless = page.evaluate(
        """(focusable) => [...document.querySelectorAll(focusable)]
            .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length))
            .map((e) => e.outerHTML)""",
        ", ".join(focusable),
    )
    assert not nameless


@pytest.mark.parametrize("path", ["/", "/#n=digits,1998-untrained"])
def test_a_narrow_screen_needs_no_sideways_scrolling(visit, path):
    page = visit(path, viewport={"width": 360, "height": 740}, has_touch=True)
    sample(page, 3)
    page.locator("[data-layer=C3] canvas").first.click(position={"x": 13, "y": 13})
    page.wait_for_selector("#engine-value")
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    rights = page.evaluate("[...document.querySelectorAll('#digit .card')].map((e) => e.getBoundingClientRect().right)")
    assert max(rights) <= 360


def test_light_and_dark(visit):
    page = visit(color_scheme="dark")
    sample(page, 3)

    def brightness():
        return sum(map(int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))))

    dark = brightness()
    page.get_by_role("button", name="Switch between light and dark").click()
    settle(page)
    assert dark < 150 < 600 < brightness()
    page.reload()
    page.wait_for_selector("#surface")
    assert brightness() > 600


def test_the_tour_has_six_steps(visit):
    page = visit()
    page.get_by_role("button", name="Tour").click()
    titles = []
    for _ in range(6):
        page.wait_for_selector(".tour h2")
        titles.append(page.locator(".tour h2").inner_text())
        settle(page)
        page.keyboard.press("Enter")
    assert [title[0] for title in titles] == list("123456")
    assert page.locator(".tour").count() == 0
    page.get_by_role("button", name="Tour").click()
    page.wait_for_selector(".tour h2")
    page.keyboard.press("Escape")
    assert page.locator(".tour").count() == 0


def test_the_connection_table_lights_up_what_a_map_reads(visit):
    page = visit("/#n=1998-untrained")
    sample(page, 5)
    page.locator("[data-layer=C3] .frame canvas").focus()
    for _ in range(4):
        page.keyboard.press("PageDown")  # the first goes to map 0
    page.wait_for_selector("#engine-value")
    table = page.locator("canvas.table")
    assert "Map 3 reads 3, 4, 5" in table.get_attribute("aria-label")
    pixels = np.array(table.evaluate("c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"))
    cells = pixels.reshape(6, 4, 16, 4, 4)[:, 1, :, 1]  # the middle of each, red to opacity
    lit = {(row, column) for row, column in np.argwhere((cells[..., 0] - cells[..., 2] > 100) & (cells[..., 3] > 0))}
    assert lit == {(3, 3), (4, 3), (5, 3)}
    assert page.locator("[data-layer=S2] .read").count() == 3
