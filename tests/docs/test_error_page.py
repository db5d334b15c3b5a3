"""Every message that the tap can show is explained, and those that it does show are the ones."""

from __future__ import annotations

import re

import pytest
from documents import ROOT
from tap_runner import run, settings

from scripts.docs import causes, error_tables, messages
from tap_bigcommerce.api.status_codes import STATUS_RULES
from tap_bigcommerce_sandbox import Sandbox

SECTIONS = [(section, cause) for section, found in causes.CAUSES.items() for cause in found]


def test_every_message_in_the_code_has_its_cause_and_cure() -> None:
    assert len(error_tables.explained()) == len(SECTIONS)


def test_no_message_has_its_words_where_they_would_not_be_found() -> None:
    # The words of errors: all are found where they are made.
    assert messages.without_text() == {"error.message"}


def test_the_command_lines_own_messages_are_on_the_page() -> None:
    for args in (["--init", "x", "--check"], ["--start-date", "2024-01-01"], ["--report", "x"]):
        words = [*args, "--about"] if args[0] == "--report" else args
        result = run(args=words)
        assert result.status == 2
        assert is_on_page(result.stderr.rpartition("error: ")[2].strip()), result.stderr


def test_every_status_has_its_cure() -> None:
    without = {status for status, meaning in STATUS_RULES.items() if not meaning.cure}
    assert without == {"200", "204"}


def test_a_message_without_a_cause_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [*messages.messages(), messages.Message("Never heard of.", "run.py:1")]
    monkeypatch.setattr(error_tables, "messages", lambda: found)
    with pytest.raises(ValueError, match=r"run\.py:1: 'Never heard of\.' has no cause"):
        error_tables.explained()


def test_what_a_wrong_config_brings_is_on_the_page() -> None:
    result = run({"store_hash": "!", "page_size": 0, "acces_token": "x"})
    assert result.status == 1
    for line in result.logged("CRITICAL", "WARNING"):
        assert is_on_page(line.split(" ", 1)[1]), line


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_a_refused_request_brings_is_on_the_page(status: int, store: Sandbox) -> None:
    store.fault("orders", request=1, kind=str(status), times=50)
    result = run(settings(store, max_attempts=1, max_retry_seconds=0))
    assert result.status == 1
    critical = result.logged("CRITICAL")
    assert critical
    for line in critical:
        assert is_on_page(line.split(" ", 1)[1]), line


def is_on_page(words: str) -> bool:
    """A line fits a pattern on the page; of a message of several lines it is one."""
    page = (ROOT / "docs" / "errors.md").read_text("utf-8")
    for pattern in re.findall(r"^\| (.+?) \| ", page, re.MULTILINE):
        parts = [part.strip() for part in pattern.split("…") if re.search("[a-z]{3}", part)]
        if parts and re.search(".*".join(map(re.escape, parts)), words):
            return True
    return False
