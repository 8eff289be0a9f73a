"""Networks as data: layer records, what follows from them (shapes, counts), and LeNet-1, LeNet-4 and LeNet-5.

An `Architecture` holds no numbers that are learned; `lenet.Network` joins it with parameters and runs it.
"""

from __future__ import annotations

from lenet.architectures.architecture import Architecture, LayerSummary
from lenet.architectures.layers import (
    ACTIVATIONS,
    POOLINGS,
    Activation,
    Convolution,
    FullConnection,
    Layer,
    Pooling,
    RadialBasis,
    Shape,
    Subsampling,
    Table,
)
from lenet.architectures.zoo import (
    C3_TABLE,
    LENET1_TABLE,
    LENET4_TABLE,
    ZOO,
    deep5,
    digit_codes,
    field_network,
    lenet1,
    lenet4,
    lenet5,
    lenet5_1998,
    named,
)

__all__ = [
    "ACTIVATIONS",
    "C3_TABLE",
    "LENET1_TABLE",
    "LENET4_TABLE",
    "POOLINGS",
    "ZOO",
    "Activation",
    "Architecture",
    "Convolution",
    "FullConnection",
    "Layer",
    "LayerSummary",
    "Pooling",
    "RadialBasis",
    "Shape",
    "Subsampling",
    "Table",
    "deep5",
    "digit_codes",
    "field_network",
    "lenet1",
    "lenet4",
    "lenet5",
    "lenet5_1998",
    "named",
]
