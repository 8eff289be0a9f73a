"""The loss on whole fields is what adding up every sequence gives, and its derivatives are those of differences."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from lenet.learning.spelling import best_spelling, log_softmax, spelling_loss

CLASSES = 4
SIGNS = np.array([True, False, False, True])
"""Class 3 is a sign that open texts leave out."""


def spelled(sequence):
    return [k for place, k in enumerate(sequence) if k and (not place or sequence[place - 1] != k)]


def brute_force(scores, text, *, is_open):
    """Minus the log of the summed probability of all sequences that spell the text."""
    p = np.exp(log_softmax(scores[np.newaxis])[0].astype(float))
    total = 0.0
    for sequence in itertools.product(range(CLASSES), repeat=scores.shape[1]):
        seen = [0 if is_open and SIGNS[k] else k for k in sequence]
        if spelled(seen) == list(text):
            total += math.prod(p[k, place] for place, k in enumerate(sequence))
    return -math.log(total) if total else 0.0


def cases():
    rng = np.random.default_rng(0)
    for places in (1, 2, 5, 6):
        for text in ([], [1], [1, 1], [1, 2], [2, 1, 1], [1, 2, 1]):
            if len(text) + sum(a == b for a, b in itertools.pairwise(text)) <= places:
                yield rng.normal(0, 2, (CLASSES, places)).astype(np.float32), np.array(text, np.int64)


@pytest.mark.parametrize("is_open", [False, True])
def test_the_loss_is_that_of_all_sequences(is_open):
    for scores, text in cases():
        found = spelling_loss(scores[np.newaxis], [text], SIGNS, np.array([is_open]))
        assert found.losses[0] == pytest.approx(brute_force(scores, text, is_open=is_open), abs=2e-4), text


def test_signs_of_complete_texts_are_spelled():
    scores = np.random.default_rng(1).normal(0, 2, (CLASSES, 5)).astype(np.float32)
    text = np.array([1, 3, 2])
    found = spelling_loss(scores[np.newaxis], [text], SIGNS, np.array([False]))
    assert found.losses[0] == pytest.approx(brute_force(scores, text, is_open=False), abs=2e-4)


@pytest.mark.parametrize("is_open", [False, True])
def test_deltas_are_the_differences_of_the_loss(is_open):
    rng = np.random.default_rng(2)
    for text in ([], [1], [2, 2], [1, 2, 1]):
        scores = rng.normal(0, 1, (1, CLASSES, 6)).astype(np.float32)
        deltas = spelling_loss(scores, [np.array(text, np.int64)], SIGNS, np.array([is_open])).deltas[0]
        for k, place in itertools.product(range(CLASSES), range(6)):
            losses = []
            for step in (0.02, -0.02):
                moved = scores.copy()
                moved[0, k, place] += step
                losses.append(brute_force(moved[0], text, is_open=is_open))
            assert deltas[k, place] == pytest.approx((losses[0] - losses[1]) / 0.04, abs=2e-3)


def test_fields_of_a_batch_do_not_know_each_other():
    rng = np.random.default_rng(3)
    texts = [np.array(text, np.int64) for text in ([1, 2, 1, 2], [2], [], [1, 1])]
    scores = rng.normal(0, 2, (4, CLASSES, 9)).astype(np.float32)
    is_open = np.array([True, False, True, False])
    together = spelling_loss(scores, texts, SIGNS, is_open)
    for index, text in enumerate(texts):
        alone = spelling_loss(scores[[index]], [text], SIGNS, is_open[[index]])
        assert together.losses[index] == pytest.approx(alone.losses[0], abs=1e-5)
        np.testing.assert_allclose(together.deltas[index], alone.deltas[0], atol=1e-6)
    np.testing.assert_allclose(together.deltas.sum(axis=1), 0, atol=1e-4)


def test_a_text_too_long_for_its_field_says_nothing():
    found = spelling_loss(np.zeros((1, CLASSES, 2), np.float32), [np.array([1, 1])], SIGNS, np.array([False]))
    assert found.losses[0] == 0
    assert not found.deltas.any()


def test_extreme_scores_stay_finite():
    scores = np.zeros((1, CLASSES, 8), np.float32)
    scores[0, 1] = 1e4
    found = spelling_loss(scores, [np.array([2, 1])], SIGNS, np.array([False]))
    assert np.isfinite(found.losses).all()
    assert np.isfinite(found.deltas).all()


def test_the_best_sequence_is_spelled_with_signs_or_without():
    logs = np.full((CLASSES, 6), -9, np.float32)
    for place, k in enumerate([1, 1, 3, 0, 1, 2]):
        logs[k, place] = -0.1
    assert best_spelling(logs) == [1, 3, 1, 2]
    assert best_spelling(logs, SIGNS) == [1, 1, 2]
