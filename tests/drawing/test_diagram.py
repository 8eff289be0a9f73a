from __future__ import annotations

from xml.etree import ElementTree

import pytest

from lenet.architectures import ZOO, Architecture, Convolution, FullConnection, named
from lenet.drawing import diagram

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", ZOO)
def test_diagram_is_svg_that_names_every_layer(name):
    architecture = named(name)
    words = {text.text for text in ElementTree.fromstring(diagram(architecture)).iter(f"{SVG}text")}
    assert {layer.name for layer in architecture.layers} <= words
    assert f"{architecture.parameters:,}" in next(word for word in words if word and word.startswith(name))


def test_diagram_writes_names_as_text():
    layers = (Convolution("C&1", 2), FullConnection("OUT", 2, activation="linear"))
    architecture = Architecture("a<b", (1, 8, 8), layers)
    assert "C&amp;1" in diagram(architecture)
    ElementTree.fromstring(diagram(architecture))
