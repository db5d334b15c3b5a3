"""Whatever the tap writes goes into regular files, whole, and over nothing else."""

import contextlib
import json
import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hostile_store import TOKEN, config, coupons, rows, serving
from tap_runner import Json, Result, run, select, settings, succeed

from tap_bigcommerce_sandbox import Sandbox

CREDENTIALS = f"ACCESS TOKEN: {TOKEN}\nAPI PATH: https://api.bigcommerce.com/stores/abc123/v3/\n"


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


Make = Callable[[Path], object]
NO_FILES: dict[str, Make] = {
    "pipe": os.mkfifo,
    "socket": a_socket,
    "folder": Path.mkdir,
    "link to a device": lambda path: path.symlink_to("/dev/null"),
    "link to nowhere": lambda path: path.symlink_to(path.parent / "nowhere"),
    "link to itself": lambda path: path.symlink_to(path),
}
no_file = pytest.mark.parametrize("make", NO_FILES.values(), ids=NO_FILES)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path()


def init(folder: Path, *more: str) -> Result:
    (folder / "credentials.txt").write_text(CREDENTIALS)
    return run(args=["--init", str((folder / "credentials.txt").absolute()), *more])


@contextlib.contextmanager
def untouched(path: Path) -> Iterator[None]:
    """Fails if the block makes something else of what is there."""
    before = os.lstat(path)
    yield
    after = os.lstat(path)
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


@no_file
def test_a_report_and_a_config_go_into_nothing_but_a_file(
    here: Path, make: Make, quiet: Sandbox
) -> None:
    page = here / "page"
    make(page)
    with untouched(page):
        result = run(settings(quiet), args=["--report", str(page.absolute())])
        assert result.status == 1
        assert "The report cannot be written" in result.stderr
        assert quiet.requests() == []
        result = init(here, "--config", str(page.absolute()), "--force")
        assert result.status == 1
        assert "cannot be written" in result.stderr


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


def test_init_writes_over_a_config_only_if_it_is_forced_to(tmp_path: Path) -> None:
    file, given = tmp_path / "config.json", tmp_path / "credentials.txt"
    for force, before in (([], None), ([], "the only copy"), (["--force"], "the only copy")):
        if before is not None:
            file.write_text(before)
        result = init(tmp_path, "--config", str(file), *force)
        assert TOKEN not in result.stderr + result.stdout
        if before and not force:
            assert result.status == 1
            assert "--force" in result.stderr
            assert file.read_text() == before
        else:
            assert result.status == 0, result.stderr
            assert json.loads(file.read_text()) == {"store_hash": "abc123", "access_token": TOKEN}
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [file.name, given.name]
    # Credentials that make no config leave an old one alone.
    file.write_text("the only copy")
    given.write_text("nothing")
    assert run(args=["--init", str(given), "--config", str(file), "--force"]).status == 1
    assert file.read_text() == "the only copy"


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
    here: Path, make: Make, small: Sandbox, catalog: Json
) -> None:
    folder = here / "ids"
    more = {"deletes_state_limit": 0, "deletes_path": str(folder.absolute())}
    given = {**settings(small), "detect_deletes": True, **more}
    chosen = select(catalog, "products")
    first = succeed(given, chosen)
    [file] = folder.iterdir()
    file.unlink()
    make(file)
    for state, words in ((first.state, "cannot be read"), (None, "cannot be written")):
        with untouched(file):
            result = run(given, chosen, state, timeout=20)
        assert result.status == 1
        assert words in result.stderr
