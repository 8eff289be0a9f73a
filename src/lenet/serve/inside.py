"""From a drawing to all that the live page shows: what the network sees, its maps, what speaks for its answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenet._engine import normalize_glyph
from lenet.architectures import RadialBasis
from lenet.documents.pictures import PIXEL_LIMIT
from lenet.errors import InputError
from lenet.network import Network
from lenet.serve.sliders import RANGES, SIDE, STILL, Sliders, moved

if TYPE_CHECKING:
    from lenet.documents.pages import Source

__all__ = [
    "HIDDEN",
    "LARGEST",
    "STEPS",
    "Evidence",
    "describe",
    "evidence",
    "fitted",
    "ink_from",
    "inside",
    "picture",
    "seen",
    "sweeps",
]

STEPS = 33
"""Places along the range of a slider at which networks are asked."""

HIDDEN, _STRIDE = 6, 2
"""Side of the square that the occlusion map hides, and how far it moves; of ours: twice a stroke's width."""

LARGEST = 512
"""Rows and columns of a drawing, at most; of ours."""

_DRAWN = 96
"""Pixels of the longer side of a picture that is laid on the drawing surface."""

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


# ---- what the network sees ------------------------------------------------------------------------------------------


def ink_from(body: bytes) -> Image:
    """Return the bytes of a square drawing as ink, uint8 (side, side), paper 0.

    Raises
    ------
    InputError
        They are no square of 16 to `LARGEST` pixels.
    """
    side = math.isqrt(len(body))
    if side * side != len(body) or not 16 <= side <= LARGEST:
        raise InputError(
            f"{len(body)} bytes were sent as a drawing; send a square of 16x16 to {LARGEST}x{LARGEST} bytes of ink"
        )
    return np.frombuffer(body, np.uint8).reshape(side, side)


def seen(ink: Image, sliders: Sliders = STILL) -> Image:
    """Return a drawing as the network sees it: scaled into 20x20, centred by its mass in 32x32, and then moved.

    Parameters
    ----------
    ink : uint8 (rows, columns), paper 0.
    sliders : how far to move it; centring comes first, or it would undo what they do.

    Returns
    -------
    uint8 (32, 32), paper 0, full ink 255.
    """
    centred = np.pad(normalize_glyph(ink), (SIDE - 28) // 2)
    return centred if sliders == STILL else moved(centred, [sliders])[0]


def picture(source: Source, pixels: int = PIXEL_LIMIT) -> Image:
    """Return a picture of one digit as ink for the drawing surface: uint8, its longer side 96 pixels.

    Parameters
    ----------
    source : as `lenet.glyphs.open_glyph` takes it.
    pixels : that a file's picture may have.

    Raises
    ------
    InputError, FormatError
        As `lenet.glyphs.open_glyph`.
    """
    from PIL import Image as Pictures

    from lenet.glyphs import open_ink

    ink = open_ink(source, pixels=pixels)
    share = _DRAWN / max(ink.shape)
    size = (max(1, round(ink.shape[1] * share)), max(1, round(ink.shape[0] * share)))
    way = Pictures.Resampling.BOX if share < 1 else Pictures.Resampling.BILINEAR
    return np.asarray(Pictures.fromarray(ink).resize(size, way), np.uint8)


# ---- what the network makes of it -----------------------------------------------------------------------------------


def describe(network: Network) -> dict[str, Any]:
    """Return what the page has to know of a network before the first drawing: its layers, classes and codes."""
    architecture = network.architecture
    if architecture.input[0] != 1 or max(architecture.input) > SIDE:
        raise InputError(f"{architecture} reads {architecture.input}; the page draws one map of up to {SIDE}x{SIDE}")
    architecture.require_scores()
    layers = []
    for layer, row in zip(architecture.layers, architecture.summary, strict=True):
        maps, rows, columns = row.output
        layers.append({"name": layer.name, "kind": layer.kind, "maps": maps, "rows": rows, "columns": columns})
        layers[-1] |= {"parameters": row.parameters, "connections": row.connections, "activation": layer.activation}
        layers[-1] |= {key: getattr(layer, key) for key in ("pooling", "table", "kernel") if hasattr(layer, key)}
    last = architecture.layers[-1]
    return {
        "architecture": architecture.name,
        "input": architecture.input[1:],
        "scale": architecture.scale,
        "layers": layers,
        "parameters": architecture.parameters,
        "connections": architecture.connections,
        "classes": network.classes,
        "temperature": network.temperature,
        "codes": last.codes if isinstance(last, RadialBasis) else None,
    }


def inside(network: Network, image: Image) -> Floats:
    """Return every layer's maps of one image (32, 32), one after the other, and then the probabilities of the classes.

    Returns
    -------
    float32, as many as the network has units, and classes.
    """
    looked_at = fitted(network, image)
    maps = [found.ravel() for found in network.feature_maps(looked_at).values()]
    return np.concatenate([*maps, network.predict_proba(looked_at[None])[0]])


def fitted(network: Network, images: Image) -> Image:
    """Return the middle of images (..., 32, 32), as large as the network reads."""
    rows, columns = network.architecture.input[1:]
    top, left = (SIDE - rows) // 2, (SIDE - columns) // 2
    return images[..., top : top + rows, left : left + columns]


def sweeps(networks: Sequence[Network], ink: Image, sliders: Sliders) -> list[Floats]:
    """Return what each network answers while one slider after the other goes through its whole range.

    Parameters
    ----------
    networks : whom to ask.
    ink : the drawing.
    sliders : where the others stand meanwhile.

    Returns
    -------
    For each network float32 (sliders, `STEPS`, classes): probabilities.
    """
    settings = [
        replace(sliders, **{name: float(value)})
        for name, (low, high) in RANGES.items()
        for value in np.linspace(low, high, STEPS)
    ]
    images = moved(seen(ink), settings)
    return [
        network.predict_proba(np.ascontiguousarray(fitted(network, images)), threads=1).reshape(len(RANGES), STEPS, -1)
        for network in networks
    ]


# ---- what speaks for an answer --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Evidence:
    """Which pixels speak for a class.

    Parameters
    ----------
    rival : the likeliest other class.
    gradient : float32 (32, 32), how much more ink at a pixel raises the class's score over the rival's (natural-log
        units for full ink).
    fall : float32 (n, n), by how much that lead falls if a square of `HIDDEN` pixels is hidden; the squares are two
        pixels apart, from the top left.
    hidden : float32 (n, n), the class's probability then.
    probability : and the one with nothing hidden.
    """

    rival: int
    gradient: Floats
    fall: Floats
    hidden: Floats
    probability: float


def evidence(network: Network, image: Image, label: int) -> Evidence:
    """Return what speaks for a class in an image (32, 32).

    Parameters
    ----------
    network : a network of one map.
    image : what it sees.
    label : the number of the class.

    Raises
    ------
    InputError
        There is no such class.
    """
    if not 0 <= label < len(network.classes):
        raise InputError(f"class {label} was asked for; choose one of 0 to {len(network.classes) - 1}")
    hidden = np.concatenate([image[None], _with_a_square_hidden(image)])
    scores = _scores(network, np.ascontiguousarray(fitted(network, hidden)))
    rival = int(np.argmax(np.where(np.arange(scores.shape[1]) == label, -np.inf, scores[0])))
    lead = scores[:, label] - scores[:, rival]
    side = math.isqrt(len(hidden) - 1)
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = shares[:, label] / shares.sum(axis=1)
    square = (side, side)
    return Evidence(
        rival,
        _gradient(network, image, label, rival),
        (lead[0] - lead[1:]).reshape(square),
        shares[1:].reshape(square),
        float(shares[0]),
    )


def _scores(network: Network, images: Image) -> Floats:
    """Return scores whose softmax are the network's probabilities."""
    outputs = network.scores(images, threads=1)
    return (-outputs if network.architecture.penalties else outputs) / np.float32(network.temperature)


def _with_a_square_hidden(image: Image) -> Image:
    """Return the image with each square of a grid made paper: uint8 (squares, 32, 32)."""
    starts = range(0, SIDE - HIDDEN + 1, _STRIDE)
    images = np.repeat(image[None], len(starts) ** 2, axis=0)
    for number, (top, left) in enumerate((top, left) for top in starts for left in starts):
        images[number, top : top + HIDDEN, left : left + HIDDEN] = 0
    return images


def _gradient(network: Network, image: Image, label: int, rival: int) -> Floats:
    """Return the derivative of the class's lead over its rival by the ink of every pixel.

    The loss of the rival's label minus the loss of the class's is that lead; unlike each of the two losses,
    its slope does not vanish where the network is sure.
    """
    looked_at = fitted(network, image)
    slopes = network.gradients(np.stack([looked_at, looked_at]), np.array([label, rival]), threads=1).inputs[:, 0]
    low, high = network.architecture.scale
    lead = 2 * (slopes[1] - slopes[0]) * (high - low) / network.temperature
    edge = [((SIDE - size) // 2, SIDE - size - (SIDE - size) // 2) for size in lead.shape]
    return np.pad(lead, edge).astype(np.float32)
