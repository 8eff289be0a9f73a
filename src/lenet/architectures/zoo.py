"""The networks that go by a name, with the tables and bitmaps of the paper that they need."""

from __future__ import annotations

from collections.abc import Callable

from lenet.architectures.architecture import Architecture
from lenet.architectures.layers import (
    Activation,
    Convolution,
    FullConnection,
    Pooling,
    RadialBasis,
    Subsampling,
    Table,
)
from lenet.errors import ArchitectureError

__all__ = [
    "C3_TABLE",
    "LENET1_TABLE",
    "LENET4_TABLE",
    "ZOO",
    "deep5",
    "digit_codes",
    "field_network",
    "lenet1",
    "lenet4",
    "lenet5",
    "lenet5_1998",
    "named",
]

C3_TABLE: Table = (
    (0, 1, 2),
    (1, 2, 3),
    (2, 3, 4),
    (3, 4, 5),
    (0, 4, 5),
    (0, 1, 5),
    (0, 1, 2, 3),
    (1, 2, 3, 4),
    (2, 3, 4, 5),
    (0, 3, 4, 5),
    (0, 1, 4, 5),
    (0, 1, 2, 5),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)
"""Which S2 maps each C3 map reads (LeCun et al. 1998, Table I)."""

LENET1_TABLE: Table = ((0,), (0, 1), (0, 1), (1,), (0, 1), (0, 1), (2,), (2, 3), (2, 3), (3,), (2, 3), (2, 3))
"""Which of its four maps each H3 map of LeNet-1 reads (LeCun et al., NIPS 2, 1990)."""

LENET4_TABLE: Table = tuple(tuple(sorted({m % 8, (m + 1) % 8, (m + (2 if m < 8 else 4)) % 8})) for m in range(16))
"""Ours: the paper does not print LeNet-4's table. Three maps each give 262,306 connections ("about 260,000")."""


_DIGIT_BITMAPS = """
.#####. ...##.. .#####. ####### .#####. .#####. ..####. ####### .#####. .#####.
....... ..###.. ....... .....## ....... ....... .##.... .....## ##...## ##..###
..###.. .####.. .#####. ....##. ....... ####### ##..... .....## ##...## ##...##
.##.##. ...##.. ##...## ...##.. .##..## ##..... ##..... ....##. ##...## ##...##
##...## ...##.. #....## ..####. .##..## ##..... ######. ...##.. .#####. ##..###
##...## ...##.. ....##. .....## ###..## .####.. ###..## ...##.. ##...## .######
##...## ...##.. ..###.. .....## ##...## ..####. ##...## ..##... ##...## .....##
##...## ...##.. .##.... .....## ##...## .....## ##...## ..##... ##...## .....##
.##.##. ...##.. ##..... ##...## ##..### ##...## ###..## ..##... ##...## ....##.
..###.. .###### ####### .#####. .###### .#####. .#####. ..##... .#####. .####..
....... ....... ....... ....... .....## ....... ....... ....... ....... .......
....... ....... ....... ....... .....## ....... ....... ....... ....... .......
"""


def digit_codes() -> tuple[tuple[int, ...], ...]:
    """Return the ten 7x12 bitmaps of Fig. 3 as codes of 84 components, +1 for ink and -1 for paper, row by row."""
    rows = [line.split() for line in _DIGIT_BITMAPS.split("\n") if line]
    return tuple(tuple(1 if c == "#" else -1 for row in rows for c in row[digit]) for digit in range(10))


def lenet5(*, pooling: Pooling = "average", activation: Activation = "tanh", classes: int = 10) -> Architecture:
    """Return LeNet-5 as the popular descriptions give it: 61,706 parameters, 32x32 grey pixels in [0, 1].

    It is not the network of the paper (`lenet5_1998`): every C3 map reads every S2 map, subsampling has no parameters,
    and ten scores go through a softmax.
    """
    variant = "".join(f"-{word}" for word, usual in ((pooling, "average"), (activation, "tanh")) if word != usual)
    return Architecture(
        f"lenet5{variant}",
        (1, 32, 32),
        (
            Convolution("C1", 6, activation=activation),
            Subsampling("S2", pooling),
            Convolution("C3", 16, activation=activation),
            Subsampling("S4", pooling),
            Convolution("C5", 120, activation=activation),
            FullConnection("F6", 84, activation=activation),
            FullConnection("OUTPUT", classes, activation="linear"),
        ),
    )


def lenet5_1998() -> Architecture:
    """Return LeNet-5 as the paper defines it: 60,000 parameters, 340,908 connections (section II-B).

    C3 reads S2 by Table I, subsampling is trained, every layer is squashed by 1.7159 tanh(2a/3), and the outputs are
    squared distances to the 7x12 bitmaps of the digits (Fig. 3).
    """
    return Architecture(
        "lenet5-1998",
        (1, 32, 32),
        (
            Convolution("C1", 6, activation="scaled_tanh"),
            Subsampling("S2", "trainable", activation="scaled_tanh"),
            Convolution("C3", 16, table=C3_TABLE, activation="scaled_tanh"),
            Subsampling("S4", "trainable", activation="scaled_tanh"),
            Convolution("C5", 120, activation="scaled_tanh"),
            FullConnection("F6", 84, activation="scaled_tanh"),
            RadialBasis("OUTPUT", digit_codes()),
        ),
        scale=(-0.1, 1.175),
    )


def lenet1() -> Architecture:
    """Return LeNet-1: 2,578 parameters, 98,442 connections (LeCun et al., NIPS 2, 1990; 1998, section III-C.7)."""
    return Architecture(
        "lenet1",
        (1, 28, 28),
        (
            Convolution("H1", 4, activation="scaled_tanh"),
            Subsampling("H2", "trainable", activation="scaled_tanh"),
            Convolution("H3", 12, table=LENET1_TABLE, activation="scaled_tanh"),
            Subsampling("H4", "trainable", activation="scaled_tanh"),
            FullConnection("OUTPUT", 10, activation="linear"),
        ),
        scale=(-0.1, 1.175),
    )


def lenet4() -> Architecture:
    """Return LeNet-4 as its description goes (section III-C.8); its parameter count cannot be met.

    The paper describes 4 maps, 8 subsampling maps in pairs, 16 maps, 16 subsampling maps and 120 fully connected
    units, and counts about 17,000 parameters; but 120 units on 16 maps of 5x5 have 48,120 alone. We keep the
    description and the connections (262,306; "about 260,000"), and have 50,698 parameters.
    """
    return Architecture(
        "lenet4",
        (1, 32, 32),
        (
            Convolution("C1", 4, activation="scaled_tanh"),
            Subsampling("S2", "trainable", copies=2, activation="scaled_tanh"),
            Convolution("C3", 16, table=LENET4_TABLE, activation="scaled_tanh"),
            Subsampling("S4", "trainable", activation="scaled_tanh"),
            FullConnection("F5", 120, activation="scaled_tanh"),
            FullConnection("OUTPUT", 10, activation="linear"),
        ),
        scale=(-0.1, 1.175),
    )


def deep5() -> Architecture:
    """Return a network of today, with 78,970 parameters in five layers of weights; ours, the teacher of "digits".

    Two more convolutions than LeNet-1, small kernels, batch norm (Ioffe and Szegedy 2015), ReLU and max pooling. Paper
    and ink are seen as about -0.42 and 2.82: MNIST's pixels then have mean 0 and deviation 1.
    """
    kernel = (3, 3)
    return Architecture(
        "deep5",
        (1, 28, 28),
        (
            Convolution("C1", 16, batch_norm=True, activation="relu"),
            Subsampling("S2", "max"),
            Convolution("C3", 40, kernel, batch_norm=True, activation="relu"),
            Convolution("C4", 56, kernel, batch_norm=True, activation="relu"),
            Subsampling("S5", "max"),
            Convolution("C6", 96, kernel, batch_norm=True, activation="relu"),
            FullConnection("OUTPUT", 10, activation="linear"),
        ),
        scale=(-0.1307 / 0.3081, 0.8693 / 0.3081),
    )


def field_network(classes: int = 25) -> Architecture:
    """Return a network of 174,217 parameters that slides over whole fields 40 pixels high; ours, of model "fields".

    A space-displacement network (LeCun et al. 1998, section VII) of layers as in `deep5`: its last layer says, for
    each 4 columns of a field of any width, which of the classes stands there; class 0 is none.
    """
    kernel, padding = (3, 3), (1, 1)
    return Architecture(
        "fields",
        (1, 40, 160),
        (
            Convolution("C1", 16, padding=(2, 2), batch_norm=True, activation="relu"),
            Subsampling("S2", "max"),
            Convolution("C3", 32, kernel, padding=padding, batch_norm=True, activation="relu"),
            Subsampling("S4", "max"),
            Convolution("C5", 48, kernel, padding=padding, batch_norm=True, activation="relu"),
            Convolution("C6", 64, kernel, padding=padding, batch_norm=True, activation="relu"),
            Subsampling("S7", "max", (2, 1)),
            Convolution("C8", 96, (5, 3), padding=(0, 1), batch_norm=True, activation="relu"),
            Convolution("C9", 96, (1, 3), padding=(0, 1), batch_norm=True, activation="relu"),
            Convolution("OUTPUT", classes, (1, 3), padding=(0, 1), activation="linear"),
        ),
    )


ZOO: dict[str, Callable[[], Architecture]] = {
    "lenet5": lenet5,
    "lenet5-max": lambda: lenet5(pooling="max"),
    "lenet5-relu": lambda: lenet5(activation="relu"),
    "lenet5-max-relu": lambda: lenet5(pooling="max", activation="relu"),
    "lenet5-1998": lenet5_1998,
    "lenet4": lenet4,
    "lenet1": lenet1,
    "deep5": deep5,
    "fields": field_network,
}
"""The networks that go by a name, and what builds them."""


def named(name: str) -> Architecture:
    """Return the architecture that goes by `name`, a key of `ZOO`; raise `ArchitectureError` where there is none."""
    if name not in ZOO:
        raise ArchitectureError(f"no network is called {name!r}; choose one of {', '.join(ZOO)}")
    return ZOO[name]()
