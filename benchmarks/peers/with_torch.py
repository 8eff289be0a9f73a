"""PyTorch: eager, channels last, compiled, and optimised for inference; and lenet's own module under torch's SGD."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.job import Job, timed
from benchmarks.subject import Subject


def plain() -> nn.Sequential:
    """Return LeNet-5 as one writes it in PyTorch."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.Tanh(),
        nn.Linear(120, 84),
        nn.Tanh(),
        nn.Linear(84, 10),
    )


def loaded(subject: Subject) -> nn.Sequential:
    """Return `plain` with the parameters of `digits` and a softmax; its temperature is folded into the last layer."""
    model, names = plain(), iter(("C1", "C3", "C5", "F6", "OUTPUT"))
    with torch.no_grad():
        for layer in model:
            if hasattr(layer, "weight"):
                name = next(names)
                layer.weight.copy_(torch.from_numpy(subject.parameters[f"{name}.weights"]).reshape(layer.weight.shape))
                layer.bias.copy_(torch.from_numpy(subject.parameters[f"{name}.biases"]))
        model[-1].weight /= subject.temperature
        model[-1].bias /= subject.temperature
    return model.append(nn.Softmax(1)).eval()


def prepare(subject: Subject, task: str, variant: str, batch: int, threads: int) -> Job:
    """Return the job called `task`: "forward", "single" or "training"."""
    torch.set_num_threads(threads)
    if task == "training":
        call, answer = _training(subject, variant, batch), None
    else:
        call, ready = _forward(loaded(subject), variant, torch.from_numpy(subject.images[:batch]))
        answer = np.asarray(ready[: len(subject.expected)])
    rate = timed(call, batch)

    def with_threads(seconds: float) -> float:
        torch.set_num_threads(threads)  # it holds for the whole process, where jobs with other numbers wait
        return rate(seconds)

    return Job(with_threads, answer)


def _forward(model: nn.Module, variant: str, images: Tensor) -> tuple[Callable[[], Tensor], Tensor]:
    run: Callable[[Tensor], Tensor] = model
    if variant == "channels last":
        run, images = model.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
    elif variant == "optimised":
        run = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, images)))
    elif variant == "compiled":
        from torch._inductor import config

        config.freezing = True
        run = torch.compile(model)

    @torch.no_grad() if variant == "compiled" else torch.inference_mode()
    def call() -> Tensor:
        return run(images)

    for _ in range(3):  # the first calls trace, fuse and compile
        answer = call()
    return call, answer


def _training(subject: Subject, variant: str, batch: int) -> Callable[[], object]:
    torch.manual_seed(0)
    model, optimizer_kind = plain(), {"fused": True} if variant in ("fused", "compiled", "lenet") else {"foreach": True}
    if variant == "lenet":
        import lenet.torch

        model = lenet.torch.LeNet5()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, **optimizer_kind)
    images, labels = torch.from_numpy(subject.images), torch.from_numpy(subject.labels)

    def cost(some: Tensor, right: Tensor) -> Tensor:
        return nn.functional.cross_entropy(model(some), right)

    loss = torch.compile(cost) if variant == "compiled" else cost
    start = 0

    def step() -> None:
        nonlocal start
        chosen = slice(start, start + batch)
        start = (start + batch) % (len(labels) - batch + 1)
        optimizer.zero_grad(set_to_none=True)
        loss(images[chosen], labels[chosen]).backward()
        optimizer.step()

    for _ in range(3):
        step()
    return step
