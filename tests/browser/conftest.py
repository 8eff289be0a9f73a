"""A real browser and the service in this process; without playwright or Chromium the tests here are skipped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.pages import served

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Give the address of the running service."""
    for package in ("fastapi", "uvicorn"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    with served() as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Give a browser, closed after the file: while playwright runs in this thread, no other test can start a loop."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any, address: str) -> Iterator[Any]:
    """Give a function that opens the page; whatever it opened must not have failed nor asked anybody else."""
    pages, asked, faults = [], [], []

    def open_page(path: str = "/", **options: Any) -> Any:
        page = chromium.new_context(**{"viewport": {"width": 1440, "height": 1000}, **options}).new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        pages.append(page)
        page.goto(address + path)
        page.wait_for_selector("#surface, #train:not([hidden]), #field:not([hidden]), #correct:not([hidden])")
        return page

    yield open_page
    for page in pages:
        page.context.close()
    foreign = [url for url in asked if not url.startswith((address + "/", "data:", "blob:"))]
    assert not foreign, f"the page asked {foreign}"
    refusals = "the server responded with a status of 422"  # said to the reader, too; tests look for that
    assert not [fault for fault in faults if refusals not in fault]
