"""Taking requests apart: what comes out is what was put in, and nothing that comes in does harm."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.errors import ServiceError
from lenet.serve.bodies import MOST_OPTIONS, Request, bounded, length_of, read_body
from lenet.serve.limits import Limits
from tests.serve.asking import done
from tests.serving import form

KNOWN = ("kind", "model")
LIMITS = Limits(pictures=3)


def parsed(body, kind, query=b"", *, several=True):
    return Request(body, kind, query, several).parsed(LIMITS, KNOWN)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=3), st.text("abc 0\r\n-", max_size=20))
def test_pictures_and_options_come_out_as_they_went_in(files, value):
    kind, body = form(*files, kind=value)
    asked = parsed(body, kind)
    assert [picture.data for picture in asked.pictures] == files
    assert asked.options.get("kind", "") == value.strip()


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(junk):
    kind, body = form(b"picture")
    spoilt = [junk, body[: len(junk)] + junk, junk + body, body[:-3] + junk]
    for data in spoilt:
        for content_type in (
            kind,
            "application/json",
            "multipart/form-data",
            f"multipart/form-data; boundary={junk!r}",
        ):
            with suppress(ServiceError):
                parsed(data, content_type)


def test_what_pythons_own_mail_package_writes_is_read():
    """A second opinion on the format: another program's forms."""
    message = EmailMessage()
    message["Content-Type"] = "multipart/form-data"
    for data, name in ((b"\x89PNG\r\n\r\n--x\r\n", "año.png"), (b"", "empty.png")):
        part = EmailMessage()
        part.set_content(data, "image", "png", cte="binary")
        part.add_header("Content-Disposition", "form-data", name="file", filename=name)
        message.attach(part)
    head, _, body = message.as_bytes(policy=message.policy.clone(linesep="\r\n", utf8=True)).partition(b"\r\n\r\n")
    boundary = re.search(r'boundary="[^"]+"', head.decode())
    asked = parsed(body, f"multipart/form-data; {boundary[0]}")
    assert [picture.data for picture in asked.pictures] == [b"\x89PNG\r\n\r\n--x\r\n", b""]
    assert [picture.name for picture in asked.pictures][1] == "empty.png"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (b'filename="plain.png"', "plain.png"),
        (b'filename="a \\"quoted\\".png"', 'a "quoted".png'),
        (b"filename*=UTF-8''a%C3%B1o.png", "año.png"),
        (b"filename=\"x.png\"; filename*=UTF-8''y.png", "y.png"),
        (b'filename=""', None),
        (b"FileName=plain.png", "plain.png"),
    ],
)
def test_names_of_files(given, name):
    body = b'--b\r\nContent-Disposition: form-data; name="f"; ' + given + b"\r\n\r\ndata\r\n--b--\r\n"
    assert parsed(body, "multipart/form-data; boundary=b").pictures[0].name == name


def test_parameters_may_stand_without_quotation_marks():
    body = b"--b\r\nContent-Disposition: form-data; name=kind\r\n\r\ndate\r\n"
    body += b"--b\r\nContent-Disposition: form-data; name=file\r\n\r\ndata\r\n--b--\r\n"
    asked = parsed(body, "multipart/form-data; Boundary=b")
    assert (asked.pictures[0].data, asked.options) == (b"data", {"kind": "date"})


def test_an_empty_form_has_no_picture():
    with pytest.raises(ServiceError, match="no picture came"):
        parsed(b"--b--\r\n", "multipart/form-data; boundary=b")


def test_a_request_of_no_type_is_told_which_there_are():
    with pytest.raises(ServiceError, match=r"no content type was given; expected multipart") as refused:
        parsed(b"", "")
    assert refused.value.status == 415


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (json.dumps({"x" * 60_000: [1]}).encode(), "^.{,150}$"),
        (b"{", "no JSON"),
        (b"[1]", "no object"),
        (b"[" * 100_000, "no JSON"),
        (b'{"picture": 3}', "base64"),
        (b'{"picture": "!!"}', "no base64"),
        (b'{"pictures": "AAAA", "kind": {"a": 1}}', "JSON dict"),
        (b'{"kind": "digits"}', "no picture came"),
        (b'{"picture": "AAAA", "kinds": "digits"}', "no option 'kinds'"),
        (json.dumps({"picture": "AAAA", "kind": "x" * 5000}).encode(), "5,000 characters"),
        (json.dumps({"pictures": ["AAAA"] * 4}).encode(), "more than 3 pictures"),
    ],
)
def test_json_that_cannot_be_used_is_refused(body, words):
    with pytest.raises(ServiceError, match=words):
        parsed(body, "application/json")


def test_values_of_json_are_as_those_of_forms():
    asked = parsed(b'{"picture": "AAAA", "kind": 0.25, "model": null}', "application/json")
    assert asked.options == {"kind": "0.25"}
    assert parsed(b'{"picture": "AAAA", "kind": true}', "application/json").options == {"kind": "true"}


def test_the_body_says_more_than_the_query():
    kind, body = form(b"x", kind="digits")
    assert parsed(body, kind, b"kind=date&model=mine").options == {"kind": "digits", "model": "mine"}


def test_several_pictures_where_one_is_read_lead_to_the_other_route():
    kind, body = form(b"x", b"y")
    with pytest.raises(ServiceError, match="batch"):
        parsed(body, kind, several=False)


@pytest.mark.parametrize("more", [[], [(b"content-length", b"1"), (b"transfer-encoding", b"chunked")]])
def test_a_body_whose_length_nobody_vouches_for_is_counted(more):
    """Servers that speak HTTP/2 need neither header, and some let one contradict the other."""
    limits = Limits(body=10)

    async def receive():
        return {"type": "http.request", "body": b"123456", "more_body": True}

    counted = bounded(dict(more), receive, limits)
    with pytest.raises(ServiceError, match="--max-body"):
        done(read_body(counted))
    assert length_of(more, limits) == 10
    assert length_of([(b"content-length", b"7")], limits) == 7


def test_a_form_of_very_many_parts_is_not_taken_apart():
    kind, body = form(*[b""] * 5000)
    with pytest.raises(ServiceError, match="more than 3 pictures") as refused:
        parsed(body, kind)
    assert refused.value.status == 413
    kind, body = form(b"x", **{f"option{number}": "" for number in range(MOST_OPTIONS + 5)})
    with pytest.raises(ServiceError):
        parsed(body, kind)
