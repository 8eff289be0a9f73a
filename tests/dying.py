"""What processes read in tests: documents whose names say how many pages they have and whether who reads them dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from lenet.reading import DocumentReader
from lenet.reading.batch import Part


class Reads:
    """Gives a line for each page of `NAME:PAGES`; a third word says what happens at the last page.

    "dies" kills the process, "dies-once" only the first time, "dies-beside" only where others are read with it,
    "raises" is a mistake of the program, "slow" takes half a second.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, documents: Sequence[str], after: int) -> Iterator[Part]:
        if len(documents) == 1:
            yield from self.pages(documents[0], after)
            return
        parts = []
        for document in documents:
            self.happens(document, len(documents))
            parts += self.pages(document, 0)
        yield Part(b"".join(part.lines for part in parts), sum(part.readings for part in parts), len(documents))

    def pages(self, document: str, after: int) -> Iterator[Part]:
        name, pages, *_ = document.split(":")
        for page in range(after + 1, int(pages) + 1):
            if page == int(pages):
                self.happens(document, 1)
            yield Part(f"{name}{page} ".encode(), 1, page=page)
        yield Part(documents=1)

    def happens(self, document: str, together: int) -> None:
        what = document.split(":")[2] if document.count(":") > 1 else ""
        mark = self.folder / document.split(":")[0]
        if what == "slow":
            time.sleep(0.5)
        if what == "raises":
            raise RuntimeError("a mistake")
        first = not mark.exists()
        mark.touch()
        if what == "dies" or (what == "dies-once" and first) or (what == "dies-beside" and together > 1):
            os.kill(os.getpid(), signal.SIGKILL)


class Unloadable:
    """Cannot be made in another process."""

    def __reduce__(self):
        return int, ("this is no number",)


class DyingReader(DocumentReader):
    """Reads documents, and kills its process at those that LENET_DYING names, `FOLDER:NAME,NAME`; the first time."""

    def pages(self, documents, *, after=0):
        folder, _, names = os.environ["LENET_DYING"].partition(":")
        for path, _ in documents:
            mark = Path(folder) / Path(path).name
            if mark.name in names.split(",") and not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return super().pages(documents, after=after)
