"""Which ports are chosen, and that they stay the same."""

import socket
from pathlib import Path

import pytest

from workers.up.folder import DataFolder
from workers.up.options import UpOptions
from workers.up.parts import url_host
from workers.up.ports import FREE_PORTS, choose_ports

FREE = UpOptions(port=0, temporal_port=0, ui_port=0)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path)


def test_free_ports_are_all_different_and_below_the_ephemeral_ones(folder: DataFolder) -> None:
    ports = set(vars(choose_ports(FREE, folder)).values())
    assert len(ports) == 9
    assert ports <= set(FREE_PORTS)


def test_free_ports_are_the_same_the_next_time(folder: DataFolder) -> None:
    assert choose_ports(FREE, folder) == choose_ports(FREE, folder)


def test_only_a_port_taken_meanwhile_changes(folder: DataFolder) -> None:
    before = choose_ports(FREE, folder)
    with socket.create_server(("127.0.0.1", before.api)):
        after = choose_ports(FREE, folder)
    assert after.api != before.api
    assert vars(after) | {"api": 0} == vars(before) | {"api": 0}


def test_a_port_asked_for_is_never_chosen_for_another_part(folder: DataFolder) -> None:
    store = choose_ports(FREE, folder).store
    ports = choose_ports(UpOptions(port=store, temporal_port=0, ui_port=0), folder)
    assert ports.api == store
    assert ports.store != store


def test_a_damaged_memory_is_no_obstacle(folder: DataFolder) -> None:
    folder.ports.write_text('{"api": "x", ')
    assert choose_ports(FREE, folder).api in FREE_PORTS


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - nothing is bound
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("box.lan", "box.lan"),
    ],
)
def test_links_name_a_host_that_can_be_opened(host: str, named: str) -> None:
    assert url_host(host) == named
