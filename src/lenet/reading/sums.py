"""Sums on a form: where numbers do not agree, nothing of them is accepted, unless one doubtful text explains it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from lenet.grammar import Grammar
from lenet.reading.readings import Reading
from lenet.reading.templates import Sum

__all__ = ["checked"]

WRONG_SUM = 0.02
"""How often the people who fill in forms are taken to add wrongly; of ours."""


def checked(
    readings: Mapping[str, Reading], sums: Sequence[Sum], grammars: Mapping[str, Grammar], threshold: float
) -> dict[str, Reading]:
    """Compare sums with their parts.

    A part that is empty counts as 0. A sum whose total is empty, or of which a number is not settled, says nothing.
    Where a sum does not agree, it may be that one of its fields says its second text, or third: each that would make
    it agree is weighed against the others and against a sum that was written wrong. If one of them is sure enough, it
    is taken; otherwise no field of the sum is accepted.

    Parameters
    ----------
    readings : by the fields' names.
    sums : in their order; a later one sees what an earlier one changed.
    grammars : of the fields, which say what their other texts mean.
    threshold : how probable a text has to be to be accepted.

    Returns
    -------
    All readings, with those changed that had to be.
    """
    found = dict(readings)
    for sum_ in sums:
        found |= _changed(sum_, found, grammars, threshold)
    return found


def _changed(
    sum_: Sum, readings: Mapping[str, Reading], grammars: Mapping[str, Grammar], threshold: float
) -> dict[str, Reading]:
    terms = [(-1, sum_.total), *sum_.parts]
    values = {name: _number(readings[name].text, readings[name].value) for _, name in terms}
    if not readings[sum_.total].text or any(value is None for value in values.values()):
        return {}
    off = sum((sign * (values[name] or Decimal(0)) for sign, name in terms), Decimal(0))
    if off == 0:
        return {}
    explained = list(_explanations(terms, values, off, readings, grammars))
    weight = sum(share for _, _, share in explained) * (1 - WRONG_SUM) + WRONG_SUM
    for name, text, share in explained:
        sure = share * (1 - WRONG_SUM) / weight
        if sure >= threshold:
            return {name: _instead(readings[name], text, grammars[name], sure)}
    total = values[sum_.total] or Decimal(0)
    reason = f"{sum_.text} does not hold: {total} is written, and the parts make {total + off}"
    return {name: _refused(readings[name], reason) for _, name in terms if readings[name].text}


def _explanations(
    terms: Sequence[tuple[int, str]],
    values: Mapping[str, Decimal | None],
    off: Decimal,
    readings: Mapping[str, Reading],
    grammars: Mapping[str, Grammar],
) -> Iterator[tuple[str, str, float]]:
    """Give each other text of one field that makes the sum agree, and how much likelier it is than the text read."""
    for sign, name in terms:
        best = max(readings[name].confidence, 1e-6)
        for text, probability in readings[name].others:
            other = _number(text, grammars[name].value(text))
            if other is not None and sign * (other - (values[name] or 0)) == -off:
                yield name, text, probability / best


def _number(text: str, value: object) -> Decimal | None:
    """Return what a text is worth in a sum: 0 where nothing is written, None where that is not settled."""
    if not text:
        return Decimal(0)
    if isinstance(value, Decimal):
        return value
    return Decimal(text) if text.isdecimal() and isinstance(value, str) else None


def _refused(reading: Reading, reason: str) -> Reading:
    return replace(reading, accepted=False, reason=f"{reading.reason}; {reason}" if reading.reason else reason)


def _instead(reading: Reading, text: str, grammar: Grammar, sure: float) -> Reading:
    """Return the reading of another text; its characters keep their places where they are as many."""
    same = len(text) == len(reading.characters)
    characters = tuple(
        character if character.text == sign else replace(character, text=sign, confidence=sure)
        for sign, character in (zip(text, reading.characters, strict=True) if same else ())
    )
    others = tuple(other for other in reading.others if other[0] != text)
    return replace(
        reading,
        text=text,
        value=grammar.value(text),
        confidence=sure,
        accepted=True,
        reason="",
        characters=characters,
        others=((reading.text, reading.confidence), *others),
    )
