"""Owns what can be known to be wrong before anything is started; must not repair it."""

import ipaddress
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from api.profile_files import ProfileError, load_profiles
from workers.up.disk import shortage
from workers.up.folder import DataFolder
from workers.up.options import UpOptions
from workers.up.ports import addresses
from workers.up.programs import Programs
from workers.up.refusal import WRONG_USAGE, UpRefusedError, reason_of


def check_usage(options: UpOptions) -> None:
    """Refuse what cannot be meant."""
    if mistakes := options.mistakes():
        raise UpRefusedError(*mistakes, exit_code=WRONG_USAGE)


def check_installation(options: UpOptions, programs: Programs, environ: Mapping[str, str]) -> None:
    """Refuse what this machine lacks, and an API that would be open to other machines."""
    lines = programs.missing()
    if not environ.get("PERDURE_API_KEYS") and not _is_loopback(options.host):
        lines.append(
            f"host {options.host} is open to other machines and there are no API keys; "
            "set PERDURE_API_KEYS=tenant:key, or leave out --host"
        )
    if lines:
        raise UpRefusedError(*lines)


def check_profiles(environ: Mapping[str, str]) -> None:
    """Refuse profiles that the API could not use."""
    folder = environ.get("PERDURE_PROFILES")
    try:
        load_profiles(Path(folder) if folder else None)
    except ProfileError as error:
        raise UpRefusedError(*str(error).splitlines()) from None


def prepare(folder: DataFolder) -> None:
    """Make the data directory; refuses one that cannot be written or has no room."""
    try:
        folder.prepare()
        # A file that an earlier `up` of another user left there counts as much as the directory itself.
        _probe_writable(folder)
        line = shortage(folder.root)
    except OSError as error:
        why = f"data directory {folder.root} cannot be written ({reason_of(error)})"
        raise UpRefusedError(f"{why}; choose another with --data-dir") from None
    if line:
        raise UpRefusedError(line)


def _probe_writable(folder: DataFolder) -> None:
    for path in (folder.lock, folder.record, folder.temporal_database, folder.store, folder.logs):
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(None, f"{path.name} belongs to somebody else")


def _is_loopback(host: str) -> bool:
    try:
        found = [str(address[0]) for _, address in addresses(host)]
    except socket.gaierror:
        # Said in its own words when its port is checked.
        return True
    return all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in found)
