"""The command line. It imports what a command needs when it needs it, so that --help is quick."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tap_bigcommerce.version import VERSION

if TYPE_CHECKING:
    pass


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tap; returns the exit status."""
    parser = _parser()
    given = parser.parse_args(argv)
    if given.help or given.version:
        return _say(parser.format_help() if given.help else f"tap-bigcommerce {VERSION}\n")
    misfit = _misfit(given)
    if misfit:
        parser.error(misfit)
    from tap_bigcommerce import audience, run  # only once they are needed

    return run.run(
        run.Options(
            config=tuple(given.config),
            discover=given.discover,
            catalog=given.catalog,
            state=given.state,
            select=tuple(given.select),
            full_refresh=tuple(given.full_refresh),
            test=given.test,
            command=_command(given),
            credentials=given.init,
            force=given.force,
            start_date=given.start_date,
            format=given.format or "text",
            wishes=audience.Wishes(
                log_level=given.log_level,
                log_format=given.log_format,
                quiet=given.quiet,
                progress_every=given.progress_every,
                report=given.report,
            ),
        ),
        dict(os.environ),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tap-bigcommerce",
        add_help=False,  # argparse would not say where it cannot write it.
        description=(
            "Reads a BigCommerce store over its REST API and writes Singer messages to standard "
            "output. Without --catalog, everything that is selected by default is read; without "
            "--state, from the start."
        ),
        epilog=(
            "Every setting can also come from the environment, as TAP_BIGCOMMERCE_STORE_HASH, "
            "TAP_BIGCOMMERCE_ACCESS_TOKEN and so on."
        ),
    )
    parser.add_argument(
        "-c",
        "--config",
        action="append",
        default=[],
        metavar="FILE",
        help="JSON file with the settings; may be given several times, the last one wins. ENV: "
        "take them from the environment alone",
    )
    parser.add_argument(
        "-d",
        "--discover",
        action="store_true",
        help="write the catalog of what this store and token offer, and end",
    )
    parser.add_argument(
        "--catalog", metavar="FILE", help="JSON file that says what to read (from --discover)"
    )
    parser.add_argument(
        "-p", "--properties", dest="catalog", metavar="FILE", help="the old name of --catalog"
    )
    parser.add_argument(
        "-s", "--state", metavar="FILE", help="JSON file with the last STATE of the run before"
    )
    parser.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="RULE",
        help="what to read, as orders.*, orders.products.sku, '!**.*email*' or '!personal'; may be "
        "given several times, or hold several with commas",
    )
    parser.add_argument(
        "--full-refresh",
        action="append",
        default=[],
        metavar="STREAM",
        help="read this stream as if for the first time, whatever the state says; may be given "
        "several times",
    )
    parser.add_argument(
        "--log-level",
        choices=["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        metavar="LEVEL",
        help="DEBUG, INFO (default), WARNING, ERROR or CRITICAL",
    )
    parser.add_argument(
        "--log-format",
        default="text",
        choices=["text", "json"],
        metavar="FORMAT",
        help="text (default), or json: an object a line",
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="no progress, and no log but warnings and errors"
    )
    parser.add_argument(
        "--progress-every",
        type=_seconds,
        default=30.0,
        metavar="SECONDS",
        help="how often to log how a sync goes where standard error is no terminal (default: 30)",
    )
    parser.add_argument(
        "--report",
        metavar="FILE.html",
        help="write a page about the sync when it ends, however it ends",
    )
    _add_first_hour(parser)
    parser.add_argument("-h", "--help", action="store_true", help="show this, and end")
    parser.add_argument("--version", action="store_true", help="show the version, and end")
    return parser


def _say(text: str) -> int:
    """Write a text to standard output; returns the exit status."""
    try:
        if sys.stdout is None:
            raise OSError(errno.EBADF, "it is closed")
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        if sys.stderr is not None:
            print(f"CRITICAL Standard output cannot be written: {error.strerror}.", file=sys.stderr)
        # What is still held would fail once more at the end.
        os._exit(1)
    return 0


def _add_first_hour(parser: argparse.ArgumentParser) -> None:
    """The options of a person's first hour: set up, check, understand."""
    group = parser.add_argument_group("instead of a sync")
    group.add_argument(
        "--init",
        metavar="CREDENTIALS",
        help="write the config that follows from the credentials file of a new API account (-: "
        "standard input): to the new file that --config names, or to standard output",
    )
    group.add_argument(
        "--force", action="store_true", help="with --init: write over a config that is there"
    )
    group.add_argument(
        "--start-date", metavar="DATE", help="with --init: the start_date of the config"
    )
    group.add_argument(
        "--check",
        action="store_true",
        help="say what the token may read, how much there is to read and what a sync will take; "
        "status 1 if a selected stream cannot be read",
    )
    group.add_argument(
        "--test",
        action="store_true",
        help="write one record of each stream and no STATE, then end: do the settings work?",
    )
    group.add_argument(
        "--list",
        action="store_true",
        help="show the streams and fields that would be read, and what they cost in requests",
    )
    group.add_argument(
        "--about", action="store_true", help="tell the settings, the streams and the capabilities"
    )
    group.add_argument(
        "--audit",
        action="store_true",
        help="compare what the API counts, lists and what the state says was written; write what "
        "differs, and end with status 1 if anything does",
    )
    group.add_argument(
        "--format",
        choices=["text", "json", "markdown"],
        help="how --check (text, json) and --about (text, json, markdown) answer",
    )


def _command(given: argparse.Namespace) -> str:
    """What is to be done: discover, init, check, list, about, audit or sync."""
    if given.init is not None:
        return "init"
    return next(
        (name for name in ("discover", "check", "list", "about", "audit") if getattr(given, name)),
        "sync",
    )


def _misfit(given: argparse.Namespace) -> str | None:
    """Why the options do not go together; None: they do."""
    commands = {
        "--discover": given.discover,
        "--init": given.init is not None,
        "--check": given.check,
        "--test": given.test,
        "--list": given.list,
        "--about": given.about,
        "--audit": given.audit,
    }
    wanted = [name for name, is_wanted in commands.items() if is_wanted]
    if len(wanted) > 1:
        return f"{' and '.join(wanted)} do not go together: ask for one of them"
    command = _command(given)
    files = {
        "--config": given.config,
        "--catalog": given.catalog,
        "--state": given.state,
        "--select": given.select,
    }
    if command in ("init", "about"):
        if command == "init":
            del files["--config"]
        useless = [name for name, value in files.items() if value]
        if useless:
            return f"--{command} needs no settings and no files: leave {', '.join(useless)} away"
    if command == "init" and (len(given.config) > 1 or "ENV" in given.config):
        return "--init writes one config: name one file with --config"
    if given.force and not (command == "init" and given.config):
        return "--force goes with --init and --config only"
    if given.start_date is not None and command != "init":
        return "--start-date goes with --init only; a sync takes start_date from its settings"
    if given.format is not None and command not in ("check", "about"):
        return "--format goes with --check and --about only"
    if given.format == "markdown" and command == "check":
        return "--check answers with --format text or json"
    if given.test and given.state:
        return "--test reads one record of each stream, wherever a sync stands: leave --state away"
    if given.full_refresh and (command != "sync" or given.test):
        return "--full-refresh goes with a sync only"
    if given.report is not None and command != "sync":
        return f"--report is about a sync: it does not go with --{command}"
    return None


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 1_000_000:
        raise argparse.ArgumentTypeError("a number of seconds above 0 is expected")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
