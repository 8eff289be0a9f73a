"""From the pen to the screen: how long the live page takes to show what the network makes of a stroke, in Chromium.

`python -m benchmarks.page` on a quiet machine; it needs playwright and Chromium. The service runs as a process of its
own, as `lenet serve` does. Digits are drawn with the mouse, a movement every 8 ms, as a mouse of 125 Hz sends them.
Each time is counted from the oldest movement that the answer is the first to contain, by the browser's own time stamps:

- painted: until every map, the outputs and the answer of it are painted;
- frame: until the browser begins the next frame, which shows them. At 60 frames a second that is up to 16.7 ms later,
  however quick the page is.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from urllib.request import urlopen

import numpy as np

from benchmarks.records import Figure, busy, machine, print_table, save

DIGITS, PACE = 30, 0.008
STROKES = (
    ((0.25, 0.2), (0.75, 0.22), (0.55, 0.55), (0.42, 0.88)),
    ((0.3, 0.25), (0.6, 0.15), (0.68, 0.38), (0.45, 0.5), (0.7, 0.62), (0.6, 0.85), (0.28, 0.8)),
    ((0.6, 0.15), (0.35, 0.45), (0.32, 0.75), (0.5, 0.88), (0.66, 0.72), (0.5, 0.58), (0.36, 0.68)),
)
LISTEN = """() => {
  window.times = [];
  document.addEventListener("answered", ({ detail }) => {
    const painted = performance.now() - detail;
    requestAnimationFrame(() => window.times.push([painted, performance.now() - detail]));
  });
}"""
SHOWN = {"one network": "digits", "two networks": "digits,1998-untrained"}


def measure(digits: int = DIGITS) -> list[Figure]:
    """Return milliseconds from movement to screen: median and 95th percentile, over all movements."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        sys.exit("Chromium is not installed; install it to measure the page")
    found: list[Figure] = []
    with running() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for words, names in SHOWN.items():
            page = browser.new_page(viewport={"width": 1440, "height": 1000})
            page.goto(f"{address}/#n={names}")
            page.wait_for_function("() => document.getElementById('digit').page?.digit.rested")
            page.evaluate(LISTEN)
            for number in range(digits + 1):
                draw(page, STROKES[number % len(STROKES)])
                if not number:
                    page.evaluate("() => { window.times = []; }")  # the first digit warms everything up
            found += figures(words, np.array(page.evaluate("() => window.times")))
            page.close()
        browser.close()
    return found


def draw(page, points) -> None:
    """Clear the surface and draw a stroke, one movement after the other at the pace of a mouse."""
    page.get_by_role("button", name="Clear").click()
    box = page.locator("#surface").bounding_box()
    corners = np.array([(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in points])
    steps = np.linspace(0, len(corners) - 1, 14 * (len(corners) - 1))
    x, y = (np.interp(steps, np.arange(len(corners)), corners[:, axis]) for axis in (0, 1))
    page.mouse.move(x[0], y[0])
    page.mouse.down()
    due = time.perf_counter()
    for place in zip(x[1:], y[1:], strict=True):
        due += PACE
        time.sleep(max(0.0, due - time.perf_counter()))
        page.mouse.move(*place)
    page.mouse.up()
    page.wait_for_function("() => document.getElementById('digit').page?.digit.rested")


def figures(words: str, times: np.ndarray) -> list[Figure]:
    """Return the medians, with the quartiles, and the 95th percentiles."""
    setting = f"{words}, {len(times)} answers"
    found = []
    for what, column in (("painted", 0), ("frame", 1)):
        found.append(Figure.of("page", f"stroke to {what}", times[:, column], "ms", setting))
        high = float(np.percentile(times[:, column], 95))
        found.append(Figure("page", f"stroke to {what}, 95th percentile", high, high, high, "ms", setting))
    return found


@contextmanager
def running() -> Iterator[str]:
    """Run the service in a process of its own; gives its address once it is ready."""
    spawning = get_context("spawn")
    here, there = spawning.Pipe(duplex=False)
    process = spawning.Process(target=answer, args=(there,), daemon=True)
    process.start()
    try:
        address = here.recv()
        while not ready(address):
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.join()


def answer(to: Connection) -> None:
    """Serve, and tell where."""
    from lenet.serve import serve

    serve(port=0, on_start=lambda address: to.send(address.rstrip("/")))


def ready(address: str) -> bool:
    """Tell whether the service is warm."""
    try:
        with urlopen(f"{address}/ready") as told:
            return bool(json.load(told)["ready"])
    except OSError:
        return False


def main() -> None:
    """Measure, print, and keep the figures unless asked not to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page")
    parser.add_argument("--digits", type=int, default=DIGITS, help="how many digits are drawn")
    parser.add_argument("--no-save", action="store_true", help="print only")
    options = parser.parse_args()
    others = busy()
    print(f"{machine()}; others use {others:.0%} of the processor's time")
    found = measure(options.digits)
    print_table(found)
    if not options.no_save:
        print(f"written to {save(found, others)}")


if __name__ == "__main__":
    main()
