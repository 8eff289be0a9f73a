"""`python -m lenet` is the command."""

from __future__ import annotations

import subprocess
import sys


def test_the_module_is_the_command():
    done = subprocess.run([sys.executable, "-m", "lenet", "info"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "lenet" in done.stdout
    wrong = subprocess.run([sys.executable, "-m", "lenet", "reed"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
