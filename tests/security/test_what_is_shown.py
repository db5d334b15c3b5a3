"""What comes from outside is one printable line; a command that cannot write says so."""

import io
import json
import logging
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_store import Answer, Reply, config, coupons, rows, serving
from tap_runner import COMMAND, LOG_TIME, Json, Result, clean_environment, run, some_of, succeed

from tap_bigcommerce.progress.logging_setup import FORMATS, redacting_filter
from tap_bigcommerce.text import Secrets

LEVELS = ("INFO ", "WARNING ", "ERROR ", "CRITICAL ")
FORGED = "FORGED"
LINE_BREAKS = ("\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029")
CONTROLS = (
    "\x1b[2J\x1b]0;title\x07",  # clears a terminal, and names its window
    "\x9b31m",  # the same as one character, C1
    "\x7f\x08\x08",
    "\u202egnp.exe",  # from right to left
    "\u2066\u200b\ufeff",  # unseen
    "\ud83d\ude00",  # a pair of surrogates, which is a character
)
HOSTILE = [
    *(f"x{end}CRITICAL {FORGED}" for end in LINE_BREAKS),
    f'x\nMETRIC: {{"type": "{FORGED}"}}',
    *CONTROLS,
    "k" * 1_000_000,
    "w " * 500_000,
]


def said_by(path: str, status: int, words: str) -> Answer:
    """Answers with these words of the API where the path holds `path`, and with nothing else."""

    def answer(asked: str, headers: dict[str, str]) -> Reply:
        if path in asked:
            return status, json.dumps([{"status": status, "message": words}]).encode()
        return 200, b"[]"

    return answer


def shown_well(text: str, *, most: int = 4200) -> list[str]:
    """The lines of what was shown: printable, and none longer than a person reads."""
    lines = text.split("\n")
    for line in lines:
        assert line.isprintable(), repr(line)[:300]
        assert len(line) <= most, f"{len(line)} characters: {line[:300]}"
    return [line for line in lines if line]


def logged_well(result: Result) -> None:
    """Each line of the log is the tap's own; what was forged stands inside of one, if at all."""
    lines = shown_well(result.stderr)
    assert lines
    for line in lines:
        assert line.startswith(LEVELS), line[:300]
        assert not line.startswith(tuple(f"{level}{FORGED}" for level in LEVELS))
        assert "METRIC" not in line or FORGED not in line or not line.startswith("INFO METRIC")


@pytest.fixture(scope="module")
def catalog() -> Json:
    return coupons()


def test_keys_of_rows_make_no_lines_of_the_log_or_the_report(catalog: Json, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    with serving(rows({"id": 1, **dict.fromkeys(HOSTILE, 1)})) as url:
        result = succeed(config(url), catalog, args=["--report", str(report)])
    logged_well(result)
    named = [line for line in result.logged("WARNING") if "new to the schema" in line]
    assert len(named) == 10
    assert all(len(line) < 400 for line in named)
    body = report.read_text("utf-8").partition("<body>")[2]
    shown_well(body, most=100_000)
    assert f"x\\nCRITICAL {FORGED}" in body


@pytest.mark.parametrize("words", ["".join(HOSTILE[:-2]), *HOSTILE[-2:]], ids=["odd", "k", "w"])
@pytest.mark.parametrize("format_", ["text", "json"])
def test_the_apis_words_make_no_lines_of_the_log(catalog: Json, words: str, format_: str) -> None:
    with serving(said_by("/v2/coupons", 400, words)) as url:
        result = run(config(url), catalog, args=["--log-format", format_])
    assert result.status == 1
    if format_ == "text":
        logged_well(result)
    for line in shown_well(result.stderr) if format_ == "json" else ():
        assert json.loads(line)["message"].isprintable()


def test_a_check_and_an_audit_show_them_as_the_log_does(catalog: Json) -> None:
    odd = "".join(HOSTILE[:-2])

    def answer(path: str, headers: dict[str, str]) -> Reply:
        if "/store" in path.partition("/v2")[2]:
            return 200, json.dumps({"name": odd, "timezone": {"name": odd}}).encode()
        return said_by("/v2/coupons", 400, odd)(path, headers)

    with serving(answer) as url:
        for args in (["--check"], ["--audit"]):
            result = run(config(url), catalog, args=args)
            assert result.status == 1
            lines = shown_well(result.stdout)
            assert any(FORGED in line for line in lines)
            assert not any(line.startswith(("CRITICAL", "METRIC")) for line in lines)
            shown_well(result.stderr)


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_traceback_has_lines_of_its_own_only(format_: str) -> None:
    secrets, written = Secrets(), io.StringIO()
    secrets.add(["t0ken-in-the-text"])
    handler = logging.StreamHandler(written)
    handler.addFilter(redacting_filter(secrets))
    handler.setFormatter(FORMATS[format_])
    logger = logging.Logger("a test")
    logger.addHandler(handler)
    try:
        try:
            raise KeyError(HOSTILE[0])
        except KeyError as error:
            raise ValueError("".join(HOSTILE) + "t0ken-in-the-text") from error
    except ValueError:
        logger.critical("An error", exc_info=True)
    text = written.getvalue()
    lines = shown_well(re.sub(LOG_TIME, "", text), most=20_000 if format_ == "json" else 4_200)
    assert "t0ken" not in text
    assert "Traceback" in text
    assert FORGED in text
    assert sum(line.startswith(LEVELS) for line in lines) == (format_ == "text")


COMMANDS = (
    "--discover",
    "--check",
    "--list",
    "--about",
    "--audit",
    "--init",
    "--version",
    "--help",
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(rows()) as url:
        yield url


ENDS = ["exec {} >/dev/full", "exec {} >&-", "{} | true"]


@pytest.mark.parametrize("end", some_of(ENDS, 1, pytest.mark.kills))
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_cannot_write_says_so(
    address: str, command: str, end: str, tmp_path: Path
) -> None:
    words = [*COMMAND, command]
    if command == "--init":
        file = tmp_path / "credentials.txt"
        path = "https://api.bigcommerce.com/stores/abc123/v3/"
        file.write_text(f"ACCESS TOKEN: t0ken\nAPI PATH: {path}\n")
        words.append(str(file))
    elif command in ("--discover", "--check", "--list", "--audit"):
        settings = tmp_path / "config.json"
        settings.write_text(json.dumps(config(address)))
        words += ["--config", str(settings)]
    # `true` reads nothing and ends; by the time that the tap writes, it is gone.
    script = f"set -o pipefail; {end.format(' '.join(words))}"
    ended = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=clean_environment(), timeout=60
    )
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    assert any(words in ended.stderr for words in ("Standard output", "target stopped reading")), (
        ended.stderr
    )
