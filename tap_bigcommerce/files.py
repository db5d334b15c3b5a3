"""Files that people and programs hand over, and files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import select
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from tap_bigcommerce.display import quoted

LARGEST = 100_000_000
"""Bytes that are read of a file."""

DEEPEST = 100
"""Arrays and objects in one another; the tap's own catalog has 14."""

FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Without waiting for anybody; the others are for Windows."""

SILENCE = 5.0
"""Seconds that a pipe is waited for."""

LEAST, MOST = -(2**63), 2**64 - 1
"""The whole numbers that the tap can write."""

LONGEST_NAME = 200
"""Bytes of a file's name to which some more can be added."""


class Unusable(ValueError):
    """A file cannot be read, or not be used; its text says why."""


def read_file(name: str | Path, most: int = LARGEST, *, pipes: bool = True) -> bytes:
    """What is in a file or, with `pipes`, comes out of a pipe. Raises Unusable."""
    try:
        # A pipe that nobody writes to would be waited for without an end.
        descriptor = os.open(name, FLAGS)
        try:
            kind = os.fstat(descriptor).st_mode
            is_regular = stat.S_ISREG(kind)
            if stat.S_ISBLK(kind) or not (is_regular or pipes):
                raise Unusable("it is no regular file")
            return b"".join(_read(descriptor, most, waits=not is_regular))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise Unusable(error.strerror or str(error)) from error


def _read(descriptor: int, most: int, *, waits: bool) -> Iterator[bytes]:
    read = 0
    while True:
        if waits and not select.select([descriptor], [], [], SILENCE)[0]:
            raise Unusable(f"nothing came out of it for {SILENCE:.0f} s")
        try:
            part = os.read(descriptor, 1 << 20)
        except BlockingIOError:
            continue
        if not part:
            return
        read += len(part)
        if read > most:
            raise Unusable(f"it is larger than {most:,} bytes")
        yield part


def text_of(raw: bytes, errors: str = "strict") -> str:
    """The text in a file's bytes: UTF-8, or UTF-16 as Windows' Notepad and PowerShell write it.

    Raises UnicodeDecodeError where it is neither, unless `errors` says otherwise.
    """
    return raw.decode(json.detect_encoding(raw), errors)


def read_json(name: str) -> Any:
    """The JSON value in the file `name`; None where it is empty. Raises Unusable.

    What is in it can be copied, looked through and written again: nothing is nested deeper than
    DEEPEST, no text has half a character, no name a NUL, and no number is beyond reach.
    """
    try:
        text = text_of(read_file(name))
    except UnicodeDecodeError as error:
        raise Unusable("it is not text in UTF-8") from error
    if not text.strip():
        return None
    try:
        value = json.loads(
            text,
            parse_int=_whole,
            parse_float=_real,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        # The decoder's own words hold a place, never a part of the text.
        several = error.msg == "Extra data" and "\n" in text.strip()
        advice = "; it holds several lines: keep only the last one (tail -1)" if several else ""
        where = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise Unusable(f"it is not JSON: {where}{advice}") from error
    except RecursionError:
        raise Unusable(_TOO_DEEP) from None
    _look_through(value)
    return value


_TOO_DEEP = f"it is nested more than {DEEPEST} deep"


def _look_through(value: Any) -> None:
    inside: list[tuple[Any, int]] = [(value, 1)]
    while inside:
        one, depth = inside.pop()
        if isinstance(one, str):
            _check_text(one)
        elif isinstance(one, (dict, list)):
            if depth > DEEPEST:
                raise Unusable(_TOO_DEEP)
            if isinstance(one, dict):
                for key in one:
                    _check_text(key)
                    if "\x00" in key:
                        raise Unusable(f"the name {quoted(key)} in it has a NUL character")
                inside += [(item, depth + 1) for item in one.values()]
            else:
                inside += [(item, depth + 1) for item in one]


def _check_text(text: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise Unusable(
                "a text in it has half of a pair of surrogates, which is no character"
            ) from error


def _whole(text: str) -> int:
    number = int(text) if len(text) <= len(str(LEAST)) else MOST + 1
    if not LEAST <= number <= MOST:
        raise Unusable("a whole number in it has more than 64 bits")
    return number


def _real(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Unusable("a number in it is too large")
    return number


def _constant(text: str) -> NoReturn:
    raise Unusable(f"it is not JSON: {text} is no number there")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise Unusable(f"the name {quoted(twice)} stands twice in one of its objects")
    return found


def writable(name: str | Path) -> Path:
    """The regular file to write, there or not, where links lead. Raises Unusable.

    Whatever else stands there (a device, a pipe, a folder) stays.
    """
    try:
        path = Path(name).resolve()
        if path.exists() and not path.is_file():
            raise Unusable("it is there, and no regular file")
        if Path(name).is_symlink() and not path.exists():
            raise Unusable("it is a link that leads nowhere")
        if not path.parent.is_dir():
            raise Unusable("its folder is not there")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise Unusable("its folder may not be written to")
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead round in a circle.
        raise Unusable(getattr(error, "strerror", None) or str(error)) from error
    return path


def write_whole(path: Path, content: bytes, mode: int | None = None, *, over: bool = True) -> None:
    """Write a file whole or not at all. Raises OSError.

    `mode`: its permissions; None: those of the file that is there, or else the usual ones.
    `over`: also over a file that is there; else that raises FileExistsError.
    """
    name = path.name if len(os.fsencode(path.name)) <= LONGEST_NAME else "part"
    part = path.with_name(f".{name}-{secrets.token_hex(4)}")
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
        with contextlib.suppress(PermissionError):
            if sys.platform != "win32":
                os.chown(part, before.st_uid, before.st_gid)
        part.chmod(stat.S_IMODE(before.st_mode))
