"""Files to pictures: the format is told from the first bytes, sizes are checked before anything is decoded."""

from __future__ import annotations

import struct
import subprocess
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from math import isfinite
from shutil import which
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenet.documents.pictures import PIXEL_LIMIT, check_size, from_pil, without_colour
from lenet.errors import FormatError, InputError, MissingExtraError, TooLargeError

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdfium2 import PdfDocument, PdfPage

__all__ = ["Decoded", "decode", "decode_pil", "pages_in"]

Decoded = tuple[NDArray[np.uint8], float | None]
"""A picture and its dots per inch, if known."""

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"AT&TFORM", "DjVu"),
    *((b"P%d" % kind, "PPM") for kind in range(1, 7)),
)
_FORMATS = "PNG, JPEG, GIF, BMP, WebP, PNM, TIFF, PDF and DjVu are read"

_DAMAGED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What Pillow raises on damaged files; it promises less, but fuzzing finds each of these kinds."""

_DECODER = threading.RLock()
"""Held while decoding: PDFium may not be entered by two threads, and warnings are switched off for all threads."""

_DJVU_SECONDS = 120
"""How long one page may take; an ordinary one takes 0.1."""


def decode(data: bytes, source: str, dpi: float, pixels: int = PIXEL_LIMIT, after: int = 0) -> Iterator[Decoded]:
    """Yield the pages of a file, one by one, as they are asked for.

    Parameters
    ----------
    data : the whole file.
    source : what messages name.
    dpi : dots per inch at which pages without pixels of their own (PDF, DjVu) are drawn.
    pixels : that a page may have.
    after : how many pages to leave out at the beginning; they are not decoded.

    Raises
    ------
    InputError
        The file is empty, of none of the formats, protected by a password, or a page has too many pixels.
    FormatError
        The file is damaged or cut short.
    MissingExtraError
        It is DjVu and the program `ddjvu` is missing.
    """
    kind = _format_of(data, source)
    if kind == "PDF":
        return _pdf_pages(_open_pdf(data, source), source, dpi, pixels, after)
    if kind == "DjVu":
        return _djvu_pages(data, _djvu_sizes(data, source), source, dpi, pixels, after)
    return _image_pages(_open_image(data, kind, source), kind, source, pixels, after)


def pages_in(data: bytes, source: str) -> int:
    """Return how many pages a PDF has, and 1 for any other file; errors are those of `decode`."""
    if _format_of(data, source) != "PDF":
        return 1
    document = _open_pdf(data, source)
    with _DECODER:
        pages = len(document)
        document.close()
    return pages


def _format_of(data: bytes, source: str) -> str:
    """Return the format by the first bytes."""
    if not data:
        raise InputError(f"{source} is empty; {_FORMATS}: check how the file was made or copied")
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if b"%PDF-" in data[:1024]:  # readers of PDF allow anything before it, up to here
        return "PDF"
    if data[4:8] == b"ftyp":
        raise InputError(f"{source} is HEIC, AVIF or a film; {_FORMATS}: save it as JPEG")
    raise InputError(f"{source} is of no format that is known here; {_FORMATS}: convert it to one of them")


# ---- Pictures that Pillow decodes


@contextmanager
def _pillow(source: str, kind: str) -> Iterator[None]:
    """Turn Pillow's errors into ours and keep its warnings quiet."""
    from PIL.Image import DecompressionBombError

    with _DECODER, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (InputError, FormatError):
            raise
        except DecompressionBombError as error:
            raise TooLargeError(
                f"{source} has far too many pixels; up to {PIXEL_LIMIT:,} are read: shrink it or cut it into parts"
            ) from error
        except _DAMAGED as error:
            raise FormatError(
                f"{source} cannot be decoded as {kind} ({str(error) or type(error).__name__}): it is damaged or cut "
                "short; a whole file is needed, so copy or save it again"
            ) from error


def decode_pil(image: Image, source: str) -> Decoded:
    """Return the present frame of a PIL image."""
    with _pillow(source, image.format or "an image"):
        return from_pil(image, source=source), _dpi_of(image)


def _open_image(data: bytes, kind: str, source: str) -> Image:
    from PIL import Image

    with _pillow(source, kind):
        return Image.open(BytesIO(data), formats=(kind,))


def _image_pages(image: Image, kind: str, source: str, pixels: int, after: int) -> Iterator[Decoded]:
    """Yield the pages of a TIFF, without reduced copies of pages; of an animation only the first picture."""
    frame = number = 0
    while True:
        with _pillow(source, kind):
            if not _seek(image, frame):
                return
            reduced = kind == "TIFF" and frame > 0 and image.tag_v2.get(254, 0) & 1  # type: ignore[attr-defined]
            number += not reduced
            left_out = reduced or number <= after
            page = None if left_out else (from_pil(image, source=source, pixels=pixels), _dpi_of(image))
        if page is not None:
            yield page
        if kind != "TIFF":
            return
        frame += 1


def _seek(image: Image, frame: int) -> bool:
    """Go to a frame; False after the last one."""
    if frame == 0:
        return True
    try:
        image.seek(frame)
    except EOFError:
        return False
    return True


def _dpi_of(image: Image) -> float | None:
    """Return the dots per inch that a file states, if it can be true."""
    try:
        dpi = float(image.info["dpi"][0])
    except (TypeError, ValueError, ArithmeticError, LookupError):
        return None
    return dpi if isfinite(dpi) and 10 <= dpi <= 10_000 else None


# ---- PDF


def _open_pdf(data: bytes, source: str) -> PdfDocument:
    from pypdfium2 import PdfDocument, PdfiumError
    from pypdfium2.raw import FPDF_ERR_PASSWORD

    with _DECODER:
        try:
            document = PdfDocument(data)
            document.init_forms()  # so that what was typed into form fields is drawn
        except PdfiumError as error:
            if error.err_code == FPDF_ERR_PASSWORD:
                raise InputError(
                    f"{source} is protected by a password; only open PDFs are read: save it without one"
                ) from error
            raise FormatError(
                f"{source} cannot be opened as PDF: it is damaged or cut short; copy or save it again"
            ) from error
        if len(document) == 0:
            raise FormatError(f"{source} is a PDF without pages; at least one is needed: save it again")
        return document


def _pdf_pages(document: PdfDocument, source: str, dpi: float, pixels: int, after: int) -> Iterator[Decoded]:
    from pypdfium2 import PdfiumError

    try:
        for index in range(after, len(document)):
            with _DECODER:
                try:
                    picture = _draw_pdf_page(document[index], f"page {index + 1} of {source}", dpi, pixels)
                except PdfiumError as error:
                    raise FormatError(
                        f"page {index + 1} of {source} cannot be drawn: it is damaged; save the PDF again"
                    ) from error
            yield picture, dpi
    finally:
        with _DECODER:
            document.close()


def _draw_pdf_page(page: PdfPage, source: str, dpi: float, pixels: int) -> NDArray[np.uint8]:
    """Draw a page on white; one PDF point is 1/72 inch."""
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

    try:
        width, height = (points * dpi / 72 for points in page.get_size())
        check_size(width, height, f"{source} at {dpi:.6g} dpi", pixels)
        for image in page.get_objects(filter=(FPDF_PAGEOBJ_IMAGE,)):
            columns, rows = image.get_px_size()
            check_size(columns, rows, f"an image on {source}", pixels)
        bitmap = page.render(scale=dpi / 72, rev_byteorder=True)
        drawn = bitmap.to_numpy()
        picture = drawn.copy() if drawn.ndim == 2 else without_colour(np.ascontiguousarray(drawn[:, :, :3]))
        bitmap.close()
        return picture
    finally:
        page.close()


# ---- DjVu


def _djvu_sizes(data: bytes, source: str) -> list[tuple[int, int, int]]:
    """Return columns, rows and dpi of each page, from the INFO chunks (IFF: four letters, length, content, padding)."""
    sizes = []
    pages = [(16, len(data))] if data[12:16] == b"DJVU" else []
    position = 16
    while data[12:16] == b"DJVM" and position + 12 <= len(data):
        name, length = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "big")
        if name == b"FORM" and data[position + 8 : position + 12] == b"DJVU":
            pages.append((position + 12, position + 8 + length))
        position += 8 + length + length % 2
    for start, end in pages:
        if data[start : start + 4] != b"INFO" or end > len(data) or start + 18 > end:
            raise FormatError(f"{source} is DjVu that is damaged or cut short; copy or save it again")
        columns, rows = struct.unpack_from(">HH", data, start + 8)
        sizes.append((columns, rows, int.from_bytes(data[start + 14 : start + 16], "little") or 300))
    if not sizes:
        raise FormatError(f"{source} is DjVu without pages of its own; bundle it with djvmcvt -b and give that")
    return sizes


def _djvu_pages(
    data: bytes, sizes: list[tuple[int, int, int]], source: str, dpi: float, pixels: int, after: int
) -> Iterator[Decoded]:
    for number, (columns, rows, own_dpi) in enumerate(sizes[after:], after + 1):
        page = f"page {number} of {source}"
        check_size(columns, rows, page, pixels)
        width, height = columns * dpi / own_dpi, rows * dpi / own_dpi
        check_size(width, height, f"{page} at {dpi:.6g} dpi", pixels)
        options = ("-format=pnm", f"-page={number}", f"-size={round(width)}x{round(height)}")
        drawn = _run_ddjvu(options, data, page)
        with _pillow(page, "DjVu"):
            picture = from_pil(_open_image(drawn, "PPM", page), source=page)
        yield picture, dpi


def _run_ddjvu(options: tuple[str, ...], data: bytes, page: str) -> bytes:
    program = which("ddjvu")
    if program is None:
        raise MissingExtraError(
            f"{page} is DjVu, which the program ddjvu decodes, and it is not installed: apt-get install djvulibre-bin"
        )
    try:
        run = subprocess.run(
            (program, *options, "-"), input=data, capture_output=True, check=True, timeout=_DJVU_SECONDS
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise FormatError(f"{page} cannot be decoded by ddjvu ({error}): it is damaged; save it again") from error
    return run.stdout
