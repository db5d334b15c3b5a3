"""The log on standard error: as text, or a JSON object a line; it can give way to a bar."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

FORMATS = ("text", "json")

METRIC = "METRIC: "
"""What singer-python's lines for programs begin with."""

Say = Callable[[str, int], None]
"""Shows a line, of a level as `logging` numbers them."""


class TextFormat(logging.Formatter):
    """LEVEL and the message, as Singer programs write them."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(message)s")


class JsonFormat(logging.Formatter):
    """One object a line: time (UTC), level, logger, message; metric or traceback where there is
    one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        moment = datetime.fromtimestamp(record.created, timezone.utc)
        message = record.getMessage()
        entry: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
        }
        if message.startswith(METRIC):
            entry["metric"] = json.loads(message[len(METRIC) :])
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


class LogOutput(logging.Handler):
    """Writes to standard error, or through whatever shows something below the lines there.

    `with_metrics`: the lines for programs, too.
    """

    def __init__(self, *, with_metrics: bool) -> None:
        super().__init__()
        self._say: Say | None = None
        self._with_metrics = with_metrics

    def give_way(self, say: Say | None) -> None:
        """Write lines through `say` from now on; None: to standard error itself."""
        self.acquire()
        try:
            self._say = say
        finally:
            self.release()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        if not self._with_metrics and str(record.msg).startswith(METRIC):
            return
        try:
            line = self.format(record)
            if self._say is not None:
                self._say(line, record.levelno)
            else:
                sys.stderr.write(line + "\n")
                sys.stderr.flush()
        except (OSError, ValueError, AttributeError):
            # Standard error is closed, or was never there: no reason to stop.
            self.handleError(record)


def set_up(level: str, format_: str) -> LogOutput:
    """Send the log of this process to standard error, in one of FORMATS."""
    # A METRIC line a request is for programs: on a terminal nobody could read anything else.
    seen = sys.stderr is not None and sys.stderr.isatty()
    output = LogOutput(with_metrics=not seen or level == "DEBUG")
    output.setFormatter(JsonFormat() if format_ == "json" else TextFormat())
    root = logging.getLogger()
    # singer-python has given it a handler of its own.
    root.handlers[:] = [output]
    root.setLevel(level)
    logging.getLogger("urllib3").setLevel(logging.INFO)
    return output
