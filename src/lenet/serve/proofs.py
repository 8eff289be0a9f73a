"""The proof of a reading as values for a page: the ink as the network saw it, the film over it, texts and lattice."""

from __future__ import annotations

import base64
import io
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.drawing.lattice import lattice_svg
from lenet.drawing.segments import segments_svg
from lenet.grammar import Grammar
from lenet.reading.fields import FRAME, FieldText
from lenet.reading.proof import Proof, cuts_of, lattice_of

__all__ = ["png", "proof_values"]

_SHOWN = 0.02
"""Probability that a class reaches somewhere to be given a row of the film."""
_PENALTY = 99.0
"""Shown for what has no probability at all."""


def proof_values(proof: Proof, known: Grammar) -> dict[str, Any]:
    """Return a proof as values that `json.dumps` takes.

    Parameters
    ----------
    proof : of `lenet.reading.explain`.
    known : the grammar that the field was read by.

    Returns
    -------
    reading : as `Reading.to_dict`.
    threshold : the confidence from which a reading is accepted.
    strip : the field as the network saw it: `png` (dark on light), `columns`, `rows`, `written`.
    film : how probable each class is at each place: `first`, the column of the strip at which the first place begins;
        `frame`, the columns of a place; `places`; `classes`, the ones that come up somewhere; `shares`, base64 of
        uint8 (places, classes), 255 for certain.
    texts : best first, with what they mean, their share, their penalty (minus its logarithm), their characters with the
        columns each was read from, the cuts between them, and their path: numbers of the lattice's arcs.
    free : the best text without a grammar.
    lattice : the graph of these texts, as SVG text.
    segments : the cuts through the ink and the graph of its pieces, as `svg`, and the best `texts` by pieces alone with
        their share; None where there is nothing to cut.
    """
    lattice = lattice_of(proof.texts.best)
    texts = [_text(text, known) for text in proof.texts.best]
    for text, path in zip([text for text in texts if text["text"]], lattice.paths, strict=True):
        text["path"] = path
    return {
        "reading": proof.reading.to_dict(),
        "grammar": known.name,
        "threshold": min(1.0, proof.threshold),
        "strip": {
            "png": _address(255 - proof.strip.image),
            "columns": int(proof.strip.image.shape[1]),
            "rows": int(proof.strip.image.shape[0]),
            "written": proof.strip.written,
        },
        "film": _film(proof),
        "texts": texts,
        "free": _text(proof.texts.free, known),
        "lattice": lattice_svg(proof.texts.best) if proof.texts.best and proof.texts.best[0].text else "",
        "segments": _segments(proof),
    }


def _segments(proof: Proof) -> dict[str, Any] | None:
    found = proof.segments
    if found is None or not len(found.segments):
        return None
    return {
        "svg": segments_svg(found, _address(proof.picture), proof.picture.shape[:2]),
        "texts": [{"text": one.text, "share": math.exp(one.score)} for one in found.best],
    }


def _address(pixels: NDArray[np.uint8]) -> str:
    """Return the address of a PNG that stands in the page."""
    return f"data:image/png;base64,{base64.b64encode(png(pixels)).decode()}"


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture as the bytes of a PNG."""
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(content, "PNG")
    return content.getvalue()


def _film(proof: Proof) -> dict[str, Any]:
    reached = [k for k in range(len(proof.classes)) if not k or proof.probabilities[:, k].max() >= _SHOWN]
    shares = np.rint(np.clip(proof.probabilities[:, reached], 0, 1) * 255).astype(np.uint8)
    return {
        "first": proof.first,
        "frame": FRAME,
        "places": len(shares),
        "classes": [proof.classes[k] for k in reached],
        "shares": base64.b64encode(np.ascontiguousarray(shares).tobytes()).decode(),
    }


def _text(text: FieldText, known: Grammar) -> dict[str, Any]:
    value = known.value(text.text)
    return {
        "text": text.text,
        "value": None if value is None else str(value),
        "share": math.exp(text.score),
        "penalty": min(_PENALTY, -text.score),
        "signs": [
            {"sign": sign, "first": first, "end": end, "sure": sure}
            for sign, (first, end), sure in zip(text.text, text.spans, text.sure, strict=True)
        ],
        "cuts": list(cuts_of(text)),
        "path": [],
    }
