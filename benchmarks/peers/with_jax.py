"""JAX: one compiled function for the scores, one for a step of SGD with momentum whose old parameters are given up."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.job import Job, timed
from benchmarks.subject import Subject

Parameters = list[tuple[Any, Any]]


def scores(parameters: Parameters, images: jax.Array) -> jax.Array:
    """Return the scores of LeNet-5."""
    hidden = images
    for weights, biases in parameters[:2]:
        sums = jax.lax.conv_general_dilated(hidden, weights, (1, 1), "VALID") + biases[:, None, None]
        pooled = jax.lax.reduce_window(jnp.tanh(sums), 0.0, jax.lax.add, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
        hidden = pooled / 4
    hidden = hidden.reshape(len(hidden), -1)
    for weights, biases in parameters[2:-1]:
        hidden = jnp.tanh(hidden @ weights.T + biases)
    weights, biases = parameters[-1]
    return hidden @ weights.T + biases


def loss(parameters: Parameters, images: jax.Array, labels: jax.Array) -> jax.Array:
    """Return the mean cross entropy."""
    logarithms = jax.nn.log_softmax(scores(parameters, images))
    return -jnp.take_along_axis(logarithms, labels[:, None], 1).mean()


def step(
    parameters: Parameters, momentum: Parameters, images: jax.Array, labels: jax.Array
) -> tuple[Parameters, Parameters, jax.Array]:
    """Return parameters and momentum after one step, and the loss before it."""
    cost, gradients = jax.value_and_grad(loss)(parameters, images, labels)
    momentum = jax.tree.map(lambda m, g: 0.9 * m + g, momentum, gradients)
    return jax.tree.map(lambda p, m: p - 0.01 * m, parameters, momentum), momentum, cost


def prepare(subject: Subject, task: str, variant: str, batch: int, threads: int) -> Job:
    """Return the job for "forward", "single" or "training"; JAX decides itself how many threads it uses."""
    weights = [subject.parameters[f"{name}.weights"] for name in ("C1", "C3", "C5", "F6", "OUTPUT")]
    biases = [subject.parameters[f"{name}.biases"] for name in ("C1", "C3", "C5", "F6", "OUTPUT")]
    weights[2] = weights[2].reshape(120, 400)
    parameters = [(jnp.asarray(w), jnp.asarray(b)) for w, b in zip(weights, biases, strict=True)]
    if task == "training":
        return _training(subject, parameters, batch)
    run = jax.jit(lambda parameters, images: jax.nn.softmax(scores(parameters, images) / subject.temperature))
    images = jnp.asarray(subject.images[:batch])
    answer = np.asarray(run(parameters, images))[: len(subject.expected)]
    return Job(timed(lambda: run(parameters, images).block_until_ready(), batch), answer)


def _training(subject: Subject, parameters: Parameters, batch: int) -> Job:
    run = jax.jit(step, donate_argnums=(0, 1))
    momentum = jax.tree.map(jnp.zeros_like, parameters)
    pieces = len(subject.labels) // batch
    batches = [
        (
            jnp.asarray(subject.images[i * batch : (i + 1) * batch]),
            jnp.asarray(subject.labels[i * batch : (i + 1) * batch]),
        )
        for i in range(pieces)
    ]
    turn = 0

    def call() -> None:
        nonlocal parameters, momentum, turn
        parameters, momentum, cost = run(parameters, momentum, *batches[turn])
        turn = (turn + 1) % pieces
        cost.block_until_ready()

    call()
    return Job(timed(call, batch))
