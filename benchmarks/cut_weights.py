"""Learn how probable a cut is, and write engine/cuts/weights.h. Needs LENET_DATA, and scikit-learn.

    LENET_DATA=../shared/data python -m benchmarks.cut_weights

Only strings made of MNIST's first 50,000 training images are looked at. A cut is right where every digit and every
mark has at most 15 in 100 of its ink on one of the two sides.
"""

from __future__ import annotations

import sys
import textwrap
from dataclasses import astuple
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.strings import String, varied
from lenet import _engine
from lenet.datasets import load_mnist
from lenet.documents.fields import STROKE, field_ink

STRINGS, UNITS, SPLIT = 1500, 8, 0.15
TARGET = Path(__file__).parent.parent / "engine" / "cuts" / "weights.h"


def examples(string: String) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the features of all cuts of a string, however improbable, and which of them are right."""
    field = field_ink(string.picture)
    labels, atoms, cuts, _, _ = _engine.cut_field(field.ink, list(astuple(field.text)), every=True)
    owned = (field.ink >= STROKE) & (string.owners != -1)
    owners, owner = np.unique(string.owners[owned], return_inverse=True)
    ink = np.zeros((len(owners), len(atoms)))
    np.add.at(ink, (owner, labels[owned] - 1), 1)
    left = ink.cumsum(axis=1)[:, :-1] / np.maximum(ink.sum(axis=1, keepdims=True), 1)
    return cuts[:, 4:], ((left <= SPLIT) | (left >= 1 - SPLIT)).all(axis=0)


def listed(numbers: NDArray[np.float64]) -> str:
    """Return numbers as a list of C++, on lines of their own."""
    text = "{" + ", ".join(f"{number:#.5g}f" for number in numbers) + "}"
    return "\n".join(textwrap.wrap(text, 112, initial_indent="    ", subsequent_indent="     "))


def main() -> None:
    """Make the strings, learn, write."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import StandardScaler

    data = load_mnist("train")
    found = [examples(string) for string in varied(data.images[:50_000, 0], data.labels[:50_000], STRINGS, seed=1)]
    features, right = (np.concatenate(parts) for parts in zip(*found, strict=True))
    scaler = StandardScaler().fit(features)
    network = MLPClassifier((UNITS,), activation="tanh", alpha=1e-2, max_iter=500, random_state=0)
    network.fit(scaler.transform(features), right)
    hidden = network.coefs_[0].T / scaler.scale_
    bias = network.intercepts_[0] - hidden @ scaler.mean_
    rows = ",\n".join(map(listed, hidden))
    TARGET.write_text(
        "// Weights of the network that tells how probable a cut is; written by `python -m benchmarks.cut_weights`.\n"
        "#pragma once\n\nnamespace lenet::cuts::weights {\n\n"
        f"constexpr int UNITS = {UNITS};\n"
        f"constexpr float HIDDEN[UNITS][{hidden.shape[1]}] = {{\n{rows}}};\n"
        f"constexpr float HIDDEN_BIAS[UNITS] =\n{listed(bias)};\n"
        f"constexpr float OUTPUT[UNITS] =\n{listed(network.coefs_[1][:, 0])};\n"
        f"constexpr float OUTPUT_BIAS = {network.intercepts_[1][0]:#.5g}f;\n\n"
        "}  // namespace lenet::cuts::weights\n"
    )
    accuracy = network.score(scaler.transform(features), right)
    print(
        f"{len(right):,} cuts, {right.mean():.1%} of them right, {accuracy:.1%} told; wrote {TARGET}", file=sys.stderr
    )


if __name__ == "__main__":
    main()
