"""Runs against stores that fail or change, and what has to be true of them."""

import contextlib
import json
import random
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import store_truth
import tap_runner
from all_streams import FOUR
from tap_runner import Json, Result

from tap_bigcommerce_sandbox import Options, Sandbox, Store

Prepare = Callable[[Store], object]
"""What is done to a store before a run."""

INCREMENTAL = ("customers", "orders", "products")

QUICK: Mapping[str, Any] = {"max_attempts": 2, "max_retry_seconds": 0}
"""Settings with which a request that keeps failing is given up after one short wait."""

OLD = "2020-01-01T00:00:00.000000Z"
"""A bookmark before everything that a store holds."""

OLD_STATE: Json = {"bookmarks": {name: {"date_modified": OLD} for name in INCREMENTAL}}


def differences(store: Store, *results: Result, streams: Iterable[str] = FOUR) -> list[str]:
    """How the last version of each record differs from the store now; empty: not at all."""
    found: list[str] = []
    for stream in streams:
        held = {row["id"]: row for row in store.records(stream, full=True)}
        last = {row["id"]: row for result in results for row in result.records(stream)}
        if missing := sorted(held.keys() - last.keys()):
            found.append(f"{stream}: {len(missing)} are missing: {missing[:10]}")
        if surplus := sorted(last.keys() - held.keys()):
            found.append(f"{stream}: the store has no {surplus[:10]}")
        for id_ in sorted(held.keys() & last.keys()):
            found += row_differences(stream, held[id_], last[id_], *results)
    return found


def row_differences(stream: str, row: Json, record: Json, *results: Result) -> list[str]:
    schema = next(r.schemas[stream]["schema"] for r in results if stream in r.schemas)
    rescued = json.loads(record.get("_rescued_data") or "{}")
    found = store_truth.differences({**record, "_rescued_data": None}, row, schema, exact=False)
    return [
        f"{stream} {row['id']}{line}"
        for line in found
        # Only an order's child list has this field. Of what was rescued, a part may be missing.
        if not line.endswith("].fulfillment_source: missing")
        and not any(f".{name}".startswith(line.partition(": ")[0]) for name in rescued)
    ]


@dataclass(frozen=True)
class Run:
    result: Result
    requests: list[Json]
    differences: dict[str, list[str]]

    def asked(self, list_: str) -> list[Json]:
        return [entry for entry in self.requests if entry["list"] == list_]

    def whole_but(self, *streams: str) -> bool:
        """Whether all other streams arrived as the store holds them."""
        return not any(self.differences[stream] for stream in {*FOUR} - {*streams})

    def summary(self, stream: str) -> str:
        [line] = [line for line in self.result.logged() if f"Summary of {stream}:" in line]
        return line


def small(**more: Any) -> Options:
    """A store that is read in a moment, with an order of each kind but the huge ones."""
    sizes: dict[str, Any] = {"orders": 26, "customers": 20, "products": 12, "coupons": 8}
    return Options(**{**sizes, "huge_order_share": 0.0, **more})


def fault(list_: str, kind: str, times: int = 0, **more: Any) -> Prepare:
    """So many requests of the list fail (0: all); see Store.fault."""
    return lambda store: store.fault(list_, kind=kind, times=times, **more)


def both(*prepared: Prepare) -> Prepare:
    return lambda store: [prepare(store) for prepare in prepared]


def listed(store: Store, stream: str) -> list[int]:
    """The ids that a list shows now; orders stay in theirs, archived."""
    return sorted(row["id"] for row in store.records(stream))


def disturb(store: Store, chance: random.Random, kept: dict[str, list[int]]) -> None:
    """At each coming request of each list something is deleted, added or changed.

    Only records outside `kept` are deleted; any may be changed.
    """
    for stream in FOUR:
        ids = listed(store, stream)
        prey = [id_ for id_ in ids if id_ not in kept[stream]]
        behind = range(ids[-1], ids[-1] + 40)
        free = sorted({*behind, *(id_ + step for id_ in ids for step in (1, 2, 3))} - {*ids})
        chance.shuffle(prey)
        chance.shuffle(free)
        for request in range(1, 60):
            moment = chance.choice(("before", "after_read"))
            do: list[Json] = []
            if prey and chance.random() < 0.5:
                do.append({"op": "delete", "list": stream, "ids": [prey.pop()]})
            if free and chance.random() < 0.3:
                do.append({"op": "add", "list": stream, "ids": [free.pop()]})
            if chance.random() < 0.5:
                do.append({"op": "change", "list": stream, "ids": [chance.choice(kept[stream])]})
            if do:
                store.on(stream, request, do, moment=moment)


def run_against(
    options: Options, prepare: Prepare | None = None, state: Any = None, **settings: Any
) -> Run:
    """One run against a store with `options`, after `prepare` has done something to it."""
    with Sandbox(options) as store:
        if prepare is not None:
            prepare(store)
        return run_on(store, state, **settings)


def run_on(store: Store, state: Any = None, catalog: Any = None, **settings: Any) -> Run:
    before = len(store.requests())
    result = tap_runner.run(tap_runner.settings(store, **settings), catalog, state)
    differing = {name: differences(store, result, streams=[name]) for name in FOUR}
    return Run(result, store.requests()[before:], differing)


def complete(options: Options, prepare: Prepare | None = None, **more: Any) -> Run:
    """A run that has to succeed, and to write everything as the store holds it."""
    run = run_against(options, prepare, **more)
    assert run.result.status == 0, critical(run.result)
    assert run.whole_but(), run.differences
    return run


def run_command(
    store: Store,
    command: Sequence[str] = tap_runner.COMMAND,
    out: int | IO[bytes] | None = subprocess.PIPE,
    before: Callable[[], None] | None = None,
    **settings: Any,
) -> Result:
    """A run as this command, with settings in the environment, and `out` as standard output."""
    settings = tap_runner.settings(store, **settings)
    variables = {tap_runner.PREFIX + name.upper(): str(settings[name]) for name in settings}
    ended = subprocess.run(
        [*command, "--config", "ENV"],
        stdout=out,
        stderr=subprocess.PIPE,
        env={**tap_runner.clean_environment(), **variables},
        preexec_fn=before,
        timeout=30,
    )
    return Result(ended.returncode, (ended.stdout or b"").decode(), ended.stderr.decode())


def critical(result: Result) -> str:
    return "\n".join(result.logged("CRITICAL"))


def assert_failed_clearly(result: Result, stream: str) -> None:
    """Exit 1, and words that name the stream."""
    assert result.status == 1, result.stderr[-2000:]
    assert stream in critical(result), result.stderr[-2000:]


class Running:
    """A tap under way. Its pipes are read all the time, the messages only if `reads`."""

    def __init__(self, process: subprocess.Popen[bytes], *, reads: bool = True) -> None:
        self.process = process
        self.out: list[bytes] = []
        self._err: list[bytes] = []
        pipes = [(process.stderr, self._err), (process.stdout, self.out)][: 1 + reads]
        self._readers = [threading.Thread(target=_read, args=pair, daemon=True) for pair in pipes]
        for reader in self._readers:
            reader.start()

    @property
    def stderr(self) -> str:
        return b"".join(self._err).decode()

    def wait_for(self, *, lines: int = 0, log: str = "") -> None:
        """Until so many lines have come out and the log holds `log`, or the tap has ended."""

        def has_come() -> bool:
            return len(self.out) >= lines and log in self.stderr

        ended = self.process.poll
        tap_runner.wait_until(lambda: has_come() or ended() is not None, f"no {log!r}")

    def end(self, signum: int = 0, within: float = 30.0) -> Result:
        """What a run leaves that gets this signal, if it is one; fails if it does not end."""
        if signum:
            self.process.send_signal(signum)
        self.process.wait(within)
        for reader in self._readers:
            reader.join(5)
        assert "Traceback" not in self.stderr
        # A line that was cut off by the end is none for a target.
        whole = [line for line in self.out if line.endswith(b"\n")]
        return Result(self.process.returncode, b"".join(whole).decode(), self.stderr)


def _read(pipe: IO[bytes], lines: list[bytes]) -> None:
    with contextlib.suppress(ValueError):  # the pipe was closed under our hands
        for line in pipe:
            lines.append(line)


@contextlib.contextmanager
def started(
    config: Mapping[str, Any], state: Any = None, *, reads: bool = True
) -> Iterator[Running]:
    with tap_runner.start(config, None, state, tap_runner.EVERY_PAGE) as process:
        yield Running(process, reads=reads)
