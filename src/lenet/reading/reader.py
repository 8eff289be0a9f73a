"""A reader of fields: configured once, called often, sent to other processes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, overload

from lenet import grammar
from lenet.documents.segmentation import Box
from lenet.errors import InputError, LenetError
from lenet.network import Network
from lenet.reading.confidence import threshold_for
from lenet.reading.fields import is_field_network, spell_strips
from lenet.reading.pages import Field, network_for, open_field, read_components
from lenet.reading.readings import Reading
from lenet.reading.spelled import Said, reading_of, said_of
from lenet.strips import Strip, make_strips

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lenet.documents.pages import Source
    from lenet.reading.rows import Columns
    from lenet.segments import Segments

__all__ = ["Reader", "read"]

TOGETHER = 256
"""Fields that are read at once: enough to fill the network's blocks on several threads, few enough to wait for."""
HELD = 1 << 24
"""Bytes of pictures that are made ready on all threads at once: a photograph, or a group of small fields."""


def read(picture: Source, kind: Any = "digits", **options: Any) -> Reading:
    """Read a picture that is one field: one row of characters, on whatever the paper has around it.

    Parameters
    ----------
    picture : a path, the bytes of a file, an open file, a PIL image, or uint8 `(rows, columns)` or
        `(rows, columns, 3)`, of one page; ink dark or light.
    kind : what the field may say: "digits", "number", "amount", "date", "time", "percentage", "regex:...", a compiled
        pattern, or a `lenet.Grammar`.
    **options : those of `Reader`.

    Returns
    -------
    The reading. Its text is empty where nothing is written, or nothing that such a field may hold.

    Raises
    ------
    InputError
        The picture cannot be used, or has several pages.
    GrammarError
        There is no such kind of field, or no text that it may hold.
    FormatError
        The file is damaged.
    """
    return Reader(kind, **options)(picture)


@dataclass(frozen=True, eq=False)
class _Seen:
    """What is kept of a field until the network has read it: not its picture, of which a group may have gigabytes."""

    strip: Strip | None
    segments: Segments | None
    whole: Box
    page: int
    file: str | None


class Reader:
    """Read pictures that are one field each.

    Called with a picture, it gives a reading; with a batch of columns, columns, as Ray, Spark and Dask give and take
    them. It keeps nothing from one call to the next, may be called from several threads, and can be pickled.

    Parameters
    ----------
    kind : what the fields may say, as for `lenet.read`.
    model : a network for whole fields ("fields", or one that `lenet train --fields` made), for their segments
        ("segments"), or for single characters ("digits"), which reads digits that stand apart; a shipped one's name, a
        path, or a network.
    segments : a network for segments ("segments", a path, or a network) that weighs the texts of doubtful fields as
        well, where the model is one for whole fields; None asks none. docs/segments.md says what it gains and costs.
    max_error : the share of all fields that may be accepted though they are read wrong, such as 0.01; what is not sure
        enough for that is rejected. Without it, what is rather right than wrong is accepted.
    decimal : "." or ",", which settles whether 1.234 is a thousand or one; None where a text has to settle it itself.
    date_order : "dmy", "mdy" or "ymd", which settles what 03/04 is; None likewise.
    threads : how many to use; 0 for as many as `lenet` uses by default.

    Raises
    ------
    GrammarError
        There is no such kind of field, or the network's characters cannot write it.
    InputError
        There is no such network, or `max_error` cannot be used.
    """

    def __init__(
        self,
        kind: Any = "digits",
        *,
        model: str | os.PathLike[str] | Network = "fields",
        segments: str | os.PathLike[str] | Network | None = None,
        max_error: float | None = None,
        decimal: Literal[".", ","] | None = None,
        date_order: Literal["dmy", "mdy", "ymd"] | None = None,
        threads: int = 0,
    ) -> None:
        self.grammar = grammar.get(kind, decimal=decimal, date_order=date_order)
        self.network = network_for(model)
        self.segments = None if segments is None else network_for(segments)
        self.threads = threads
        self.max_error = max_error
        if self.segments is not None and not (is_field_network(self.network) and _reads_segments(self.segments)):
            raise InputError(
                f"{self.segments} was given as segments beside {self.network}; give a network for segments beside one "
                "for whole fields"
            )
        if is_field_network(self.network) or _reads_segments(self.network):
            if is_field_network(self.network):
                self.grammar.table(self.network.classes[1:])  # refuses a grammar that the network cannot write
            learned = self.network.calibration
            self.calibration = None if learned is None else learned.of(self.grammar.kind)
            self.threshold = threshold_for(max_error, self.calibration)
        elif self.grammar.name != "digits" or max_error is not None:
            raise InputError(
                f"{self.network} knows single characters and reads plain digits, without a promise on errors; "
                "choose the model 'fields'"
            )

    @overload
    def __call__(self, picture: Source) -> Reading: ...
    @overload
    def __call__(self, picture: Columns) -> dict[str, NDArray[Any]]: ...
    def __call__(self, picture: Any) -> Any:
        """Read one picture, as `lenet.read` does; or a batch of columns, as Ray, Spark and Dask give and take them.

        Parameters
        ----------
        picture : a picture, as for `lenet.read`. Or anything with columns, such as a dict of arrays or a
            `pandas.DataFrame`, of which `bytes` holds the content of files, or `path` says where they are; with both,
            `path` is their name.

        Returns
        -------
        The reading. Or for a batch, a dict of arrays, `lenet.reading.COLUMNS`, a row for each picture in its order; one
        that cannot be read has its reason in `error`, which is else empty.

        Raises
        ------
        InputError
            The picture cannot be used, or has several pages; the batch has neither column.
        FormatError
            The file is damaged.
        """
        if hasattr(picture, "keys"):
            from lenet.reading.rows import as_columns, sources_of

            names, sources = sources_of(picture)
            return as_columns(self.many(sources, keep_going=True), names)
        return self._read(self._seen([open_field(picture)]))[0]

    def _seen(self, fields: Sequence[Field]) -> Sequence[Field | _Seen]:
        """Return what the network needs of each field."""
        along, cut = is_field_network(self.network), _reads_segments(self.segments or self.network)
        if not along and not cut:
            return fields
        pictures = [field.page.picture for field in fields]
        fractions = self.grammar.kind == "mark"
        made = make_strips(pictures, fractions=fractions, threads=self.threads) if along else []
        strips: list[Strip | None] = [*made] or [None] * len(fields)
        segments = [_segments_of(picture) if cut else None for picture in pictures]
        return [
            _Seen(strip, graph, _whole(field.page.picture), field.page.number, field.file)
            for field, strip, graph in zip(fields, strips, segments, strict=True)
        ]

    def _read(self, fields: Sequence[Field | _Seen]) -> list[Reading]:
        seen = [field for field in fields if isinstance(field, _Seen)]
        if not seen:
            pictures = [field for field in fields if isinstance(field, Field)]
            return read_components(self.network, pictures, self.threads)
        said = self._along(seen) if is_field_network(self.network) else self._by_segments(seen)
        readings = []
        for field, found in zip(seen, said, strict=True):
            reading = reading_of(
                found, field.whole, self.grammar, calibration=self.calibration, threshold=self.threshold
            )
            readings.append(replace(reading, page=field.page, file=field.file))
        return readings

    def _along(self, seen: Sequence[_Seen]) -> list[Said]:
        """Read fields along their strips; where there is a network for segments, let it weigh what is doubtful."""
        strips = [field.strip for field in seen if field.strip is not None]
        texts = spell_strips(self.network, strips, self.grammar, threads=self.threads)
        if self.segments is not None:
            from lenet.reading.composed import weigh_doubtful

            segments = [field.segments for field in seen if field.segments is not None]
            texts = weigh_doubtful(self.segments, segments, texts, self.grammar, threads=self.threads)
        each = zip(texts, strips, strict=True)
        return [said_of(found, strip, self.grammar) for found, strip in each]

    def _by_segments(self, seen: Sequence[_Seen]) -> list[Said]:
        from lenet.reading.segments import spell_segments

        segments = [field.segments for field in seen if field.segments is not None]
        found = spell_segments(self.network, segments, self.grammar, threads=self.threads)
        return [Said(one.field_texts(), one.places, len(one.segments) > 0) for one in found]

    @overload
    def many(self, pictures: Iterable[Source], *, keep_going: Literal[False] = False) -> Iterator[Reading]: ...
    @overload
    def many(self, pictures: Iterable[Source], *, keep_going: bool) -> Iterator[Reading | LenetError]: ...
    def many(self, pictures: Iterable[Source], *, keep_going: bool = False) -> Iterator[Reading | LenetError]:
        """Read pictures one after the other and yield a reading for each, in their order.

        Pictures are taken from the iterable as they are needed; a picture that cannot be used raises in its turn,
        after the readings of those before it.

        Parameters
        ----------
        pictures : as for `lenet.read`, any number.
        keep_going : yield the error of a picture that cannot be used in its place, and go on.

        Raises
        ------
        InputError
            A picture cannot be used, or has several pages.
        FormatError
            A file is damaged.
        """
        remaining = iter(pictures)
        while group := self._group(remaining):
            fields = [field for field in group if not isinstance(field, LenetError)]
            readings = iter(self._read(fields) if fields else [])
            for entry in group:
                result = entry if isinstance(entry, LenetError) else next(readings)
                if isinstance(result, LenetError) and not keep_going:
                    raise result
                yield result

    def _group(self, pictures: Iterator[Source]) -> list[Field | _Seen | LenetError]:
        """Open pictures that are to be read together, and let go of them `HELD` bytes at a time."""
        ready: list[Field | _Seen | LenetError] = []
        waiting: list[Field | LenetError] = []
        held = 0
        for picture in islice(pictures, TOGETHER):
            waiting.append(_opened(picture))
            held += _size(waiting[-1])
            if held > HELD:
                ready += self._ready(waiting)
                waiting, held = [], 0
        return ready + self._ready(waiting)

    def _ready(self, opened: Sequence[Field | LenetError]) -> list[Field | _Seen | LenetError]:
        """Return what the network needs of each field, and the errors in their places."""
        seen = iter(self._seen([field for field in opened if isinstance(field, Field)]))
        return [next(seen) if isinstance(field, Field) else field for field in opened]

    def __repr__(self) -> str:
        limit = "" if self.max_error is None else f", max_error={self.max_error}"
        return f"Reader({self.grammar.name!r}, {self.network!r}{limit}, threads={self.threads})"


def _opened(picture: Source) -> Field | LenetError:
    try:
        return open_field(picture)
    except LenetError as error:
        return error


def _size(opened: Field | LenetError) -> int:
    return opened.page.picture.nbytes if isinstance(opened, Field) else 0


def _whole(picture: NDArray[Any]) -> Box:
    rows, columns = picture.shape[:2]
    return 0, 0, int(columns), int(rows)


def _reads_segments(network: Network) -> bool:
    """Tell whether a network is for segments; what reads them is imported when one is there."""
    return network.classes[0] == "rubbish"


def _segments_of(picture: NDArray[Any]) -> Segments:
    from lenet.segments import make_segments

    return make_segments([picture])[0]
