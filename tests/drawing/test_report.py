"""A report is one file that asks nothing of any host, whatever a field is called and whatever stands on it."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from lenet.drawing import field_report, field_section
from lenet.drawing.lattice import lattice_svg
from lenet.reading import Reader, explain
from lenet.reading.fields import FieldText
from tests.fields import untrained, written

EMPTY = {"img", "meta", "path", "rect", "image", "circle", "br"}


class Balanced(HTMLParser):
    """Checks that what is opened is closed, and gathers addresses."""

    def __init__(self):
        super().__init__()
        self.open, self.addresses = [], []

    def handle_starttag(self, tag, attributes):
        self.addresses += [value for name, value in attributes if name in ("src", "href")]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in EMPTY:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        self.addresses += [value for name, value in attributes if name in ("src", "href")]


@pytest.fixture(scope="module")
def page():
    reader = Reader("amount", model=untrained())
    pictures = [*written(3).pictures, np.full((30, 90), 240, np.uint8)]
    return field_report(field_section(explain(reader, picture), "a<b>&.png") for picture in pictures)


def test_the_page_is_well_formed_and_asks_nobody(page):
    parser = Balanced()
    parser.feed(page)
    assert not parser.open
    assert parser.addresses
    assert all(address.startswith("data:image/png;base64,") for address in parser.addresses)
    assert not re.search(r"https?://|<script|url\(|@import", page)
    assert "default-src 'none'" in page


def test_names_are_escaped(page):
    assert "a&lt;b&gt;&amp;.png" in page
    assert "<b>&.png" not in page


def test_it_says_what_was_decided_for_each_field(page):
    assert page.count("<article>") == 4
    assert len(re.findall(">(accepted|rejected)<", page)) == 4
    assert "nothing is written" in page
    assert "without a grammar" in page


def test_pictures_in_it_are_the_strip_and_the_probabilities():
    proof = explain(Reader(model=untrained()), written(3).pictures[0])
    data = re.findall(r'class="(ink|heat)"[^>]*base64,([^"]+)"', field_section(proof))
    drawn = {kind: np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for kind, text in data}
    assert (drawn["ink"] == 255 - proof.strip.image).all()
    assert drawn["heat"].shape[1:] == (len(proof.probabilities), 4)


def test_a_lattice_of_one_character_and_of_many_is_drawn():
    one = FieldText("7", -0.1, ((4, 8),), (0.9,))
    many = FieldText("12345", -3.0, tuple((8 * k, 8 * k + 4) for k in range(5)), (0.5,) * 5)
    assert lattice_svg([one]).count('class="arc') == 1
    assert lattice_svg([many, one]).count('class="arc') == 6
