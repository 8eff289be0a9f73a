"""The rules of the house that a program can check."""

from __future__ import annotations

import importlib
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lenet
from lenet.cli.verbs import VERBS

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "lenet").rglob("*.py"))
MODULES = sorted(path.relative_to(ROOT / "src" / "lenet") for path in SOURCES if path.name != "__init__.py")


def test_the_import_contracts_hold():
    pytest.importorskip("importlinter", reason="import-linter is not installed")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_public_names_are_sorted_few_and_there():
    assert lenet.__all__ == sorted(lenet.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert len(lenet.__all__) < 40
    for name in lenet.__all__:
        assert getattr(lenet, name) is not None


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="lenett"):
        _ = lenet.lenett


def test_the_names_that_types_see_are_the_public_ones():
    text = (ROOT / "src" / "lenet" / "__init__.py").read_text()
    block = text[text.index("if TYPE_CHECKING:") : text.index("__all__")]
    names = {name for line in re.findall(r"import (.*)", block) for name in line.split(", ")}
    assert names | {"__version__"} == set(lenet.__all__)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_its_test(module):
    """A package of a few small modules may be tested as one, in a file of its own name."""
    own = ROOT / "tests" / module.with_name(f"test_{module.name}")
    packages = [ROOT / "tests" / parent.parent / f"test_{parent.name}.py" for parent in module.parents if parent.name]
    packages += [ROOT / "tests" / parent / f"test_{parent.name}.py" for parent in module.parents if parent.name]
    assert own.exists() or any(path.exists() for path in packages), f"write {own.relative_to(ROOT)}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_every_module_says_what_it_is_and_lists_its_names(path):
    text = path.read_text()
    assert text.startswith('"""')
    public = re.findall(r"^(?:def|class) ([a-zA-Z]\w*)", text, re.MULTILINE)
    assert "__all__" in text or public in ([], ["command"]), f"{path.name} has no __all__"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_its_page(verb):
    index = (ROOT / "docs" / "index.md").read_text()
    rows = [line for line in index.splitlines() if re.search(rf"`lenet {verb}`", line)]
    assert rows, f"docs/index.md does not name lenet {verb}"
    page = re.search(r"\]\((\w+\.md)\)", rows[0])
    assert page is not None
    assert f"lenet {verb}" in (ROOT / "docs" / page[1]).read_text()


def test_links_in_the_docs_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
        for target in re.findall(r"examples/[\w/-]+\.\w+", page.read_text()):
            assert (ROOT / target).exists(), f"{page.name} names {target}"


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) < 200


def imported(statement: str) -> tuple[set[str], float]:
    """Return the packages that a statement loads beyond NumPy's, and the processor's seconds for it."""
    code = (
        "import sys, time, numpy; before = set(sys.modules); start = time.process_time()\n"
        f"{statement}\n"
        "seconds = time.process_time() - start\n"
        "print(seconds, *{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, *names = done.stdout.split()
    return set(names), float(seconds)


def test_import_lenet_is_light():
    for statement in ("import lenet", "from lenet import *", "import lenet.reading, lenet.learning, lenet.weights"):
        names, _ = imported(statement)
        assert not names & {"torch", "sklearn", "scipy", "ray", "PIL", "pypdfium2", "onnx", "click", "safetensors"}
    assert min(imported("import lenet")[1] for _ in range(3)) < 0.15
    # What reads and trains is loaded with its name: about 0.14 s of the processor, more beside other work.
    assert min(imported("import lenet; lenet.read, lenet.train")[1] for _ in range(6)) < 0.25


def test_every_module_can_be_imported_first():
    for info in pkgutil.walk_packages(lenet.__path__, "lenet."):
        if not {"torch", "ray"} & set(info.name.split(".")):
            importlib.import_module(info.name)


def kernel_objects() -> list[Path]:
    """Return what `make` and pip compiled; the sanitizers' build, which exports more, stands elsewhere."""
    return sorted(path for tree in (ROOT / "build").glob("cp3*") for path in tree.rglob("kernels*.o"))


@pytest.mark.skipif(not shutil.which("nm"), reason="nm is not installed")
def test_a_kernel_object_exports_its_table_and_nothing_else():
    """Inline code compiled for AVX-512 in an exported symbol could be linked into the plain build."""
    objects = kernel_objects()
    if not objects:
        pytest.skip("the folder of the build is not there")
    for path in objects:
        done = subprocess.run(
            ["nm", "--defined-only", "--extern-only", path], capture_output=True, text=True, check=True
        )
        symbols = [line.split()[-1] for line in done.stdout.splitlines() if line.strip()]
        assert len(symbols) == 1, f"{path.name} exports {symbols}"


def test_the_stub_of_the_engine_is_current():
    engine = importlib.import_module("lenet._engine")
    text = (ROOT / "src" / "lenet" / "_engine.pyi").read_text()
    for name in dir(engine):
        if not name.startswith("_"):
            assert re.search(rf"^(def|class) {name}\b|^{name}\b", text, re.MULTILINE), (
                f"run make stub: {name} is missing"
            )
    for built in (ROOT / "build").glob("cp3*/_engine.pyi"):
        assert built.read_text() == text, "run make stub: the bindings have changed"
