"""--init: from the file that the control panel hands out to a config."""

import json
import subprocess
from pathlib import Path

import pytest
from tap_runner import COMMAND, Result, clean_environment, discover, run, select

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


@pytest.mark.parametrize(
    "text",
    [
        FILE,
        "Keep this file safe.\r\n"
        + "\r\n\r\n".join(reversed(FILE.splitlines()))
        + "\r\nNot: known",
        FILE.replace(": ", ":\t  ").replace("ACCESS TOKEN", "Access  token").replace("v3/", "v2"),
        FILE + FILE,
        b"\xef\xbb\xbf" + FILE.encode(),
        FILE.encode("utf-16"),
        FILE.replace("warehouse", "entrepôt").encode("latin-1"),
    ],
    ids=["plain", "windows", "blanks", "twice", "bom", "utf-16", "latin-1"],
)
def test_a_config_follows_from_the_file_in_whatever_form(tmp_path: Path, text: str | bytes) -> None:
    result = init(tmp_path, text, "--start-date", "2024-01-31T01:00:00+01:00")
    assert (result.status, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {**CONFIG, "start_date": "2024-01-31T00:00:00Z"}


def test_the_file_may_come_from_standard_input() -> None:
    result = subprocess.run(
        [*COMMAND, "--init", "-"],
        input=FILE,
        text=True,
        capture_output=True,
        env=clean_environment(),
        timeout=60,
    )
    assert json.loads(result.stdout) == CONFIG


def test_another_address_of_the_api_is_kept_with_a_warning(tmp_path: Path, small: Sandbox) -> None:
    path = f"{small.api_url}/stores/{small.store_hash}/v3/"
    result = init(tmp_path, FILE.replace(PATH, path).replace(TOKEN, small.access_token))
    assert result.status == 0, result.stderr
    (line,) = result.logged("WARNING")
    assert small.api_url in line
    # The config is used with other files as PowerShell writes them.
    files = {
        "config": json.loads(result.stdout),
        "catalog": select(discover(), "coupons"),
        "state": {"bookmarks": {"coupons": {}}, "store_hash": small.store_hash},
    }
    args = []
    for name, value in files.items():
        file = tmp_path / f"{name}.json"
        text = json.dumps(value, indent=2).replace("\n", "\r\n")
        file.write_bytes(text.encode("utf-8-sig" if name == "config" else "utf-16"))
        args += [f"--{name}", str(file)]
    synced = run(args=args)
    assert synced.status == 0, synced.stderr
    assert not synced.logged("WARNING")
    assert synced.ids("coupons")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FILE.replace(TOKEN, f"{TOKEN}\x07"), ["ACCESS TOKEN should be"]),
        (FILE.replace(TOKEN, f"{TOKEN}é").encode("latin-1"), ["ACCESS TOKEN should be"]),
        (f"CLIENT SECRET: {SECRET}", ["API path is missing", "access token is missing"]),
        (FILE.replace(PATH, "https://api.bigcommerce.com/abc123/"), ["path is not as expected"]),
        (FILE.replace("https", "http"), ["path is not as expected"]),
        (FILE.replace(PATH, "https://x.mybigcommerce.com/api/v2/"), ["a legacy API account"]),
        (FILE + "ACCESS TOKEN: an0ther5ecret", ["has ACCESS TOKEN twice"]),
        (json.dumps(CONFIG), ["not a credentials file", "like a config, a state or a catalog"]),
        (bytes(range(256)), ["not a credentials file", "It looks like another file"]),
    ],
)
def test_all_mistakes_in_a_file_are_named_without_showing_it(
    tmp_path: Path, text: str | bytes, expected: list[str]
) -> None:
    result = init(tmp_path, text, "--start-date", "yesterday")
    assert (result.status, result.stdout) == (1, "")
    said = " ".join(result.logged("CRITICAL"))
    for words in [*expected, "--start-date should be a date", 'not "yesterday"']:
        assert said.count(words) == 1, said
    for hidden in (TOKEN, SECRET, CLIENT, "an0ther5ecret"):
        assert hidden not in result.stderr
