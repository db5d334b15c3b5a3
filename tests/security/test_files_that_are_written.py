"""Whatever the tap writes goes into regular files, whole, and over nothing else."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile_store import TOKEN, config, coupons, rows, serving
from tap_runner import Json, Result, run, select, settings

from tap_bigcommerce_sandbox import Sandbox

CREDENTIALS = f"ACCESS TOKEN: {TOKEN}\nAPI PATH: https://api.bigcommerce.com/stores/abc123/v3/\n"


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


NO_FILES: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "socket": a_socket,
    "folder": Path.mkdir,
    "link to a device": lambda path: path.symlink_to("/dev/null"),
    "link to a folder": lambda path: path.symlink_to(path.parent),
    "link to nowhere": lambda path: path.symlink_to(path.parent / "nowhere"),
    "link to itself": lambda path: path.symlink_to(path),
}
no_file = pytest.mark.parametrize("make", NO_FILES.values(), ids=NO_FILES)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a short name, as a socket needs it."""
    monkeypatch.chdir(tmp_path)
    return Path()


def init(folder: Path, *more: str) -> Result:
    (folder / "credentials.txt").write_text(CREDENTIALS)
    return run(args=["--init", str((folder / "credentials.txt").absolute()), *more])


@no_file
def test_a_report_goes_into_nothing_but_a_file(
    here: Path, make: Callable[[Path], object], small: Sandbox
) -> None:
    make(here / "page")
    before = os.lstat(here / "page")
    result = run(settings(small), args=["--report", str((here / "page").absolute())])
    assert result.status == 1
    assert "The report cannot be written" in result.stderr
    assert "Traceback" not in result.stderr
    assert small.requests() == []
    after = os.lstat(here / "page")
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


def test_a_report_follows_a_link_to_its_file_and_keeps_its_rights(tmp_path: Path) -> None:
    page, link = tmp_path / "old.html", tmp_path / "link.html"
    page.write_text("old")
    page.chmod(0o640)
    link.symlink_to(page)
    with serving(rows()) as url:
        result = run(config(url), coupons(), args=["--report", str(link)])
    assert result.status == 0, result.stderr
    assert link.is_symlink()
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert stat.S_IMODE(page.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.html", "old.html"]


def test_init_writes_a_file_that_only_its_owner_may_read(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    result = init(tmp_path, "--config", str(file))
    assert result.status == 0, result.stderr
    assert result.stdout == ""
    assert TOKEN not in result.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == {"store_hash": "abc123", "access_token": TOKEN}


def test_init_writes_over_a_config_only_if_it_is_forced_to(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text("the only copy")
    refused = init(tmp_path, "--config", str(file))
    assert refused.status == 1
    assert "--force" in refused.stderr
    assert file.read_text() == "the only copy"
    forced = init(tmp_path, "--config", str(file), "--force")
    assert forced.status == 0, forced.stderr
    assert json.loads(file.read_text())["access_token"] == TOKEN
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "credentials.txt"]


def test_credentials_that_make_no_config_leave_an_old_one_alone(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text("the only copy")
    (tmp_path / "credentials.txt").write_text("nothing")
    args = ["--init", str(tmp_path / "credentials.txt"), "--config", str(file), "--force"]
    assert run(args=args).status == 1
    assert file.read_text() == "the only copy"


@no_file
def test_a_config_goes_into_nothing_but_a_file(here: Path, make: Callable[[Path], object]) -> None:
    make(here / "config")
    before = os.lstat(here / "config")
    result = init(here, "--config", str((here / "config").absolute()), "--force")
    assert result.status == 1
    assert "cannot be written" in result.stderr
    assert "Traceback" not in result.stderr
    after = os.lstat(here / "config")
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


@pytest.mark.parametrize("args", [("--config", "a", "--config", "b"), ("--config", "ENV")])
def test_init_writes_one_file(tmp_path: Path, args: tuple[str, ...]) -> None:
    assert init(tmp_path, *args).status == 2


def test_half_of_a_set_of_ids_is_tidied_by_the_next_run(
    small: Sandbox, catalog: Json, tmp_path: Path
) -> None:
    folder = tmp_path / "ids"
    folder.mkdir()
    stream, other = (f"{small.store_hash}-{name}" for name in ("products", "orders"))
    half = folder / f".{stream}-0123456789abcdef.ids-1a2b3c4d"
    others = folder / f".{other}-0123456789abcdef.ids-1a2b3c4d"
    for path in (half, others):
        path.write_bytes(b"half")
    more = {"detect_deletes": True, "deletes_state_limit": 0, "deletes_path": str(folder)}
    result = run({**settings(small), **more}, select(catalog, "products"))
    assert result.status == 0, result.stderr
    assert not half.exists()
    assert others.exists()  # A run of another stream may be writing it.


@no_file
def test_a_set_of_ids_is_read_of_nothing_but_a_file_and_goes_into_nothing_else(
    here: Path, make: Callable[[Path], object], small: Sandbox, catalog: Json
) -> None:
    folder = here / "ids"
    more = {
        "detect_deletes": True,
        "deletes_state_limit": 0,
        "deletes_path": str(folder.absolute()),
    }
    chosen = select(catalog, "products")
    first = run({**settings(small), **more}, chosen)
    [file] = folder.iterdir()
    file.unlink()
    make(file)
    before = os.lstat(file)
    for state, words in ((first.state, "cannot be read"), (None, "cannot be written")):
        result = run({**settings(small), **more}, chosen, state, timeout=20)
        assert result.status == 1
        assert words in result.stderr
        assert "Traceback" not in result.stderr
        after = os.lstat(file)
        assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
