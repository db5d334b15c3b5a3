"""The options of the command line, and which of them go together."""

from __future__ import annotations

import argparse

COMMANDS = {
    "discover": "write the catalog of what this store and token offer",
    "check": "say what the token may read, how much there is to read and what a sync will take; "
    "status 1 if a selected stream cannot be read",
    "test": "write one record of each stream and no STATE: do the settings work?",
    "list": "show the streams and fields that would be read, and what they cost in requests",
    "about": "tell the settings, the streams and the capabilities",
    "audit": "compare what the API counts, lists and what the state says was written; write what "
    "differs, and end with status 1 if anything does",
}
"""What can be done instead of a sync, beside --init, which takes a file."""


class Options(argparse.Namespace):
    """What the command line says; files by name.

    `log_level` None: INFO, and WARNING when `quiet` and for a check. `progress_every` is in
    seconds, and counts where there is no terminal. `report` is the file to write the report to.
    """

    config: list[str]
    catalog: str | None
    state: str | None
    select: list[str]
    full_refresh: list[str]
    log_level: str | None
    log_format: str
    quiet: bool
    progress_every: float
    report: str | None
    help: bool
    version: bool
    credentials: str
    force: bool
    start_date: str | None
    commands: list[str]
    format: str

    @property
    def command(self) -> str:
        """What is to be done: one of COMMANDS, "init" or "sync"."""
        return "init" if self.credentials is not None else [*self.commands, "sync"][0]

    def conflict(self) -> str | None:
        """Why the options do not go together; None: they do."""
        command = self.command
        commands = dict.fromkeys([command, *self.commands])
        if len(commands) > 1:
            return f"--{' and --'.join(commands)} do not go together: ask for one of them"
        files = ["catalog", "state", "select", *(["config"] if command == "about" else [])]
        useless = ", ".join(f"--{name}" for name in files if getattr(self, name))
        if useless and command in ("init", "about"):
            return f"--{command} needs no settings and no files: leave {useless} away"
        if command == "init" and (len(self.config) > 1 or "ENV" in self.config):
            return "--init writes one config: name one file with --config"
        if self.force and not (command == "init" and self.config):
            return "--force goes with --init and --config only"
        if self.start_date is not None and command != "init":
            return "--start-date goes with --init only; a sync takes start_date from its settings"
        if self.format != "text" and command not in ("check", "about"):
            return "--format goes with --check and --about only"
        if self.format == "markdown" and command == "check":
            return "--check answers with --format text or json"
        if self.state and command == "test":
            return (
                "--test reads one record of each stream, wherever a sync stands: leave --state away"
            )
        if not 0 < self.progress_every < 1_000_000:
            return "--progress-every: a number of seconds above 0 is expected"
        if self.full_refresh and command != "sync":
            return "--full-refresh goes with a sync only"
        if self.report is not None and command not in ("sync", "test"):
            return f"--report is about a sync: it does not go with --{command}"
        return None


def parser() -> argparse.ArgumentParser:
    """What reads Options."""
    parser = argparse.ArgumentParser(
        prog="tap-bigcommerce",
        add_help=False,  # argparse would not say where it cannot write it.
        description="Reads a BigCommerce store over its REST API and writes Singer messages to "
        "standard output. Without --catalog, everything that is selected by default is read; "
        "without --state, from the start.",
        epilog="Every setting can also come from the environment, as TAP_BIGCOMMERCE_STORE_HASH, "
        "TAP_BIGCOMMERCE_ACCESS_TOKEN and so on.",
    )
    parser.set_defaults(config=[], select=[], full_refresh=[], commands=[])
    add = parser.add_argument
    add(
        "-c",
        "--config",
        action="append",
        metavar="FILE",
        help="JSON file with the settings; may be given several times, the last one wins. ENV: "
        "take them from the environment alone",
    )
    add("--catalog", metavar="FILE", help="JSON file that says what to read (from --discover)")
    add("-p", "--properties", dest="catalog", metavar="FILE", help="the old name of --catalog")
    add("-s", "--state", metavar="FILE", help="JSON file with the last STATE of the run before")
    add(
        "--select",
        action="append",
        metavar="RULE",
        help="what to read, as orders.*, orders.products.sku, '!**.*email*' or '!personal'; may be "
        "given several times, or hold several with commas",
    )
    add(
        "--full-refresh",
        action="append",
        metavar="STREAM",
        help="read this stream as if for the first time, whatever the state says; may be given "
        "several times",
    )
    levels = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    add("--log-level", choices=levels, help="default: INFO")
    add("--log-format", default="text", choices=["text", "json"], help="json: an object a line")
    add("-q", "--quiet", action="store_true", help="no progress, no log but warnings and errors")
    add(
        "--progress-every",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="how often to log how a sync goes where standard error is no terminal (default: 30)",
    )
    add("--report", metavar="FILE.html", help="write a page about the sync, however it ends")
    add("-h", "--help", action="store_true", help="show this, and end")
    add("--version", action="store_true", help="show the version, and end")
    add = parser.add_argument_group("instead of a sync").add_argument
    add(
        "--init",
        dest="credentials",
        metavar="CREDENTIALS",
        help="write the config that follows from the credentials file of a new API account (-: "
        "standard input): to the new file that --config names, or to standard output",
    )
    add("--force", action="store_true", help="with --init: write over a config that is there")
    add("--start-date", metavar="DATE", help="with --init: the start_date of the config")
    for name, meaning in COMMANDS.items():
        names = ["-d", "--discover"] if name == "discover" else [f"--{name}"]
        add(*names, action="append_const", dest="commands", const=name, help=meaning)
    formats = ["text", "json", "markdown"]
    add("--format", default="text", choices=formats, help="with --check (no markdown) and --about")
    return parser
