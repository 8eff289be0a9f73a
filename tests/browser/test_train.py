"""Training in a real browser: the error falls from noise, and the network can be paused, stopped, shown and kept."""

from __future__ import annotations

import pytest

import lenet
from tests.browser.test_digit import holds

pytest.importorskip("sklearn")
pytestmark = pytest.mark.browser


def start(page, network="lenet1"):
    page.locator("#train-go").wait_for()
    page.select_option("#train-data", "digits8x8")
    page.select_option("#train-network", network)
    page.select_option("#train-rate", "0.1")
    page.click("#train-go")
    page.locator("#train .numbers b").first.wait_for()


def error(page):
    """Return the held-out error as shown, as a share."""
    return float(page.locator("#train .numbers p").nth(2).inner_text().split("%")[0]) / 100


def test_the_error_falls_and_the_network_is_kept_and_shown(visit, tmp_path):
    page = visit("/#t=train")
    start(page)
    holds(page, "parseFloat(document.querySelectorAll('#train .numbers b')[2].textContent) < 25")
    assert page.locator("#train .kernels canvas").count() == 4 + 12
    assert page.locator("#train .digits p").count() == 10
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Start anew from noise").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the network").click()
    download.value.save_as(tmp_path / "trained.safetensors")
    network = lenet.load(tmp_path / "trained.safetensors")
    test = lenet.load_digits8x8("test")
    assert lenet.evaluate(network, test).error == pytest.approx(error(page), abs=0.0006)
    assert network.architecture.name == "lenet1"
    page.get_by_role("button", name="Show it in the digit view").click()
    page.locator("#digit").get_by_text("lenet1, trained in this page").first.wait_for(state="attached")


def test_a_pause_holds_it(visit):
    page = visit("/#t=train")
    start(page)
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Go on").wait_for()
    before = page.locator("#train .numbers").inner_text()
    page.wait_for_timeout(500)
    assert page.locator("#train .numbers").inner_text() == before
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Start anew from noise").wait_for()


def test_the_rate_that_suits_a_network_is_proposed(visit):
    page = visit("/#t=train")
    page.locator("#train-go").wait_for()
    assert page.input_value("#train-rate") == "0.03"
    page.select_option("#train-network", "lenet5-1998")
    assert page.input_value("#train-rate") == "0.003"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_on_a_phone_and_is_used_by_the_keyboard(visit, scheme):
    page = visit("/#t=train", viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.locator("#train-go").wait_for()
    page.select_option("#train-data", "digits8x8")
    page.locator("#train-go").focus()
    page.keyboard.press("Enter")
    page.locator("#train .numbers b").first.wait_for()
    holds(page, "document.documentElement.scrollWidth <= 360")
    assert page.locator("#train canvas.curve").get_attribute("aria-label").startswith("Curve of the error")
    page.get_by_role("button", name="Stop").press("Enter")
    page.get_by_role("button", name="Start anew from noise").wait_for()
