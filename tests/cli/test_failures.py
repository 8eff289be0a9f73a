"""One failing input is a line, and the next goes on; a bug is never hidden."""

from __future__ import annotations

import pytest

from lenet.cli.failures import Failures, sentence
from lenet.errors import FormatError, InputError


def giving(*results):
    for result in results:
        if isinstance(result, Exception):
            raise result
        yield result


def test_what_came_before_a_failure_is_given(capsys):
    failures = Failures()
    assert list(failures.watch("a.tif", giving(1, 2, FormatError("cut short")))) == [1, 2]
    assert list(failures.watch("b.tif", giving(3))) == [3]
    assert failures.status == 1
    assert capsys.readouterr().err == "lenet: a.tif: cut short\n"


def test_a_name_is_said_once(capsys):
    list(Failures().watch("a.tif", giving(InputError("there is no file a.tif"))))
    assert capsys.readouterr().err == "lenet: there is no file a.tif\n"


def test_a_bug_goes_through():
    with pytest.raises(ZeroDivisionError):
        list(Failures().watch("a.tif", giving(ZeroDivisionError())))


def test_an_error_without_words_has_its_name():
    assert sentence(InputError()) == "InputError"
    assert sentence(OSError(28, "No space left on device")) == (
        "the system refused (no space left on device); make room there"
    )
