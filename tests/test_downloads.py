"""Downloads, from mirrors on this machine: only the published bytes are believed, and nothing half is kept."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lenet import downloads
from lenet.downloads import cache_folder, fetch
from lenet.errors import ChecksumError, DownloadError

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Mirror(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/missing":
            self.send_error(404)
            return
        body = b"something else" if self.path == "/other" else CONTENT
        self.send_response(200)
        if self.path != "/lengthless":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.path == "/cut" else body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def mirror():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("name", ["file", "lengthless"])
def test_file_arrives_whole_and_tells_how_far(mirror, tmp_path, name):
    heard = []
    path = fetch([mirror + name], SHA256, tmp_path / "new" / "file", progress=lambda *so_far: heard.append(so_far))
    assert path.read_bytes() == CONTENT
    assert heard[-1] == ("file", len(CONTENT), 0 if name == "lengthless" else len(CONTENT))


@pytest.mark.parametrize("bad", ["missing", "other", "cut"])
def test_next_mirror_is_asked(mirror, tmp_path, bad):
    assert fetch([mirror + bad, mirror + "file"], SHA256, tmp_path / "file").read_bytes() == CONTENT


def test_other_bytes_are_not_kept(mirror, tmp_path):
    with pytest.raises(ChecksumError, match="other bytes than the published ones"):
        fetch([mirror + "other", mirror + "other"], SHA256, tmp_path / "file")
    assert not list(tmp_path.iterdir())


def test_cut_connection_is_named(mirror, tmp_path):
    with pytest.raises(DownloadError, match="ended after 128,000 of 256,000 bytes"):
        fetch([mirror + "cut"], SHA256, tmp_path / "file")
    assert not list(tmp_path.iterdir())


def test_status_is_named(mirror, tmp_path):
    with pytest.raises(DownloadError, match="status 404"):
        fetch([mirror + "missing"], SHA256, tmp_path / "file")


def test_too_large_files_are_given_up(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "LARGEST", 1000)
    with pytest.raises(DownloadError, match="larger than 1,000 bytes"):
        fetch([mirror + "lengthless"], SHA256, tmp_path / "file")


def test_no_network_is_one_sentence(tmp_path):
    with pytest.raises(DownloadError, match="check the network") as raised:
        fetch(["https://mirror.invalid/file"], SHA256, tmp_path / "file")
    assert "\n" not in str(raised.value)
    assert str(tmp_path / "file") in str(raised.value)


def test_silent_mirror_is_left(tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/file"
        with pytest.raises(DownloadError, match="timed out"):
            fetch([url], SHA256, tmp_path / "file", timeout=0.1)


def test_cache_is_where_the_environment_says(monkeypatch):
    monkeypatch.setenv("LENET_CACHE", "/somewhere")
    assert cache_folder() == Path("/somewhere")
    monkeypatch.delenv("LENET_CACHE")
    assert cache_folder() == Path.home() / ".cache" / "lenet"


@pytest.mark.parametrize("length", ["abc", "1e3", "-"])
def test_answer_that_makes_no_sense_is_one_sentence(tmp_path, length):
    class Odd(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/length" else 302)
            self.send_header("Content-Length", length)
            self.send_header("Location", "http://[bad")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Odd) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ("length", "redirect"):
            with pytest.raises(DownloadError, match="could not be fetched"):
                fetch([f"http://127.0.0.1:{server.server_port}/{name}"], SHA256, tmp_path / "file")
        server.shutdown()
