"""The small modules of the package: what is counted, what is refused how, and what the routes share."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading

import pytest

import lenet
from lenet import architectures
from lenet.errors import FormatError, InputError, MissingExtraError, ServiceError, TooLargeError
from lenet.network import Network
from lenet.serve.app import create_app
from lenet.serve.limits import OPTIONS, Limits, late
from lenet.serve.metrics import Histogram, Metrics
from lenet.serve.refusals import as_json, headers_of, record_of, refusal
from lenet.serve.service import Service
from tests.serve.asking import done


def test_the_client_needs_neither_fastapi_nor_the_reading_side():
    code = (
        "import sys; from lenet.serve import Client, Limits; Client('http://127.0.0.1:1')\n"
        "print(*{name.partition('.')[0] for name in sys.modules} & {'fastapi', 'uvicorn', 'starlette', 'PIL', 'click'})"
    )
    command = [sys.executable, *(["-S"] if sys.flags.no_site else []), "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="servant"):
        _ = lenet.serve.servant


def test_a_histogram_counts_what_is_at_most_its_bounds():
    histogram = Histogram("seconds", 'route="x"', (1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 3.0):
        histogram.add(value)
    assert list(histogram.lines()) == [
        'seconds_bucket{route="x",le="1.0"} 2',
        'seconds_bucket{route="x",le="2.0"} 3',
        'seconds_bucket{route="x",le="+Inf"} 4',
        'seconds_sum{route="x"} 6.000000',
        'seconds_count{route="x"} 4',
    ]


def test_metrics_name_routes_statuses_and_limits():
    metrics = Metrics("1.2")
    metrics.answered("/v1/read", 200, 0.01)
    metrics.answered("/v1/read", 429, 0.01)
    metrics.refused("--max-waiting")
    text = metrics.text()
    assert 'lenet_info{version="1.2"} 1' in text
    assert 'lenet_requests_total{route="/v1/read",status="429"} 1' in text
    assert 'lenet_refusals_total{limit="max-waiting"} 1' in text


@pytest.mark.parametrize(
    ("error", "status", "limit"),
    [
        (InputError("no"), 422, ""),
        (FormatError("no"), 422, ""),
        (TooLargeError("no"), 413, OPTIONS["pixels"]),
        (MissingExtraError("no"), 501, ""),
        (MemoryError(), 503, ""),
        (ServiceError("no", status=429, limit="--max-waiting", retry_after=3), 429, "--max-waiting"),
    ],
)
def test_every_error_of_the_library_has_its_status(error, status, limit):
    refused = refusal(error)
    assert (refused.status, refused.limit) == (status, limit)
    assert record_of(refused)["status"] == status
    assert b'"error":"' in as_json(record_of(refused))


def test_a_mistake_of_ours_is_no_refusal():
    with pytest.raises(ZeroDivisionError):
        refusal(ZeroDivisionError("a bug"))


def test_headers_say_when_to_come_back_and_what_to_show():
    assert headers_of(ServiceError("", status=429, retry_after=2)) == {"retry-after": "2"}
    assert headers_of(ServiceError("", status=401)) == {"www-authenticate": "Bearer"}
    assert headers_of(ServiceError("", status=422)) == {}
    assert headers_of(late(Limits())) == {"connection": "close"}  # the rest of its body may still be coming


def test_models_are_known_by_the_names_of_their_files(tmp_path):
    path = lenet.save(lenet.load("digits"), tmp_path / "mine.safetensors")
    assert set(Service(models=[path]).networks) == {"digits", "fields", "mine", "segments"}
    twice = lenet.save(lenet.load("digits"), tmp_path / "digits.safetensors")
    with pytest.raises(InputError, match="two models are called 'digits'"):
        Service(models=[twice])
    with pytest.raises(InputError, match="nowhere"):
        Service(models=[tmp_path / "nowhere.safetensors"])


def test_a_model_that_cannot_read_what_it_will_be_shown_is_refused_at_the_start(tmp_path):
    """Or the service would never be ready, and say so to nobody."""
    layers = (architectures.FullConnection("OUTPUT", 10, activation="linear"),)
    small = architectures.Architecture("small", (1, 16, 16), layers, scale=(0.0, 1.0))
    lenet.save(Network(small, seed=1), tmp_path / "small.safetensors")
    with pytest.raises(InputError, match="'small' reads no characters of 28x28 pixels"):
        Service(models=[tmp_path / "small.safetensors"])


def test_networks_that_cannot_be_made_ready_are_logged(monkeypatch, caplog):
    pytest.importorskip("fastapi")

    def fails(self):
        raise RuntimeError("no memory left, say")

    monkeypatch.setattr(Service, "_warm", fails)

    async def lived():
        app = create_app()
        async with app.router.lifespan_context(app):
            await asyncio.sleep(0.5)
        return app.state.service.ready

    assert done(lived()) is False
    assert "cannot be made ready" in caplog.text


def test_garbage_is_not_looked_for_in_what_stays_while_the_service_is_ready():
    async def lived():
        service = Service(threads=1)
        await service.start()
        kept = gc.get_freeze_count()
        service.stop()
        return kept, gc.get_freeze_count()

    kept, after = asyncio.run(lived())
    assert kept > 10_000
    assert after < kept


def test_work_of_others_runs_in_a_thread_and_takes_a_place():
    """What the live page asks goes through the same bound."""

    async def both():
        service = Service(limits=Limits(waiting=1), threads=1)
        await service.start()
        name = await service.run(lambda: threading.current_thread().name)
        with service.reading.place(), pytest.raises(ServiceError, match="waiting"):
            await service.run(lambda: None)
        with pytest.raises(ZeroDivisionError):
            await service.run(divmod, 1, 0)
        service.stop()
        return name

    assert asyncio.run(both()).startswith("lenet-read")
