"""The page "Troubleshooting": the messages and statuses that it names exist."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

from documents import ROOT

from tap_bigcommerce.api.status_codes import STATUS_RULES

PACKAGE = ROOT / "tap_bigcommerce"
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
DOES = {"token": "ends", "wait": "waits", "retry": "retries", "fewer": "requests fewer rows"}


def test_every_quoted_message_is_in_the_source() -> None:
    quoted = re.findall(r"^> (.+)$", PAGE, re.MULTILINE)
    texts = "\n".join(re.sub(r"\s+", " ", text) for text in source_texts())
    assert len(quoted) > 25
    assert [message for message in quoted if message not in texts] == []


def test_the_tap_does_with_a_status_what_the_page_says() -> None:
    rows = re.findall(r"^\| ([^|]*\d\w\w[^|]*) \| ([^|]+) \|", PAGE, re.MULTILINE)
    said = {status: does for statuses, does in rows for status in statuses.split(", ")}
    for status, (action, _) in STATUS_RULES.items():
        if action not in ("read", "empty"):
            assert said.pop(status).startswith(DOES.get(action, "fails the stream")), status
    assert not said


def source_texts() -> Iterator[str]:
    """The texts in the package's source, with … for their variable parts."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (p.value if isinstance(p, ast.Constant) else "…" for p in node.values)
                yield "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.sub(r"%[-+ 0-9.]*[a-zA-Z]", "…", node.value)
    for path in PACKAGE.rglob("*.json"):
        if path.parent.name != "schemas":
            text = json.dumps(json.loads(path.read_text("utf-8")), ensure_ascii=False)
            yield re.sub(r"\{[\w.]+\}", "…", text)
