"""Where a worker is scraped, and that it says what is wrong with that."""

import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from urllib.error import HTTPError

import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric

from activities import metrics as of_worker
from activities.metrics_page import MEDIA_TYPE, metrics_page
from api import metrics as of_api
from tests.counts import Counts
from tests.ports import free_port
from tests.system import ROOT
from workers.metrics_server import serving_metrics
from workers.sdk_metrics import counting_runtime
from workers.settings import MetricsSettings, SettingsError, read

LABELS = {"outcome", "mode", "kind", "transport", "method", "route", "status"}
UNITS = ("_seconds", "_bytes", "_messages", "_running", "_viewers", "_ratio")


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - of this machine
        assert answer.headers["Content-Type"] == MEDIA_TYPE
        page: str = answer.read().decode()
        return page


def ours() -> Iterator[Metric]:
    assert of_worker
    assert of_api
    return (metric for metric in REGISTRY.collect() if metric.name.startswith("perdure_"))


def test_one_scrape_has_ours_and_the_sdks() -> None:
    _, sdk_url = counting_runtime()
    port = free_port()
    with serving_metrics("127.0.0.1", port, lambda: metrics_page(sdk_url), MEDIA_TYPE):
        page = Counts.on(get(f"http://127.0.0.1:{port}/metrics"))
        assert page.of("process_resident_memory_bytes") > 10_000_000
        with pytest.raises(HTTPError, match="404"):
            get(f"http://127.0.0.1:{port}/")
    with socket.socket() as again:
        assert again.connect_ex(("127.0.0.1", port)) != 0


def test_the_page_of_the_sdk_comes_behind_ours() -> None:
    port = free_port()
    theirs = b"# TYPE temporal_request_total counter\ntemporal_request_total 3\n"
    with serving_metrics("127.0.0.1", port, lambda: theirs, MEDIA_TYPE):
        page = Counts.on(metrics_page(f"http://127.0.0.1:{port}/metrics").decode())
    assert page.of("temporal_request_total") == 3
    assert page.of("perdure_superseded_answers_total") >= 0


def test_two_runtimes_of_one_machine_do_not_meet() -> None:
    assert counting_runtime()[1] != counting_runtime()[1]


@pytest.mark.parametrize(
    ("listen", "place"),
    [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("[::1]:9464", ("::1", 9464)), ("box.lan:80", ("box.lan", 80))],
)
def test_a_place_is_host_and_port(
    monkeypatch: pytest.MonkeyPatch, listen: str, place: tuple[str, int]
) -> None:
    monkeypatch.setenv("PERDURE_METRICS", listen)
    assert read(MetricsSettings).place == place


def test_a_worker_is_scraped_nowhere_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERDURE_METRICS", raising=False)
    assert read(MetricsSettings).place is None


@pytest.mark.parametrize(
    "listen", ["9464", ":9464", "localhost", "localhost:x", "localhost:0", "a:65536", "::1"]
)
def test_anything_else_is_refused(monkeypatch: pytest.MonkeyPatch, listen: str) -> None:
    monkeypatch.setenv("PERDURE_METRICS", listen)
    with pytest.raises(SettingsError, match=r"PERDURE_METRICS: .*host:port"):
        read(MetricsSettings)


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = subprocess.run(
            [sys.executable, "-m", "workers", "worker"],
            env={"PERDURE_METRICS": place, "TEMPORAL_ADDRESS": "127.0.0.1:9"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert ended.returncode == 1
    assert ended.stderr == f"PERDURE_METRICS: {place} cannot be listened on (Address already in use)\n"


def test_every_metric_has_a_help_line_and_labels_of_closed_vocabularies() -> None:
    for metric in ours():
        assert metric.documentation.endswith("."), metric.name
        assert metric.type == "counter" or metric.name.endswith(UNITS), metric.name
        for sample in metric.samples:
            assert set(sample.labels) - {"le"} <= LABELS, metric.name


def test_what_is_watched_is_there_before_it_happens() -> None:
    port = free_port()
    with serving_metrics("127.0.0.1", port, lambda: metrics_page(None), MEDIA_TYPE):
        page = Counts.on(get(f"http://127.0.0.1:{port}/metrics"))
    assert ("perdure_turns_total", frozenset({("outcome", "failed")})) in page.series
    fenced = frozenset({("kind", "append"), ("outcome", "fenced")})
    assert ("perdure_log_writes_total", fenced) in page.series
