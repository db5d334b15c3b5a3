"""Runs the tap as people run it: a process with files, an environment and an exit status.

It is a fork of a process that has imported the tap, unless the environment says something to
Python, which is heard at its start only. `start` starts one anew.

result = run(settings(store, start_date="2025-01-01"), catalog=select(discovered, "orders"))
assert result.status == 0, result.stderr
"""

import contextlib
import copy
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from tap_forks import ERR, OUT, Forks

from tap_bigcommerce_sandbox import Store

Json = dict[str, Any]
Breadcrumb = tuple[str, ...]

COMMAND = (sys.executable, "-m", "tap_bigcommerce")
PREFIX = "TAP_BIGCOMMERCE_"
TIMEOUT = 60.0
FORKS = Forks()
TYPES = ("SCHEMA", "RECORD", "STATE", "ACTIVATE_VERSION")
LOG_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", re.MULTILINE)
EVERY_PAGE = {
    "PYTHONPATH": os.pathsep.join(
        [str(Path(__file__).resolve().parent / "every_page"), os.environ.get("PYTHONPATH", "")]
    )
}
"""An environment in which the tap writes a STATE after every page."""


@dataclass(frozen=True)
class Result:
    """What a run of the tap left. Numbers with a point are Decimals, digit for digit."""

    status: int
    stdout: str
    stderr: str
    """Without the time at the beginning of each line of the log."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "stderr", re.sub(LOG_TIME, "", self.stderr))

    @cached_property
    def messages(self) -> list[Json]:
        """The messages, in their order; fails on a line that is none."""
        return [read_message(line) for line in self.stdout.split("\n") if line]

    @cached_property
    def catalog(self) -> Json:
        value = json.loads(self.stdout)
        assert isinstance(value, dict)
        return value

    @cached_property
    def by_stream(self) -> dict[str, list[Json]]:
        """The records of each stream of which there are any, in their order."""
        found: dict[str, list[Json]] = {}
        for message in self.messages:
            if message["type"] == "RECORD":
                found.setdefault(message["stream"], []).append(message["record"])
        return found

    def records(self, stream: str) -> list[Json]:
        return self.by_stream.get(stream, [])

    def record(self, stream: str, id: int) -> Json:
        """The last version of the record with this id."""
        return next(row for row in reversed(self.records(stream)) if row["id"] == id)

    def ids(self, stream: str) -> list[int]:
        return [row["id"] for row in self.records(stream)]

    @cached_property
    def schemas(self) -> dict[str, Json]:
        """The last SCHEMA message of each stream."""
        return {m["stream"]: m for m in self.messages if m["type"] == "SCHEMA"}

    @cached_property
    def states(self) -> list[Json]:
        return [m["value"] for m in self.messages if m["type"] == "STATE"]

    @property
    def state(self) -> Json:
        return self.states[-1]

    def bookmark(self, stream: str) -> Any:
        """The date in the last state up to which the stream was read."""
        return self.state["bookmarks"].get(stream, {}).get("date_modified")

    def logged(self, *levels: str) -> list[str]:
        """The lines on standard error of these levels (WARNING, CRITICAL, ...); none given: all."""
        lines = self.stderr.splitlines()
        return [line for line in lines if not levels or line.split(" ", 1)[0] in levels]


def read_message(line: str) -> Json:
    """One line of standard output, with numbers as they stand there."""
    message: Json = json.loads(line, parse_float=Decimal)
    assert message["type"] in TYPES, line[:200]
    return message


def settings(store: Store, **more: Any) -> Json:
    return {
        "store_hash": store.store_hash,
        "access_token": store.access_token,
        "api_url": store.api_url,
        **more,
    }


def run(
    config: Mapping[str, Any] | str | None = None,
    catalog: Any = None,
    state: Any = None,
    env: Mapping[str, str] | None = None,
    args: Sequence[str] = (),
    timeout: float = TIMEOUT,
) -> Result:
    """Run the tap to its end.

    config, catalog and state are JSON values, which are handed over as files (a text is written
    as it is), or not at all where they are None. env is added to this process's environment.
    Fails on a traceback, and after `timeout` seconds.
    """
    if any(key.startswith("PYTHON") for key in env or {}) and env != EVERY_PAGE:
        with start(config, catalog, state, env, args) as process:
            out, err = (output.decode() for output in process.communicate(timeout=timeout))
            status = process.returncode
    else:
        with _folder(config, catalog, state) as (folder, words):
            environment = {**clean_environment(), **(env or {})}
            status = FORKS.run([*words, *args], folder, environment, timeout)
            out, err = ((folder / name).read_bytes().decode() for name in (OUT, ERR))
    assert status != -signal.SIGALRM, f"the tap did not end within {timeout} s:\n{err}"
    assert "Traceback" not in err, err
    return Result(status, out, err)


def succeed(*args: Any, **more: Any) -> Result:
    result = run(*args, **more)
    assert result.status == 0, result.stderr
    return result


def refused(*args: Any, hides: str | None = None, **more: Any) -> str:
    """The CRITICAL lines with which the tap ends; fails on a message, and if it shows `hides`."""
    result = run(*args, **more)
    assert hides is None or hides not in result.stderr
    assert (result.status, result.stdout) == (1, ""), result.stderr
    text = "\n".join(result.logged("CRITICAL"))
    assert text
    return text


@contextlib.contextmanager
def _folder(config: Any, catalog: Any, state: Any) -> Iterator[tuple[Path, list[str]]]:
    """A folder with these as files, and the options that name them."""
    with tempfile.TemporaryDirectory(prefix="tap-test-") as name:
        folder, words = Path(name), []
        for option, value in (("--config", config), ("--catalog", catalog), ("--state", state)):
            if value is not None:
                path = folder / f"{option[2:]}.json"
                path.write_text(value if isinstance(value, str) else json.dumps(value))
                words += [option, str(path)]
        yield folder, words


@contextlib.contextmanager
def start(
    config: Mapping[str, Any] | str | None = None,
    catalog: Any = None,
    state: Any = None,
    env: Mapping[str, str] | None = None,
    args: Sequence[str] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the tap as `run` does, with pipes for its output; killed if the block leaves it."""
    with _folder(config, catalog, state) as (folder, words):
        process = subprocess.Popen(
            [*COMMAND, *words, *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**clean_environment(), **(env or {})},
            cwd=folder,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
            process.wait()


def wait_until(reached: Callable[[], object], otherwise: str, timeout: float = 30.0) -> None:
    """Look again and again; fails with the words in `otherwise` when the time is over."""
    end = time.monotonic() + timeout
    while not reached():
        assert time.monotonic() < end, f"{otherwise} within {timeout:g} s"
        time.sleep(0.02)


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def discover(config: Mapping[str, Any] | None = None) -> Json:
    """The catalog that the tap discovers; without a config, that of all streams."""
    return succeed(config, args=["--discover"]).catalog


def select(
    catalog: Json,
    *streams: str,
    fields: Mapping[str, Sequence[str]] | None = None,
    without: Mapping[str, Sequence[str]] | None = None,
    write: Callable[[bool], Any] = bool,
    whole: bool = False,
    every_field: bool = False,
    **table: Any,
) -> Json:
    """A copy of the catalog in which these streams are selected, and no others.

    Of the others it has one, unless it is to be `whole`: to copy and to read all of them is much of
    what a short run costs.

    fields: of a stream, only the fields whose path begins with one of these ("products[].sku"
    takes "products" with it). without: of a stream, not the fields at these paths. every_field:
    also those that are not selected by default. write: how true and false are written. table: more
    metadata for the selected streams; _ stands for -.
    """
    entries = catalog["streams"]
    others = [entry for entry in entries if entry["tap_stream_id"] not in streams]
    left_out = {entry["tap_stream_id"] for entry in ([] if whole else others[1:])}
    kept = [entry for entry in entries if entry["tap_stream_id"] not in left_out]
    chosen = copy.deepcopy({**catalog, "streams": kept})
    extra = {key.replace("_", "-"): value for key, value in table.items()}
    for entry in chosen["streams"]:
        name = entry["tap_stream_id"]
        wanted = name in streams
        only, never = (fields or {}).get(name), (without or {}).get(name, ())
        for item in entry["metadata"]:
            place, values = tuple(item["breadcrumb"]), item["metadata"]
            if not place:
                values.update({"selected": write(wanted)}, **(extra if wanted else {}))
            elif only is not None or path_of(place) in never:
                path = path_of(place)
                stays = only is not None and any(
                    path == end or is_below(path, end) or is_below(end, path) for end in only
                )
                values["selected"] = write(stays and path not in never)
            elif every_field:
                values["selected"] = write(True)
    return chosen


def is_below(path: str, above: str) -> bool:
    return path.startswith((f"{above}.", f"{above}["))


def path_of(breadcrumb: Sequence[str]) -> str:
    """("properties", "products", "items", "properties", "sku") is "products[].sku"."""
    path, parts = "", iter(breadcrumb)
    for part in parts:
        if part == "items":
            path += "[]"
        else:
            path += ("." if path else "") + next(parts)
    return path


def some_of(cases: Sequence[Any], number: int, mark: pytest.MarkDecorator) -> list[Any]:
    """The cases as parameters, of which the quick tests take so many, evenly; the others marked."""
    chosen = {round(at * (len(cases) - 1) / max(1, number - 1)) for at in range(number)}
    return [
        case if at in chosen else pytest.param(case, marks=mark) for at, case in enumerate(cases)
    ]
