"""The client: one call, the service's answer; and errors that say what was wrong."""

from __future__ import annotations

import io
import socket
import threading
import time

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.errors import InputError, LenetError, ServiceError
from lenet.serve import Client
from lenet.serve.limits import Limits
from tests.serve.conftest import PICTURES
from tests.serving import served


@pytest.fixture
def client(service):
    with Client(service.address) as client:
        yield client


def test_every_kind_of_picture_may_be_given(client):
    path = PICTURES / "digit-3.png"
    image = Image.open(path)
    ways = [path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes()), image, np.asarray(image)]
    ways += [image.convert("CMYK"), Image.fromarray(np.asarray(image, np.float32) / 255)]
    answers = [client.predict(way) for way in ways]
    assert {answer["class"] for answer in answers} == {"3"}
    assert [answer["file"] for answer in answers[:3]] == ["digit-3.png", "digit-3.png", None]


def test_fields_and_pages_are_read(client):
    path = PICTURES / "field-small.png"
    expected = lenet.read(path, "number", max_error=0.2)
    (reading,) = client.read(path, kind="number", max_error=0.2)["readings"]
    assert (reading["text"], reading["value"], reading["accepted"]) == (
        expected.text, str(expected.value), expected.accepted,
    )  # fmt: skip
    assert len(client.read(PICTURES / "page-scan.png", kind=None)["readings"]) > 1


def test_several_pictures_go_in_one_request(client):
    results = client.predict_many([PICTURES / "digit-3.png", b"no picture", PICTURES / "digit-5.jpg"])
    assert [result.get("class") for result in results] == ["3", None, "5"]
    assert "no format that is known" in results[1]["error"]
    assert client.predict_many([]) == client.read_many(iter(())) == []
    with pytest.raises(InputError, match="a list of them"):
        client.predict_many(str(PICTURES / "digit-3.png"))
    texts = [result["readings"][0]["text"] for result in client.read_many([PICTURES / "field-small.png"] * 2)]
    assert texts == [lenet.read(PICTURES / "field-small.png").text] * 2


def test_a_refusal_is_an_error_with_its_sentence(client):
    with pytest.raises(ServiceError, match="known are digits") as refused:
        client.predict(PICTURES / "digit-3.png", model="other")
    assert (refused.value.status, refused.value.retry_after) == (422, None)
    with pytest.raises(ServiceError, match="--max-body") as refused:
        client.read(np.random.default_rng(1).integers(0, 256, (1500, 1500), dtype=np.uint8))
    assert (refused.value.status, refused.value.limit) == (413, "--max-body")
    assert client.predict(PICTURES / "digit-3.png")["class"] == "3"


def test_it_says_how_the_service_is(client):
    assert client.ready() is True
    assert client.version()["version"] == lenet.__version__


def test_a_connection_that_was_closed_meanwhile_is_opened_again(client):
    client.predict(PICTURES / "digit-3.png")
    client._connection.sock.shutdown(socket.SHUT_RDWR)
    assert client.predict(PICTURES / "digit-3.png")["class"] == "3"


def test_where_nobody_listens_it_says_so():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(ServiceError, match="start it with lenet serve") as refused:
        Client(f"http://127.0.0.1:{port}").version()
    assert refused.value.status == 0
    assert isinstance(refused.value, LenetError)


@pytest.mark.parametrize("content", [b"hi", b"[1]", b"[" * 20_000], ids=["text", "a list", "a deep list"])
def test_an_answer_that_is_no_object_is_none_of_ours(content):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content))

        thread = threading.Thread(target=answer)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Client(address) as client, pytest.raises(ServiceError, match="no object of JSON"):
            client.version()
        thread.join(30)


@pytest.mark.parametrize("token", ["two\nlines", "\u65e5\u672c"])
def test_a_token_that_no_header_carries_is_refused(token):
    with pytest.raises(InputError, match="token"):
        Client(token=token)


WRONG = ["127.0.0.1:8000", "ftp://x", "", "http://", "http://127.0.0.1:99999", "http://x:y", f"http://{'a' * 80}"]


@pytest.mark.parametrize("address", WRONG)
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(InputError, match="expected one such as"):
        Client(address)


def test_a_file_that_is_not_there_is_the_callers_mistake(client):
    with pytest.raises(InputError, match=r"nowhere\.png"):
        client.read("nowhere.png")
    with pytest.raises(InputError, match="int was given"):
        client.read(5)
    with pytest.raises(InputError, match="opened as text"):
        client.read(io.StringIO("text"))


def test_the_token_is_shown():
    with served(token="secret", threads=1) as running:
        with Client(running.address, token="secret") as client:
            assert client.version()["schema"] == 1
        with Client(running.address) as client, pytest.raises(ServiceError, match="token") as refused:
            client.version()
        assert refused.value.status == 401


def test_it_is_patient_with_a_service_that_has_too_much_to_do(monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr("lenet.reading.documents.read_page", lambda *_, **__: gate.wait(60) and [])
    picture = PICTURES / "digit-3.png"
    with served(limits=Limits(waiting=1), threads=1) as running, Client(running.address) as first:
        busy = threading.Thread(target=first.read, args=[picture])
        busy.start()
        while not running.service.reading.taken:
            time.sleep(0.01)
        with Client(running.address, patience=0) as hasty, pytest.raises(ServiceError) as refused:
            hasty.read(picture)
        assert refused.value.status == 429
        assert refused.value.retry_after >= 1  # more on a machine where the warming up took long
        threading.Timer(0.3, gate.set).start()
        with Client(running.address, patience=60) as patient:
            assert patient.read(picture)["readings"] == []
        busy.join(60)
