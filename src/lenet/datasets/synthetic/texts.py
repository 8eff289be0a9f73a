"""What people write into number fields: amounts, codes, dates, times, and things that are no number."""

from __future__ import annotations

import numpy as np

__all__ = ["number_text"]

Rng = np.random.Generator


def number_text(rng: Rng) -> str:
    """Return some text of `SIGNS`, as often as we guess that people write its kind."""
    kinds = (_code, _amount, _date, _time, _percentage, _mark, _no_number, _spoilt)
    return kinds[rng.choice(len(kinds), p=[0.25, 0.4, 0.18, 0.03, 0.02, 0.08, 0.02, 0.02])](rng)


def _digits(rng: Rng, least: int, most: int) -> str:
    return "".join(map(str, rng.integers(0, 10, rng.integers(least, most + 1))))


def _code(rng: Rng) -> str:
    return _digits(rng, 1, 8)


def _amount(rng: Rng) -> str:
    comma = str(rng.choice([".", ",", "", ""]))
    text = comma.join(_grouped(_whole(rng), indian=rng.random() < 0.3)) if comma else _whole(rng)
    if rng.random() < 0.3:
        point = "," if comma == "." else "-" if rng.random() < 0.2 else "."
        text += point + _digits(rng, 2, 2)
    return _before(rng) + text + _after(rng)


def _whole(rng: Rng) -> str:
    """Return a whole number of 1 to 8 digits, often a round one."""
    length = int(rng.choice(8, p=[0.05, 0.08, 0.16, 0.2, 0.21, 0.14, 0.09, 0.07])) + 1
    text = str(rng.integers(1, 10)) + _digits(rng, length - 1, length - 1)
    if length > 2 and rng.random() < 0.35:
        zeros = int(rng.integers(1, length))
        text = text[: length - zeros] + "0" * zeros
    return text


def _grouped(text: str, *, indian: bool) -> list[str]:
    """Cut a whole number into threes from its end; the Indian way into a three, then twos."""
    groups = [text[-3:]]
    text, size = text[:-3], 2 if indian else 3
    while text:
        groups.insert(0, text[-size:])
        text = text[:-size]
    return groups


def _before(rng: Rng) -> str:
    signs = ["", "$", "₹", "?", "**", "*", "#", "=", "-"]
    return str(rng.choice(signs, p=[0.86, 0.06, 0.03, 0.01, 0.01, 0.01, 0.01, 0.005, 0.005]))


def _after(rng: Rng) -> str:
    signs = ["", "/-", "-", "=", ".", ",", ".-", ",-", "/", "#", ":", "45/100", "00/100", "xx/100", "50/100", "**"]
    shares = [0.5, 0.11, 0.08, 0.07, 0.03, 0.03, 0.06, 0.02, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.03]
    return str(rng.choice(signs, p=shares))


def _date(rng: Rng) -> str:
    sign = str(rng.choice(["/", "-", ".", ""]))
    year = str(rng.integers(1900, 2031)) if rng.random() < 0.5 else f"{rng.integers(0, 100):02d}"
    first, second = (13, 32) if rng.random() < 0.3 else (32, 13)
    filled = "02d" if rng.random() < 0.7 or not sign else "d"
    return sign.join([format(int(rng.integers(1, first)), filled), format(int(rng.integers(1, second)), filled), year])


def _time(rng: Rng) -> str:
    return f"{rng.integers(0, 24)}:{rng.integers(0, 60):02d}"


def _percentage(rng: Rng) -> str:
    return _digits(rng, 1, 2) + "%"


def _mark(rng: Rng) -> str:
    """Return what stands in a box of a marks table: a digit, seldom two, and often a half."""
    kind = rng.random()
    if kind < 0.12:
        return "½"
    return _digits(rng, 1, 1 if rng.random() < 0.8 else 2) + ("½" if kind < 0.7 else "")


def _no_number(rng: Rng) -> str:
    return "?" * int(rng.integers(1, 4))


def _spoilt(rng: Rng) -> str:
    return "?" + _digits(rng, 1, 4) if rng.random() < 0.5 else _digits(rng, 1, 4) + "?"
