"""Files that people and programs hand over, and files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import select
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from tap_bigcommerce.text import quoted

MAX_BYTES = 100_000_000
"""Bytes that are read of a file."""

MAX_DEPTH = 100
"""Arrays and objects in one another; the tap's own catalog has 14."""

FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Without waiting for anybody; the others are for Windows."""

PIPE_TIMEOUT = 5.0
"""Seconds that a pipe is waited for."""


class UnusableFile(ValueError):
    """A file cannot be read, or not be used; its text says why."""


def read_file(name: str | Path, most: int = MAX_BYTES, *, pipes: bool = True) -> bytes:
    """What is in a file or, with `pipes`, comes out of a pipe. Raises UnusableFile."""
    try:
        # A pipe that nobody writes to would be waited for without an end.
        with open(name, "rb", buffering=0, opener=lambda path, _: os.open(path, FLAGS)) as file:
            kind = os.fstat(file.fileno()).st_mode
            is_regular = stat.S_ISREG(kind)
            if stat.S_ISBLK(kind) or not (is_regular or pipes):
                raise UnusableFile("it is no regular file")
            content = bytearray()
            while True:
                if not is_regular and not select.select([file], [], [], PIPE_TIMEOUT)[0]:
                    raise UnusableFile(f"nothing came out of it for {PIPE_TIMEOUT:.0f} s")
                part = file.read(1 << 20)
                if part == b"":
                    return bytes(content)
                content += part or b""  # None: nothing yet.
                if len(content) > most:
                    raise UnusableFile(f"it is larger than {most:,} bytes")
    except OSError as error:
        raise UnusableFile(error.strerror or str(error)) from error


def decode_text(raw: bytes, errors: str = "strict") -> str:
    """The text in a file's bytes: UTF-8, or UTF-16 as Windows' Notepad and PowerShell write it.

    Raises UnicodeDecodeError where it is neither, unless `errors` says otherwise.
    """
    return raw.decode(json.detect_encoding(raw), errors)


def read_input_file(what: str, name: str, error: type[Exception]) -> Any:
    """What `read_json` finds in the file of a config, catalog or state. Raises `error`."""
    try:
        return read_json(name)
    except UnusableFile as reason:
        raise error(f"The {what} file {name} cannot be read: {reason}.") from reason


def read_json(name: str) -> Any:
    """The JSON value in the file `name`; None where it is empty. Raises UnusableFile.

    What is in it can be copied, looked through and written again: nothing is nested deeper than
    MAX_DEPTH, no text has half a character, no name a NUL, and no number is beyond reach.
    """
    try:
        text = decode_text(read_file(name))
        if not text.strip():
            return None
        value = json.loads(
            text, parse_float=_finite, parse_constant=_finite, object_pairs_hook=_object
        )
        if _depth(value) > MAX_DEPTH:
            raise RecursionError
        orjson.dumps(value)
    except UnicodeDecodeError as error:
        raise UnusableFile("it is not text in UTF-8") from error
    except json.JSONDecodeError as error:
        # The decoder's own words hold a place, never a part of the text.
        several = error.msg == "Extra data" and "\n" in text.strip()
        advice = "; it holds several lines: keep only the last one (tail -1)" if several else ""
        where = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise UnusableFile(f"it is not JSON: {where}{advice}") from error
    except RecursionError:
        raise UnusableFile(f"it is nested more than {MAX_DEPTH} deep") from None
    except (TypeError, ValueError) as error:  # Among them UnusableFile, which is said again.
        raise UnusableFile(str(error)) from error
    return value


def _depth(value: Any) -> int:
    """How many arrays and objects it has in one another."""
    if not isinstance(value, (dict, list)):
        return 0
    inside = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, inside), default=0)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise UnusableFile("a number in it is too large, or none")
    return number


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise UnusableFile(f"the name {quoted(name)} stands twice in one of its objects")
        if "\x00" in name:
            raise UnusableFile(f"the name {quoted(name)} in it has a NUL character")
        found[name] = value
    return found


def writable_path(name: str | Path) -> Path:
    """The regular file to write, there or not, where links lead. Raises UnusableFile.

    Whatever else stands there (a device, a pipe, a folder) stays.
    """
    try:
        path = Path(name).resolve()
        if path.exists() and not path.is_file():
            raise UnusableFile("it is there, and no regular file")
        if Path(name).is_symlink() and not path.exists():
            raise UnusableFile("it is a link that leads nowhere")
        if not path.parent.is_dir():
            raise UnusableFile("its folder is not there")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise UnusableFile("its folder may not be written to")
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead round in a circle.
        raise UnusableFile(getattr(error, "strerror", None) or str(error)) from error
    return path


def write_atomically(
    path: Path, content: bytes, mode: int | None = None, *, over: bool = True
) -> None:
    """Write a file whole or not at all. Raises OSError.

    `mode`: its permissions; None: those of the file that is there, or else the usual ones.
    `over`: also over a file that is there; else that raises FileExistsError.
    """
    part = path.with_name(f".part-{secrets.token_hex(4)}")
    usual = 0o666 if mode is None else mode
    try:
        with open(part, "xb", opener=lambda name, flags: os.open(name, flags, usual)) as file:
            if mode is None:
                _keep_rights(path, part)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if not over:
            path.touch(exist_ok=False)  # What came first stays, also if it came just now.
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)  # There only if something failed.


def _keep_rights(path: Path, part: Path) -> None:
    """Give the new file the permissions and, where that is allowed, the owner of the old one."""
    with contextlib.suppress(FileNotFoundError):
        before = path.stat()
        with contextlib.suppress(PermissionError, AttributeError):  # Windows has none.
            os.chown(part, before.st_uid, before.st_gid)
        part.chmod(stat.S_IMODE(before.st_mode))
