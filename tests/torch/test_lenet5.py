"""The PyTorch module: the engine's numbers are PyTorch's, and the module is an ordinary one."""

from __future__ import annotations

import copy
import io
import pickle
import warnings

import numpy as np
import pytest

from tests import reference
from tests.networks import random_architecture, random_images, random_values

torch = pytest.importorskip("torch")

from lenet.architectures import Architecture, Convolution, FullConnection, lenet5, lenet5_1998, named  # noqa: E402
from lenet.cards import Card  # noqa: E402
from lenet.errors import ArchitectureError, InputError  # noqa: E402
from lenet.network import Network as Numbers  # noqa: E402
from lenet.torch import LeNet5, Network  # noqa: E402

SMALL = Architecture(
    "small", (1, 8, 8), (Convolution("C", 3, (3, 3), batch_norm=True), FullConnection("OUT", 4, activation="linear"))
)
FIELDS = Architecture(
    "fields",
    (1, 8, 14),
    (Convolution("C", 3, (3, 3), padding=(1, 1), batch_norm=True), Convolution("OUT", 4, (8, 5), activation="linear")),
)
WHICH = ["fields", "lenet5", "lenet5-max-relu", "lenet5-1998", "lenet4", *range(40)]


def architecture_of(which: int | str) -> Architecture:
    if which == "fields":
        return FIELDS
    return named(which) if isinstance(which, str) else random_architecture(which)


def module_of(architecture: Architecture, seed: int = 0) -> Network:
    module = Network(architecture, seed=seed)
    values = random_values(architecture, seed)
    module.load_state_dict({name: torch.from_numpy(array) for name, array in values.items()})
    return module


def images_of(module: Network, count: int = 5, *, grad: bool = False) -> torch.Tensor:
    return torch.from_numpy(random_images(module.architecture, count, 1)).requires_grad_(grad)


def close(found: torch.Tensor, expected: torch.Tensor, tolerance: float, size: float | None = None) -> bool:
    """Compare relative to the norm, or to `size`."""
    found, expected = found.detach().double(), expected.detach().double()
    size = float(expected.norm()) if size is None else size
    return found.shape == expected.shape and float((found - expected).norm()) <= tolerance * (size + 1e-9)


def on_engine(module: Network, images: torch.Tensor, *, backward: bool = False) -> bool:
    return module._engine_can(images, backward)


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


# ---- the same numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", WHICH)
def test_engine_gives_the_gradients_of_pytorch_in_float64(which: int | str) -> None:
    module = module_of(architecture_of(which))
    images = images_of(module, grad=True)
    double = copy.deepcopy(module).double()
    exact = images.detach().double().requires_grad_()
    assert on_engine(module, images, backward=True)
    assert not on_engine(double, exact, backward=True)
    scores, expected = module(images), double(exact)
    assert close(scores, expected, 1e-5)
    upstream = torch.randn(expected.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    scores.backward(upstream.float())
    expected.backward(upstream)
    whole = sum(float(p.grad.square().sum()) for p in double.parameters()) ** 0.5
    for (name, found), wanted in zip(module.named_parameters(), double.parameters(), strict=True):
        assert close(found.grad, wanted.grad, 1e-4, whole), name
    assert close(images.grad, exact.grad, 1e-4)
    for (name, found), wanted in zip(module.state_dict().items(), double.state_dict().values(), strict=True):
        assert close(found, wanted, 1e-5), name


@pytest.mark.parametrize("which", WHICH)
def test_plain_layers_agree_with_the_reference(which: int | str) -> None:
    architecture = architecture_of(which)
    module = module_of(architecture).double()
    values = {name: tensor.numpy() for name, tensor in copy.deepcopy(module).state_dict().items()}
    images = images_of(module, 3).double()
    seen = reference.place(architecture, images.numpy())
    for training in (True, False):
        expected = reference.forward(architecture, values, seen, training)[-1].output
        found = module.train(training)(images).detach().numpy()
        assert found.size == expected.size
        assert np.allclose(found, expected.reshape(found.shape), rtol=1e-9, atol=1e-9)
        values = {name: tensor.numpy() for name, tensor in module.state_dict().items()}


@pytest.mark.parametrize("which", ["lenet5", "lenet5-1998", *range(8)])
def test_module_and_network_have_the_same_numbers(which: int | str) -> None:
    network = Numbers(architecture_of(which), seed=2)
    network.classes = [f"class {index}" for index in range(network.architecture.classes)]
    module = Network.from_lenet(network).eval()
    images = images_of(module)
    with torch.no_grad():
        assert (module(images).numpy() == network.scores(images.numpy())).all()
    back = module.to_lenet()
    assert (back.scores(images.numpy()) == network.scores(images.numpy())).all()
    assert back.classes == module.classes == network.classes
    assert back.parameters.keys() | back.statistics.keys() == set(module.state_dict())
    for array in back.parameters.values():
        array[...] = 0
    with torch.no_grad():
        assert (module(images).numpy() == network.scores(images.numpy())).all()


def test_to_lenet_takes_any_type() -> None:
    module = LeNet5(seed=3)
    expected = module.to_lenet().parameters["F6.weights"]
    assert (module.double().to_lenet().parameters["F6.weights"] == expected).all()


def test_from_lenet_makes_the_class_it_is_asked_of() -> None:
    assert type(LeNet5.from_lenet(Numbers("lenet5"))) is LeNet5


def test_small_images_and_bytes_are_taken_as_the_network_takes_them() -> None:
    module = Network(lenet5_1998(), seed=4)
    picture = torch.randint(0, 256, (3, 1, 28, 27), dtype=torch.uint8)
    expected = torch.from_numpy(module.to_lenet().scores(picture.numpy()))
    assert close(module(picture), expected, 1e-5)
    assert close(module(picture[:, 0]), expected, 1e-5)
    assert close(module.plain(picture / 255), expected, 1e-5)


def test_gradient_of_small_images_is_that_of_pytorch() -> None:
    module = Network(lenet5_1998(), seed=4)
    images = torch.rand(2, 1, 27, 30, requires_grad=True)
    (found,) = torch.autograd.grad(module(images).sum(), images)
    (expected,) = torch.autograd.grad(module.plain(images).sum(), images)
    assert close(found, expected, 1e-4)


# ---- an ordinary module ---------------------------------------------------------------------------------------------


def test_state_dict_has_the_names_and_shapes_of_lenet() -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in LeNet5().state_dict().items()}
    assert shapes == {name: array.shape for name, array in Numbers("lenet5").parameters.items()}
    assert sum(parameter.numel() for parameter in LeNet5().parameters()) == 61_706
    assert set(Network(SMALL).state_dict()) >= {"C.mean", "C.variance"}


OPTIMISERS = {
    "sgd": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=1e-3, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, 1e-3),
    "adamw": lambda p: torch.optim.AdamW(p, 1e-3),
    "fused": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, fused=True),
    "foreach": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, foreach=True),
}


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("architecture", [lenet5(), SMALL], ids=lambda a: a.name)
def test_optimisers_take_the_steps_they_take_in_pytorch(architecture: Architecture, name: str) -> None:
    module = Network(architecture, seed=5)
    double = copy.deepcopy(module).double()
    images, labels = images_of(module, 8), torch.arange(8) % architecture.classes
    for net in (module, double):
        optimiser = OPTIMISERS[name](net.parameters())
        for _ in range(4):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(net(images.to(next(net.parameters()).dtype)), labels).backward()
            optimiser.step()
    assert on_engine(module, images, backward=True)
    for (key, found), wanted in zip(module.state_dict().items(), double.state_dict().values(), strict=True):
        assert close(found, wanted, 2e-2 if name.startswith("adam") else 1e-4), key


def test_parameters_are_the_memory_of_the_engine() -> None:
    module = LeNet5(seed=1)
    places = [(entry.data_ptr(), entry.numel()) for entry in module.parameters()]
    start = module._numbers._engine.parameters.ctypes.data
    assert all(start <= place < start + 4 * 61_706 * 2 for place, _ in places)
    with torch.no_grad():
        module.OUTPUT.weights.zero_()
        module.OUTPUT.biases.fill_(2)
        assert (module(images_of(module)) == 2).all()


@pytest.mark.parametrize("how", ["deepcopy", "pickle", "torch.save"])
@pytest.mark.parametrize("architecture", [lenet5(), SMALL], ids=lambda a: a.name)
def test_copies_agree_and_run_on_the_engine_of_their_own(architecture: Architecture, how: str) -> None:
    module = module_of(architecture).eval()
    images = images_of(module)
    expected = module(images).detach()
    if how == "deepcopy":
        twin = copy.deepcopy(module)
    elif how == "pickle":
        twin = pickle.loads(pickle.dumps(module))
    else:
        file = io.BytesIO()
        torch.save(module, file)
        file.seek(0)
        twin = torch.load(file, weights_only=False)
    with torch.no_grad():
        assert on_engine(twin, images)
        assert (twin(images) == module(images)).all()
        for parameter in twin.parameters():
            parameter.zero_()
        assert close(module(images), expected, 1e-6)


def test_moving_there_and_back_keeps_numbers_and_engine() -> None:
    module = LeNet5(seed=6)
    images = images_of(module)
    expected = module(images)
    optimiser = torch.optim.SGD(module.parameters(), 0.1)
    assert not on_engine(module.double(), images)
    module.float()
    assert on_engine(module, images)
    assert (module(images) == expected).all()
    module(images).sum().backward()
    optimiser.step()
    assert not (module(images) == expected).all()


@pytest.mark.parametrize("assign", [False, True])
def test_state_dict_goes_both_ways(assign: bool) -> None:
    module, other = LeNet5(seed=1), LeNet5(seed=2)
    images = images_of(module)
    other.load_state_dict({name: tensor.clone() for name, tensor in module.state_dict().items()}, assign=assign)
    assert on_engine(other, images)
    assert (other(images) == module(images)).all()


def test_module_inside_another_stays_on_the_engine() -> None:
    inner = LeNet5(seed=1)
    outer = torch.nn.Sequential(inner, torch.nn.LogSoftmax(dim=1))
    outer.double().float()
    outer.load_state_dict({name: tensor.clone() for name, tensor in outer.state_dict().items()}, assign=True)
    images = images_of(inner)
    assert on_engine(inner, images)
    assert close(outer(images).exp().sum(dim=1), torch.ones(5), 1e-5)


def test_eval_reads_the_running_statistics() -> None:
    module = module_of(SMALL).eval()
    images = images_of(module)
    with torch.no_grad():
        assert on_engine(module, images)
        expected = module(images)
        assert close(module(images[:1]), expected[:1], 1e-5)
    assert close(module(images), expected, 1e-5)  # with gradients: in PyTorch
    module.train()
    before = module.C.mean.clone()
    with torch.no_grad():
        module(images)
    assert not (module.C.mean == before).all()


def test_manual_seed_decides() -> None:
    torch.manual_seed(7)
    first = LeNet5()
    torch.manual_seed(7)
    second, third = LeNet5(), LeNet5()
    assert (first.C1.weights == second.C1.weights).all()
    assert (first.C1.weights != third.C1.weights).all()


def test_threads_of_pytorch_are_obeyed_and_change_no_bit(threads) -> None:
    found = []
    for count in (1, 2):
        threads(count)
        module = LeNet5(seed=8)
        module(images_of(module, 40)).square().mean().backward()
        found.append(module.F6.weights.grad)
    assert (found[0] == found[1]).all()


# ---- autograd -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", [lenet5(), SMALL], ids=lambda a: a.name)
def test_two_passes_before_one_backward_keep_their_own_results(architecture: Architecture) -> None:
    module = Network(architecture, seed=9)
    plain = copy.deepcopy(module)
    images, others = images_of(module), images_of(module, 3).flip(0)
    (module(images).square().sum() + module(others).sum()).backward()
    (plain.plain(images).square().sum() + plain.plain(others).sum()).backward()
    for (name, found), wanted in zip(module.named_parameters(), plain.parameters(), strict=True):
        assert close(found.grad, wanted.grad, 1e-4), name
    for (name, found), wanted in zip(module.named_buffers(), plain.buffers(), strict=True):
        assert close(found, wanted, 1e-5), name


def test_gradients_add_up_until_they_are_cleared() -> None:
    module = LeNet5(seed=1)
    images = images_of(module)
    module(images).sum().backward()
    once = module.C1.weights.grad.clone()
    module(images).sum().backward()
    assert close(module.C1.weights.grad, 2 * once, 1e-5)


def test_graph_may_be_kept_for_a_second_backward() -> None:
    module = LeNet5(seed=1)
    cost = module(images_of(module)).sum()
    cost.backward(retain_graph=True)
    once = module.C3.weights.grad.clone()
    cost.backward()
    assert close(module.C3.weights.grad, 2 * once, 1e-5)


def test_numbers_changed_before_backward_are_noticed() -> None:
    module = LeNet5(seed=1)
    cost = module(images_of(module)).sum()
    with torch.no_grad():
        module.C1.weights.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        cost.backward()


def test_frozen_parameters_get_no_gradient() -> None:
    module = LeNet5(seed=1)
    module.C1.requires_grad_(False)
    module(images_of(module)).sum().backward()
    assert module.C1.weights.grad is None
    assert module.C3.weights.grad is not None
    module.requires_grad_(False)
    assert not module(images_of(module)).requires_grad


@pytest.mark.parametrize("architecture", [lenet5(), SMALL], ids=lambda a: a.name)
def test_second_derivatives_are_those_of_pytorch(architecture: Architecture) -> None:
    module = Network(architecture, seed=2)
    double = copy.deepcopy(module).double()
    results = []
    for net in (module, double):
        images = images_of(net).to(next(net.parameters()).dtype).requires_grad_()
        (slope,) = torch.autograd.grad(net(images).square().sum(), images, create_graph=True)
        slope.square().sum().backward()
        results.append([p.grad for p in net.parameters()])
    whole = sum(float(grad.square().sum()) for grad in results[1]) ** 0.5
    assert all(close(found, wanted, 1e-3, whole) for found, wanted in zip(*results, strict=True))


def test_transforms_of_torch_func_work() -> None:
    module = LeNet5(seed=3)
    images, numbers = images_of(module), dict(module.named_parameters())

    def cost(numbers: dict, image: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(module, numbers, (image[None],)).square().sum()

    each = torch.func.vmap(torch.func.grad(cost), (None, 0))({k: v.detach() for k, v in numbers.items()}, images)
    module(images).square().sum().backward()
    for name, parameter in numbers.items():
        assert close(each[name].sum(dim=0), parameter.grad, 1e-4), name


def test_functional_call_uses_the_numbers_it_is_given() -> None:
    module, other = LeNet5(seed=3), LeNet5(seed=4)
    images = images_of(module)
    found = torch.func.functional_call(module, dict(other.named_parameters()), (images,))
    assert close(found, other(images), 1e-5)
    assert on_engine(module, images)
    assert on_engine(other, images)


def test_hooks_on_layers_are_called() -> None:
    module, seen = LeNet5(seed=1), {}
    handle = module.C3.register_forward_hook(lambda layer, given, made: seen.update(C3=made.detach()))
    images = images_of(module)
    hooked = module(images)
    assert seen["C3"].shape == (5, 16, 10, 10)
    handle.remove()
    assert on_engine(module, images)
    assert close(hooked, module(images), 1e-5)


@pytest.mark.parametrize("name", ["S2", "OUTPUT"])
def test_layer_put_in_place_of_another_is_used(name: str) -> None:
    module = LeNet5(seed=1)
    images = images_of(module)
    replacement = torch.nn.MaxPool2d(2) if name == "S2" else torch.nn.Conv2d(84, 3, 1)
    setattr(module, name, replacement)
    for net in (module, copy.deepcopy(module)):
        assert not on_engine(net, images)
        assert net(images).shape == (5, 10 if name == "S2" else 3)
    if name == "OUTPUT":
        with pytest.raises(InputError, match="layers were not replaced"):
            module.to_lenet()


def test_autocast_and_tracing_leave_it_to_pytorch() -> None:
    module = LeNet5(seed=1).eval()
    images = images_of(module)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert module(images).dtype == torch.bfloat16
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch deprecates tracing, and warns of shapes turned into constants
        traced = torch.jit.trace(module, images)
    assert close(traced(images.flip(0)), module(images.flip(0)), 1e-5)


def test_empty_batch_gives_an_empty_answer() -> None:
    assert LeNet5()(torch.zeros(0, 1, 28, 28)).shape == (0, 10)


# ---- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(28, 28), (2, 3, 28, 28), (2, 1, 33, 32), (2, 1, 32, 33), (784,)])
def test_wrong_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"expected \(n, 1, rows, columns\), at most 32x32"):
        LeNet5()(torch.zeros(shape))


def test_layer_named_like_an_attribute_is_refused() -> None:
    with pytest.raises(ArchitectureError, match="layer forward"):
        Network(Architecture("x", (1, 4, 4), (FullConnection("forward", 2),)))
    with pytest.raises(ArchitectureError, match="no network is called"):
        Network("lenet6")


def test_temperature_and_card_come_back_as_long_as_the_numbers_do():
    numbers = Numbers("lenet1", seed=1)
    numbers.temperature, numbers.card = 2.5, Card("x", "y")
    module = Network.from_lenet(numbers)
    again = copy.deepcopy(module).to_lenet()
    assert (again.temperature, again.card) == (2.5, Card("x", "y"))
    with torch.no_grad():
        next(module.parameters()).add_(0.1)
    changed = module.to_lenet()
    assert (changed.temperature, changed.card) == (1.0, None)


def test_weights_that_are_not_finite_give_nan_as_in_pytorch() -> None:
    module = LeNet5(seed=1)
    images = images_of(module)
    with torch.no_grad():
        module.C1.weights[0, 0, 0, 0] = float("nan")
    assert module(images).isnan().all()
    with torch.inference_mode():
        assert module(images).isnan().all()
    with pytest.raises(ValueError, match="the images hold NaN"), torch.inference_mode():
        LeNet5(seed=1)(images * float("nan"))
