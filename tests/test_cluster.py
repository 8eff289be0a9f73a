"""The guides for clusters run as they stand in docs/cluster.md, and give the rows of one machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import lenet
from lenet.reading import COLUMNS
from tests.fields import save_fields, written

GUIDE = Path(__file__).parents[1] / "docs" / "cluster.md"
ROWS = 130


def program(section: str, block: int = 0) -> str:
    """Return a block of Python of a section."""
    text = GUIDE.read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[block]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Give a folder with `scans`, one of which is bad."""
    save_fields(written(ROWS, 13), tmp_path / "scans")
    (tmp_path / "scans" / "zzz.png").write_bytes(b"no picture")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def alone(here):
    """Give texts and confidences by the name of the file, as one machine reads them."""
    lenet.read_folder("scans", "alone.jsonl", "digits", processes=1)
    rows = [json.loads(line) for line in (here / "alone.jsonl").read_text().splitlines()]
    return {Path(row["file"]).name: (row["text"], row["confidence"]) for row in rows}


def run(code, **environment):
    flags = ["-S"] if sys.flags.no_site else []
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, *flags, "-c", code]
    done = subprocess.run(command, env=os.environ | paths | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


def check(frame, alone):
    """Compare a frame's rows with those of one machine; the last digits depend on who is read with whom."""
    assert list(frame.columns) == list(COLUMNS)
    assert len(frame) == ROWS + 1
    good = frame[frame.error == ""]
    found = {Path(row.file).name: (row.text, row.confidence) for row in good.itertuples()}
    assert {name: text for name, (text, _) in found.items()} == {name: text for name, (text, _) in alone.items()}
    for name, (_, confidence) in found.items():
        assert confidence == pytest.approx(alone[name][1], abs=1e-4)
    (bad,) = frame[frame.error != ""].itertuples()
    assert bad.file.endswith("zzz.png")
    assert "no format that is known" in bad.error
    assert not bad.accepted


def test_the_reader_is_a_function_of_columns(here):
    scope: dict[str, object] = {}
    for name in ("1.png", "2.png"):
        shutil.copy(here / "scans" / "field-1.png", here / "scans" / name)
    exec(program("The reader as a function of columns"), scope)
    assert list(scope["columns"]) == list(COLUMNS)
    assert scope["columns"]["text"].tolist() == [lenet.read("scans/field-1.png").text] * 2
    table = GUIDE.read_text().partition("| column | type |")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines()[2:]))
    assert set(named) == set(COLUMNS)


@pytest.mark.skipif(find_spec("pandas") is None, reason="pandas is not installed")
def test_what_spark_calls_gives_frames_of_its_schema(here, alone):
    """As mapInPandas calls it: with an iterator of frames, of which it wants an iterator of frames."""
    import pandas as pd

    code = program("Spark")
    scope: dict[str, object] = {}
    exec(code[: code.index("spark =")].replace("from pyspark.sql import SparkSession", ""), scope)
    paths = sorted((here / "scans").glob("*.png"))
    frames = [
        pd.DataFrame({"path": [f"file:{path}" for path in some], "bytes": [path.read_bytes() for path in some]})
        for some in (paths[:64], paths[64:])
    ]
    check(pd.concat(list(scope["read"](iter(frames)))), alone)
    types = {"int": "int32", "double": "float64", "boolean": "bool", "string": "object"}
    wanted = dict(part.split() for part in scope["SCHEMA"].split(","))
    assert list(wanted) == list(COLUMNS)
    columns = scope["reader"]({"path": []})
    assert {name: column.dtype.name for name, column in columns.items()} == {n: types[t] for n, t in wanted.items()}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark is not installed")
@pytest.mark.skipif(shutil.which("java") is None, reason="java is not installed, which Spark needs")
def test_spark_gives_the_rows_of_one_machine(here, alone):
    from pyarrow import parquet

    python = here / "python"  # as this one was started: Spark gives its processes no options
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" {"-S" if sys.flags.no_site else ""} "$@"\n')
    python.chmod(0o755)
    submit = "--master local[2] pyspark-shell"
    local = {"PYSPARK_PYTHON": str(python), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_SUBMIT_ARGS": submit}
    run(program("Spark"), **local)
    check(parquet.read_table(here / "rows").to_pandas(), alone)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(find_spec("dask") is None, reason="dask is not installed")
def test_dask_gives_the_rows_of_one_machine(here, alone):
    """With processes, as on a cluster."""
    from pyarrow import parquet

    run(program("Dask"), DASK_SCHEDULER="processes")
    check(parquet.read_table(here / "rows").to_pandas(), alone)
