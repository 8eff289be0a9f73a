"""What users name, give and get: names, patterns, grammars; combining, narrowing to a network, pickling."""

from __future__ import annotations

import copy
import pickle
import re
import subprocess
import sys
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from lenet import grammar
from lenet.errors import GrammarError
from lenet.grammar import SYMBOLS, Meaning

SIZES = {"digits": 2, "number": 18, "amount": 55, "percentage": 20, "date": 95, "time": 17, "mark": 14}
ORDERS = {"dmy": 40, "mdy": 39, "ymd": 36}


def states(of: grammar.Grammar) -> int:
    return len(of.acceptor.accepting)


def test_named_grammars_are_small():
    """The sizes are those of docs/grammar.md; the search goes through every state at every step."""
    assert {name: states(grammar.get(name)) for name in grammar.NAMES} == SIZES
    assert {order: states(grammar.get("date", date_order=order)) for order in ORDERS} == ORDERS


def test_named_grammars_are_built_quickly_and_once():
    code = (
        "import time; from lenet import grammar; start = time.process_time()\n"
        "for name in grammar.NAMES: grammar.get(name)\n"
        "print(time.process_time() - start)"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    assert min(float(run.stdout) for run in runs) < 0.2
    assert grammar.get("amount") is grammar.get("amount")
    assert grammar.get("amount", decimal=",").acceptor is grammar.get("amount").acceptor


def test_a_pattern_is_a_grammar_of_texts():
    for kind in ("regex:[0-9]{8}", re.compile("[0-9]{8}"), re.compile(r"^\d{8}$")):
        code = grammar.get(kind)
        assert code.matches("12345678")
        assert not code.matches("1234567")
        assert code.value("12345678") == "12345678"
        assert code.meaning("1234567") == Meaning(None, f"'1234567' is not of the grammar {code.name}")


def test_a_grammar_is_returned_as_it_is():
    amount = grammar.get("amount", decimal=",")
    assert grammar.get(amount, decimal=".") is amount


def test_options_without_a_use_are_not_looked_at():
    assert grammar.get("digits", decimal=",", date_order="dmy").value("007") == "007"
    assert grammar.get("time", date_order="dmy") == grammar.get("time")


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("amounts", {}, "'amounts' is no grammar; give one of digits, number, amount"),
        ("[0-9]{8}", {}, "or a pattern such as 'regex:"),
        (8, {}, "8 is no grammar"),
        ("amount", {"decimal": ";"}, "decimal is ';'; give '.', ',' or None"),
        ("date", {"date_order": "dym"}, "date_order is 'dym'; give 'dmy', 'mdy', 'ymd' or None"),
        ("regex:", {}, "matches nothing that could be written"),
        ("regex:a{0}", {}, "matches nothing that could be written"),
        ("regex:a^b", {}, "matches nothing that could be written"),
        (r"regex:[^\s\S]", {}, "matches nothing that could be written"),
        (re.compile("$a"), {}, "matches nothing that could be written"),
        ("regex:(?=a)", {}, "looks around"),
        (re.compile(b"a"), {}, "is of bytes"),
    ],
)
def test_what_is_no_grammar_is_refused(kind, options, message):
    with pytest.raises(GrammarError, match=re.escape(message)):
        grammar.get(kind, **options)


def test_a_grammar_of_infinitely_many_texts_with_empty_loops_is_an_ordinary_one():
    loops = grammar.get("regex:(([0-9]*)*|(,?)*)*")
    assert states(loops) == 1
    assert loops.matches("1,,2" * 1000)


def test_the_message_about_a_long_pattern_is_short():
    long = grammar.get("regex:" + "[0-9]" * 500)
    assert len(long.meaning("1").reason) < 120


def test_and_holds_the_texts_of_both_and_keeps_the_meaning():
    amount = grammar.get("amount", decimal=".")
    to_thousand = grammar.length(1, 12) & amount & grammar.skipping(grammar.between(0, 1000), "$,* ")
    assert to_thousand.value("$1,000.00") == Decimal("1000.00")
    assert not to_thousand.matches("$1,000.01")
    five = grammar.get("amount", decimal=".") & grammar.skipping(grammar.between(0, 5000), "$,* ")
    assert states(five) == 67  # as docs/grammar.md says
    assert (to_thousand.kind, to_thousand.decimal) == ("amount", ".")
    assert (grammar.get("digits") & grammar.between(5, 50)).value("07") == Decimal(7)
    with pytest.raises(GrammarError, match=re.escape("digits & only('ab') matches nothing")):
        grammar.get("digits") & grammar.only("ab")


def test_the_table_has_the_columns_of_the_network():
    for alphabet in (SYMBOLS, tuple(reversed(SYMBOLS)), list("0123456789.,")):
        table = grammar.get("amount").table(alphabet)
        assert table.alphabet == "".join(alphabet)
        assert table.next.shape == (len(table.accepting), len(alphabet))
        for text in ("1.234,00", "1.00", "$1", "½"):
            assert table.matches(text) == (set(text) <= set(alphabet))


def test_a_network_that_cannot_write_the_grammar_is_refused():
    assert grammar.get("date").table("0123456789").matches("22012016")
    with pytest.raises(GrammarError, match="needs symbols that the network does not know, among 'ABC"):
        grammar.get("regex:[A-Z]{2}").table("0123456789")
    with pytest.raises(GrammarError, match="needs symbols"):  # none but the empty text is left
        grammar.get(r"regex:(\$[0-9])*").table("0123456789")


def test_scores_are_those_of_the_symbols_and_go_along():
    amount = grammar.get("amount").scored({"½": -2.0, ",": -0.5}).scored({"½": -1.0})
    assert amount != grammar.get("amount")
    for table in (amount.table(SYMBOLS), (amount & grammar.length(1, 30)).table(SYMBOLS)):
        assert table.score is not None
        for symbol in SYMBOLS:
            column = SYMBOLS.index(symbol)
            scores = set(table.score[table.next[:, column] >= 0, column].tolist())
            assert scores == {{"½": -3.0, ",": -0.5}.get(symbol, 0.0)}
    assert grammar.get("amount").table(SYMBOLS).score is None


@pytest.mark.parametrize("name", grammar.NAMES)
def test_grammars_are_pickled_copied_compared_and_hashed(name):
    one = grammar.get(name, decimal=",")
    other = pickle.loads(pickle.dumps(one))
    assert other == one == copy.deepcopy(one)
    assert len({one, other}) == 1
    assert np.array_equal(other.acceptor.next, one.acceptor.next)
    assert repr(one).startswith(f"Grammar({name!r}, ")


def test_the_digits_of_a_text():
    assert grammar.digits_of("$1,75,00,000/- ½") == "17500000"
    assert grammar.digits_of("no²٣") == ""


def test_values_have_the_types_they_say():
    assert grammar.get("digits").value("007") == "007"
    assert grammar.get("date").value("2019-05-06") == date(2019, 5, 6)
    assert grammar.get("digits").value("") is None
