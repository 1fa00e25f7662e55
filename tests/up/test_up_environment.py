"""What each part is told through its environment, and what is kept from it."""

from dataclasses import replace

from workers.up import environment
from workers.up.environment import Addresses
from workers.up.programs import PYTHON
from workers.up.record import record

AT = Addresses(
    api="http://127.0.0.1:1",
    temporal="127.0.0.1:2",
    temporal_ui="http://127.0.0.1:3",
    store="redis://127.0.0.1:4/0",
    model=None,
    speech=None,
    worker_metrics="127.0.0.1:5",
    record="/data/up.json",
)
OURS = {"PATH": "/bin", "OPENAI_API_KEY": "sk", "PERDURE_SECRET": "given", "TEMPORAL_TLS": "true"}


def test_store_and_temporal_get_no_secret() -> None:
    assert environment.for_programs(OURS) == {"PATH": "/bin", "TEMPORAL_VERSION_CHECK_DISABLED": "1"}


def test_a_given_secret_and_model_are_kept() -> None:
    env = environment.for_servers(OURS, AT, "made")
    assert (env["PERDURE_SECRET"], env["OPENAI_API_KEY"]) == ("given", "sk")
    assert "OPENAI_BASE_URL" not in env
    assert environment.for_servers({}, AT, "made")["PERDURE_SECRET"] == "made"


def test_the_worker_is_told_where_the_record_says_that_its_metrics_are() -> None:
    pids = dict.fromkeys(("api", "worker", "temporal", "store"), 1)
    assert environment.for_servers({}, AT, "made")["PERDURE_METRICS"] == "127.0.0.1:5"
    assert record(1, pids, AT)["worker"] == {"pid": 1, "metrics_url": "http://127.0.0.1:5/metrics"}
    everywhere = replace(AT, worker_metrics="0.0.0.0:9464")
    assert record(1, pids, everywhere)["worker"] == {"pid": 1, "metrics_url": "http://127.0.0.1:9464/metrics"}


def test_the_api_is_told_where_the_record_is() -> None:
    stale = {"PERDURE_UP_RECORD": "/elsewhere/up.json"}
    assert environment.for_servers(stale, AT, "made")["PERDURE_UP_RECORD"] == "/data/up.json"
    assert "PERDURE_UP_RECORD" not in environment.for_programs(stale)


def test_no_proxy_stands_between_the_parts() -> None:
    assert environment.for_servers({}, AT, "made")["NO_PROXY"] == "127.0.0.1,localhost,::1"
    env = environment.for_servers({"no_proxy": "lan"}, AT, "made")
    assert env["no_proxy"] == "lan,127.0.0.1,localhost,::1"


def test_the_offline_model_is_for_those_who_configured_none() -> None:
    assert environment.wants_offline_model({"OPENAI_API_KEY": ""})
    assert not environment.wants_offline_model({"OPENAI_API_KEY": "sk"})
    assert not environment.wants_offline_model({"OPENAI_BASE_URL": "http://models.test/v1"})


def test_the_offline_speech_is_for_those_who_configured_none() -> None:
    assert environment.wants_offline_speech({"OPENAI_SPEECH_BASE_URL": "", "OPENAI_API_KEY": "sk"})
    assert not environment.wants_offline_speech({"OPENAI_SPEECH_BASE_URL": "http://voices.test/v1"})


def test_the_servers_are_told_where_speech_is() -> None:
    ours = replace(AT, speech="http://127.0.0.1:6/v1")
    assert environment.for_servers({}, ours, "made")["OPENAI_SPEECH_BASE_URL"] == ours.speech
    given = {"OPENAI_SPEECH_BASE_URL": "http://voices.test/v1"}
    assert environment.for_servers(given, AT, "made").items() >= given.items()


HEARING = {"PERDURE_TRANSCRIPTION_MODEL": "ears"}
BUILT_IN_VOICE = replace(AT, speech="http://127.0.0.1:6/v1")
ALL_BUILT_IN = replace(BUILT_IN_VOICE, model="http://127.0.0.1:7/v1")


def test_the_built_in_voice_does_not_listen() -> None:
    env = environment.for_servers(HEARING | {"OPENAI_API_KEY": "sk"}, BUILT_IN_VOICE, "made")
    assert env["OPENAI_TRANSCRIPTION_BASE_URL"] == "https://api.openai.com/v1"
    assert env["OPENAI_TRANSCRIPTION_API_KEY"] == "sk"
    assert env["PERDURE_TRANSCRIPTION_MODEL"] == "ears"
    models = HEARING | {"OPENAI_BASE_URL": "http://models.test/v1"}
    env = environment.for_servers(models, BUILT_IN_VOICE, "made")
    assert env["OPENAI_TRANSCRIPTION_BASE_URL"] == "http://models.test/v1"


def test_nobody_transcribes_where_everything_is_built_in() -> None:
    for at in (ALL_BUILT_IN, replace(ALL_BUILT_IN, speech=None)):
        assert environment.for_servers(HEARING, at, "made")["PERDURE_TRANSCRIPTION_MODEL"] == ""


def test_a_voice_that_was_given_listens() -> None:
    given = HEARING | {"OPENAI_SPEECH_BASE_URL": "http://voices.test/v1"}
    for at in (AT, replace(ALL_BUILT_IN, speech=None)):
        env = environment.for_servers(given, at, "made")
        assert env["PERDURE_TRANSCRIPTION_MODEL"] == "ears"
        assert "OPENAI_TRANSCRIPTION_BASE_URL" not in env


def test_ears_that_were_given_are_used_unless_nothing_outside_is_to_be_asked() -> None:
    given = HEARING | {"OPENAI_TRANSCRIPTION_BASE_URL": "http://ears.test/v1"}
    assert environment.for_servers(given, ALL_BUILT_IN, "made").items() >= given.items()
    offline = replace(ALL_BUILT_IN, offline=True)
    assert environment.for_servers(given, offline, "made")["PERDURE_TRANSCRIPTION_MODEL"] == ""


def test_no_folder_of_the_users_runs_in_place_of_ours() -> None:
    assert "-P" in PYTHON
