"""Opening documents, from whatever is given. Protected: one call for every source, pages decoded only when asked for,
and a sentence instead of a traceback for every file that cannot be read."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lenet.documents import Page, decoders, open_document, pages
from lenet.errors import FormatError, InputError

PICTURE = np.random.default_rng(0).integers(0, 256, (9, 14)).astype(np.uint8)


def saved(kind: str, picture: np.ndarray = PICTURE) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind)
    return file.getvalue()


def test_every_source_gives_the_same_page(tmp_path: Path) -> None:
    data = saved("PNG")
    path = tmp_path / "a digit.jpg"  # a wrong name does no harm
    path.write_bytes(data)
    sources = [path, str(path), data, bytearray(data), memoryview(data), io.BytesIO(data), PICTURE]
    with path.open("rb") as file, Image.open(path) as image:
        for source in [*sources, file, image]:
            (page,) = open_document(source)
            np.testing.assert_array_equal(page.picture, PICTURE)
            assert page.number == 1


def test_a_page_names_its_source(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    Image.fromarray(PICTURE).save(path, dpi=(300, 300))
    (page,) = open_document(path)
    assert page.source == str(path)
    assert page.dpi == pytest.approx(300, abs=0.1)
    assert repr(Page(PICTURE, 2, 300.0, "x.pdf")) == "Page(x.pdf, page 2: 14 x 9 grey, 300 dpi)"
    with path.open("rb") as file:
        assert next(open_document(file)).source == str(path)
    assert next(open_document(PICTURE)).dpi is None
    assert next(open_document(np.dstack([PICTURE] * 3))).source == "the array"
    with pytest.raises(AttributeError):
        page.number = 3  # type: ignore[misc]


def test_pages_are_decoded_when_asked_for() -> None:
    first = Image.fromarray(PICTURE)
    file = io.BytesIO()
    first.save(file, "TIFF", save_all=True, append_images=[first] * 2)
    data = file.getvalue()
    document = open_document(data[:-20])  # the last page is cut short
    assert [next(document).number, next(document).number] == [1, 2]
    with pytest.raises(FormatError):
        next(document)


@pytest.mark.parametrize("kind", ["TIFF", "PDF"])
def test_pages_that_are_left_out_are_not_decoded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or to go on at the end of a book would take as long as the book."""
    drawn = []

    def counted(draw: Any) -> Any:
        return lambda *arguments, **options: (drawn.append(1), draw(*arguments, **options))[1]

    for name in ("from_pil", "_draw_pdf_page"):
        monkeypatch.setattr(decoders, name, counted(getattr(decoders, name)))
    first = Image.fromarray(PICTURE)
    file = io.BytesIO()
    first.save(file, kind, save_all=True, append_images=[first] * 4)
    assert [page.number for page in open_document(file.getvalue(), after=3)] == [4, 5]
    assert len(drawn) == 2
    assert list(open_document(file.getvalue(), after=5)) == []
    for one in (saved("PNG"), PICTURE, first):
        assert list(open_document(one, after=1)) == []


def test_missing_files_folders_and_odd_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no file .*nowhere\.png"):
        open_document(tmp_path / "nowhere.png")
    with pytest.raises(InputError, match="is a folder"):
        open_document(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        open_document("a\0b")
    with pytest.raises(InputError, match="cannot be read"):
        open_document("x" * 5000)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(saved("PNG"))
    path.chmod(0)
    with pytest.raises(InputError, match="permission"):
        open_document(path)


def test_a_file_that_may_not_be_opened_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"secret\.png may not be read"):
        open_document("secret.png")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.png"
    path.touch()
    with pytest.raises(InputError, match=r"empty\.png is empty"):
        open_document(path)


def test_a_file_of_too_many_bytes_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pages, "FILE_LIMIT", 100)
    path = tmp_path / "long"
    path.write_bytes(bytes(101))
    for source in (path, bytes(101), io.BytesIO(bytes(101))):
        with pytest.raises(InputError, match="more than 100 bytes"):
            open_document(source)


def test_a_file_opened_as_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(saved("PNG"))
    with path.open(encoding="utf-8") as file, pytest.raises(InputError, match="'rb'"):
        open_document(file)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="'rb'"):
        open_document(io.StringIO("x"))  # type: ignore[arg-type]


@pytest.mark.parametrize("source", [None, 3, [1, 2], {"a": 1}, object()])
def test_other_objects_are_refused(source: object) -> None:
    with pytest.raises(InputError, match=f"type {type(source).__name__} was given"):
        open_document(source)  # type: ignore[arg-type]


@pytest.mark.parametrize("dpi", [0, -5, 9, 2401, float("nan"), float("inf")])
def test_dpi_without_sense_is_refused(dpi: float) -> None:
    with pytest.raises(InputError, match="dpi"):
        open_document(PICTURE, dpi=dpi)
