"""A tap whose standard error is a terminal, and what a person sees there."""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pexpect
import pyte
import tap_runner


class Watched:
    """A tap under way on a terminal of `size` columns and rows."""

    def __init__(self, process: pexpect.spawn, size: tuple[int, int]) -> None:
        self.process = process
        self._screen = pyte.HistoryScreen(*size, history=5000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)

    def _show(self, seconds: float) -> bool:
        """Show what the tap writes within this time. False: it writes no more."""
        with contextlib.suppress(pexpect.TIMEOUT):
            try:
                self._stream.feed(self.process.read_nonblocking(65536, timeout=seconds))
            except pexpect.EOF:
                return False
        return True

    def rows(self) -> list[str]:
        """The rows on the screen."""
        return [line.rstrip() for line in self._screen.display]

    def all_rows(self) -> list[str]:
        """The rows on the screen, after those that have left it at the top."""
        columns = range(self._screen.columns)
        history = self._screen.history.top
        above = ["".join(line[x].data for x in columns).rstrip() for line in history]
        return above + self.rows()

    def wait_for(self, words: str) -> str:
        """The screen once it shows `words`."""
        tap_runner.wait_until(
            lambda: self._show(0.05) and words in "\n".join(self.rows()), f"{words!r} never came"
        )
        return "\n".join(self.rows())

    def end(self, signum: int | None = None) -> int:
        """Its exit status, after this signal. All that it has shown is on the screen then."""
        if signum is not None:
            self.process.kill(signum)
        until = time.monotonic() + 60
        while self._show(0.2):
            assert time.monotonic() < until, "the terminal is written to without end"
        status: int = self.process.wait()
        return status


@contextlib.contextmanager
def watched(
    folder: Path,
    config: Mapping[str, Any],
    *args: str,
    catalog: Any = None,
    size: tuple[int, int] = (120, 30),
    **environment: str,
) -> Iterator[Watched]:
    """Start a tap with a terminal for standard error; its messages go to `messages.jsonl`."""
    words = [*tap_runner.COMMAND, "--config", "config.json", *args]
    (folder / "config.json").write_text(json.dumps(config))
    if catalog is not None:
        (folder / "catalog.json").write_text(json.dumps(catalog))
        words += ["--catalog", "catalog.json"]
    variables = {"TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    env = {**tap_runner.clean_environment(), **variables, **environment}
    process = pexpect.spawn(
        "sh",
        ["-c", 'exec "$@" >messages.jsonl </dev/null', "sh", *words],
        cwd=str(folder),
        # These would hide the terminal's own size.
        env={name: value for name, value in env.items() if name not in ("COLUMNS", "LINES")},
        dimensions=size[::-1],
        ignore_sighup=True,
    )
    try:
        yield Watched(process, size)
    finally:
        process.close(force=True)


def records(folder: Path, stream: str | None = None) -> list[Any]:
    """The ids of the records that a tap in this folder has written."""
    messages = map(json.loads, (folder / "messages.jsonl").read_text().splitlines())
    found = [message for message in messages if message["type"] == "RECORD"]
    return [m["record"]["id"] for m in found if stream in (None, m["stream"])]
