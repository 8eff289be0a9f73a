from __future__ import annotations

import errno
import os
import subprocess
import sys

import click
import pytest

from lenet.cli.verbs import VERBS, lenet
from lenet.errors import FormatError


@pytest.fixture
def failing(monkeypatch):
    """Make a verb that raises what it is given."""

    def make(error):
        @click.command("fail")
        def fail():
            raise error

        monkeypatch.setattr(type(lenet), "get_command", lambda self, ctx, name: fail)

    return make


def test_help_names_every_verb(run):
    outcome = run("--help")
    assert outcome.status == 0
    assert all(verb in outcome.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_is_printed(run, verb):
    outcome = run(verb, "--help")
    assert outcome.status == 0
    assert outcome.stdout.startswith(f"Usage: lenet {verb}")


def test_version_is_printed(run):
    assert run("--version").stdout.startswith("lenet 0.")


@pytest.mark.parametrize("arguments", [("reed",), ("read",), ("read", "--bold", "a"), ("train", "--epochs", "many")])
def test_wrong_usage_leaves_with_2(run, arguments):
    outcome = run(*arguments)
    assert (outcome.status, outcome.stdout) == (2, "")
    assert "Error:" in outcome.stderr


def test_an_expected_error_is_one_sentence_and_1(run, failing):
    failing(FormatError("a.png is cut short;\nexpected a whole picture: save it again"))
    outcome = run("fail")
    assert outcome == (1, "", "lenet: a.png is cut short; expected a whole picture: save it again\n")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "out"),
            "out cannot be used (no space left on device)",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "/somewhere/x"), "choose a place that you may use"),
        (MemoryError(), "there is not enough memory"),
    ],
)
def test_a_refusal_of_the_system_is_one_sentence_and_1(run, failing, error, words):
    failing(error)
    outcome = run("fail")
    assert outcome.status == 1
    assert words in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_an_interruption_leaves_with_130(run, failing):
    failing(KeyboardInterrupt())
    outcome = run("fail")
    assert outcome.status == 130
    assert outcome.stderr.strip() == "lenet: interrupted"


def test_a_bug_is_not_hidden(run, failing):
    failing(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        run("fail")


def test_a_closed_pipe_is_quiet():
    read, write = os.pipe()
    os.close(read)
    code = "from lenet.cli import main; main(['show', 'lenet5'])"
    done = subprocess.run([sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert done.returncode in (0, 1)
    assert b"Traceback" not in done.stderr


def test_help_loads_no_verb_and_no_numpy():
    code = (
        "import sys; from lenet.cli import main\ntry: main(['--help'])\nexcept SystemExit: print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'numpy'" not in done.stdout
    assert "'lenet.cli.train'" not in done.stdout


def test_an_interruption_while_loading_leaves_with_130(tmp_path):
    """The first 50 ms of the command are imports; an interruption there was once a traceback."""
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt")
    code = "from lenet.cli import main; main(['info'])"
    path = {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=os.environ | path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"lenet: interrupted\n")


def test_a_closed_standard_input_is_one_sentence():
    code = "from lenet.cli import main; main(['read', '-'])"
    done = subprocess.run(["sh", "-c", f'"{sys.executable}" -c "{code}" <&-'], capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(b"lenet: - was given, but standard input is closed")
    assert done.stderr.count(b"\n") == 1
