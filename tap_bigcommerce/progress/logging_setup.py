"""Sets up the log on standard error: text or JSON, without secrets."""

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from tap_bigcommerce.text import Secrets, one_line

METRIC = "METRIC: "
"""The beginning of log lines for programs, as singer-python writes them."""


def redacting_filter(secrets: Secrets) -> Callable[[logging.LogRecord], bool]:
    """A logging filter that makes each message one printable line without secrets.

    The lines of a traceback are put into the record's `exc_text`.
    """

    def redacted(text: str) -> str:
        return one_line(secrets.hide(text))

    def change(record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if not message.startswith(METRIC):  # Made by `metrics`, of names and numbers.
            record.msg, record.args = redacted(message), ()
        if record.exc_info:
            lines = []
            for part in traceback.format_exception(*record.exc_info):
                # Frames show source code. Other parts have texts of errors, which are not trusted:
                # line breaks in them are escaped.
                is_frame = part.startswith(("  File ", "Traceback "))
                lines += part.splitlines() if is_frame else [part.rstrip("\n")]
            record.exc_text = "\n".join(map(redacted, lines))
        return True

    return change


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time (UTC), level, logger, message, and metric or traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a JSON object."""
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


TEXT = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
TEXT.converter = time.gmtime
"""The time (UTC), the level and the message: `2026-01-05T10:00:00Z INFO orders: reading`."""

FORMATS = {"text": TEXT, "json": JsonFormatter()}
"""The values of the setting `log_format`."""


class LogHandler(logging.StreamHandler):  # type: ignore[type-arg]  # Python 3.10 has no argument
    """Writes to standard error, or through `write_line(line, level)` while bars are shown."""

    write_line: Callable[[str, str], object] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line. Errors, such as a closed standard error, do not stop the tap."""
        if self.write_line is not None:
            self.write_line(self.format(record), record.levelname)
        else:
            super().emit(record)


def set_up_logging(secrets: Secrets) -> LogHandler:
    """Send this process's log, without `secrets`, to standard error and return its handler.

    Its formatter, one of FORMATS, and the log's level are set when the settings are known.
    """
    # METRIC lines are for programs. On a terminal they would hide everything else.
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    output, root = LogHandler(sys.stderr), logging.getLogger()
    output.addFilter(
        lambda record: (
            root.level == logging.DEBUG or not is_terminal or not str(record.msg).startswith(METRIC)
        )
    )
    output.addFilter(redacting_filter(secrets))
    # Replaces the handler that singer-python has installed.
    root.handlers[:] = [output]
    # Its warnings have tracebacks (about a bad header, for example). The client logs what matters.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    return output
