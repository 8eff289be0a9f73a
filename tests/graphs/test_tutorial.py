"""The tutorial says what its lines print; they do."""

from __future__ import annotations

import re
from pathlib import Path

TUTORIAL = Path(__file__).parents[2] / "docs" / "graphs.md"


def test_the_tutorial_prints_what_it_says(capsys):
    code = "\n".join(re.findall(r"```python\n(.*?)```", TUTORIAL.read_text(), re.DOTALL))
    said = re.findall(r"print\(.*\)  # (.*)", code)
    exec(compile(code, str(TUTORIAL), "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    assert printed[2:5] == said[2].split(", ")
    assert [*printed[:2], said[2], *printed[5:]] == said
    assert len(said) > 8
