"""Whole cheques: how many amounts and dates are read right, rejected, and accepted wrong, of each kind of cheque.

Cheques of `cheques.tar`; none of them trains the network. Values are compared. A date with its month as a word has to
be rejected, and counts as rejected. Groups of even index, sorted by name, are the "design" half, on which
the finder of zones was designed; "other" are the rest. Run `python -m benchmarks.cheques [MODEL]`.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from time import process_time
from typing import Any

from lenet.reading import Reading, read_cheque
from lenet.reading.pages import network_for

TAR = "cheques.tar"


def cheques() -> Iterator[tuple[dict[str, Any], bytes]]:
    """Give the label of each cheque, with `half` added, and its picture."""
    with tarfile.open(Path(os.environ["LENET_DATA"]) / TAR) as tar:
        labels = [json.loads(line) for line in _member(tar, "labels.jsonl").splitlines()]
        groups = sorted({label["group"] for label in labels})
        for label in labels:
            half = "other" if groups.index(label["group"]) % 2 else "design"
            yield {**label, "half": half}, _member(tar, label["file"])


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    found = tar.extractfile(name)
    assert found is not None
    return found.read()


def true_values(label: dict[str, Any]) -> dict[str, Decimal | date | None]:
    """Return what amount and date say; None for a date that is not written in figures."""
    figures = re.findall("[0-9]+", label["date"])
    if label["kind"] == "cheque-india":
        day = date(int(label["date"][4:]), int(label["date"][2:4]), int(label["date"][:2]))
    else:
        day = date(int(figures[2]), int(figures[0]), int(figures[1])) if len(figures) == 3 else None
    return {"amount": Decimal(label["amount"]), "date": day}


def outcome(reading: Reading, value: Decimal | date | None) -> str:
    """Say whether a reading is right, rejected or wrong."""
    if not reading.accepted:
        return "rejected"
    return "right" if value is not None and reading.value == value else "wrong"


def interval(right: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    share, z = right / total, 1.96
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    far = z / (1 + z * z / total) * (share * (1 - share) / total + z * z / (4 * total * total)) ** 0.5
    return middle - far, middle + far


def main() -> None:
    """Read all cheques and print the counts."""
    network = network_for(sys.argv[1] if len(sys.argv) > 1 else "fields")
    verbose = "-v" in sys.argv
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    seconds = 0.0
    for label, picture in cheques():
        start = process_time()
        readings = read_cheque(io.BytesIO(picture), model=network, threads=1)
        seconds += process_time() - start
        for reading in readings:
            value = true_values(label)[str(reading.field)]
            said = outcome(reading, value)
            same = value is not None and reading.value == value
            for half in (label["half"], "all"):
                for kind in (label["kind"], "all"):
                    counts[kind, str(reading.field), half].update([said, "cheques", *(["same"] if same else [])])
            if verbose and not same and label["half"] == "design":
                print(label["file"], label["half"], reading.field, repr(reading.text), reading.box, reading.reason)
    for (kind, field, half), count in sorted(counts.items()):
        low, high = interval(count["right"], count["cheques"])
        print(f"{kind:16} {field:7} {half:7} of {count['cheques']:3}:", end=" ")
        print(f"right {count['right']:3} ({low:.0%} to {high:.0%}), rejected {count['rejected']:3}", end=", ")
        print(f"wrong {count['wrong']:3}; right if nothing were rejected {count['same']:3}")
    print(f"{seconds / counts['all', 'amount', 'all']['cheques']:.2f} s of one core a cheque")


if __name__ == "__main__":
    main()
