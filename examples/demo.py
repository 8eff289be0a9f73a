"""What `make demo` shows: handwriting read, and LeNet-5 trained from nothing; two pictures in `build/demo/`."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import lenet
from lenet.drawing import annotate, learning_curve

HERE = Path(__file__).parent
OUT = HERE.parent / "build" / "demo"
PAGE = "page-photo.jpg"

Labelled = tuple[str, bytes, str]


def our_own(*, amounts: bool) -> Iterator[Labelled]:
    """Give name, bytes and text of the pictures in `examples/pictures`: those of amounts, or the others."""
    for line in (HERE / "pictures" / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        if (label["kind"] in ("amount", "touching", "scribble")) == amounts:
            yield label["file"], (HERE / "pictures" / label["file"]).read_bytes(), " ".join(label["rows"])


def read_amounts() -> None:
    """Read amounts whose digits touch, and what is none."""
    reader = lenet.Reader("amount")
    for name, picture, truth in our_own(amounts=True):
        reading = reader(picture)
        verdict = "accepted" if reading.accepted else f"rejected: {reading.reason}"
        print(f"  {name:<20} {reading.confidence:4.0%}  {reading.text or '-':<12} (written: {truth})  {verdict}")


def real_ones() -> Iterator[Labelled]:
    """Give the photographs and scans of photos.tar that hold nothing but digits, where LENET_DATA has them."""
    path = Path(os.environ.get("LENET_DATA", ".")) / "photos.tar"
    if not path.is_file():
        return
    with tarfile.open(path) as archive:
        labels = archive.extractfile("labels.jsonl")
        for label in map(json.loads, labels or ()):
            picture = archive.extractfile(label["file"])
            if picture and all(isinstance(row, str) and row.isdigit() for row in label["rows"]):
                yield Path(label["file"]).name, picture.read(), " ".join(label["rows"])


def read_all(pictures: Iterator[Labelled], *, show: bool) -> tuple[int, int, int, int]:
    """Read each picture; return how many pictures, and how many digits, were right and were there."""
    right = total = digits_right = digits = 0
    for name, picture, truth in pictures:
        readings = lenet.read_page(picture) if " " in truth else [lenet.read(picture)]  # rows, or one field
        text = " ".join("".join(filter(str.isdigit, reading.text)) for reading in readings)
        confidence = min((reading.confidence for reading in readings), default=0.0)
        good = text.replace(" ", "") == truth.replace(" ", "")
        if show:
            print(f"  {name:<20} {confidence:4.0%}  {'right' if good else 'WRONG'}  {text}")
        right, total, digits = right + good, total + 1, digits + len(truth.replace(" ", ""))
        digits_right += alike(text.replace(" ", ""), truth.replace(" ", ""))
    return right, total, digits_right, digits


def alike(text: str, truth: str) -> int:
    """Return how many digits of `truth` stand in `text`, in the same order."""
    best = [0] * (len(truth) + 1)
    for letter in text:
        row = [0]
        for i, wanted in enumerate(truth):
            row.append(best[i] + 1 if letter == wanted else max(row[i], best[i + 1]))
        best = row
    return best[-1]


def learn() -> None:
    """Train LeNet-5 from nothing on MNIST, or on the digits inside scikit-learn where MNIST is not at hand."""
    try:
        training, test = (lenet.load_mnist(part, download=False) for part in ("train", "test"))
    except lenet.LenetError as missing:
        print(f"  {missing}\n  So the small digits inside scikit-learn it is:")
        training, test = (lenet.load_digits8x8(part) for part in ("train", "test"))
    start = perf_counter()
    network, history = lenet.train(training, "lenet5")
    seconds = perf_counter() - start
    evaluation = lenet.evaluate(network, test)
    print(f"  {len(training):,} images of {training.name}, {len(history)} times, in {seconds:.1f} s")
    print(f"  {len(test) - evaluation.errors:,} of {len(test):,} test digits are right ({1 - evaluation.error:.2%})")
    learning_curve(history).save(OUT / "learning-curve.png")


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    print("Reading the pictures of examples/pictures (how sure, right or wrong, what was read):")
    print("  {} of {} pictures right, {} of {} digits".format(*read_all(our_own(amounts=False), show=True)))
    print("\nReading amounts, touching digits, and a scribble:")
    read_amounts()
    if (found := read_all(real_ones(), show=False))[1]:
        print("Real photographs and scans: {} of {} pictures right, {} of {} digits".format(*found))
    page = (HERE / "pictures" / PAGE).read_bytes()
    annotate(next(lenet.open_document(page)).picture, lenet.read_page(page)).save(OUT / "page.png")
    print("\nTraining LeNet-5 from nothing:")
    learn()
    print(f"\nSee {OUT / 'page.png'} and {OUT / 'learning-curve.png'}")
    print("Now your own: source .venv/bin/activate; lenet read photo.jpg")


if __name__ == "__main__":
    main()
