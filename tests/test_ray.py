"""A cluster gives the rows of one machine, also when its workers are killed. Each test has a cluster of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

import pytest

import lenet
from lenet.errors import InputError, MissingExtraError
from tests.fields import save_fields, written
from tests.forms import scan, template

there = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")

PROGRAM = """
import json, logging, sys
import ray
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR,
         _node_ip_address="127.0.0.1")
ray.data.DataContext.get_current().enable_progress_bars = False
import lenet, lenet.ray
{before}
rows = {dataset}.take_all()
print("ROWS", json.dumps([dict(row) for row in rows], default=lambda value: value.item()))
"""


def on_cluster(dataset, before="", **environment):
    """Return the rows of a dataset, computed by a cluster of two cores in a process of its own."""
    program = PROGRAM.format(dataset=dataset, before=before)
    paths = {"PYTHONPATH": os.pathsep.join(sys.path), "RAY_AUTH_MODE": "disabled", "RAY_worker_niceness": "0"}
    done = subprocess.run(
        [sys.executable, *(["-S"] if sys.flags.no_site else []), "-c", program],
        env=os.environ | paths | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    said = [line for line in done.stdout.splitlines() if line.startswith("ROWS ")]  # Ray logs there, too, at any time
    return json.loads(said[-1].removeprefix("ROWS "))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give 300 fields, and among them two files that cannot be read."""
    folder = tmp_path_factory.mktemp("cluster") / "fields"
    save_fields(written(300, 11), folder)
    (folder / "field-100b.png").write_bytes(b"no picture")
    (folder / "field-299b.png").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def alone(folder):
    """Give the rows of one machine, and the names of the bad files."""
    out = folder.parent / "alone.jsonl"
    batch = lenet.read_folder(folder, out, "digits", processes=1)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    return rows, [json.loads(line)["file"] for line in batch.bad_path.read_text().splitlines()]


def split(rows):
    good = [{name: value for name, value in row.items() if name != "error"} for row in rows if not row["error"]]
    return good, [row["file"] for row in rows if row["error"]]


@there
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_rows_and_their_order_are_those_of_one_machine_though_workers_are_killed(folder, alone, tmp_path):
    """There are as many actors as cores; each is killed once with SIGKILL, in the middle of its work."""
    victims = ["field-150.png", "field-250.png"]
    before = "from tests.dying import DyingReader; lenet.ray.DocumentReader = DyingReader"
    dataset = f"lenet.ray.read({str(folder)!r}, 'digits', actors=2)"
    rows = on_cluster(dataset, before, LENET_DYING=f"{tmp_path}:{','.join(victims)}")
    assert sorted(path.name for path in tmp_path.iterdir()) == victims, "both were killed"
    assert split(rows) == alone
    assert [row["file"] for row in rows] == sorted(row["file"] for row in rows)


@there
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_reader_is_an_actor_class_of_its_own(folder, alone):
    dataset = (
        f"ray.data.read_binary_files({str(folder)!r}, include_paths=True, file_extensions=['png'])"
        ".map_batches(lenet.Reader, fn_constructor_args=['digits'], fn_constructor_kwargs={'threads': 1},"
        " batch_size=64, compute=ray.data.ActorPoolStrategy(size=1))"
    )
    rows = on_cluster(dataset)
    assert len(rows) == 302
    texts = {row["file"]: row["text"] for row in rows}
    assert texts == {row["file"]: row["text"] for row in alone[0]} | dict.fromkeys(alone[1], "")
    assert sorted(row["file"] for row in rows if row["error"]) == alone[1]


@there
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_forms_give_a_row_for_each_field(tmp_path):
    from PIL import Image

    form = template(tmp_path)
    (tmp_path / "scans").mkdir()
    for seed in range(3):
        Image.fromarray(scan(seed=seed)).save(tmp_path / "scans" / f"{seed}.png")
    lenet.read_folder(tmp_path / "scans", tmp_path / "alone.jsonl", template=form)
    rows = on_cluster(f"lenet.ray.read({str(tmp_path / 'scans')!r}, template={str(form)!r})")
    assert split(rows)[0] == [json.loads(line) for line in (tmp_path / "alone.jsonl").read_text().splitlines()]


@there
def test_folders_of_a_store_are_walked_as_folders_here_are(tmp_path):
    from lenet.ray import _content, _expanded
    from lenet.reading.folders import documents_in

    for name in ("b/2.PNG", "b/10 %.tif", "b.png", "a.pdf", "c/d/e.jpg", "c/.hidden/f.png", "c/g.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    store = f"file://{tmp_path}"
    names = list(_expanded(store))
    assert [unquote(name.removeprefix("file://")) for name in names] == list(documents_in([str(tmp_path)]))
    assert list(_expanded(names[0])) == names[:1]
    assert [_content(name) for name in names] == [Path(name).read_bytes() for name in documents_in([str(tmp_path)])]
    assert _content(names[0]) == _content(f"{tmp_path}/a.pdf") == b"a.pdf"
    assert _content(f"{store}/missing.png") is _content(f"{tmp_path}/missing.png") is None


@there
def test_a_file_whose_name_is_no_text_is_told_before_anything_is_read(tmp_path):
    from lenet.ray import _expanded

    (tmp_path / os.fsdecode(b"a\xff.png")).touch()
    with pytest.raises(InputError, match="no UTF-8; rename the file"):
        list(_expanded(str(tmp_path)))


def test_without_ray_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "ray.data", None)
    monkeypatch.delitem(sys.modules, "lenet.ray", raising=False)
    with pytest.raises(MissingExtraError, match=r'pip install "lenet\[ray\]"'):
        import lenet.ray  # noqa: F401
