"""Owns what the caller of `up` may choose; must not look at the machine to judge it."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

HIGHEST_PORT = 65_535


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """The options of `perdure up`; a port of 0 asks for a free one."""

    host: str = "127.0.0.1"
    port: int = 8080
    data_dir: Path = Path(".perdure")
    temporal_port: int = 7233
    ui_port: int = 8233
    offline: bool = False

    def ports_by_option(self) -> dict[str, int]:
        """Return the chosen ports by the name of the option that sets them."""
        return {"--port": self.port, "--temporal-port": self.temporal_port, "--ui-port": self.ui_port}

    def mistakes(self) -> list[str]:
        """Say in one line each what cannot be meant, whatever the machine."""
        return [*self._ports_out_of_range(), *self._ports_given_twice()]

    def _ports_out_of_range(self) -> list[str]:
        return [
            f"{option} {port} is no port; choose one from 1 to {HIGHEST_PORT}, or 0 for a free one"
            for option, port in self.ports_by_option().items()
            if not 0 <= port <= HIGHEST_PORT
        ]

    def _ports_given_twice(self) -> list[str]:
        ports = self.ports_by_option()
        return [
            f"{' and '.join(o for o, p in ports.items() if p == port)} are both {port}; choose different ones"
            for port, count in Counter(ports.values()).items()
            if port and count > 1
        ]
