"""Owns which port each part listens on, the same ones at the next `up`; must not start anything."""

import errno
import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from workers.up.folder import DataFolder, read_json_object, write_json
from workers.up.options import UpOptions
from workers.up.refusal import UpRefusedError, reason_of

LOOPBACK = "127.0.0.1"
# Below every system's ephemeral range: an outgoing connection can never take a port while its part restarts.
FREE_PORTS = range(20_000, 30_000)


@dataclass(frozen=True, kw_only=True)
class Ports:
    """One port a listener, all different."""

    api: int
    temporal: int
    ui: int
    temporal_http: int
    temporal_metrics: int
    store: int
    model: int
    speech: int
    worker_metrics: int


def choose_ports(options: UpOptions, folder: DataFolder) -> Ports:
    """Check the ports asked for and choose the others; refuses with one line a port that is taken."""
    asked = {"api": options.port, "temporal": options.temporal_port, "ui": options.ui_port}
    _refuse_unusable(options)
    chosen = _Choice(read_json_object(folder.ports), taken={port for port in asked.values() if port})
    ports = Ports(
        api=options.port or chosen.port("api", options.host),
        temporal=options.temporal_port or chosen.port("temporal"),
        ui=options.ui_port or chosen.port("ui"),
        temporal_http=chosen.port("temporal_http"),
        temporal_metrics=chosen.port("temporal_metrics"),
        store=chosen.port("store"),
        model=chosen.port("model"),
        speech=chosen.port("speech"),
        worker_metrics=chosen.port("worker_metrics"),
    )
    write_json(folder.ports, chosen.remembered)
    return ports


def obstacle(host: str, port: int) -> OSError | None:
    """Return why nobody could listen there now, or None."""
    try:
        for family, address in addresses(host, port):
            _try_to_bind(family, address)
    except OSError as error:
        return error
    return None


def addresses(host: str, port: int = 0) -> Iterator[tuple[int, tuple[object, ...]]]:
    """Yield the (family, socket address) pairs a host name stands for."""
    flags = socket.AI_PASSIVE
    for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags):
        yield family, address


def _try_to_bind(family: int, address: tuple[object, ...]) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the servers do: connections of a server that has just died must not look like a live one.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        probe.bind(address)


def _refuse_unusable(options: UpOptions) -> None:
    lines = []
    for option, port in options.ports_by_option().items():
        host = options.host if option == "--port" else LOOPBACK
        if error := obstacle(host, port):
            lines.append(_unusable(host, port, option, error))
    if lines:
        raise UpRefusedError(*lines)


def _unusable(host: str, port: int, option: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken; choose another with {option}, or {option} 0 for a free one"
    if error.errno == errno.EACCES:
        return f"port {port} is not allowed to this user; choose one above 1023 with {option}, or {option} 0"
    return f"host {host} cannot be listened on ({reason_of(error)}); choose another with --host"


class _Choice:
    """Free ports: the one remembered for a role where it is still free, else a new one."""

    def __init__(self, remembered: dict[str, object], taken: set[int]) -> None:
        self.remembered = remembered
        self._taken = taken

    def port(self, role: str, host: str = LOOPBACK) -> int:
        port = next(port for port in self._candidates(role) if self._is_free(port, host))
        self._taken.add(port)
        self.remembered[role] = port
        return port

    def _candidates(self, role: str) -> Iterator[int]:
        known = self.remembered.get(role)
        if isinstance(known, int):
            yield known
        yield from random.sample(FREE_PORTS, len(FREE_PORTS))

    def _is_free(self, port: int, host: str) -> bool:
        return port not in self._taken and obstacle(host, port) is None
