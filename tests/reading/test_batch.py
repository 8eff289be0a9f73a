"""A file of results that was cut anywhere goes on to what it would have been in one go."""

from __future__ import annotations

import pytest

from lenet.errors import FormatError, InputError
from lenet.reading import Reading, Results

FILES = ("one.pdf", 'two, "odd"\nname.pdf', "three.png")
PAGES = {FILES[0]: 3, FILES[1]: 2, FILES[2]: 1}


def readings(file, page):
    """Return as many rows as the page has its number; the second page of the first file is empty."""
    rows = 0 if (file, page) == (FILES[0], 2) else page
    return [
        Reading(f"{page}{row}", None, 0.5, False, 'say "why"', (), (0, 0, 9, 9), page, file, f"row {row}")
        for row in range(rows)
    ]


def write_all(path, *, resume=False):
    with Results(path, FILES, resume=resume) as results:
        for file in FILES:
            if results.wants(file):
                for page in range(1, PAGES[file] + 1):
                    if results.wants(file, page):
                        results.write(readings(file, page))


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_a_file_cut_at_any_byte_goes_on_to_the_same(tmp_path, suffix):
    write_all(tmp_path / f"whole{suffix}")
    whole = (tmp_path / f"whole{suffix}").read_bytes()
    assert whole.count(b"row ") == 1 + 3 + 1 + 2 + 1
    path = tmp_path / f"cut{suffix}"
    for end in range(len(whole) + 1):
        path.write_bytes(whole[:end])
        write_all(path, resume=True)
        assert path.read_bytes() == whole, f"cut at byte {end}"


def test_what_is_done_is_not_wanted_again(tmp_path):
    path = tmp_path / "results.jsonl"
    with Results(path, FILES) as results:
        results.write(readings(FILES[0], 1))
        results.write(readings(FILES[0], 3))
        results.write(readings(FILES[1], 1))
    with Results(path, FILES, resume=True) as results:
        assert results.rest == (FILES[1], 1)
        assert [results.wants(file) for file in FILES] == [False, True, True]
        assert [results.wants(FILES[1], page) for page in (1, 2)] == [True, True]


def test_a_row_is_in_the_file_once_its_page_is_written(tmp_path):
    with Results(tmp_path / "results.jsonl", FILES) as results:
        results.write(readings(FILES[1], 2))
        assert (tmp_path / "results.jsonl").read_text().count("\n") == 2


def test_a_file_that_stands_there_is_not_overwritten(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        Results(path, FILES)
    (tmp_path / "other.jsonl").write_text("precious\n")
    with pytest.raises(FormatError, match="no result"):
        Results(tmp_path / "other.jsonl", FILES, resume=True)
    assert path.read_text() == "precious"


def test_results_of_other_files_are_refused(tmp_path):
    path = tmp_path / "results.jsonl"
    write_all(path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="not among the files given"):
        Results(path, FILES[:2], resume=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "files", "words"),
    [("results.txt", FILES, "suffix"), ("results.csv", ("a.png", "a.png"), "given twice")],
)
def test_what_cannot_be_resumed_is_refused_at_once(tmp_path, name, files, words):
    with pytest.raises(InputError, match=words):
        Results(tmp_path / name, files)
    assert not (tmp_path / name).exists()
