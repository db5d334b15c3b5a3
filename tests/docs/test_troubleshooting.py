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
QUOTED = re.findall(r"^> (.+)$", PAGE, re.MULTILINE)


def test_every_quoted_message_is_in_the_source() -> None:
    texts = "\n".join(source_texts())
    assert len(QUOTED) > 25
    assert [quoted for quoted in QUOTED if quoted not in texts] == []


def test_the_tap_does_with_a_status_what_the_page_says() -> None:
    rows = re.findall(r"^\| ([^|]*\d\w\w[^|]*) \| ([^|]+) \|", PAGE, re.MULTILINE)
    said = {status: does for statuses, does in rows for status in statuses.split(", ")}
    for status, (action, _) in STATUS_RULES.items():
        if action not in ("read", "empty"):
            assert said.pop(status).startswith(DOES.get(action, "fails the stream")), status
    assert not said


def source_texts() -> Iterator[str]:
    """The texts in the package's source, in one line, with … for their variable parts."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield one_line(constant(part) for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield one_line([re.sub(r"%[-+ 0-9.]*[a-zA-Z]", "…", node.value)])
    for path in PACKAGE.rglob("*.json"):
        if path.parent.name != "schemas":
            text = json.dumps(json.loads(path.read_text("utf-8")), ensure_ascii=False)
            yield re.sub(r"\{[\w.]+\}", "…", text)


def constant(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "…"


def one_line(parts: Iterator[str] | list[str]) -> str:
    return re.sub(r"\s+", " ", "".join(parts))
