"""`tap | target > state`, to its end or killed on the way."""

import contextlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tap_runner
from tap_runner import Json

from tap_bigcommerce_sandbox import Store

TIME_TO_END = 300.0


@dataclass(frozen=True)
class Load:
    """What a load left. state: the target's last one, None if it wrote none.

    schemas: the last one of each stream that the tap sent, that of its tombstones aside.
    """

    tap_status: int
    target_status: int
    state: Json | None
    schemas: dict[str, Json]
    lines: int
    records: int
    log: str

    @property
    def well(self) -> bool:
        return self.tap_status == self.target_status == 0


@dataclass(frozen=True)
class Kill:
    """Both programs, or the tap alone, are killed at a STATE.

    It is the first one after so many lines: what the next run leaves out is then missing, and not
    in rows that the target has read but no STATE covers.
    """

    after: int
    target_too: bool


def load(
    store: Store,
    target: Sequence[str],
    folder: Path,
    catalog: Json,
    state: Json | None = None,
    kill: Kill | None = None,
    **more: Any,
) -> Load:
    config = tap_runner.settings(store, **more)
    states, log = folder / "states.jsonl", folder / "target.log"
    lines = records = 0
    schemas: dict[str, Json] = {}
    with (
        tap_runner.start(
            config, catalog, state, tap_runner.EVERY_PAGE, ("--log-level", "WARNING")
        ) as tap,
        states.open("wb") as out,
        log.open("wb") as err,
        subprocess.Popen(target, stdin=subprocess.PIPE, stdout=out, stderr=err) as loader,
        contextlib.ExitStack() as at_the_end,
    ):
        at_the_end.callback(loader.kill)
        assert tap.stdout is not None
        assert loader.stdin is not None
        try:
            for line in tap.stdout:
                loader.stdin.write(line)
                lines += 1
                if line.startswith(b'{"type":"RECORD"'):
                    records += 1
                elif line.startswith(b'{"type":"SCHEMA"'):
                    message = json.loads(line)
                    before = schemas.get(message["stream"], {"properties": {}})
                    if len(message["schema"]["properties"]) > len(before["properties"]):
                        schemas[message["stream"]] = message["schema"]
                at_state = line.startswith(b'{"type":"STATE"')
                if kill is not None and at_state and lines >= kill.after:
                    tap.kill()
                    if kill.target_too:
                        loader.kill()
                    break
            loader.stdin.close()
        except BrokenPipeError:
            tap.kill()  # the target's status and log say why it went
        target_status = loader.wait(TIME_TO_END)
        tap.stdout.close()
        said = tap.communicate(timeout=TIME_TO_END)[1]
    words = said.decode() + log.read_text("utf-8", errors="replace")[-3000:]
    return Load(tap.returncode, target_status, _last(states), schemas, lines, records, words)


def _last(states: Path) -> Json | None:
    whole = [line for line in states.read_text("utf-8").splitlines() if line]
    return json.loads(whole[-1]) if whole else None
