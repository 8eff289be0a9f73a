"""A reader of fields: configured once, called often, sent to other processes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Literal, overload

from lenet.errors import LenetError
from lenet.network import Network
from lenet.reading.pages import Field, check_kind, network_for, open_field, read_fields
from lenet.reading.readings import Reading

if TYPE_CHECKING:
    from lenet.documents.pages import Source

__all__ = ["Reader"]

TOGETHER = 64
"""Fields whose characters go through the network at once: enough to fill its batches, few enough to hold in memory."""


class Reader:
    """Read pictures that are one field each.

    It keeps nothing from one call to the next, may be called from several threads, and can be pickled.

    Parameters
    ----------
    kind : what the fields may say; "digits".
    model : the network that knows the characters: a shipped one's name, a path, or a network.
    threads : how many to use; 0 for as many as `lenet` uses by default.

    Raises
    ------
    InputError
        There is no such kind of field, or no such network.
    """

    def __init__(
        self, kind: str = "digits", *, model: str | os.PathLike[str] | Network = "digits", threads: int = 0
    ) -> None:
        check_kind(kind)
        self.kind = kind
        self.threads = threads
        self.network = network_for(model)

    def __call__(self, picture: Source) -> Reading:
        """Read one picture; see `lenet.read`."""
        return read_fields(self.network, [open_field(picture)], self.threads)[0]

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
        while group := list(islice(remaining, TOGETHER)):
            for result in self._together(group):
                if isinstance(result, LenetError) and not keep_going:
                    raise result
                yield result

    def _together(self, group: list[Source]) -> Iterator[Reading | LenetError]:
        """Give a reading or an error for each picture; the characters of all go through the network at once."""
        opened: list[Field | LenetError] = []
        for picture in group:
            try:
                opened.append(open_field(picture))
            except LenetError as error:
                opened.append(error)
        fields = [field for field in opened if isinstance(field, Field)]
        readings = iter(read_fields(self.network, fields, self.threads))
        for entry in opened:
            yield next(readings) if isinstance(entry, Field) else entry

    def __repr__(self) -> str:
        return f"Reader({self.kind!r}, {self.network!r}, threads={self.threads})"
