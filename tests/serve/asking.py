"""Asking a service that runs in this process."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen


def ask(address, path, body=None, *, post=False, **query):
    """Return the bytes and the headers of an answer; a body makes it a POST."""
    url = f"{address}{path}?{urlencode(query)}"
    with urlopen(Request(url, data=b"" if post and body is None else body), timeout=60) as answer:
        return answer.read(), answer.headers


def told(address, path, body=None, **query):
    """Return the object of an answer."""
    return json.loads(ask(address, path, body, **query)[0])


def refused(address, path, body=None, **query):
    """Return status and sentence of a refusal."""
    try:
        ask(address, path, body, **query)
    except HTTPError as error:
        return error.code, json.loads(error.read())["error"]
    raise AssertionError(f"{path} was answered")


def done(coroutine):
    """Return what a coroutine returns; run in a thread, since asyncio.run may not be called beside a browser's loop."""
    found = []

    def run():
        try:
            found.append(asyncio.run(coroutine))
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def ended(address, key):
    """Wait for a job and return how it ended."""
    for _ in range(1000):
        found = told(address, f"/jobs/{key}")
        if found["state"] not in ("running", "paused"):
            return found
        time.sleep(0.05)
    raise AssertionError("the job did not end")
