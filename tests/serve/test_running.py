"""The service as a process: where it listens, and how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

from lenet.errors import InputError, MissingExtraError
from lenet.serve import running
from tests.serve.conftest import PICTURES
from tests.serving import form

pytest.importorskip("uvicorn")

PROGRAM = """
import sys, time
from lenet.reading import documents
from lenet.serve import serve

def slowly(*_, **__):
    print("reading", flush=True)
    time.sleep(3)
    return []

documents.read_page = slowly
serve(port=0, threads=1, on_start=lambda address: print(address, flush=True))
print("over", flush=True)
"""


@pytest.fixture
def process():
    command = [sys.executable, *(["-S"] if sys.flags.no_site else []), "-c", PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        yield started
        started.kill()


def ask(port, path, body=None, headers=None):
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET" if body is None else "POST", path, body, headers or {})
    status = connection.getresponse().status
    connection.close()
    return status


def wait_until_ready(port):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if ask(port, "/ready") == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    pytest.fail("the service did not become ready")


def test_at_sigterm_what_was_accepted_is_answered_and_nothing_else_is(process):
    port = int(process.stdout.readline().rsplit(":", 1)[1].strip("/\n"))
    wait_until_ready(port)
    kind, body = form((PICTURES / "digit-3.png").read_bytes())
    answers = []
    asking = [
        threading.Thread(target=lambda: answers.append(ask(port, "/v1/read", body, {"Content-Type": kind})))
        for _ in range(2)
    ]
    for thread in asking:
        thread.start()
    assert process.stdout.readline() == "reading\n"  # one is being read, the other waits
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert ask(port, "/ready") == 503  # still there for who did not know, but not for more
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            ask(port, "/health")
        except OSError:
            break
        time.sleep(0.05)
    assert len(answers) < 2
    for thread in asking:
        thread.join(60)
    assert answers == [200, 200]
    assert process.wait(60) == 0
    assert process.stdout.read().splitlines() == ["reading", "over"]
    assert process.stderr.read() == ""


def test_a_sigterm_that_comes_before_the_service_has_started_ends_it(monkeypatch):
    """Or it would be swallowed, and whoever sent it would have to kill."""

    class Server:
        should_exit = False

        def run(self, sockets):
            signal.raise_signal(signal.SIGTERM)

    server = Server()
    running._until_signal(server, None)
    assert server.should_exit


def test_it_writes_nothing_to_disk(digit, service, monkeypatch):
    """Parsers of forms usually spool parts of a megabyte and more to a file."""
    monkeypatch.setattr(tempfile, "tempdir", "/there is no such folder")
    with pytest.raises(OSError, match="no such folder"):
        tempfile.mkstemp()
    assert service.post("/v1/read/batch", digit, bytes(1_500_000)).status == 200


def test_a_port_that_is_taken_is_said_in_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"127.0.0.1, port {port}, cannot be listened on .* 0 for any"):
            running.serve(port=port)


@pytest.mark.parametrize("host", ["256.1.1.1", "no such name", "a..b", "x" * 80])
def test_an_address_that_is_none_is_said_in_a_sentence(host, monkeypatch):
    with pytest.raises(InputError, match="cannot be listened on"):
        running.serve(host=host, port=0)


def test_the_name_that_it_listens_on_is_known(monkeypatch):
    given = {}
    monkeypatch.setattr(running, "create_app", lambda **options: given.update(options) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        running.serve(host="localhost", port=0, hosts=["digits.example"])
    assert given["hosts"] == ["digits.example", "localhost"]


def test_without_the_extra_the_command_to_install_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'lenet\[serve\]'"):
        running.serve(port=0)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False), ("10.1.2.3", False)],
)
def test_which_addresses_are_reached_from_this_machine_alone(host, loopback):
    assert running.is_loopback(host) is loopback


def test_the_address_that_is_shown_can_be_opened():
    with running._listening("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        for host, shown in (
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "[::1]"),
            ("0.0.0.0", "localhost"),
            ("::", "localhost"),
        ):
            assert running._address(listener, host) == f"http://{shown}:{port}/"


def test_an_overload_is_refused_and_survived():
    """The short form of `python -m benchmarks.overload`, which takes a minute."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from benchmarks.overload import overload  # benchmarks stand beside the package, not in it

    serving = "from lenet.cli import main; main()"
    command = [sys.executable, *(["-S"] if sys.flags.no_site else []), "-c", serving]
    options = ["serve", "--no-open", "--max-waiting", "8", "--threads", "1", "--port"]
    outcome = overload([*command, *options], seconds=3.0, drain=2.0)
    assert [fault for fault in outcome.faults() if "memory" not in fault] == []
    assert outcome.load.statuses[200] > 0
    assert outcome.growth() < 0.5  # pools of memory are still being filled so early
