from __future__ import annotations

import inspect
import pickle

import pytest

from lenet import errors
from lenet.errors import LenetError

KINDS = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_a_lenet_error_that_carries_its_exit_status(kind):
    assert issubclass(kind, LenetError)
    assert kind.exit_status == 1
    assert inspect.getdoc(kind).endswith((".", ". "))


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.InputError, ValueError),
        (errors.ArchitectureError, ValueError),
        (errors.FormatError, ValueError),
        (errors.ChecksumError, errors.FormatError),
        (errors.DownloadError, OSError),
        (errors.GrammarError, ValueError),
        (errors.GraphError, ValueError),
        (errors.DivergenceError, ArithmeticError),
        (errors.MissingExtraError, ImportError),
        (errors.ServiceError, OSError),
        (errors.TooLargeError, errors.InputError),
    ],
)
def test_every_error_refines_a_builtin(kind, builtin):
    with pytest.raises(builtin, match="what to do"):
        raise kind("what was given, what was expected, what to do")


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_survives_another_process(kind):
    copy = pickle.loads(pickle.dumps(kind("a sentence")))
    assert (type(copy), str(copy)) == (kind, "a sentence")
