"""Runs the tap and the target as in a shell: `tap | target > state`."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIME_TO_END = 300.0
"""Seconds that a program may run; the sandbox store is read in a few."""

TIME_TO_STOP = 10.0
"""Seconds from SIGTERM until a program is killed."""


class PipelineFailed(Exception):
    """A program could not be started, or has failed; the message says which and why."""


@dataclass(frozen=True)
class Pipeline:
    """A tap, a target, and the folder with their files."""

    tap: Path
    target: Path
    folder: Path

    def prepare(self, store: Mapping[str, str]) -> None:
        """Create the folder and the config files, and remove the files of an earlier demo."""
        for program in (self.tap, self.target):
            if not program.exists() and not program.with_suffix(".exe").exists():
                raise PipelineFailed(f"{program} is missing; `make demo` installs it.")
        self.rows.mkdir(parents=True, exist_ok=True)
        for old in [*self.rows.glob("*.jsonl"), *self.folder.glob("*.json")]:
            old.unlink()
        self._write("config.json", dict(store))
        self._write("target.json", {"destination_path": "rows", "do_timestamp_file": False})

    @property
    def rows(self) -> Path:
        """The folder for the target's files."""
        return self.folder / "rows"

    def discover(self) -> list[dict[str, Any]]:
        """Write catalog.json with --discover, and return its streams."""
        command = [str(self.tap), "--config", "config.json", "--discover"]
        with (
            (self.folder / "catalog.json").open("wb") as catalog,
            self._program(command, "discovery.log", stdout=catalog) as tap,
        ):
            self._check(tap, "discovery.log")
        streams = json.loads((self.folder / "catalog.json").read_text("utf-8"))["streams"]
        return list(streams)

    def sync(self, number: int) -> float:
        """Run a sync: number 1 without a state, later ones with the state of the previous sync.

        Returns its duration in seconds.
        """
        command = [str(self.tap), "--config", "config.json", "--catalog", "catalog.json"]
        if number > 1:
            command += ["--state", f"state-{number - 1}.json"]
        began = time.monotonic()
        with (
            (self.folder / f"state-{number}.json").open("wb") as state,
            self._program(command, f"tap-{number}.log", stdout=subprocess.PIPE) as tap,
            self._program(
                [str(self.target), "--config", "target.json"],
                f"target-{number}.log",
                stdin=tap.stdout,
                stdout=state,
            ) as target,
        ):
            # Only the target keeps the pipe open now, so that the tap notices when it dies.
            if tap.stdout is not None:
                tap.stdout.close()
            self._check(target, f"target-{number}.log")
            self._check(tap, f"tap-{number}.log")
        return time.monotonic() - began

    def _write(self, name: str, value: Any) -> None:
        (self.folder / name).write_text(json.dumps(value, indent=2) + "\n", "utf-8")

    @contextlib.contextmanager
    def _program(
        self, command: Sequence[str], log: str, **pipes: Any
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A running program, which is stopped when the block ends."""
        environment = {
            # Without settings for another store.
            name: value
            for name, value in os.environ.items()
            if not name.startswith("TAP_BIGCOMMERCE_")
        }
        with (self.folder / log).open("wb") as stderr:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stderr=stderr,
                **{"stdin": subprocess.DEVNULL, **pipes},
            )
        try:
            yield process
        finally:
            _stop(process)

    def _check(self, process: subprocess.Popen[bytes], log: str) -> None:
        """Wait until the program has ended. Raises PipelineFailed if it has failed."""
        try:
            status = process.wait(TIME_TO_END)
            result = f"ended with status {status}"
        except subprocess.TimeoutExpired:
            status, result = None, f"was still running after {TIME_TO_END:g} seconds"
        if status != 0:
            path = self.folder / log
            end = "\n".join(path.read_text("utf-8", errors="replace").splitlines()[-8:])
            name = Path(str(process.args[0])).name  # type: ignore[index]  # a list, as given
            raise PipelineFailed(f"{name} {result}. The end of {path}:\n{end}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(TIME_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
