"""What the routes answer: the library's own results, as its own JSON."""

from __future__ import annotations

import base64
import io
import json
import re

import pytest
from PIL import Image

import lenet
from lenet.cli import main
from lenet.reading.fields import spell_strips
from tests import forms
from tests.serve.conftest import PICTURES, png, png_of
from tests.serving import served

DIGITS = sorted(PICTURES.glob("digit-?.*"))


def as_given(result):
    """What a result is but for the name of its file."""
    return {name: value for name, value in result.items() if name not in ("file", "probabilities")}


@pytest.mark.parametrize("path", DIGITS[::3], ids=lambda path: path.name)
def test_predict_answers_what_the_command_prints(service, path, capsys):
    with pytest.raises(SystemExit):
        main(["predict", "--json", str(path)])
    printed = json.loads(capsys.readouterr().out)
    answer = service.post("/v1/predict", path.read_bytes())
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert as_given(answer.json) == as_given(printed)
    assert answer.json["probabilities"][answer.json["class"]] == pytest.approx(answer.json["confidence"], abs=1e-4)
    assert sum(answer.json["probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_read_answers_what_the_library_gives(service, field):
    expected = lenet.read(field, "number", max_error=0.1, decimal=",")
    answer = service.post("/v1/read", field, kind="number", max_error="0.1", decimal=",").json
    assert answer["file"] == "0.png"
    assert [as_given(reading) for reading in answer["readings"]] == [as_given(expected.to_dict())]


def test_a_page_is_read_row_by_row(service):
    path = PICTURES / "page-scan.png"
    expected = [as_given(reading.to_dict()) for reading in lenet.read_page(path)]
    assert [as_given(reading) for reading in service.post("/v1/read", path.read_bytes()).json["readings"]] == expected
    assert expected


def test_every_way_to_send_a_picture_gives_the_same(service, field):
    ways = [
        service.post("/v1/read", field, kind="digits"),
        service.post("/v1/read?kind=digits", field),
        service.ask("POST", "/v1/read?kind=digits", field, {"Content-Type": "image/png"}),
        service.ask("POST", "/v1/read?kind=digits", field, {"Content-Type": "application/octet-stream"}),
    ]
    for text in (base64.b64encode(field).decode(), "data:image/png;base64," + base64.b64encode(field).decode()):
        body = json.dumps({"picture": text, "kind": "digits"}).encode()
        ways.append(service.ask("POST", "/v1/read", body, {"Content-Type": "application/json"}))
    assert {way.status for way in ways} == {200}
    texts = [[reading["text"] for reading in way.json["readings"]] for way in ways]
    assert texts == [[lenet.read(field).text]] * len(ways)


@pytest.mark.parametrize("route", ["/v1/predict/batch", "/v1/read/batch"])
def test_one_bad_picture_does_not_spoil_the_others(service, digit, route):
    answer = service.post(route, digit, b"no picture", png(30, 30), digit).json
    good, bad, _, again = answer["results"]
    assert as_given(good).keys() == as_given(again).keys()
    assert bad["status"] == 422
    assert bad["error"].startswith("the data is of no format that is known here")
    assert [result["file"] for result in answer["results"]] == ["0.png", "1.png", "2.png", "3.png"]


def test_fields_of_a_batch_go_through_the_network_together(service, field, monkeypatch):
    """One by one they would take a network's batches nearly empty."""
    together = []

    def counted(network, strips, *arguments, **options):
        together.append(len(strips))
        return spell_strips(network, strips, *arguments, **options)

    monkeypatch.setattr("lenet.reading.reader.spell_strips", counted)
    answer = service.post("/v1/read/batch", field, field, b"no picture", field, kind="number").json
    assert together == [3]
    expected = lenet.read(field, "number").text
    texts = [[reading["text"] for reading in result.get("readings", ())] for result in answer["results"]]
    assert texts == [[expected], [expected], [], [expected]]
    assert answer["results"][2]["status"] == 422


def test_a_document_of_several_pages_stands_in_a_batch_as_one_result(service, field):
    picture = Image.open(io.BytesIO(field)).convert("L")

    def pages(count):
        content = io.BytesIO()
        picture.save(content, "TIFF", save_all=True, append_images=[picture] * (count - 1))
        return content.getvalue()

    first, second = service.post("/v1/read/batch", pages(3), field, kind="digits").json["results"]
    assert [(reading["file"], reading["page"]) for reading in first["readings"]] == [("0.png", k) for k in (1, 2, 3)]
    assert [(reading["file"], reading["page"]) for reading in second["readings"]] == [("1.png", 1)]
    long, short = service.post("/v1/read/batch", pages(4), field, kind="digits").json["results"]
    assert (long["status"], long["limit"], len(short["readings"])) == (413, "--max-pages", 1)


def test_a_picture_as_the_network_reads_it_is_not_prepared(service):
    image = lenet.open_glyph(DIGITS[0])
    body = service.post("/v1/predict?prepare=none", png_of(image)).json
    expected = lenet.load("digits").predict_proba(image[None])[0]
    assert list(body["probabilities"].values()) == pytest.approx(expected.tolist(), abs=1e-5)
    refused = service.post("/v1/predict?prepare=none", png(33, 20))
    assert (refused.status, "at most 32 x 32 pixels" in refused.json["error"]) == (422, True)


@pytest.mark.parametrize(
    ("path", "options", "words"),
    [
        ("/v1/read", {"kind": "poem"}, "poem"),
        ("/v1/read", {"kind": "regex:["}, "not a regular expression"),
        ("/v1/read", {"kind": "digits", "max_error": "many"}, "max_error='many' is no share"),
        ("/v1/read", {"max_error": "1%"}, "are for fields; give a kind or a template"),
        ("/v1/read", {"kind": "number", "decimal": ";"}, "choose one of ., ,"),
        ("/v1/read", {"kind": "date", "date_order": "dym"}, "choose one of dmy, mdy, ymd"),
        ("/v1/read", {"kind": "digits", "template": "form"}, "no template is called 'form' here"),
        ("/v1/read", {"template": "/etc/passwd"}, "no template is called '/etc/passwd' here"),
        ("/v1/read", {"model": "../digits"}, "known are digits, fields"),
        ("/v1/read", {"model": "fields"}, "say with kind (--as) what each page holds"),
        ("/v1/read", {"model": "segments"}, "say with kind (--as) what each page holds"),
        ("/v1/read", {"kind": "cheque", "decimal": "."}, "leave it out"),
        ("/v1/read", {"kinds": "digits"}, "there is no option 'kinds' here"),
        ("/v1/predict", {"model": "fields"}, "known are digits"),
        ("/v1/predict", {"prepare": "well"}, "choose one of ink, grey, none"),
        ("/v1/predict", {"kind": "digits"}, "there is no option 'kind' here; known are model, prepare"),
    ],
)
def test_an_option_that_cannot_be_used_is_said_so(service, field, path, options, words):
    answer = service.post(path, field, **options)
    assert answer.status == 422
    assert words in answer.json["error"]


def test_every_damaged_picture_gets_a_sentence(service):
    """Cut short at every place, and with bytes changed: an answer of 200 or 422 each time, never 500."""
    whole = (PICTURES / "digit-7.jpg").read_bytes()
    statuses = set()
    for end in range(0, len(whole), max(1, len(whole) // 12)):
        spoilt = bytearray(whole)
        spoilt[end] ^= 0x5A
        for data in (whole[:end], bytes(spoilt)):
            answer = service.post("/v1/predict", data)
            statuses.add(answer.status)
            assert answer.status == 200 or answer.json["error"]
            assert "Traceback" not in answer.body.decode()
    assert statuses <= {200, 422, 413}


def test_there_is_no_detector_and_it_says_so(service, digit):
    answer = service.post("/v1/detect", digit)
    assert (answer.status, "has no detector" in answer.json["error"]) == (501, True)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/read", 405), ("POST", "/v1/write", 404)])
def test_what_is_not_there_is_said_so(service, method, path, status):
    answer = service.ask(method, path)
    assert (answer.status, answer.json["status"]) == (status, status)
    assert "/docs" in answer.json["error"]


def test_health_ready_and_version(service):
    assert service.ask("GET", "/health").json["status"] == "alive"
    assert service.ask("GET", "/ready").json["ready"] is True
    facts = service.ask("GET", "/version").json
    assert facts["models"] == ["digits", "fields", "segments"]
    assert facts["limits"]["pages"] == 3


def test_before_it_is_warm_requests_are_told_to_wait(service, digit, monkeypatch):
    monkeypatch.setattr(service.service, "ready", False)
    assert service.ask("GET", "/ready").status == 503
    assert service.ask("GET", "/health").status == 200
    answer = service.post("/v1/predict", digit)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


def test_openapi_describes_every_route_that_there_is(service):
    described = service.ask("GET", "/openapi.json").json
    for path, methods in described["paths"].items():
        for method in methods:
            assert service.ask(method.upper(), path).status not in (404, 405), path
    assert {"/v1/read", "/v1/predict", "/v1/read/batch", "/v1/detect", "/metrics"} <= set(described["paths"])


def test_the_description_fetches_nothing_from_elsewhere(service):
    answer = service.ask("GET", "/docs")
    text = answer.body.decode()
    assert "/v1/read" in text
    assert "<script" not in text
    assert not re.findall(r"(?:src|href)=[\"'](?:https?:)?//", text)
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_metrics_count_requests_and_the_pictures_taken_together(service, digit):
    def count(text, name):
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))

    name = 'lenet_requests_total{route="/v1/predict",status="200"}'
    before = service.ask("GET", "/metrics").body.decode()
    for _ in range(3):
        service.post("/v1/predict", digit)
    after = service.ask("GET", "/metrics").body.decode()
    assert count(after, name) == count(before, name) + 3
    assert count(after, 'lenet_batch_requests_sum{lane="predict"}') >= 3
    assert count(after, "process_resident_memory_bytes") > 1e6
    for line in after.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) .+|\w+(\{(\w+="[^"]*",?)+\})? [\d.e+-]+', line), line


def test_a_form_is_read_by_the_name_of_its_template(tmp_path):
    with served(templates=[forms.template(tmp_path)], threads=1) as running:
        answer = running.post("/v1/read", png_of(forms.scan()), template="form").json
        assert running.ask("GET", "/version").json["templates"] == ["form"]
    read = {reading["field"]: reading["text"] for reading in answer["readings"]}
    assert read == forms.FILLED
