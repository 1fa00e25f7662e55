"""What a running `up` shows, and what it does when a part is killed."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from redis import Redis
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.service import ConnectConfig, ServiceClient

from api.cli.program import typed
from tests.up.running import DRIVE, PARTS, RunningUp, eventually
from workers.up.births import birth_of
from workers.up.readiness import worker_polls

ATTRIBUTES = {f"Perdure{name}" for name in ("Profile", "Status", "Phase", "User", "Key", "Tenant")}


def get(url: str) -> httpx2.Response:
    return httpx2.get(url, trust_env=False)


def answers(url: str) -> bool:
    try:
        return get(url).is_success
    except httpx2.HTTPError:
        return False


def environment_of_api(up: RunningUp) -> dict[str, Any]:
    seen: dict[str, Any] = get(up.record["api"]["url"]).json()
    return seen


async def temporal(up: RunningUp) -> ServiceClient:
    return await ServiceClient.connect(ConnectConfig(target_host=up.record["temporal"]["address"]))


def refused(folder: Path, *arguments: str) -> str:
    command = [sys.executable, str(DRIVE), "--data-dir", str(folder), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert ended.returncode == 1
    assert ended.stdout == ""
    return ended.stderr


def test_the_record_is_as_the_contract_says(shared_up: RunningUp) -> None:
    record = shared_up.record
    assert set(record) == {"pid", *PARTS}
    assert record["pid"] == shared_up.process.pid
    assert {part: set(record[part]) - {"pid"} for part in PARTS} == {
        "store": {"url"},
        "temporal": {"address", "ui_url"},
        "model": {"url"},
        "speech": {"url"},
        "worker": {"metrics_url"},
        "api": {"url"},
    }
    assert all(birth_of(shared_up.pid(part)) for part in PARTS)


def test_every_address_in_the_record_answers(shared_up: RunningUp) -> None:
    record = shared_up.record
    assert get(record["api"]["url"] + "/readyz").status_code == 200
    assert get(record["temporal"]["ui_url"]).status_code == 200
    assert get(record["model"]["url"] + "/models").status_code == 404
    assert get(record["speech"]["url"].replace("/v1", "/healthz")).status_code == 200
    with Redis.from_url(record["store"]["url"]) as store:
        assert store.ping()


def test_the_banner_names_what_a_person_needs(shared_up: RunningUp) -> None:
    record = shared_up.record
    assert shared_up.out.count("Perdure is up") == 1
    first_row = shared_up.out.partition("Perdure is up")[2].splitlines()[1].split()
    assert first_row == ["Console", f"{record['api']['url']}/"]
    for wanted in (
        record["api"]["url"],
        f"{record['api']['url']}/docs",
        record["temporal"]["ui_url"],
        str(shared_up.folder),
        "perdure-offline",
        "espeak, built in",
        f"PERDURE_URL={record['api']['url']} {typed('chat')}",
    ):
        assert wanted in shared_up.out


async def test_the_namespace_keeps_closed_sessions_for_30_days(shared_up: RunningUp) -> None:
    service = (await temporal(shared_up)).workflow_service
    described = await service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    assert described.config.workflow_execution_retention_ttl.ToTimedelta().days == 30


async def test_sessions_can_be_searched_by_their_attributes(shared_up: RunningUp) -> None:
    operator = (await temporal(shared_up)).operator_service
    listed = await operator.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    kinds = {listed.custom_attributes[name] for name in ATTRIBUTES}
    assert set(listed.custom_attributes) >= ATTRIBUTES
    assert kinds == {IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD}


async def test_only_polls_since_the_workers_start_count(shared_up: RunningUp) -> None:
    polls = worker_polls(shared_up.record["temporal"]["address"])
    now = datetime.now(UTC)
    assert await polls(now - timedelta(minutes=5))
    assert not await polls(now + timedelta(minutes=5))


def test_the_store_keeps_every_write_and_lets_nobody_else_in(shared_up: RunningUp) -> None:
    with Redis.from_url(shared_up.record["store"]["url"], decode_responses=True) as store:
        settings = store.config_get("appendonly", "appendfsync", "save", "dir", "bind", "protected-mode")
    assert settings == {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "dir": str(shared_up.folder / "store"),
        "bind": "127.0.0.1",
        "protected-mode": "yes",
    }


def test_the_servers_are_told_where_everything_is(shared_up: RunningUp) -> None:
    env, record = environment_of_api(shared_up), shared_up.record
    assert env["TEMPORAL_ADDRESS"] == record["temporal"]["address"]
    assert env["REDIS_URL"] == record["store"]["url"]
    assert env["PERDURE_TEMPORAL_UI"] == record["temporal"]["ui_url"]
    assert json.loads(Path(env["PERDURE_UP_RECORD"]).read_text()) == record
    assert env["OPENAI_BASE_URL"] == record["model"]["url"]
    assert env["OPENAI_SPEECH_BASE_URL"] == record["speech"]["url"]
    assert (env["OPENAI_API_KEY"], env["PERDURE_MODEL"]) == ("offline", "perdure-offline")
    assert env["PERDURE_PROFILES"] == os.path.relpath(shared_up.folder.with_name("profiles"))
    assert env["cwd"] == str(Path.cwd())


def test_another_temporal_of_the_user_is_kept_away(shared_up: RunningUp) -> None:
    env = environment_of_api(shared_up)
    assert "TEMPORAL_API_KEY" not in env
    assert "TEMPORAL_TLS" not in env
    assert env["TEMPORAL_NAMESPACE"] == "default"


def test_the_secret_is_made_once_and_for_its_owner_only(shared_up: RunningUp) -> None:
    secret = shared_up.folder / "secret"
    assert environment_of_api(shared_up)["PERDURE_SECRET"] == secret.read_text()
    assert len(secret.read_text()) >= 32
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(shared_up.folder.stat().st_mode) == 0o700


def test_parts_are_out_of_the_terminals_reach(shared_up: RunningUp) -> None:
    for part in PARTS:
        assert os.getsid(shared_up.pid(part)) == shared_up.pid(part)


def test_output_of_the_parts_goes_to_their_logs(shared_up: RunningUp) -> None:
    assert "Temporal" in (shared_up.folder / "logs" / "temporal.log").read_text()
    assert "Ready to accept connections" in (shared_up.folder / "logs" / "store.log").read_text()
    assert "Temporal CLI" not in shared_up.out + shared_up.err


def test_a_second_up_on_the_directory_is_refused(shared_up: RunningUp) -> None:
    before = shared_up.record
    holder = shared_up.process.pid
    assert refused(shared_up.folder) == (
        f"another up (pid {holder}) already runs on {shared_up.folder}; "
        f"use it, stop it (kill {holder}), or choose another directory with --data-dir\n"
    )
    assert shared_up.record == before


def test_ports_that_are_taken_are_named_with_their_options(shared_up: RunningUp, tmp_path: Path) -> None:
    record = shared_up.record
    api = record["api"]["url"].rpartition(":")[2]
    ui = record["temporal"]["ui_url"].rpartition(":")[2]
    assert refused(tmp_path / "other", "--port", api, "--ui-port", ui).splitlines() == [
        f"port {api} is taken; choose another with --port, or --port 0 for a free one",
        f"port {ui} is taken; choose another with --ui-port, or --ui-port 0 for a free one",
    ]
    assert not (tmp_path / "other" / "up.json").exists()


@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_is_started_again(shared_up: RunningUp, part: str) -> None:
    before, said = shared_up.record, len(shared_up.err)
    killed = time.monotonic()
    os.kill(before[part]["pid"], signal.SIGKILL)
    eventually(lambda: shared_up.pid(part) != before[part]["pid"])
    assert time.monotonic() - killed < 3

    after = shared_up.record
    assert {**after, part: {**after[part], "pid": 0}} == {**before, part: {**before[part], "pid": 0}}
    line = rf"{part} stopped \(killed by SIGKILL\); started again as pid {after[part]['pid']} in 0\.\d\d s\n"
    assert eventually(lambda: re.fullmatch(line, shared_up.err[said:]), within=1)
    url = {"model": "model", "speech": "speech", "api": "api"}.get(part)
    if url:
        eventually(lambda: get_any(before[url]["url"]))


def get_any(url: str) -> bool:
    try:
        get(url)
    except httpx2.HTTPError:
        return False
    return True


def test_the_record_is_whole_at_every_moment(shared_up: RunningUp) -> None:
    path = shared_up.folder / "up.json"
    old = shared_up.pid("api")
    os.kill(old, signal.SIGKILL)
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        assert set(json.loads(path.read_text())) == {"pid", *PARTS}
    assert shared_up.pid("api") != old
