"""Each kind of layer in plain PyTorch, by hand; `test_lenet5` compares whole networks with the reference."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from lenet.architectures import Convolution, FullConnection, RadialBasis, Subsampling  # noqa: E402
from lenet.torch.layers import plain_layer, squash  # noqa: E402


def test_the_squashing_functions_are_the_papers():
    sums = torch.tensor([-2.0, 0.0, 1.0])
    assert squash("linear", sums) is sums
    assert squash("relu", sums).tolist() == [0.0, 0.0, 1.0]
    assert squash("scaled_tanh", sums)[2].item() == pytest.approx(1.0, abs=1e-4)  # f(1) = 1, Appendix A
    assert squash("sigmoid", sums)[1].item() == 0.5


def test_a_table_leaves_maps_out():
    record = Convolution("C", 2, (1, 1), table=((0,), (1,)), activation="linear")
    layer = plain_layer(record, (2, 1, 1), {"weights": torch.tensor([[[3.0]], [[5.0]]]), "biases": torch.zeros(2)}, {})
    assert layer(torch.tensor([[[[1.0]], [[10.0]]]])).flatten().tolist() == [3.0, 50.0]


def test_trainable_subsampling_sums_then_scales():
    record = Subsampling("S", "trainable", copies=2)
    parts = {"coefficients": torch.tensor([1.0, 0.5]), "biases": torch.tensor([0.0, 1.0])}
    layer = plain_layer(record, (1, 2, 2), parts, {})
    assert layer(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])).flatten().tolist() == [10.0, 6.0]


def test_a_full_connection_reads_map_by_map():
    parts = {"weights": torch.tensor([[1.0, 10.0, 100.0, 1000.0]]), "biases": torch.tensor([0.5])}
    layer = plain_layer(FullConnection("F", 1, activation="linear"), (2, 1, 2), parts, {})
    assert layer(torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])).flatten().tolist() == [4321.5]


def test_radial_basis_gives_squared_distances():
    layer = plain_layer(RadialBasis("R", ((1, -1), (1, 1))), (2, 1, 1), {}, {})
    assert layer(torch.tensor([[[[1.0]], [[0.0]]]])).flatten().tolist() == [1.0, 1.0]
    assert layer(torch.tensor([[[[1.0]], [[1.0]]]])).flatten().tolist() == [4.0, 0.0]


def test_a_layer_prints_its_record():
    assert "pooling=max" in repr(plain_layer(Subsampling("S", "max"), (1, 2, 2), {}, {}))
