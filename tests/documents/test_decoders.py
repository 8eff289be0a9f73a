"""Every format, whole and damaged. Protected: the pixels that were saved come back; no file, however hostile, gives
anything but pages or a `LenetError` that names it; no warning leaks; nothing large is decoded before its size is known.
"""

from __future__ import annotations

import base64
import io
import struct
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from shutil import which

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from lenet.documents import open_document
from lenet.errors import FormatError, InputError, LenetError, MissingExtraError

GREY = (np.add.outer(np.arange(40), np.arange(60)) * 2).astype(np.uint8)
COLOUR = np.dstack([GREY, GREY.max() - GREY, np.full_like(GREY, 90)])
DJVU = base64.b64decode(  # two pages, 30 x 20 pixels at 100 dpi and 40 x 20 at 200, made by cjb2 and djvm
    "QVQmVEZPUk0AAACLREpWTURJUk0AAAAfgQACAAAAOAAAAGj//+i/ih/qSX1IcaLUuuFcvIAR+ABGT1JNAAAAJ0RKVlVJTkZPAAAACgAeABQYAGQA"
    "FgFTamJ6AAAACYQrC1WAVH/6oQBGT1JNAAAAJ0RKVlVJTkZPAAAACgAoABQYAMgAFgFTamJ6AAAACYNp/yqwCo//Ng=="
)


def saved(picture: np.ndarray, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return file.getvalue()


def pdf(content: str = "", box: str = "0 0 144 72", more: str = "", trailer: str = "") -> bytes:
    """Return a PDF of one page; its cross-reference table is missing, which readers mend."""
    return (
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        f"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>endobj\n"
        f"4 0 obj<</Length {len(content)}>>stream\n{content}\nendstream endobj\n{more}\n"
        f"trailer<</Root 1 0 R{trailer}>>\n%%EOF\n"
    ).encode("latin-1")


def png_header(columns: int, rows: int) -> bytes:
    """Return a PNG that claims a size and has almost no data."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


WHOLE = {
    "png": saved(GREY, "PNG"),
    "png colour": saved(COLOUR, "PNG"),
    "jpeg": saved(COLOUR, "JPEG", quality=95),
    "progressive jpeg": saved(GREY, "JPEG", progressive=True),
    "gif": saved(GREY, "GIF"),
    "bmp": saved(GREY, "BMP"),
    "webp": saved(COLOUR, "WEBP", lossless=True),
    "pgm": saved(GREY, "PPM"),
    "tiff": saved(GREY, "TIFF"),
    "tiff lzw": saved(COLOUR, "TIFF", compression="tiff_lzw"),
    "tiff g4": saved(GREY > 99, "TIFF", compression="group4"),
    "tiff 16": saved(GREY.astype(np.uint16) * 257, "TIFF", compression="tiff_adobe_deflate"),
    "tiff pages": saved(GREY, "TIFF", save_all=True, append_images=[Image.fromarray(GREY)]),
    "pdf": pdf("0 0 72 72 re f"),
    "pdf of a picture": saved(GREY, "PDF"),
}


@pytest.mark.parametrize("name", ["png", "gif", "bmp", "pgm", "tiff", "tiff 16"])
def test_lossless_grey_comes_back(name: str) -> None:
    (page,) = open_document(WHOLE[name])
    np.testing.assert_array_equal(page.picture, GREY)


@pytest.mark.parametrize("name", ["png colour", "webp", "tiff lzw"])
def test_lossless_colour_comes_back(name: str) -> None:
    (page,) = open_document(WHOLE[name])
    np.testing.assert_array_equal(page.picture, COLOUR)


def test_fax_comes_back() -> None:
    (page,) = open_document(WHOLE["tiff g4"])
    np.testing.assert_array_equal(page.picture, np.where(GREY > 99, 255, 0))


def test_jpeg_comes_back_nearly() -> None:
    (page,) = open_document(WHOLE["jpeg"])
    assert np.abs(page.picture.astype(int) - COLOUR).mean() < 3


def test_tiff_yields_its_pages() -> None:
    more = [Image.fromarray(GREY[::2, ::2]), Image.fromarray(COLOUR)]
    pages = list(open_document(saved(GREY, "TIFF", save_all=True, append_images=more, dpi=(150, 150))))
    assert [page.picture.shape for page in pages] == [(40, 60), (20, 30), (40, 60, 3)]
    assert [page.number for page in pages] == [1, 2, 3]
    assert pages[0].dpi == 150


def test_reduced_copies_of_pages_in_a_tiff_are_passed_over() -> None:
    reduced = Image.fromarray(GREY[::2, ::2])
    pages = open_document(saved(GREY, "TIFF", save_all=True, append_images=[reduced], tiffinfo={254: 1}))
    assert [page.picture.shape for page in pages] == [(40, 60)]


def tiff(rows: int, columns: int, bits: int, photometric: int, data: bytes) -> bytes:
    """Return an uncompressed TIFF of one strip."""
    tags = {256: columns, 257: rows, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1, 278: rows, 279: len(data)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", len(tags)) + entries + bytes(4)


def test_tiff_of_12_bits_uses_them_all() -> None:
    (page,) = open_document(tiff(1, 2, 12, 1, bytes([0xFF, 0xF8, 0x00])))  # 4095 and 2048
    assert page.picture.tolist() == [[255, 128]]


def test_tiff_of_16_bits_may_have_0_for_white() -> None:
    (page,) = open_document(tiff(1, 2, 16, 0, struct.pack("<HH", 0, 65535)))
    assert page.picture.tolist() == [[255, 0]]


def test_animations_give_their_first_picture() -> None:
    moving = saved(GREY, "GIF", save_all=True, append_images=[Image.fromarray(GREY[::-1])])
    (page,) = open_document(moving)
    np.testing.assert_array_equal(page.picture, GREY)


def test_photo_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    (page,) = open_document(saved(COLOUR, "JPEG", exif=exif, quality=95))
    assert page.picture.shape == (60, 40, 3)
    assert np.abs(page.picture.astype(int) - np.rot90(COLOUR, -1)).mean() < 3


# ---- PDF


def test_pdf_is_drawn_at_the_dpi_asked_for() -> None:
    (page,) = open_document(WHOLE["pdf"], dpi=144)
    assert page.picture.shape == (144, 288)
    assert page.dpi == 144
    assert page.picture[:, :143].max() == 0
    assert page.picture[:, 145:].min() == 255


def test_pdf_in_colour_is_colour() -> None:
    (page,) = open_document(pdf("1 0 0 rg 0 0 72 72 re f"), dpi=72)
    assert page.picture[36, 36].tolist() == [255, 0, 0]
    assert page.picture[36, 100].tolist() == [255, 255, 255]


def test_pdf_may_have_bytes_before_it() -> None:
    assert len(list(open_document(b"HTTP/1.1 200 OK\r\n\r\n" + WHOLE["pdf"]))) == 1


def test_pdf_with_a_password_is_refused() -> None:
    secret = f"/Encrypt<</Filter/Standard/V 1/R 2/O<{'41' * 32}>/U<{'42' * 32}>/P -4>>/ID[<00><00>]"
    with pytest.raises(InputError, match="password"):
        open_document(pdf(trailer=secret))


@pytest.mark.parametrize("box", ["0 0 1000000 1000000", "0 0 14400 14400"])
def test_pdf_of_absurd_size_is_refused(box: str) -> None:
    with pytest.raises(InputError, match=r"page 1 of .* up to 120,000,000"):
        list(open_document(pdf(box=box), dpi=600))


def test_pdf_with_a_bomb_inside_is_refused() -> None:
    bomb = (
        "5 0 obj<</Type/XObject/Subtype/Image/Width 60000/Height 60000/ColorSpace/DeviceGray/BitsPerComponent 8"
        "/Length 1>>stream\n0\nendstream endobj"
    )
    with pytest.raises(InputError, match="an image on page 1"):
        list(open_document(pdf("/I Do", more=bomb)))


def test_pdf_may_be_drawn_by_many_threads() -> None:
    with ThreadPoolExecutor(8) as threads:
        shapes = list(threads.map(lambda _: [p.picture.shape for p in open_document(WHOLE["pdf"], dpi=72)], range(50)))
    assert shapes == [[(72, 144)]] * 50


# ---- DjVu


def test_djvu_without_its_program_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingExtraError, match="apt-get install djvulibre-bin"):
        list(open_document(DJVU))


@pytest.mark.skipif(which("ddjvu") is None, reason="ddjvu is not installed")
def test_djvu_is_drawn() -> None:
    first, second = open_document(DJVU, dpi=200)
    assert first.picture.shape == (40, 60)
    assert second.picture.shape == (20, 40)
    assert (first.picture < 128).sum() == 200
    assert (second.picture < 128).sum() == 50


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Put a program called ddjvu on the path."""
    program = folder / "ddjvu"
    program.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_djvu_is_asked_for_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = (
        "assert sys.argv[-1] == '-' and sys.argv[1] == '-format=pnm' and sys.stdin.buffer.read(8) == b'AT&TFORM'\n"
        "columns, rows = map(int, sys.argv[3].removeprefix('-size=').split('x'))\n"
        "page = int(sys.argv[2].removeprefix('-page='))\n"
        "sys.stdout.buffer.write(b'P5 %d %d 255\\n' % (columns, rows) + bytes([page]) * (rows * columns))"
    )
    stand_in(tmp_path, monkeypatch, body)
    first, second = open_document(DJVU, dpi=100)
    assert first.picture.shape == (20, 30)
    assert second.picture.shape == (10, 20)
    assert (first.picture == 1).all()
    assert (second.picture == 2).all()
    (last,) = open_document(DJVU, dpi=100, after=1)
    assert (last.number, last.picture.min()) == (2, 2)


@pytest.mark.parametrize(
    "body", ["sys.exit(10)", "pass", "print('P5 60 40 255')"], ids=["fails", "silent", "cut short"]
)
def test_djvu_that_cannot_be_decoded_is_refused(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, body)
    with pytest.raises(LenetError, match="page 1 of the data"):
        list(open_document(DJVU))


@pytest.mark.parametrize("length", [12, 16, 40, 60, 70, 120, len(DJVU) - 1])
def test_djvu_cut_short_is_refused(length: int) -> None:
    with pytest.raises(FormatError, match="DjVu"):
        open_document(DJVU[:length])


def test_djvu_of_absurd_size_is_refused_before_it_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    huge = DJVU.replace(struct.pack(">HH", 30, 20), struct.pack(">HH", 65535, 65535))
    with pytest.raises(InputError, match="65,535 x 65,535"):
        list(open_document(huge))


# ---- Hostile files


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_pictures_of_too_many_pixels_are_refused_by_their_header(kind: str) -> None:
    small = saved(np.zeros((11, 13), np.uint8), kind)
    headers = {
        "PNG": png_header(50_000, 50_000),
        "JPEG": small.replace(struct.pack(">HH", 11, 13), struct.pack(">HH", 50_000, 50_000), 1),
        "GIF": small.replace(struct.pack("<HH", 13, 11), struct.pack("<HH", 50_000, 50_000)),
        "BMP": small.replace(struct.pack("<ii", 13, 11), struct.pack("<ii", 50_000, 50_000)),
        "WEBP": b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + b"\x4f\xc3\0" * 2,
        "TIFF": small.replace(struct.pack("<HHII", 256, 4, 1, 13), struct.pack("<HHII", 256, 4, 1, 50_000)).replace(
            struct.pack("<HHII", 257, 4, 1, 11), struct.pack("<HHII", 257, 4, 1, 50_000)
        ),
    }
    assert headers[kind] != small
    with pytest.raises(InputError, match="pixels"):
        list(open_document(headers[kind]))


def test_pixels_between_our_limit_and_that_of_pillow_are_refused_without_a_warning() -> None:
    with warnings.catch_warnings(record=True) as leaked, pytest.raises(InputError, match="13,000 x 10,000"):
        list(open_document(png_header(13_000, 10_000)))
    assert not leaked


@pytest.mark.parametrize("name", [name for name in WHOLE if name not in ("pdf", "gif", "pgm")])
def test_files_cut_short_are_refused(name: str) -> None:
    data = WHOLE[name]
    for length in (len(data) // 2, len(data) // 4, 30):
        with pytest.raises((FormatError, InputError), match="the data"):
            list(open_document(data[:length]))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"Dear Sir or Madam", "of no format"),
        (b"\0" * 100, "of no format"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"%PDF-1.7\n%%EOF", "PDF"),
        (b"%PDF-", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff", "JPEG"),
        (b"II*\0", "TIFF"),
        (b"AT&TFORM", "DjVu"),
        (b"P6", "PPM"),
    ],
)
def test_files_that_are_no_pictures_are_refused(data: bytes, words: str) -> None:
    with pytest.raises((InputError, FormatError), match=words):
        list(open_document(data))


def only_lenet_errors(data: bytes) -> None:
    message = "the data"
    with warnings.catch_warnings(record=True) as leaked:
        warnings.simplefilter("always")
        try:
            for page in islice(open_document(data, dpi=20), 5):
                assert page.picture.dtype == np.uint8
        except LenetError as error:
            message = str(error)
    assert "the data" in message
    assert not leaked


HEADS = st.sampled_from([b"", *(data[:24] for data in WHOLE.values()), DJVU[:24]])


@settings(max_examples=300, deadline=None)
@given(HEADS, st.binary(max_size=400))
@example(b"P5", b" 1 1 255\n")
def test_random_bytes_give_pages_or_our_errors(head: bytes, tail: bytes) -> None:
    only_lenet_errors(head + tail)


def changed(data: bytes, places: list[tuple[float, int]]) -> bytes:
    copy = bytearray(data)
    for place, value in places:
        copy[int(place * (len(copy) - 1))] = value
    return bytes(copy)


CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(WHOLE)), CHANGES)
def test_changed_files_give_pages_or_our_errors(name: str, places: list[tuple[float, int]]) -> None:
    only_lenet_errors(changed(WHOLE[name], places))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.floats(0, 0.3), st.integers(0, 255))
def test_changed_headers_give_pages_or_our_errors(name: str, place: float, value: int) -> None:
    only_lenet_errors(changed(WHOLE[name], [(place**2, value)]))
