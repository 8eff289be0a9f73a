"""Patterns: an acceptor accepts what `re.fullmatch` matches, and no pattern takes long or much memory."""

from __future__ import annotations

import re
import time
import tracemalloc
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.errors import GrammarError
from lenet.grammar import patterns
from lenet.grammar.automata import SYMBOLS, WRITABLE
from lenet.grammar.patterns import accept

TEXTS = ["".join(symbols) for length in range(6) for symbols in product("ab0", repeat=length)]

ATOMS = st.sampled_from(
    ["a", "b", "0", "ab", "ba", ".", r"\d", r"\D", r"\w", "[ab]", "[^a]", "[a-z]", "[]a]", r"[\d-]", r"\x61", r"\060"]
)
QUANTIFIERS = st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{0}", "{1,2}", "{,2}", "{2,}", "{1,2}?", "{,}"])


def larger(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}{}".format, inside, inside),
        st.builds("{}|{}".format, inside, inside),
        st.builds("({}|){}".format, inside, inside),
        st.builds("(?:{}){}".format, inside, QUANTIFIERS),
        st.builds("({})".format, inside),
        st.builds("(?:^{}|{}$)".format, inside, inside),
    )


@settings(max_examples=400, deadline=None)
@given(st.recursive(ATOMS, larger, max_leaves=8))
def test_an_acceptor_accepts_what_re_matches(pattern):
    compiled, acceptor = re.compile(pattern), accept(pattern)
    for text in TEXTS:
        assert acceptor.matches(text) == bool(compiled.fullmatch(text)), text


@settings(max_examples=60, deadline=None)
@given(st.from_regex(r"[0-9]{1,3}(,?[0-9]{3})*(\.[0-9]+)?(/-)?", fullmatch=True), st.text("0123456789,./-", max_size=4))
def test_longer_texts_of_a_real_pattern(text, other):
    pattern = r"[0-9]{1,3}(,?[0-9]{3})*(\.[0-9]+)?(/-)?"
    acceptor = accept(pattern)
    assert acceptor.matches(text)
    assert acceptor.matches(text + other) == bool(re.fullmatch(pattern, text + other))


@pytest.mark.parametrize(
    ("pattern", "same"),
    [
        (r"^[0-9]{8}$", "[0-9]{8}"),
        (r"\A[0-9]{8}\Z", r"\d{8}"),
        ("^(?:^a*)*$", "a*"),
        ("(?P<year>[0-9]{4})-(?P<month>[0-9]{2})", r"\d\d\d\d-\d\d"),
        ("a(?#why)+", "aa*"),
        ("(a*)*", "a*"),
        ("((a|b)*|(ab)*)*?", "[ab]*"),
        ("a{}", r"a\{\}"),
        ("a{x}{2}", r"a\{x\}\}"),
        ("a|b|ab|ba|aa|bb", "[ab]{1,2}"),
        ("(?i)ab", "[aA][bB]"),
        ("[^\\W\\D]", "[0-9]"),
    ],
)
def test_patterns_of_the_same_texts_have_the_same_table(pattern, same):
    assert accept(pattern) == accept(same)


def test_flags_of_a_compiled_pattern_are_obeyed():
    assert accept(re.compile("ab", re.IGNORECASE)) == accept("[aA][bB]")
    assert accept(re.compile("^a.$", re.MULTILINE | re.DOTALL)) == accept("a.")
    with pytest.raises(GrammarError, match="flag VERBOSE; write it without spaces"):
        accept(re.compile("a b", re.VERBOSE))
    with pytest.raises(GrammarError, match="is of bytes; compile it from a string"):
        accept(re.compile(b"a"))  # type: ignore[arg-type]


def test_a_point_stands_for_what_can_be_written():
    assert accept(".").alphabet == WRITABLE
    assert WRITABLE.startswith(SYMBOLS)
    assert accept("[^0-9]").alphabet == WRITABLE[10:]
    assert accept("č.").alphabet == WRITABLE + "č"  # the pattern's own characters are known too


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a(?=b)", "looks around"),
        ("(?<!a)b", "looks around"),
        (r"a\b", "looks around"),
        (r"(a)\1", "refers back"),
        (r"(?P<x>a)(?P=x)", "refers back"),
        (r"(a)?(?(1)b|c)", "asks whether a group took part"),
        ("(?>a*)b", "atomic group"),
        ("a*+b", "possessive"),
        ("(?i:a)b", "sets flags inside"),
        ("(" * 60 + "a" + ")" * 60, "nests more than 50 groups"),
        ("[0-9", "not a regular expression: unterminated character set"),
        ("a**", "not a regular expression: multiple repeat"),
        ("a{99999999999}", "not a regular expression: the repetition number is too large"),
        ("(" * 1900 + "a" + ")" * 1900, "not a regular expression"),
        ("a" * 4001, "has 4001 characters; at most 4000"),
    ],
)
def test_what_no_acceptor_can_do_is_refused(pattern, message):
    with pytest.raises(GrammarError, match=message):
        accept(pattern)


HOSTILE = [
    "(.{1,50}){1,50}",
    "(.{1,100}){1,99}",
    "(.{1,1000}){1,1000}",
    "((((a{10}){10}){10}){10}){10}",
    "(a|b)*a(a|b){30}",
    "(.*a.*b){9}[^c]{0,400}",
    "(a?){2000}a{2000}",
    "((a?)*){500}",
    "(.?){1,1500}",
    "(0|01|010|0101){1,300}",
    ".{0,4095}",
    ".{5000}",
    "a" * 4000,
    "|".join(f"{n * 7919 % 99991:05d}" for n in range(650)),
    "((.*)*)*" * 300,
    "[" + "".join(map(chr, range(0x4E00, 0x4E00 + 3900))) + "]*",
    "".join(f"[{chr(0x4E00 + n)}a]?" for n in range(700)),
]


def attempt(pattern: str) -> str:
    """Return the sentence that refuses a pattern, or nothing."""
    try:
        accept(pattern)
    except GrammarError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("pattern", HOSTILE, ids=lambda pattern: pattern[:24])
def test_a_hostile_pattern_takes_less_than_a_second(pattern):
    """An answer or a refusal; the counts that refuse are the same on every machine, the second is of a busy one."""
    patterns._accept.cache_clear()
    start = time.process_time()
    outcome = attempt(pattern)
    assert time.process_time() - start < 1
    assert outcome == "" or re.search("explodes|4096 states|20000 positions", outcome)


@pytest.mark.parametrize("pattern", ["(a?){2000}a{2000}", ".{0,4095}"])
def test_a_hostile_pattern_takes_less_than_150_megabytes(pattern):
    patterns._accept.cache_clear()
    tracemalloc.start()
    attempt(pattern)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150e6


def test_a_pattern_is_built_once():
    patterns._accept.cache_clear()
    assert accept("[0-9]{7}") is accept(re.compile("[0-9]{7}"))
