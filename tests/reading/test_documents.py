"""Documents are read page by page, and one that cannot be read does not stop the others."""

from __future__ import annotations

import io
import pickle

import pytest
from PIL import Image

import lenet
from lenet.errors import InputError
from lenet.reading import DocumentReader
from tests.fields import untrained
from tests.forms import FILLED, scan, template
from tests.writing import on_paper, page


def file_of(*texts, kind="PNG"):
    pages = [Image.fromarray(on_paper(page([text], 24, margin=10))) for text in texts]
    content = io.BytesIO()
    more = {"save_all": True, "append_images": pages[1:]} if len(pages) > 1 else {}
    pages[0].save(content, kind, **more)
    return content.getvalue()


DOCUMENTS = [
    ("a.png", file_of("12")),
    ("bad.png", b"no picture"),
    ("b.tif", file_of("3", "456", kind="TIFF")),
    ("cut.png", file_of("789")[:-60]),
    (None, file_of("7890")),
]


def seen(results):
    return [
        (result.document, result.page, [(r.text, r.file, r.page) for r in result.readings], bool(result.failure))
        for result in results
    ]


EXPECTED = [
    (0, 1, [("12", "a.png", 1)], False),
    (1, 1, [], True),
    (2, 1, [("3", "b.tif", 1)], False),
    (2, 2, [("456", "b.tif", 2)], False),
    (3, 1, [], True),
    (4, 1, [("7890", None, 1)], False),
]


@pytest.mark.parametrize("kind", [None, "digits"])
def test_failures_stand_in_their_turn(kind):
    reader = DocumentReader(kind, model="digits")
    assert seen(reader.pages(DOCUMENTS)) == EXPECTED
    assert seen(reader.pages(DOCUMENTS[2:], after=1))[0] == (0, 2, [("456", "b.tif", 2)], False)
    (bad,) = reader.pages([DOCUMENTS[1]])
    assert "is of no format that is known here" in bad.failure


@pytest.mark.parametrize("kind", [None, "digits", "cheque"])
def test_a_copy_in_another_process_reads_the_same(kind):
    reader = DocumentReader(kind, model=untrained() if kind == "cheque" else "digits", threads=1)
    copy = pickle.loads(pickle.dumps(reader))
    assert seen(copy.pages(DOCUMENTS)) == seen(reader.pages(DOCUMENTS))
    assert copy.together == reader.together == (64 if kind == "digits" else 1)


def test_a_copy_reads_the_same_form(tmp_path):
    reader = pickle.loads(pickle.dumps(DocumentReader(template=template(tmp_path), threads=1)))
    (tmp_path / "form.yaml").unlink(missing_ok=True)
    (result,) = reader.pages([("scan.png", scan(turn=180))])
    assert {reading.field: reading.text for reading in result.readings} == FILLED
    assert result.note == "the page lies upside down; it was read all the same"


def test_a_field_is_read_as_a_reader_reads_it():
    reader = DocumentReader("digits", model="digits")
    (reading,) = (reading for result in reader.pages(DOCUMENTS[:1]) for reading in result.readings)
    assert reading.text == lenet.Reader("digits", model="digits")(DOCUMENTS[0][1]).text
    assert reader.read(next(lenet.open_document(DOCUMENTS[0][1])))[0][0].text == "12"


def test_a_mistake_of_the_program_is_said_to_be_one(monkeypatch):
    def broken(self, page):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(DocumentReader, "read", broken)
    (result,) = DocumentReader().pages([DOCUMENTS[0]])
    assert result.failure == "ZeroDivisionError: division by zero; this is a mistake of lenet: report it"


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("digits", {"template": "form.yaml"}, "leave one of them out"),
        (None, {"template": "form.yaml", "decimal": "."}, "says for each field"),
        (None, {"max_error": 0.01}, "give a kind"),
    ],
)
def test_options_that_do_not_go_together_are_refused(kind, options, words):
    with pytest.raises(InputError, match=words):
        DocumentReader(kind, **options)
