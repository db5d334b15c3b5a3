"""Whoever hears and sees of a run: its log, its progress and its report, as the options say."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tap_bigcommerce.config import Config
from tap_bigcommerce.display import Secrets, passwords_of_proxies
from tap_bigcommerce.files import Unusable
from tap_bigcommerce.lines import log_lines
from tap_bigcommerce.log import Displayed, set_up
from tap_bigcommerce.tracker import ProgressTracker

LOGGER = logging.getLogger(__name__)

CANNOT_MOVE = ("dumb", "unknown")
"""Values of TERM of terminals that can only write on."""


@dataclass(frozen=True)
class Wishes:
    """What the command line says about it.

    `log_level` None: INFO, and WARNING when `quiet`. `progress_every` is in seconds, and counts
    where there is no terminal. `report` is the file to write the report to.
    """

    log_level: str | None = None
    log_format: str = "text"
    quiet: bool = False
    progress_every: float = 30.0
    report: str | None = None


class Audience:
    """Sets the log up. A run tells its `tracker`, and `ended` at its end.

    `secrets` are hidden in whatever it hears and sees.
    """

    def __init__(self, wishes: Wishes, environment: Mapping[str, str]) -> None:
        self._wishes = wishes
        level = wishes.log_level or ("WARNING" if wishes.quiet else "INFO")
        self.secrets = Secrets()
        self.secrets.learn(passwords_of_proxies(environment))
        displayed = Displayed(self.secrets)
        self._log = set_up(level, wishes.log_format, displayed)
        self._terminal = _shows_bars(environment)
        self.tracker = ProgressTracker()
        self._report = None
        if wishes.report is not None:
            from tap_bigcommerce.report.report import Report  # for those who want one

            self._report = Report(wishes.report, self.tracker)
            self._report.addFilter(displayed)
            logging.getLogger().addHandler(self._report)

    def expect(self, config: Config) -> None:
        """A store is about to be read with these settings.

        Raises ConfigError where the report could not be written in the end.
        """
        # Said once, before anything is read.
        report, self._report = self._report, None
        if report is not None:
            report.store = config.store_hash
            report.check_place()
            self._report = report

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Show how the run goes on meanwhile."""
        if self._wishes.quiet:
            yield
        elif self._terminal:
            from tap_bigcommerce.bar import bars  # takes its time to import

            with bars(self.tracker, sys.stderr) as self._log.say:
                try:
                    yield
                finally:
                    self._log.say = None
        else:
            with log_lines(self.tracker, self._wishes.progress_every):
                yield

    def ended(self, status: int) -> int:
        """The run has ended with this exit status, which is returned: write the report."""
        if self._report is not None:
            try:
                self._report.write(status, self.secrets)
            except (OSError, Unusable) as error:
                LOGGER.error(
                    "The report %s cannot be written: %s. The run itself is not concerned.",
                    self._wishes.report,
                    getattr(error, "strerror", None) or error,
                )
        return status


def _shows_bars(environment: Mapping[str, str]) -> bool:
    """Whether bars can be drawn: not where the messages go to the same terminal."""
    if sys.stderr is None or sys.stdout is None:  # closed by whoever started the tap
        return False
    return (
        sys.stderr.isatty()
        and not os.isatty(sys.stdout.fileno())
        and environment.get("TERM") not in CANNOT_MOVE
    )
