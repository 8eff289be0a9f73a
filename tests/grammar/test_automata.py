"""Acceptors: the smallest ones, numbered in one way, with scores that survive every operation."""

from __future__ import annotations

import pickle
from itertools import product as tuples

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.errors import GrammarError
from lenet.grammar.automata import STATES, Acceptor, explore, minimal, product

ALPHABET = "ab0"
TEXTS = ["".join(symbols) for length in range(6) for symbols in tuples(ALPHABET, repeat=length)]


@st.composite
def machines(draw, most=6, scored=(False, True)):
    """Draw the tables of an acceptor, with states that are not reached and states that lead nowhere."""
    states = draw(st.integers(1, most))
    row = st.lists(st.integers(-1, states - 1), min_size=3, max_size=3)
    following = np.array(draw(st.lists(row, min_size=states, max_size=states)), np.int32)
    accepting = np.array(draw(st.lists(st.booleans(), min_size=states, max_size=states)))
    score = None
    if draw(st.sampled_from(scored)):
        scores = st.lists(st.lists(st.integers(-2, 1), min_size=3, max_size=3), min_size=states, max_size=states)
        score = np.array(draw(scores), np.float32)
    return Acceptor(ALPHABET, following, accepting, score)


def score_of(acceptor: Acceptor, text: str) -> float | None:
    """Return the sum of the scores of a text, 0 without scores, or None where it is not accepted; the slow truth."""
    state, total = 0, 0.0
    for symbol in text:
        if symbol not in acceptor.alphabet:
            return None
        column = acceptor.alphabet.index(symbol)
        if acceptor.score is not None:
            total += float(acceptor.score[state, column])
        state = int(acceptor.next[state, column])
        if state < 0:
            return None
    return total if acceptor.accepting[state] else None


def language(acceptor: Acceptor, texts=TEXTS) -> dict[str, float]:
    return {text: score for text in texts if (score := score_of(acceptor, text)) is not None}


def smallest(machine: Acceptor) -> Acceptor:
    return minimal(machine.alphabet, machine.next, machine.accepting, machine.score)


@settings(deadline=None)
@given(machines())
def test_matches_is_a_walk_through_the_table(machine):
    assert {text for text in TEXTS if machine.matches(text)} == set(language(machine))


@settings(deadline=None)
@given(machines())
def test_the_smallest_accepts_the_same_texts_with_the_same_scores(machine):
    assert language(smallest(machine)) == language(machine)


@settings(deadline=None)
@given(machines(most=4, scored=(False,)))
def test_the_smallest_has_a_state_for_each_different_rest(machine):
    """Two texts lead to one state if and only if they can be continued in the same ways (Myhill and Nerode).

    Each of four states is reached within three symbols, and if two differ, they differ within three.
    """
    short = [text for text in TEXTS if len(text) <= 3]
    rests = {frozenset(rest for rest in short if machine.matches(text + rest)) for text in short}
    assert len(smallest(machine).accepting) == max(1, len(rests - {frozenset()}))


@settings(deadline=None)
@given(machines(), st.randoms(use_true_random=False))
def test_other_numbers_for_the_states_make_no_difference(machine, random):
    others = list(range(1, len(machine.accepting)))
    random.shuffle(others)
    new = np.array([0, *others])  # the old number of each new state
    old = np.argsort(new)
    following = np.where(machine.next >= 0, old[machine.next], -1)[new].astype(np.int32)
    score = None if machine.score is None else machine.score[new]
    renumbered = Acceptor(ALPHABET, following, machine.accepting[new], score)
    assert smallest(renumbered) == smallest(machine)
    assert hash(smallest(renumbered)) == hash(smallest(machine))


@settings(deadline=None)
@given(machines())
def test_no_state_of_the_smallest_is_out_of_reach_or_leads_nowhere(machine):
    small = smallest(machine)
    if not small.empty:
        reached = {int(state) for state in small.next.ravel() if state >= 0} | {0}
        assert reached == set(range(len(small.accepting)))
        for state in reached:
            assert any(_accepts_from(small, state, text) for text in TEXTS)


def _accepts_from(acceptor: Acceptor, state: int, text: str) -> bool:
    for symbol in text:
        state = int(acceptor.next[state, acceptor.alphabet.index(symbol)])
        if state < 0:
            return False
    return bool(acceptor.accepting[state])


@settings(deadline=None)
@given(machines(), machines())
def test_a_product_accepts_what_both_accept_and_adds_the_scores(one, other):
    first, second = language(one), language(other)
    expected = {text: first[text] + second[text] for text in first.keys() & second.keys()}
    assert language(product(one, other)) == pytest.approx(expected)


@settings(deadline=None)
@given(machines(), st.permutations("xa0"))
def test_over_other_symbols_it_accepts_what_they_can_write(machine, alphabet):
    narrowed = machine.over(alphabet)
    assert narrowed.alphabet == "".join(alphabet)
    expected = {text: score for text, score in language(machine).items() if "b" not in text}
    assert language(narrowed, [*TEXTS, "x", "ax"]) == expected


def test_symbols_that_no_text_has_are_left_out():
    acceptor = explore(0, lambda n, symbol: n + 1 if symbol == "b" and n < 2 else None, lambda n: n == 2, "abc")
    assert acceptor.alphabet == "b"
    assert acceptor.next.tolist() == [[1], [2], [-1]]
    assert acceptor.accepting.tolist() == [False, False, True]


def test_kinds_ask_for_one_symbol_of_each():
    asked = set()

    def step(state, symbol):
        asked.add(symbol)
        return not state

    by_kind = explore(False, step, bool, "abc", [0, 1, 0])
    assert asked == {"a", "b"}
    assert by_kind == explore(False, lambda state, _: not state, bool, "abc")


def test_too_many_states_are_refused():
    with pytest.raises(GrammarError, match=f"more than {STATES} states; use smaller counts"):
        explore(0, lambda n, _: n + 1, lambda n: True, "a")


def test_it_is_frozen_and_comes_back_from_a_pickle_the_same():
    following = np.array([[1, -1], [1, 0]], np.int32)
    acceptor = Acceptor("ab", following, np.array([False, True]), np.ones((2, 2), np.float32))
    following[0, 0] = 0  # the caller's array stays the caller's
    assert acceptor.next[0, 0] == 1
    copy = pickle.loads(pickle.dumps(acceptor))
    assert copy == acceptor
    assert copy != Acceptor("ab", acceptor.next, acceptor.accepting)
    for array in (copy.next, copy.accepting, copy.score):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_types_are_those_the_search_expects():
    acceptor = Acceptor("a", [[-1]], [1], [[0]])  # type: ignore[arg-type]
    assert (acceptor.next.dtype, acceptor.accepting.dtype) == (np.int32, np.bool_)
    assert acceptor.score is not None
    assert acceptor.score.dtype == np.float32


@pytest.mark.parametrize(
    ("alphabet", "following", "accepting", "score", "message"),
    [
        ("aa", [[-1, -1]], [True], None, "has 'a' twice"),
        ("ab", [[-1]], [True], None, r"next has the shape \(1, 1\)"),
        ("a", [[-1]], [True], [[0, 0]], r"score has the shape \(1, 2\)"),
        ("a", [[1]], [True], None, "one of its 1 states"),
        ("a", [[-2]], [True], None, "one of its 1 states"),
        ("a", np.zeros((0, 1)), [], None, "one of its 0 states"),
    ],
)
def test_tables_that_do_not_fit_are_refused(alphabet, following, accepting, score, message):
    with pytest.raises(GrammarError, match=message):
        Acceptor(alphabet, following, accepting, score)


def test_symbols_of_several_characters_are_refused():
    with pytest.raises(GrammarError, match="single characters, but has '10'"):
        Acceptor("a", np.array([[0]]), np.array([True])).over(["1", "10"])
