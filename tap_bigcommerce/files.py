"""Reading config, catalog and state files, and atomic writing."""

import contextlib
import json
import math
import os
import re
import secrets
import select
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from tap_bigcommerce.text import quoted

MAX_BYTES = 100_000_000
"""The largest file that is read, in bytes."""

MAX_DEPTH = 100
"""Levels of nested arrays and objects; the tap's own catalog has 14."""

STATE_NAMES = frozenset({"bookmarks", "singer_state", "completed", "partial"})
"""Names of which a state, or an object in which Meltano stores it, has at least one."""

READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Open without blocking. O_BINARY exists on Windows only, O_NONBLOCK elsewhere."""

PIPE_TIMEOUT = 5.0
"""Seconds to wait for data from a pipe."""


class UnusableFile(ValueError):
    """A file cannot be read or written; the text says why."""


def read_file(name: str | Path, max_bytes: int = MAX_BYTES, *, pipes: bool = True) -> bytes:
    """Read a regular file or, with `pipes`, a pipe.

    Raises UnusableFile when it is missing, larger than `max_bytes` or another kind of file, or when
    a pipe sends nothing for PIPE_TIMEOUT seconds.
    """
    try:
        # To open a pipe without a writer would block for ever.
        with open(
            name, "rb", buffering=0, opener=lambda path, _: os.open(path, READ_FLAGS)
        ) as file:
            kind = os.fstat(file.fileno()).st_mode
            is_regular = stat.S_ISREG(kind)
            if stat.S_ISBLK(kind) or not (is_regular or pipes):
                raise UnusableFile("it is not a regular file")
            content = bytearray()
            while True:
                if not is_regular and not select.select([file], [], [], PIPE_TIMEOUT)[0]:
                    raise UnusableFile(f"no data was received from it for {PIPE_TIMEOUT:.0f} s")
                part = file.read(1 << 20)
                if part == b"":
                    return bytes(content)
                content += part or b""  # None: no data yet.
                if len(content) > max_bytes:
                    raise UnusableFile(f"it is larger than {max_bytes:,} bytes")
    except OSError as error:
        raise UnusableFile(error.strerror or str(error)) from error


def decode_text(raw: bytes, errors: str = "strict") -> str:
    """Decode UTF-8, or UTF-16 as Notepad and PowerShell on Windows write it.

    `errors` is as for `bytes.decode`: "strict" raises UnicodeDecodeError.
    """
    return raw.decode(json.detect_encoding(raw), errors)


def read_input_file(what: str, name: str, error: type[Exception]) -> Any:
    """Read a JSON file; raises `error` when that fails, or when it is one of the other files.

    `what` is "config", "catalog" or "state".
    """
    try:
        value = read_json(name)
    except UnusableFile as reason:
        raise error(f"The {what} file {name} cannot be read: {reason}.") from reason
    if isinstance(value, dict):
        is_catalog = isinstance(value.get("streams"), list)
        found = {"config": {"access_token", "start_date"} & value.keys(), "catalog": is_catalog}
        # A state, or what others wrap it in.
        found["state"] = not STATE_NAMES.isdisjoint(value) or value.get("type") == "STATE"
        other = next((kind for kind, is_it in found.items() if is_it and not found[what]), None)
        if other is not None:
            raise error(f"The {what} file {name} is a {other}: give it with --{other}.")
    return value


def read_json(name: str) -> Any:
    """The JSON value in the file `name`; None if the file is empty.

    Raises UnusableFile when the value could not be copied, traversed and written again: nested
    deeper than MAX_DEPTH, a lone surrogate, a NUL in a name, a duplicate name or a number that is
    not finite.
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
        # The decoder's message has a position, never a part of the text.
        several = error.msg == "Extra data" and "\n" in text.strip()
        advice = "; it has several lines: keep only the last one (tail -1)" if several else ""
        if re.match(r"\s*(---|#|[\w\"' -]+:)", text):
            advice = "; it looks like YAML: write it as JSON"
        if "ACCESS TOKEN:" in text.upper():
            advice = "; it looks like the credentials file: make a config of it with --init"
        where = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise UnusableFile(f"it is not JSON: {where}{advice}") from error
    except RecursionError:
        raise UnusableFile(f"it is nested more than {MAX_DEPTH} levels deep") from None
    except (TypeError, ValueError) as error:  # Includes UnusableFile.
        raise UnusableFile(str(error)) from error
    return value


def _depth(value: Any) -> int:
    """How many levels of arrays and objects it has."""
    if not isinstance(value, (dict, list)):
        return 0
    inside = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, inside), default=0)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise UnusableFile("it has a number that is not finite")
    return number


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise UnusableFile(f"it has an object with the name {quoted(name)} twice")
        if "\x00" in name:
            raise UnusableFile(f"it has a name with a NUL character: {quoted(name)}")
        found[name] = value
    return found


def writable_path(name: str | Path) -> Path:
    """The path of the regular file to write, with symbolic links resolved.

    Raises UnusableFile when something else (a device, a pipe, a folder) is there, or when the
    folder is missing or not writable.
    """
    try:
        path = Path(name).resolve()
        if path.exists() and not path.is_file():
            raise UnusableFile("it exists and is not a regular file")
        if Path(name).is_symlink() and not path.exists():
            raise UnusableFile("it is a broken symbolic link")
        if not path.parent.is_dir():
            raise UnusableFile("its folder does not exist")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise UnusableFile("its folder is not writable")
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links.
        raise UnusableFile(getattr(error, "strerror", None) or str(error)) from error
    return path


def write_atomically(
    name: str | Path, content: bytes, mode: int | None = None, *, overwrite: bool = True
) -> None:
    """Write a file completely, or leave the old one as it is. Raises OSError and UnusableFile.

    `mode` is its permissions; None: those of the file that it replaces, or the default ones.
    Without `overwrite`, an existing file raises FileExistsError.
    """
    path = writable_path(name)
    part = path.with_name(f".part-{secrets.token_hex(4)}")
    initial = 0o666 if mode is None else mode
    try:
        with open(part, "xb", opener=lambda name, flags: os.open(name, flags, initial)) as file:
            if mode is None:
                _copy_permissions(path, part)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if not overwrite:
            path.touch(exist_ok=False)  # Fails also if the file was created a moment ago.
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)  # It exists only if something failed.


def _copy_permissions(path: Path, part: Path) -> None:
    """Copy the permissions and, if allowed, the owner of the old file to the new one."""
    with contextlib.suppress(FileNotFoundError):
        before = path.stat()
        with contextlib.suppress(PermissionError, AttributeError):  # Windows has no chown.
            os.chown(part, before.st_uid, before.st_gid)
        part.chmod(stat.S_IMODE(before.st_mode))
