"""--init: from the file that the control panel hands out to a config."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tap_runner import COMMAND, Result, clean_environment, discover, run, select, settings

from tap_bigcommerce_sandbox import Sandbox

TOKEN, SECRET, CLIENT = "t0ken5ecret", "c1ientsecret", "cl1entid"
PATH = "https://api.bigcommerce.com/stores/abc123/v3/"

FILE = f"""ACCESS TOKEN: {TOKEN}
CLIENT NAME: warehouse
CLIENT ID: {CLIENT}
CLIENT SECRET: {SECRET}
API PATH: {PATH}
"""


CONFIG = {"store_hash": "abc123", "access_token": TOKEN, "client_id": CLIENT}


def init(tmp_path: Path, text: str | bytes, *more: str) -> Result:
    file = tmp_path / "credentials.txt"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return run(args=["--init", str(file), *more])


def test_a_config_follows_from_the_file(tmp_path: Path) -> None:
    result = init(tmp_path, FILE)
    assert result.status == 0, result.stderr
    assert json.loads(result.stdout) == CONFIG
    assert result.stderr == ""


@pytest.mark.parametrize(
    "text",
    [
        "\n\n".join(reversed(FILE.splitlines())),
        FILE.replace("CLIENT NAME", "NAME"),
        FILE.replace("\n", "\r\n"),
        FILE.replace(": ", ":\t  ").replace("ACCESS TOKEN", "Access token"),
        FILE.replace("v3/\n", "v3"),
        FILE.replace("v3/", "v2/"),
        "Keep this file safe.\n" + FILE + "Not: known",
        FILE + FILE,
        b"\xef\xbb\xbf" + FILE.encode(),
        FILE.encode("utf-16"),
        FILE.encode("utf-16-le"),
        FILE.encode("utf-16-be"),
        FILE.replace("warehouse", "entrepôt").encode("latin-1"),
    ],
    ids=[
        "reversed", "name", "windows", "blanks", "no-slash", "v2", "more-lines", "twice", "bom",
        "utf-16", "utf-16-le", "utf-16-be", "latin-1",
    ],
)  # fmt: skip
def test_the_file_may_be_written_in_many_ways(tmp_path: Path, text: str | bytes) -> None:
    result = init(tmp_path, text)
    assert result.status == 0, result.stderr
    assert json.loads(result.stdout) == CONFIG


@pytest.mark.parametrize("date", ["2024-01-31", "01/31/2024", "2024-01-31T01:00:00+01:00"])
def test_a_start_date_goes_into_the_config(tmp_path: Path, date: str) -> None:
    result = init(tmp_path, FILE, "--start-date", date)
    assert result.status == 0, result.stderr
    assert json.loads(result.stdout)["start_date"] == "2024-01-31T00:00:00Z"


def test_the_file_may_come_from_standard_input() -> None:
    result = subprocess.run(
        [*COMMAND, "--init", "-"],
        input=FILE,
        text=True,
        capture_output=True,
        env=clean_environment(),
        timeout=60,
    )
    assert json.loads(result.stdout)["store_hash"] == "abc123"


def test_another_address_of_the_api_is_kept_with_a_warning(tmp_path: Path, small: Sandbox) -> None:
    path = f"{small.api_url}/stores/{small.store_hash}/v3/"
    text = FILE.replace(PATH, path).replace(TOKEN, small.access_token)
    result = init(tmp_path, text)
    assert result.status == 0, result.stderr
    (line,) = result.logged("WARNING")
    assert small.api_url in line
    synced = run(json.loads(result.stdout), args=["--check"])
    assert synced.status == 0, synced.stderr


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    result = init(tmp_path, f"CLIENT SECRET: {SECRET}\n", "--start-date", "yesterday")
    assert result.status == 1
    lines = result.logged("CRITICAL")
    for word in ("ACCESS TOKEN", "API PATH", "--start-date"):
        assert sum(word in line for line in lines) == 1, word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FILE.replace(TOKEN, ""), "access token is missing"),
        (FILE.replace(TOKEN, f"{TOKEN}\x07"), "ACCESS TOKEN should be"),
        (FILE.replace(PATH, ""), "API path is missing"),
        (FILE.replace(PATH, "https://api.bigcommerce.com/abc123/"), "not as expected"),
        (FILE.replace(PATH, "https://[/stores/abc/v3"), "not as expected"),
        (FILE.replace("https", "http"), "not as expected"),
        (FILE.replace(PATH, "https://store-abc.mybigcommerce.com/api/v2/"), "legacy API account"),
        (FILE + "ACCESS TOKEN: an0ther5ecret", "twice"),
        (
            '{"store_hash": "abc123", "access_token": "t0ken5ecret"}',
            "looks like a config, a state or a catalog",
        ),
        ("", "not a credentials file"),
        (bytes(range(256)), "not a credentials file"),
        (FILE.replace(TOKEN, f"{TOKEN}é").encode("latin-1"), "ACCESS TOKEN should be"),
    ],
)
def test_an_invalid_file_is_refused_without_showing_it(
    tmp_path: Path, text: str | bytes, expected: str
) -> None:
    result = init(tmp_path, text)
    assert result.status == 1
    assert result.stdout == ""
    assert expected in " ".join(result.logged("CRITICAL"))
    assert "Traceback" not in result.stderr
    for hidden in (TOKEN, SECRET, CLIENT, "an0ther5ecret"):
        assert hidden not in result.stderr


def test_a_file_that_is_not_there_is_named() -> None:
    result = run(args=["--init", "nowhere.txt"])
    assert result.status == 1
    assert "nowhere.txt" in " ".join(result.logged("CRITICAL"))


def test_the_empty_config_of_a_failed_init_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(init(tmp_path, "").stdout)
    result = run(args=["--config", str(config), "--check"])
    assert result.status == 1
    (line,) = result.logged("CRITICAL")
    assert f"{config} is empty" in line


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--init", "x", "--check"], "use only one of --init and --check"),
        (["--about", "--discover"], "use only one of --about and --discover"),
        (["--init", "x", "--state", "y"], "omit --state"),
        (["--about", "--config", "y"], "omit --config"),
        (["--check", "--start-date", "2024-01-01"], "--start-date is only valid with --init"),
        (["--format", "json"], "--format is only valid with --check and --about"),
        (["--check", "--format", "markdown"], "--format text and json only"),
    ],
)
def test_invalid_combinations_of_options_are_refused(args: list[str], expected: str) -> None:
    result = run(args=args)
    assert result.status == 2
    assert result.stdout == ""
    assert expected in result.stderr


def test_files_that_powershell_has_written_are_read(small: Sandbox, tmp_path: Path) -> None:
    text = FILE.replace("abc123", small.store_hash).replace(TOKEN, small.access_token)
    config = json.loads(init(tmp_path, text).stdout)
    files = {
        "config": {**config, **settings(small)},
        "catalog": select(discover(), "coupons"),
        "state": {"bookmarks": {}, "store_hash": small.store_hash},
    }
    args = []
    for name, value in files.items():
        path = tmp_path / f"{name}.json"
        path.write_bytes(json.dumps(value, indent=2).replace("\n", "\r\n").encode("utf-16"))
        args += [f"--{name}", str(path)]
    result = run(args=args)
    assert result.status == 0, result.stderr
    assert result.ids("coupons")
