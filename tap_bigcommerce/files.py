"""Text as a person's editor or shell leaves it in a file."""

from __future__ import annotations

import json


def text_of(raw: bytes, errors: str = "strict") -> str:
    """The text in a file's bytes: UTF-8, or UTF-16 as Windows' Notepad and PowerShell write it.

    Raises UnicodeDecodeError where it is neither, unless `errors` says otherwise.
    """
    return raw.decode(json.detect_encoding(raw), errors)
