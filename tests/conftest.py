"""Fixtures for all tests: the real data, where there are any, and a network that ends at this machine."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path

import hypothesis
import pytest

# The same examples in every run, however busy the machine is.
hypothesis.settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("same")


@pytest.fixture(scope="session")
def data() -> Path:
    """Give the folder of real data; its tests are marked `data`."""
    folder = os.environ.get("LENET_DATA")
    if not folder:
        pytest.skip("LENET_DATA names no folder of real data")
    if not Path(folder).is_dir():
        pytest.skip(f"LENET_DATA names {folder}, which is no folder")
    return Path(folder).resolve()


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine: no test may need one."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX and not ipaddress.ip_address(address[0]).is_loopback:
            raise OSError("tests have no network")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)
    monkeypatch.setattr(socket, "getaddrinfo", _only_loopback(socket.getaddrinfo))


def _only_loopback(getaddrinfo):
    def look_up(host, *rest, **options):
        if host not in ("localhost", "127.0.0.1", "::1", None):
            raise socket.gaierror(f"tests have no network: {host}")
        return getaddrinfo(host, *rest, **options)

    return look_up


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty cache folder, and hide the real data."""
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LENET_DATA", raising=False)
    return tmp_path / "cache"
