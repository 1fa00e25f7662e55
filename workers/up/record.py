"""Owns DIR/up.json, where other programs find the running parts; must not know how they are kept running."""

from collections.abc import Mapping

from workers.up.environment import Addresses
from workers.up.parts import url_host


def record(supervisor: int, pids: Mapping[str, int], at: Addresses) -> dict[str, object]:
    """Return what the contract says about the parts that run."""
    return {
        "pid": supervisor,
        "api": {"pid": pids["api"], "url": at.api},
        "worker": {"pid": pids["worker"], "metrics_url": _metrics_url(at.worker_metrics)},
        "temporal": {"pid": pids["temporal"], "address": at.temporal, "ui_url": at.temporal_ui},
        "store": {"pid": pids["store"], "url": at.store},
        "model": {"pid": pids["model"], "url": at.model} if at.model else None,
        "speech": {"pid": pids["speech"], "url": at.speech} if at.speech else None,
    }


def _metrics_url(address: str) -> str:
    host, _, port = address.rpartition(":")
    return f"http://{url_host(host.strip('[]'))}:{port}/metrics"
