"""Partitions, schedules, the freshness check, and the removal of old runs and reports."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import product
from pathlib import Path

import dagster as dg
import pytest
from fleet_runs import PARTITIONS, Fleet, dagster_home, instance

from tap_bigcommerce_dagster import FleetError, Retries, build_fleet
from tap_bigcommerce_dagster.facts import PERMANENT_FAILURES, Facts
from tap_bigcommerce_dagster.fleet import BY_DEFAULT, is_selected
from tap_bigcommerce_dagster.schedule import batches, tags
from tap_bigcommerce_dagster.states import SavedState
from tap_bigcommerce_sandbox import Options, Sandbox


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Sandbox(Options(orders=1, customers=1, products=1, coupons=1)) as store:
        fleet = Fleet(tmp_path, more={"stores_per_run": 2})
        for name in ("boots", "hats", "shoes"):
            fleet.add(name, store)
        yield fleet


def look(fleet: Fleet, instance: dg.DagsterInstance) -> str | None:
    """One tick of the sensor; returns the reason if it was skipped."""
    result = fleet.sensor(instance)
    if isinstance(result, dg.SkipReason):
        return str(result.skip_message)
    for request in result.dynamic_partitions_requests:
        if isinstance(request, dg.AddDynamicPartitionsRequest):
            instance.add_dynamic_partitions(PARTITIONS, list(request.partition_keys))
        else:
            for key in request.partition_keys:
                instance.delete_dynamic_partition(PARTITIONS, key)
    return None


def test_partitions_follow_the_stores(fleet: Fleet, instance: dg.DagsterInstance) -> None:
    assert look(fleet, instance) is None
    assert instance.get_dynamic_partitions(PARTITIONS) == ["boots", "hats", "shoes"]
    assert look(fleet, instance) == "No change: 3 stores."
    fleet.file("hats").unlink()
    with Sandbox(Options(orders=1)) as store:
        fleet.add("shirts", store)
    assert look(fleet, instance) is None
    assert instance.get_dynamic_partitions(PARTITIONS) == ["boots", "shoes", "shirts"]


def test_a_folder_that_is_suddenly_empty_or_gone_removes_nothing(
    fleet: Fleet, instance: dg.DagsterInstance
) -> None:
    look(fleet, instance)
    for name in ("boots", "hats", "shoes"):
        fleet.file(name).unlink()
    assert "looks like a mistake" in (look(fleet, instance) or "")
    (fleet.folder / "stores").rmdir()
    with pytest.raises(dg.Failure, match="does not exist"):
        look(fleet, instance)
    assert len(instance.get_dynamic_partitions(PARTITIONS)) == 3


def test_the_schedule_reads_every_store_but_those_still_being_read(
    fleet: Fleet, instance: dg.DagsterInstance
) -> None:
    look(fleet, instance)
    assert fleet.scheduled(instance) == [tags(["boots", "hats"]), tags(["shoes"])]
    running = dg.DagsterRunStatus.STARTED
    both = tags(["boots", "hats"])
    instance.add_run(dg.DagsterRun(job_name="bigcommerce_job", status=running, tags=both))
    assert fleet.scheduled(instance) == [tags(["shoes"])]
    # Started from the page of an asset: a run of Dagster's own job.
    orders = frozenset({dg.AssetKey(["bigcommerce", "orders"])})
    page = {"job_name": "__ASSET_JOB", "asset_selection": orders, "tags": tags(["shoes"])}
    instance.add_run(dg.DagsterRun(status=running, **page))
    assert fleet.scheduled(instance) == []


def test_the_stores_of_a_batch_are_adjacent() -> None:
    assert list(batches("abcdefg", {"c"}, 3)) == [["a", "b"], ["d", "e", "f"], ["g"]]
    assert list(batches("abc", set("abc"), 3)) == []


def test_the_check_fails_while_a_store_is_late(fleet: Fleet) -> None:
    now = datetime.now(timezone.utc)
    for name, hours in (("boots", 1), ("hats", 5), ("shoes", 2)):
        with fleet.states.lock(name) as lock:
            lock.save(SavedState({"bookmarks": {}}, now, now - timedelta(hours=hours)))
    late = check(fleet)
    assert (late.passed, late.metadata["late"].value) == (False, 1)
    assert "hats: last read 5.0 hours ago" in str(late.metadata["late_stores"].value)
    with fleet.states.lock("hats") as lock:
        lock.save(SavedState({"bookmarks": {}}, now, now))
    assert check(fleet).passed
    # A state that was saved during a sync does not count as a complete sync.
    with fleet.states.lock("boots") as lock:
        lock.save(SavedState({"bookmarks": {}}, now, None, {"orders": now}))
    assert "boots: never read" in str(check(fleet).metadata["late_stores"].value)
    assert check(fleet, "orders").passed, "each stream has a check of its own"


def check(fleet: Fleet, stream: str = "coupons") -> dg.AssetCheckEvaluation:
    job = fleet.definitions().resolve_job_def("bigcommerce_freshness_job")
    with dg.DagsterInstance.ephemeral() as instance:
        found = job.execute_in_process(instance=instance).get_asset_check_evaluations()
    assert len(found) == len(BY_DEFAULT)
    return next(one for one in found if one.asset_key.path[-1] == stream)


def test_old_runs_and_reports_are_removed_and_others_are_kept(
    fleet: Fleet, instance: dg.DagsterInstance
) -> None:
    look(fleet, instance)
    reports = fleet.folder / "reports"
    fleet.more |= {"keep_days": 7, "retries": Retries(most=0), "tap": "/no/such/tap"}
    old = fleet.run(instance, "hats").run_id
    fleet.more["reports"] = reports
    assert clean_up(fleet, instance), "there is no report yet"
    now = datetime.now(timezone.utc)
    days = [f"{now - timedelta(days=ago):%Y-%m-%d}" for ago in (0, 6, 9, 400)]
    for name in (*days, "of-somebody-else"):
        (reports / name).mkdir(parents=True)
        (reports / name / "shoes.html").touch()
    assert clean_up(fleet, instance)
    left = {path.parent.name for path in reports.glob("*/*.html")}
    assert left == {*days[:2], "of-somebody-else"}
    assert instance.get_run_by_id(old) is not None
    # As if a week and a day had passed.
    fleet.more["keep_days"] = -1
    assert clean_up(fleet, instance)
    assert instance.get_run_by_id(old) is None


def clean_up(fleet: Fleet, instance: dg.DagsterInstance) -> bool:
    return bool(fleet.schedule("cleanup_").job.execute_in_process(instance=instance).success)


def test_stores_can_come_from_a_function(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, more={"stores": lambda: {"hats": {"store_hash": "a"}}})
    with dg.DagsterInstance.ephemeral() as instance:
        look(fleet, instance)
        assert instance.get_dynamic_partitions(PARTITIONS) == ["hats"]


def test_invalid_arguments_are_refused_when_the_code_location_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "catalog.json").write_text('{"streams": []}')
    for name, wrong in {
        "stores_per_run": 0,
        "states": "s3://bucket",
        "reports": "s3://bucket",
        "catalog": tmp_path / "catalog.json",
    }.items():
        with pytest.raises(FleetError):
            Fleet(tmp_path, more={name: wrong}).definitions()


@pytest.mark.parametrize(
    ("failures", "may_succeed"),
    [
        (["InvalidToken"], False),
        (["TokenRefused"], False),  # of an older tap
        (["ScopeMissing", "MissingPermission"], False),
        (["MissingPermission", "RequestFailed"], True),
        ([], True),
    ],
)
def test_a_retry_is_worth_it_unless_all_failures_are_permanent(
    failures: list[str], may_succeed: bool
) -> None:
    assert Facts(str, failures=Counter(failures)).worth_retrying == may_succeed


def test_the_fleet_has_the_same_default_streams_selection_and_errors_as_the_tap() -> None:
    from tap_bigcommerce import exceptions, streams
    from tap_bigcommerce.catalog import selection
    from tap_bigcommerce.records.schemas import load_schema

    assert set(streams.BY_DEFAULT) == set(BY_DEFAULT)
    for name, description in BY_DEFAULT.items():
        assert load_schema(name)["description"] == description
    assert all(hasattr(exceptions, name) for name in PERMANENT_FAILURES)
    for given, old, default in product((None, True, "false", "yes"), repeat=3):
        metadata, schema = {"selected": given, "selected-by-default": default}, {"selected": old}
        expected = bool(selection.is_selected(metadata, schema))
        assert is_selected([{"breadcrumb": [], "metadata": metadata}], schema) == expected
    assert build_fleet.__doc__
