"""Architectures against the counts, table and bitmaps of LeCun et al. 1998, sections II-A, II-B and Fig. 3."""

from __future__ import annotations

import json
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.architectures import (
    C3_TABLE,
    LENET1_TABLE,
    LENET4_TABLE,
    ZOO,
    Architecture,
    Convolution,
    FullConnection,
    RadialBasis,
    Subsampling,
    deep5,
    digit_codes,
    lenet1,
    lenet4,
    lenet5,
    lenet5_1998,
    named,
)
from lenet.errors import ArchitectureError
from lenet.network import Network
from tests.networks import random_architecture, shapes_of


def column(architecture: Architecture, field: str) -> list:
    return [getattr(row, field) for row in architecture.summary]


def test_lenet5_1998_has_the_parameters_of_the_paper() -> None:
    assert column(lenet5_1998(), "parameters") == [156, 12, 1516, 32, 48120, 10164, 0]
    assert lenet5_1998().parameters == 60_000


def test_lenet5_1998_has_the_connections_of_the_paper() -> None:
    assert column(lenet5_1998(), "connections") == [122_304, 5_880, 151_600, 2_000, 48_120, 10_164, 840]
    assert lenet5_1998().connections == 340_908


def test_lenet5_1998_has_the_multiply_adds_that_follow() -> None:
    assert column(lenet5_1998(), "multiply_adds") == [117_600, 0, 150_000, 0, 48_000, 10_080, 840]
    assert lenet5_1998().multiply_adds == 326_520


def test_lenet5_1998_has_the_maps_of_the_paper() -> None:
    shapes = [(1, 32, 32), (6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120, 1, 1), (84, 1, 1), (10, 1, 1)]
    assert list(lenet5_1998().shapes()) == shapes
    assert sum(prod(shape) for shape in shapes[1:]) == 8_094


def test_receptive_fields_grow_as_the_paper_says() -> None:
    assert column(lenet5_1998(), "receptive_field") == [5, 6, 14, 16, 32, 32, 32]
    assert column(lenet5_1998(), "step")[:5] == [1, 2, 2, 4, 4]


def test_squashing_follows_every_layer_but_the_distances() -> None:
    assert [layer.activation for layer in lenet5_1998().layers] == ["scaled_tanh"] * 6 + ["linear"]
    assert lenet5_1998().penalties
    assert not lenet5().penalties


def test_c3_table_is_table_i() -> None:
    assert sum(map(len, C3_TABLE)) == 60
    assert [len(row) for row in C3_TABLE] == [3] * 6 + [4] * 9 + [6]
    assert [sum(m in row for row in C3_TABLE) for m in range(6)] == [10] * 6
    for j in range(6):
        assert set(C3_TABLE[j]) == {(j + k) % 6 for k in range(3)}
        assert set(C3_TABLE[6 + j]) == {(j + k) % 6 for k in range(4)}
    assert C3_TABLE[12:] == ((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5))


def test_full_c3_costs_900_parameters_more() -> None:
    layers = list(lenet5_1998().layers)
    layers[2] = Convolution("C3", 16, activation="scaled_tanh")
    full = Architecture("full", (1, 32, 32), tuple(layers))
    assert full.summary[2].parameters == 2_416
    assert full.parameters == 60_900


def test_popular_lenet5_has_61706_parameters() -> None:
    assert column(lenet5(), "parameters") == [156, 0, 2416, 0, 48120, 10164, 850]
    assert lenet5().parameters == 61_706


def test_lenet1_has_the_counts_of_its_reconstruction() -> None:
    assert column(lenet1(), "parameters") == [104, 8, 512, 24, 1_930]
    assert column(lenet1(), "connections") == [59_904, 2_880, 32_768, 960, 1_930]
    assert (lenet1().parameters, lenet1().connections) == (2_578, 98_442)
    assert sum(map(len, LENET1_TABLE)) == 20


def test_teacher_has_78970_parameters() -> None:
    assert column(deep5(), "parameters") == [432, 0, 5840, 20272, 0, 48576, 3850]


def test_lenet4_has_its_connections_and_pairs_of_maps() -> None:
    assert lenet4().connections == 262_306
    assert lenet4().parameters == 50_698
    assert [shape[0] for shape in lenet4().shapes()] == [1, 4, 8, 16, 16, 120, 10]
    assert all(len(row) == 3 for row in LENET4_TABLE)


def test_digit_codes_are_the_bitmaps_of_fig_3() -> None:
    codes = np.array(digit_codes())
    assert codes.shape == (10, 84)
    assert set(codes.ravel().tolist()) == {-1, 1}
    assert (codes == 1).sum(axis=1).tolist() == [35, 27, 33, 32, 41, 35, 39, 25, 43, 39]
    distances = (codes[:, np.newaxis] != codes).sum(axis=2)
    apart = distances[~np.eye(10, dtype=bool)]
    assert apart.min() == 12 == distances[6, 8]
    assert apart.max() == 50 == distances[1, 4] == distances[1, 8] == distances[4, 7]
    assert codes[0, :14].tolist() == [-1, 1, 1, 1, 1, 1, -1] + [-1] * 7


def test_scale_is_that_of_each_time() -> None:
    assert lenet5_1998().scale == (-0.1, 1.175)
    assert lenet5().scale == (0.0, 1.0)


def test_full_connections_slide_over_larger_pictures() -> None:
    assert lenet5().shapes(32, 40)[-1] == (10, 1, 3)
    assert lenet1().shapes(40, 32)[-1] == (10, 4, 2)
    with pytest.raises(ArchitectureError, match="smaller than the network's input"):
        lenet1().shapes(24, 24)


@pytest.mark.parametrize("name", ZOO)
def test_every_named_network_survives_json(name: str) -> None:
    assert Architecture.from_json(named(name).to_json()) == named(name)
    assert named(name).name == name


@given(st.integers(0, 2**32))
def test_any_architecture_survives_json(seed: int) -> None:
    architecture = random_architecture(seed)
    assert Architecture.from_json(architecture.to_json()) == architecture


@given(st.integers(0, 2**32))
def test_parameters_are_the_sizes_of_the_trained_arrays(seed: int) -> None:
    architecture = random_architecture(seed)
    shapes = shapes_of(architecture).items()
    trained = sum(prod(shape) for name, shape in shapes if not name.endswith((".mean", ".variance")))
    assert architecture.parameters == trained


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ArchitectureError, match=r"'lenet6'.*lenet5-1998"):
        named("lenet6")


def test_with_classes_replaces_the_outputs() -> None:
    assert lenet5().with_classes(26).classes == 26
    with pytest.raises(ArchitectureError, match=r"OUTPUT.*fixed"):
        lenet5_1998().with_classes(26)


REFUSED = {
    "kernel is larger": lambda: Architecture("x", (1, 4, 4), (Convolution("C1", 6),)),
    "window is larger": lambda: Architecture("x", (1, 1, 1), (Subsampling("C1"),)),
    "maps is 0, but": lambda: Convolution("C1", 0),
    "maps is True": lambda: Convolution("C1", True),
    "maps is 6.0": lambda: Convolution("C1", 6.0),  # type: ignore[arg-type]
    "maps is 1000000000000": lambda: Convolution("C1", 10**12),
    "kernel is .5, 5, 5": lambda: Convolution("C1", 6, (5, 5, 5)),  # type: ignore[arg-type]
    "kernel is '55'": lambda: Convolution("C1", 6, "55"),  # type: ignore[arg-type]
    "stride is 1.5": lambda: Subsampling("C1", stride=1.5),  # type: ignore[arg-type]
    "units is None": lambda: FullConnection("C1", None),  # type: ignore[arg-type]
    "table is 3": lambda: Convolution("C1", 6, table=3),  # type: ignore[arg-type]
    "table is 0.5": lambda: Convolution("C1", 1, table=((0.5,),)),  # type: ignore[arg-type]
    "batch_norm has": lambda: FullConnection("C1", 2, 1),  # type: ignore[arg-type]
    "codes are none": lambda: RadialBasis("C1", ()),
    "several lengths": lambda: RadialBasis("C1", ((1, 1), (1,))),
    "codes is nan": lambda: RadialBasis("C1", ((float("nan"),),)),  # type: ignore[arg-type]
    "padding is -1": lambda: Convolution("C1", 1, padding=(-1, 0)),
    "unknown activation": lambda: Convolution("C1", 1, activation="swish"),  # type: ignore[arg-type]
    "unknown pooling": lambda: Subsampling("C1", "median"),  # type: ignore[arg-type]
    "would all be equal": lambda: Subsampling("C1", "max", copies=2),
    "table has 1 rows": lambda: Architecture("x", (2, 9, 9), (Convolution("C1", 2, table=((0,),)),)),
    "ascending order": lambda: Architecture("x", (2, 9, 9), (Convolution("C1", 1, table=((1, 0),)),)),
    r"\(0 to 1\)": lambda: Architecture("x", (2, 9, 9), (Convolution("C1", 1, table=((2,),)),)),
    "row 0 of its table is": lambda: Architecture("x", (2, 9, 9), (Convolution("C1", 1, table=((),)),)),
    "different names": lambda: Architecture("x", (1, 9, 9), (FullConnection("C1", 2), FullConnection("C1", 2))),
    "without dots": lambda: Architecture("x", (1, 9, 9), (FullConnection("C1.a", 2),)),
    "only come last": lambda: Architecture(
        "x", (1, 1, 2), (RadialBasis("C1", ((1, 1), (1, -1))), FullConnection("F", 2))
    ),
    "components, but it reads": lambda: Architecture("x", (1, 1, 3), (RadialBasis("C1", ((1, 1),)),)),
    "nothing follows": lambda: RadialBasis("C1", ((1, 1),), activation="tanh"),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_built_is_refused_by_the_name_of_the_layer(words: str) -> None:
    with pytest.raises(ArchitectureError, match=rf"layer C1.*{words}"):
        REFUSED[words]()


def test_networks_without_input_or_layers_are_refused() -> None:
    with pytest.raises(ArchitectureError, match="has no layers"):
        Architecture("x", (1, 9, 9), ())
    with pytest.raises(ArchitectureError, match="the input of x is 0"):
        Architecture("x", (1, 0, 9), (FullConnection("F", 2),))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"name": "x", "input": [1, 9, 9], "scale": [0, 1], "layers": [{"kind": "dropout"}]}',
        '{"name": "x", "input": [1, 9], "scale": [0, 1], "layers": []}',
        '{"name": "x", "input": [1, 9, 9], "scale": [0], "layers": []}',
        '{"name": "x", "input": [1, 9, 9], "scale": [0, 1], "layers": 3}',
        "[" * 5_000,
    ],
)
def test_json_that_is_no_description_is_refused(text: str) -> None:
    with pytest.raises(ArchitectureError):
        Architecture.from_json(text)


def test_unknown_field_of_a_layer_is_named() -> None:
    data = json.loads(lenet5().to_json())
    data["layers"][0]["dilation"] = 2
    with pytest.raises(ArchitectureError, match="layer C1: unknown field 'dilation'"):
        Architecture.from_json(json.dumps(data))


def test_repr_is_one_line() -> None:
    assert repr(lenet5()) == "Architecture('lenet5': 7 layers, 61,706 parameters)"


@pytest.mark.parametrize(
    ("layers", "free"),
    [
        ((Convolution("C", 2, (5, 5)),), True),
        ((Convolution("C", 2, (8, 5)), Subsampling("S", "max", (1, 2))), True),
        ((Convolution("C", 2, (8, 9)),), False),
        ((Convolution("C", 2, (8, 9), padding=(0, 1)),), True),
        ((Convolution("C", 2, (5, 5)), FullConnection("F", 2)), False),
        ((Convolution("C", 2, (8, 9)), RadialBasis("R", ((1, -1),))), False),
    ],
)
def test_any_width_is_read_where_no_layer_is_as_large_as_its_maps(layers: tuple, free: bool) -> None:
    assert Architecture("x", (1, 8, 9), layers).any_width == free


def test_maps_of_outputs_are_not_one_score_a_class() -> None:
    lenet5().require_scores()
    with pytest.raises(ArchitectureError, match="x gives 2 maps of 4x5 outputs"):
        Architecture("x", (1, 8, 9), (Convolution("C", 2, (5, 5)),)).require_scores()


def test_whole_numbers_of_numpy_become_plain() -> None:
    layer = Convolution("C", np.int64(3), np.int32(2), table=((np.int8(0),),) * 3)  # type: ignore[arg-type]
    made = Architecture("x", np.array([1, 9, 9]).tolist(), (layer,), (np.float32(0), 1))  # type: ignore[arg-type]
    assert Architecture.from_json(made.to_json()) == made
    assert type(layer.maps) is type(layer.kernel[0]) is int


@pytest.mark.parametrize(
    "values",
    [
        {"name": 5}, {"input": 28}, {"input": (1, 9.0, 9)}, {"input": "199"}, {"layers": 3}, {"layers": (3,)},
        {"scale": 1}, {"scale": (0,)}, {"scale": (0, float("inf"))}, {"scale": "01a"}, {"scale": (0, 10**400)},
    ],
)  # fmt: skip
def test_fields_of_other_types_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ArchitectureError, match=r"x|a network is called 5"):
        Architecture(**{"name": "x", "input": (1, 9, 9), "layers": (FullConnection("F", 2),)} | values)


WRONG = st.sampled_from([None, True, 0, -1, 2, 7, 1.5, 1e308, 10**30, "", "C1", [], [1], [1, 2], [[0]], {}, {"a": 1}])


def mutated(value: Any, draw: Any) -> Any:
    """Return a JSON value with one of its parts exchanged for something else."""
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 4)) == 0:
        return draw(WRONG)
    where = draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
    copy = value.copy()
    copy[where] = mutated(value[where], draw)
    return copy


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_description_is_built_but_a_right_one(data: Any) -> None:
    """Whatever passes the records, the engine can build and run; it never sees the others."""
    name = data.draw(st.sampled_from(["lenet1", "lenet5-1998", "deep5"]))
    text = json.dumps(mutated(json.loads(named(name).to_json()), data.draw))
    try:
        made = Architecture.from_json(text)
    except ArchitectureError:
        return
    assert Architecture.from_json(made.to_json()) == made
    if sum(prod(shape) for shape in made.shapes()) + made.parameters < 1_000_000:
        found = Network(made).outputs(np.zeros((1, *made.input), np.uint8))
        assert found.shape[1:] == made.shapes()[-1]
