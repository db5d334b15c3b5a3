"""The options of the command line, and which combinations are valid."""

import argparse

COMMANDS = {
    "discover": "write the catalog: all streams that the store has and the token may read",
    "check": "show what the token may read, how many records there are, and how many requests and "
    "how much time a sync will take; status 1 if a selected stream cannot be read",
    "test": "test the settings: write one record of each stream, and no STATE",
    "list": "show the selected streams and fields, and what they cost in requests",
    "about": "show the settings, the streams and the capabilities",
    "audit": "compare the API's counts, its lists and what the state says was written; show the "
    "differences; status 1 if there are any",
}
"""The commands besides a sync and --init, with their help texts."""


DESCRIPTION = """\
Reads a BigCommerce store over its REST API and writes Singer messages to standard output.
Without --catalog, the streams that are selected by default are read; without --state, from the
start."""

EPILOG = """\
Every setting can also be an environment variable: TAP_BIGCOMMERCE_STORE_HASH,
TAP_BIGCOMMERCE_ACCESS_TOKEN and so on. --about explains the settings and the streams. The documents
are in the folder docs of the source code; troubleshooting.md has the usual troubles.

examples:
  tap-bigcommerce --init credentials.txt --config config.json
  tap-bigcommerce --config config.json --check
  tap-bigcommerce --config config.json --state state.json | target-jsonl > next-state.json
"""


class Options(argparse.Namespace):
    """The parsed options. Files are given by their names.

    `log_level` and `log_format` None: what the settings say. `progress_every` is the
    number of seconds between two progress lines, when standard error is not a terminal. `report`
    is the file for the report.
    """

    config: list[str]
    catalog: str | None
    state: str | None
    select: list[str]
    full_refresh: list[str]
    log_level: str | None
    log_format: str | None
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
        """The command: one of COMMANDS, "init" or "sync"."""
        return "init" if self.credentials is not None else [*self.commands, "sync"][0]

    def usage_error(self) -> str | None:
        """Why the combination of options is not valid; None if it is valid."""
        command = self.command
        commands = dict.fromkeys([command, *self.commands])
        if len(commands) > 1:
            return f"use only one of --{' and --'.join(commands)}"
        files = ["catalog", "state", "select", *(["config"] if command == "about" else [])]
        unused = ", ".join(f"--{name}" for name in files if getattr(self, name))
        if unused and command in ("init", "about"):
            return f"--{command} reads no settings, catalog or state: omit {unused}"
        if command == "init" and (len(self.config) > 1 or "ENV" in self.config):
            return "--init writes one config: give one file name with --config"
        if self.force and not (command == "init" and self.config):
            return "--force is only valid with --init and --config"
        if self.start_date is not None and command != "init":
            return "--start-date is only valid with --init; else set start_date in the config"
        if self.format != "text" and command not in ("check", "about"):
            return "--format is only valid with --check and --about"
        if self.format == "markdown" and command == "check":
            return "--check supports --format text and json only"
        if self.state and command == "test":
            return "--test does not use a state: omit --state"
        if not 0 < self.progress_every < 1_000_000:
            return "--progress-every must be a number of seconds above 0"
        if self.full_refresh and command != "sync":
            return "--full-refresh is only valid for a sync"
        if self.report is not None and command not in ("sync", "test"):
            return f"--report is only valid for a sync and --test, not with --{command}"
        return None


def parser() -> argparse.ArgumentParser:
    """The parser whose namespace is an Options."""
    parser = argparse.ArgumentParser(
        prog="tap-bigcommerce",
        add_help=False,  # argparse would not report an error of standard output.
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(config=[], select=[], full_refresh=[], commands=[])
    add = parser.add_argument
    add(
        "-c",
        "--config",
        action="append",
        metavar="FILE",
        help="JSON file with the settings; may be repeated, the last one wins. ENV: use only "
        "environment variables",
    )
    add("--catalog", metavar="FILE", help="file that selects streams and fields (from --discover)")
    add("-p", "--properties", dest="catalog", metavar="FILE", help="old name of --catalog")
    add("-s", "--state", metavar="FILE", help="JSON file with the last STATE of the previous run")
    add(
        "--select",
        action="append",
        metavar="RULE",
        help="select streams and fields: orders.*, orders.products.sku, '!**.*email*', "
        "'!personal'; may be repeated, or have several rules with commas",
    )
    add(
        "--full-refresh",
        action="append",
        metavar="STREAM",
        help="read this stream as if for the first time, without its bookmark; may be repeated",
    )
    levels = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    add("--log-level", choices=levels, help="default: the setting log_level, or INFO")
    add("--log-format", choices=["text", "json"], help="json: one object per line")
    add("-q", "--quiet", action="store_true", help="no progress; log only warnings and errors")
    add(
        "--progress-every",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="how often to log the progress when standard error is not a terminal (default: 30)",
    )
    add("--report", metavar="FILE.html", help="write a report about the sync, also when it fails")
    add("-h", "--help", action="store_true", help="show this help and exit")
    add("--version", action="store_true", help="show the version and exit")
    add = parser.add_argument_group("instead of a sync").add_argument
    add(
        "--init",
        dest="credentials",
        metavar="CREDENTIALS",
        help="make a config from the credentials file of a new API account (-: standard input); "
        "write it to the new file of --config, or to standard output",
    )
    add("--force", action="store_true", help="with --init: overwrite an existing config")
    add("--start-date", metavar="DATE", help="with --init: the start_date of the config")
    for name, help_text in COMMANDS.items():
        names = ["-d", "--discover"] if name == "discover" else [f"--{name}"]
        add(*names, action="append_const", dest="commands", const=name, help=help_text)
    formats = ["text", "json", "markdown"]
    add("--format", default="text", choices=formats, help="for --check (text, json) and --about")
    return parser
