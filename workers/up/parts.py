"""Owns what each part is: its command line, environment, needs and sign of life; must not start it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from workers.up import environment, readiness
from workers.up.environment import Addresses
from workers.up.folder import DataFolder
from workers.up.options import UpOptions
from workers.up.ports import LOOPBACK, Ports
from workers.up.programs import Command, Programs
from workflows.contract.wire import SEARCH_ATTRIBUTES

WORKER = "worker"
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - named to be replaced


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process of the system, and how to see that it works."""

    name: str
    argv: Command
    env: Mapping[str, str]
    check: readiness.Check
    needs: tuple[str, ...] = ()
    patience: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that the parts are made from."""

    options: UpOptions
    folder: DataFolder
    ports: Ports
    programs: Programs
    environ: Mapping[str, str]

    @property
    def addresses(self) -> Addresses:
        """Return where the parts will be found."""
        return Addresses(
            api=f"http://{url_host(self.options.host)}:{self.ports.api}",
            temporal=f"{LOOPBACK}:{self.ports.temporal}",
            temporal_ui=f"http://{LOOPBACK}:{self.ports.ui}",
            store=f"redis://{LOOPBACK}:{self.ports.store}/0",
            model=f"http://{LOOPBACK}:{self.ports.model}/v1" if self.offline else None,
            speech=f"http://{LOOPBACK}:{self.ports.speech}/v1" if self.speaks_offline else None,
            worker_metrics=self.environ.get("PERDURE_METRICS") or f"{LOOPBACK}:{self.ports.worker_metrics}",
            record=str(self.folder.record),
            offline=self.options.offline,
        )

    @property
    def offline(self) -> bool:
        """Tell whether the built-in model is used."""
        return self.options.offline or environment.wants_offline_model(self.environ)

    @property
    def wants_offline_speech(self) -> bool:
        """Tell whether the built-in speech is to be used, where it is installed."""
        return self.options.offline or environment.wants_offline_speech(self.environ)

    @property
    def speaks_offline(self) -> bool:
        """Tell whether the built-in speech is used."""
        return self.wants_offline_speech and bool(self.programs.speech)

    def parts(self) -> list[Part]:
        """Return the parts in the order in which they start."""
        model = [self._model()] if self.offline else []
        speech = [self._speech()] if self.speaks_offline else []
        return [self._store(), self._temporal(), *model, *speech, self._worker(), self._api()]

    def _store(self) -> Part:
        return Part(
            name="store",
            argv=(*self.programs.store, *store_arguments(self.folder, self.ports)),
            env=environment.for_programs(self.environ),
            check=readiness.store_serves(self.addresses.store, self.folder.store),
            # It reads its whole append-only file before it answers.
            patience=timedelta(minutes=5),
        )

    def _temporal(self) -> Part:
        return Part(
            name="temporal",
            argv=(*self.programs.temporal, *temporal_arguments(self.folder, self.ports)),
            env=environment.for_programs(self.environ),
            check=readiness.temporal_serves(self.addresses.temporal),
        )

    def _model(self) -> Part:
        return Part(
            name="model",
            argv=(*self.programs.model, "--host", LOOPBACK, "--port", str(self.ports.model)),
            env=environment.for_model(self.environ),
            check=readiness.http_answers(f"{self.addresses.model}/models", with_success=False),
        )

    def _speech(self) -> Part:
        return Part(
            name="speech",
            argv=(*self.programs.speech, "--host", LOOPBACK, "--port", str(self.ports.speech)),
            env=environment.for_model(self.environ),
            check=readiness.http_answers(f"http://{LOOPBACK}:{self.ports.speech}/healthz"),
        )

    def _worker(self) -> Part:
        return Part(
            name=WORKER,
            argv=self.programs.worker,
            env=self._servers_environment(),
            check=readiness.worker_polls(self.addresses.temporal),
            needs=("store", "temporal"),
        )

    def _api(self) -> Part:
        return Part(
            name="api",
            argv=(*self.programs.api, "--host", self.options.host, "--port", str(self.ports.api)),
            env=self._servers_environment(),
            check=readiness.http_answers(f"{self.addresses.api}/readyz"),
            needs=("store", "temporal"),
        )

    def _servers_environment(self) -> dict[str, str]:
        environ = dict(self.environ)
        if self.wants_offline_speech:
            # With --offline nothing may be sent to the one that is configured, least of all for lack of ours.
            environ.pop(environment.SPEECH_URL, None)
        return environment.for_servers(environ, self.addresses, self.folder.secret())


def store_arguments(folder: DataFolder, ports: Ports) -> Command:
    """Return the store's options: nobody from outside, and no write lost to a crash of the process."""
    settings = {
        "bind": LOOPBACK,
        "protected-mode": "yes",
        "port": str(ports.store),
        "daemonize": "no",
        "dir": str(folder.store),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        # Half a command at the end of the file is what a power cut leaves: no reason to stay down.
        "aof-load-truncated": "yes",
    }
    return tuple(word for name, value in settings.items() for word in (f"--{name}", value))


def temporal_arguments(folder: DataFolder, ports: Ports) -> Command:
    """Return the command of the dev server with its database in a file."""
    flags: list[tuple[str, str]] = [
        ("--ip", LOOPBACK),
        ("--port", str(ports.temporal)),
        ("--ui-port", str(ports.ui)),
        ("--http-port", str(ports.temporal_http)),
        ("--metrics-port", str(ports.temporal_metrics)),
        ("--db-filename", str(folder.temporal_database)),
        # The default file mode is several times slower under load.
        ("--sqlite-pragma", "journal_mode=WAL"),
        ("--sqlite-pragma", "synchronous=NORMAL"),
        ("--log-level", "warn"),
        *(("--search-attribute", f"{key.name}=Keyword") for key in SEARCH_ATTRIBUTES),
    ]
    return ("server", "start-dev", "--ui-disable-news-fetch", *(word for flag in flags for word in flag))


def url_host(host: str) -> str:
    """Return how a link names a host: one that can be opened, where it stands for every address."""
    return EVERY_ADDRESS.get(host) or (f"[{host}]" if ":" in host else host)
