"""A fleet with invalid names, secrets in output, and broken or hanging stores and programs."""

import json
import os
import re
import resource
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._serdes import serialize_value
from fleet_runs import (
    OBSERVED,
    RETRIED,
    Fleet,
    dagster_home,
    events,
    instance,
    log_of,
    materialized,
)

from tap_bigcommerce_dagster import Retries, Target
from tap_bigcommerce_dagster.schedule import tags
from tap_bigcommerce_sandbox import Options, Sandbox

SMALL = Options(orders=20, customers=5, products=5, coupons=2, any_hash=True)
NOW = datetime.now(timezone.utc)


@pytest.fixture
def store() -> Iterator[Sandbox]:
    with Sandbox(SMALL) as running:
        yield running


@pytest.fixture
def fleet(tmp_path: Path, store: Sandbox) -> Fleet:
    """A fleet with the store `shoes` and without retries."""
    fleet = Fleet(tmp_path / "fleet", more={"retries": Retries(most=0, delay=0)})
    fleet.more["reports"] = fleet.folder / "reports"
    fleet.add("shoes", store)
    return fleet


def recorded(instance: dg.DagsterInstance) -> str:
    """All events of all runs, as Dagster stores them."""
    return "\n".join(
        serialize_value(entry)
        for run in instance.get_runs()
        for entry in instance.all_logs(run.run_id)
    )


def program(path: Path, text: str) -> list[str]:
    path.write_text(text)
    return [sys.executable, str(path)]


NAMES = ["../outside/evil", "/outside/evil", "a/b", "..", "", "shoes.", "shoes\n", "sh\0es"]
NAMES += ["sh\u0435s", "x" * 5000, "hats"]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:20]))
def test_a_run_with_an_unknown_or_invalid_store_reads_and_writes_nothing(
    fleet: Fleet, store: Sandbox, instance: dg.DagsterInstance, name: str
) -> None:
    outside = fleet.folder.parent / "outside"
    outside.mkdir()
    config = fleet.folder / "stores" / "shoes.json"
    for path in (outside / "evil.json", fleet.folder / "stores" / "a" / "b.json"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(config.read_text())
    before = {path: path.stat() for path in fleet.folder.parent.rglob("*[!o]")}
    result = fleet.run(instance, name)
    assert not result.success
    log = log_of(instance, result.run_id)
    assert ("not in the list of stores" if name == "hats" else "is not a valid name") in log
    assert len(log) < 5000
    for path in fleet.folder.parent.rglob("*[!o]"):
        if path.is_file() and "dagster-home" not in path.parts:
            assert before.get(path) == path.stat()
    assert store.requests() == []


@pytest.mark.parametrize("names", [("Shoes", "shoes"), ("hats", "shoes")], ids="-".join)
def test_only_stores_that_would_share_a_state_or_rows_are_refused(
    fleet: Fleet, store: Sandbox, instance: dg.DagsterInstance, names: tuple[str, str]
) -> None:
    fleet.add("boots", store)
    fleet.add(names[0], store, store_hash="shoes" if names[0] == "hats" else "other")
    result = fleet.run(instance, "boots", *names)
    failed = events(instance, result.run_id, OBSERVED)
    assert {event.partition for event in failed} == set(names)
    assert materialized(instance, "orders") == {"boots"}
    assert f"{names[0]} and {names[1]} " in log_of(instance, result.run_id)


ECHO = """
import json, sys
for line in sys.stdin:
    pass
with open(sys.argv[2]) as file:
    text = file.read()
print(text, json.loads(text), file=sys.stderr)
for value in json.loads(text)["shown"]:
    print(value, file=sys.stderr)
print("https://who@host/path?sig=sig-0123-x is not there", file=sys.stderr)
print("Authorization: Basic dW5rbm93bg==", file=sys.stderr)
print('password=unknown-one {"api_token": "unknown-two"}', file=sys.stderr)
sys.exit(3)
"""
PEM = "-----BEGIN KEY-----\nfirst-line-of-it\nsecond-line-of-it"
HIDDEN = {
    "password": "correct horse",
    "api_token": 12345678,
    "hash_salt": "pepper\u00e9",
    "auth": {"kind": {"deep": ["in-a-list", {"x": "at-the-end"}]}, "pem": PEM},
    "where": "postgresql://someone:hush%21hush@warehouse/db?sslkey=the-query&opt=plain-value",
    "dsn": "host=warehouse password='in-a-pair' port=5432",
    "extra": '{"private_key": "in-json-text"}',
}
SECRETS = ["correct horse", "correct%20horse", "12345678", "pepper", "in-a-list", "at-the-end"]
SECRETS += ["first-line-of-it", "second-line-of-it", "someone", "hush!hush", "hush%21hush"]
SECRETS += ["the-query", "plain-value", "in-a-pair", "in-json-text", "who@", "sig-0123"]
SECRETS += ["dW5rbm93bg", "unknown-"]


def test_no_secret_of_a_store_or_target_is_shown_with_their_output(
    fleet: Fleet, instance: dg.DagsterInstance
) -> None:
    parts = [*PEM.splitlines(), "hush!hush", "correct%20horse", "12345678", "plain-value"]
    shown = [*parts, "\x1b[31mred\0\u202e"]
    echo = program(fleet.folder / "echo.py", ECHO)
    fleet.more["target"] = Target(echo, {**HIDDEN, "shown": shown})
    result = fleet.run(instance, "shoes")
    assert not result.success
    text = recorded(instance)
    assert "https://[hidden]@host/path?[hidden] is not there" in text
    assert "the target ended with status 3" in text
    for secret in SECRETS:
        assert secret not in text, secret
    log = log_of(instance, result.run_id)
    assert "\\x1b[31mred\\x00\\u202e" in log


def failing(*_: str) -> Mapping[str, Any]:
    literal = "in-the-code-itself"
    try:
        raise RuntimeError(f"cannot log in with hunter2 and {literal}")
    except RuntimeError as error:
        raise ConnectionError("token=hunter2") from error


def exits(*_: str) -> Mapping[str, Any]:
    raise SystemExit("hunter2")


class Broken:
    """Stores of a user that can be listed but not read."""

    def names(self) -> list[str]:
        return ["shoes"]

    settings = failing


@pytest.mark.parametrize(
    "more",
    [
        {"stores": failing},
        {"stores": Broken()},
        {"target": Target(["true"], failing)},
        {"target": Target(["true"], exits)},
        {"stores": lambda: ["shoes"]},
    ],
    ids=["list", "settings", "target", "exit", "no-settings"],
)
def test_an_error_of_user_code_is_shown_without_its_message(
    fleet: Fleet,
    instance: dg.DagsterInstance,
    more: dict[str, Any],
    capfd: pytest.CaptureFixture[str],
) -> None:
    fleet.more |= more
    result = fleet.run(instance, "shoes")
    assert not result.success
    text = recorded(instance) + "".join(capfd.readouterr())
    assert re.search(r"(ConnectionError|SystemExit|TypeError|ValueError) \(at [^)]*\.py:\d+ ", text)
    for secret in ("hunter2", "in-the-code-itself"):
        assert secret not in text
    if "stores" in more and more["stores"] is failing:
        with pytest.raises(dg.Failure, match="ConnectionError") as caught:
            fleet.sensor(instance)
        assert "hunter2" not in "".join(traceback.format_exception(caught.value))


READS_SLOWLY = """
import json, sys, time
last = None
for line in sys.stdin:
    message = json.loads(line)
    time.sleep(0.12)
    if message["type"] == "STATE":
        last = message["value"]
print(json.dumps(last), flush=True)
"""
ACKNOWLEDGES_SLOWLY = """
import json, sys, time
last = [m["value"] for m in map(json.loads, sys.stdin) if m["type"] == "STATE"][-1]
for _ in range(20):
    time.sleep(0.5)
    print(json.dumps(last), flush=True)
"""
LEAVES_ONE_BEHIND = """
import json, subprocess, sys
subprocess.Popen(["sleep", "30"], stdin=subprocess.DEVNULL)
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "STATE":
        print(json.dumps(message["value"]), flush=True)
"""


def test_a_sync_without_progress_is_ended(fleet: Fleet, instance: dg.DagsterInstance) -> None:
    tap = program(fleet.folder / "hangs.py", "import time\ntime.sleep(600)")
    fleet.more |= {"tap": tap, "stalled_after_minutes": 0.05, "retries": Retries(most=1)}
    began = time.monotonic()
    result = fleet.run(instance, "shoes")
    assert not result.success
    assert "for 0.05 minutes the tap made no request" in log_of(instance, result.run_id)
    assert not events(instance, result.run_id, RETRIED)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("text", "most"),
    [(READS_SLOWLY, 60), (ACKNOWLEDGES_SLOWLY, 60), (LEAVES_ONE_BEHIND, 20)],
    ids=["reads", "tells", "leaves a process behind"],
)
def test_a_slow_sync_is_not_ended_and_a_finished_one_not_waited_for(
    fleet: Fleet, store: Sandbox, instance: dg.DagsterInstance, text: str, most: float
) -> None:
    target = program(fleet.folder / "slow.py", text)
    fleet.more |= {"target": Target(target), "stalled_after_minutes": 0.12}
    fleet.add("shoes", store, page_size=1, max_concurrency=1)
    began = time.monotonic()
    result = fleet.run(instance, "shoes")
    assert result.success, log_of(instance, result.run_id)
    assert time.monotonic() - began < most


def test_finished_stores_of_a_run_are_scheduled_while_another_one_hangs(
    fleet: Fleet, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    names = ["boots", "gloves", "hats", "shoes"]
    for name in names:
        fleet.add(name, store, **({"access_token": "refused"} if name == "gloves" else {}))
    once = fleet.folder / "once"
    once.touch()
    fleet.target["hats"] = {"fails_after": 1, "fails_once": str(once)}
    run_id = fleet.run(instance, *names).run_id
    # As if the run were still there and about to retry `hats`, the only temporary failure.
    began = dg.DagsterEvent(event_type_value="PIPELINE_START", job_name="bigcommerce_job")
    instance.report_dagster_event(began, run_id)
    assert fleet.scheduled(instance) == [tags(["boots", "gloves"]), tags(["shoes"])]
    # No event for longer than a working run needs: its process was killed.
    fleet.more["stalled_after_minutes"] = 0
    time.sleep(0.1)
    assert fleet.scheduled(instance) == [tags(names)]


BAD_STATES: dict[str, str | bytes] = {
    "cut": '{"bookmarks": {"ord',
    "no_zone": json.dumps({"bookmarks": {}, "completed_at": NOW.isoformat()[:19]}),
    "old_no_zone": json.dumps({"bookmarks": {}, "completed_at": "2026-01-01T00:00:00"}),
    "future": json.dumps({"bookmarks": {}, "completed_at": "2999-01-01T00:00:00Z"}),
    "no_date": '{"bookmarks": {}, "completed_at": 7}',
    "no_stream_date": '{"bookmarks": {}, "streams_completed_at": {"orders": 7}}',
    "deep": "[" * 100_000,
    "bytes": b"\xff\xfe\x00",
}


def test_a_broken_store_is_named_and_the_others_are_checked_and_read(
    fleet: Fleet, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    for name in ("good", *BAD_STATES):
        fleet.add(name, store)
    states = fleet.folder / "states"
    states.mkdir()
    for name, content in BAD_STATES.items():
        data = content if isinstance(content, bytes) else content.encode()
        (states / f"{name}.json").write_bytes(data)
    good = {"bookmarks": {}, "completed_at": (NOW - timedelta(hours=1)).isoformat()}
    for name in ("good", "shoes"):
        (states / f"{name}.json").write_text(json.dumps(good))
    stores = fleet.folder / "stores"
    (stores / "bad name\x1b.json").write_text("{}")
    (stores / "broken.json").write_text("{")
    (stores / ".hidden.json").write_text("{")
    (stores / "folder.json").mkdir()
    os.mkfifo(stores / "pipe.json")
    os.mkfifo(states / "folder.json")
    job = fleet.definitions().resolve_job_def("bigcommerce_freshness_job")
    check, *others = job.execute_in_process(instance=instance).get_asset_check_evaluations()
    assert {other.metadata["late_stores"] for other in others} == {check.metadata["late_stores"]}
    late = str(check.metadata["late_stores"].value).splitlines()
    named = {
        line.removeprefix("- ").partition(":")[0] for line in late if "not a valid name" not in line
    }
    assert named == {*BAD_STATES, "broken", "folder", "pipe"} - {"no_zone"}
    assert [line for line in late if "'bad name\\x1b' is not a valid name" in line]
    result = fleet.sensor(instance)
    (request,) = result.dynamic_partitions_requests
    assert set(request.partition_keys) == {*BAD_STATES, "good", "shoes", "broken", "folder", "pipe"}
    result = fleet.run(instance, "broken", "cut", "deep", "folder", "good", "pipe", "shoes")
    assert materialized(instance, "orders") == {"good", "shoes"}
    failed = events(instance, result.run_id, OBSERVED)
    assert {event.partition for event in failed} == {"broken", "cut", "deep", "folder", "pipe"}


NO_END = """
import sys
for line in sys.stdin:
    pass
stream = open(int(sys.argv[3]), "wb", closefd=False)
for _ in range(400):
    stream.write(b"://x" * 250_000)
stream.flush()
"""


@pytest.mark.parametrize("descriptor", [1, 2])
def test_an_endless_line_of_a_target_takes_little_memory_and_time(
    fleet: Fleet, instance: dg.DagsterInstance, descriptor: int
) -> None:
    endless = program(fleet.folder / "endless.py", NO_END)
    fleet.more["target"] = Target(["sh", "-c", f'exec "$@" {descriptor}', "sh", *endless])
    before = resource.getrusage(resource.RUSAGE_SELF)
    result = fleet.run(instance, "shoes")
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert "acknowledged no state" in log_of(instance, result.run_id)
    assert after.ru_utime - before.ru_utime < 15
    assert after.ru_maxrss - before.ru_maxrss < 300_000
    assert len(recorded(instance)) < 200_000
