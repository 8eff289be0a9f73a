"""What a release is made of: one version, a source distribution of what it needs, types that hold, a container."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import re
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
import yaml

import lenet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_version_is_the_same_everywhere():
    version = PROJECT["project"]["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert lenet.__version__ == importlib.metadata.version("lenet") == version
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == version


def test_the_version_stands_in_no_other_file():
    """`lenet.__version__` asks what is installed."""
    version = PROJECT["project"]["version"]
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "engine").rglob("*.cpp"), *(ROOT / "engine").rglob("*.h")]
    assert not [path for path in sources if f'"{version}"' in path.read_text()]


def test_the_changelog_is_newest_first():
    versions = re.findall(r"^## ([\d.]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    found = [tuple(map(int, version.split("."))) for version in versions]
    assert found == sorted(found, reverse=True)


def test_the_citation_names_authors_and_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "license"} <= set(citation)
    assert citation["license"] == PROJECT["project"]["license"]
    assert citation["references"][0]["doi"] == "10.1109/5.726791"


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """Give the names in the source distribution, without its top folder."""
    build = pytest.importorskip("scikit_build_core.build", reason="scikit-build-core is not installed")
    folder = tmp_path_factory.mktemp("sdist")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        name = build.build_sdist(str(folder))
    with tarfile.open(folder / name) as archive:
        return {member.partition("/")[2] for member in archive.getnames()}


def test_the_source_distribution_holds_what_a_build_needs(sdist):
    named = re.findall(r"engine/[\w/]+\.cpp", (ROOT / "CMakeLists.txt").read_text())
    assert set(named) <= sdist
    needed = [path for folder in ("engine", "src/lenet") for path in (ROOT / folder).rglob("*") if path.is_file()]
    left_out = {".so", ".pyc"}
    assert {str(path.relative_to(ROOT)) for path in needed if path.suffix not in left_out} <= sdist
    assert {"pyproject.toml", "CMakeLists.txt", "README.md", "LICENSE"} <= sdist


def test_the_source_distribution_holds_nothing_else(sdist):
    tops = {name.partition("/")[0] for name in sdist}
    files = {"CHANGELOG.md", "CITATION.cff", "CMakeLists.txt", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}
    assert tops == {"engine", "src"} | files
    assert not [name for name in sdist if name.endswith((".so", ".pyc", ".png", ".jpg"))]


def test_a_program_with_types_runs():
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "typed_program.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "60000" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_program_with_types_is_passed_by_a_strict_checker(tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed")
    command = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={tmp_path}", "tests/typed_program.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def argument_names(signature: str) -> list[str]:
    """Return the names of the arguments in a signature of nanobind's, whose types are no Python."""
    text, depth, found = signature[signature.index("(") :], 0, [""]
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if depth == 0:
            break
        found[-1] += letter
        if letter == "," and depth == 1:
            found.append("")
    return [name for part in found if (name := re.match(r"\W*(\w*)", part)[1])]


def stubbed(tree: ast.Module) -> dict[str, list[list[str]]]:
    """Return the argument names of each function and method in the engine's stub, once for each overload."""
    found: dict[str, list[list[str]]] = {}
    for owner in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]:
        for node in owner.body:
            decorators = {ast.unparse(entry) for entry in getattr(node, "decorator_list", ())}
            if isinstance(node, ast.FunctionDef) and decorators <= {"overload", "staticmethod"}:
                name = f"{owner.name}.{node.name}" if isinstance(owner, ast.ClassDef) else node.name
                given = node.args
                arguments = [entry.arg for entry in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
                found.setdefault(name, []).append(arguments)
    return found


def test_the_stub_of_the_engine_has_its_functions_and_their_arguments():
    """mypy's stubtest takes nanobind's functions for no functions, so this asks nanobind itself."""
    engine = importlib.import_module("lenet._engine")
    found = stubbed(ast.parse((ROOT / "src" / "lenet" / "_engine.pyi").read_text()))
    assert len(found) > 40
    for name, overloads in found.items():
        real = engine
        for part in name.split("."):
            real = getattr(real, part)
        assert [argument_names(entry[0]) for entry in real.__nb_signature__] == overloads, f"run make stub: {name}"


def test_the_container_does_not_run_as_root_nor_build_where_it_serves():
    text = (ROOT / "Dockerfile").read_text()
    last = text[text.rindex("\nFROM ") :]
    user = re.search(r"^USER (\d+)$", last, re.MULTILINE)
    assert user is not None
    assert int(user[1]) > 0
    assert "g++" in text
    assert "g++" not in last
    assert "[serve]" in last
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {"pyproject.toml", "CMakeLists.txt", "README.md", "LICENSE", "engine", "src"} == allowed


def test_every_extra_that_the_container_installs_exists():
    text = (ROOT / "Dockerfile").read_text()
    extras = {extra for found in re.findall(r"\[([a-z,]+)\]\"", text) for extra in found.split(",")}
    assert extras == {"serve"}
    assert extras <= set(PROJECT["project"]["optional-dependencies"])
