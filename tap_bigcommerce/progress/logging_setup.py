"""The log on standard error: as text, or a JSON object a line; or above bars there."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from tap_bigcommerce.text import Secrets, one_line

METRIC = "METRIC: "
"""What singer-python's lines for programs begin with."""


def redacting_filter(secrets: Secrets) -> Callable[[logging.LogRecord], bool]:
    """A filter that makes of each record what may be shown: one line, without secrets.

    A traceback goes into `exc_text`, line by line.
    """

    def shown(text: str) -> str:
        return one_line(secrets.hide(text))

    def change(record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if not message.startswith(METRIC):  # Made by `progress`, of our own words and figures.
            record.msg, record.args = shown(message), ()
        if record.exc_info:
            lines = []
            for part in traceback.format_exception(*record.exc_info):
                # Frames are our own code; whatever else is said may hold anything.
                own = part.startswith(("  File ", "Traceback "))
                lines += part.splitlines() if own else [part.rstrip("\n")]
            record.exc_text = "\n".join(map(shown, lines))
        return True

    return change


class JsonFormatter(logging.Formatter):
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
        if record.exc_text:
            entry["traceback"] = record.exc_text
        return json.dumps(entry, ensure_ascii=False)


FORMATS = {"text": logging.Formatter("%(levelname)s %(message)s"), "json": JsonFormatter()}
"""By `--log-format`; text as Singer programs write it: the level and the message."""


class LogHandler(logging.StreamHandler):  # type: ignore[type-arg]  # Python 3.10 has no argument
    """Writes to standard error, or through `write_line`, above what is shown there."""

    write_line: Callable[[str, str], object] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line. Where standard error is closed, that is no reason to stop."""
        if self.write_line is not None:
            self.write_line(self.format(record), record.levelname)
        else:
            super().emit(record)


def set_up_logging(level: str, format_: str, secrets: Secrets) -> LogHandler:
    """Send the log of this process to standard error, in one of FORMATS, without these secrets."""
    # A METRIC line a request is for programs: on a terminal nobody could read anything else.
    with_metrics = level == "DEBUG" or sys.stderr is None or not sys.stderr.isatty()
    output = LogHandler(sys.stderr)
    output.addFilter(lambda record: with_metrics or not str(record.msg).startswith(METRIC))
    output.addFilter(redacting_filter(secrets))
    output.setFormatter(FORMATS[format_])
    root = logging.getLogger()
    # singer-python has given it a handler of its own.
    root.handlers[:] = [output]
    root.setLevel(level)
    # Its warnings bring tracebacks (of a bad header, for example); the client says what matters.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    return output
