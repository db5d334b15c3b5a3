"""This run's secrets are shown nowhere, whoever says them and in whichever usual form."""

import base64
import json
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hostile_store import TOKEN, Answer, Reply, config, coupons, rows, serving
from tap_runner import Json, Result, refused, run, settings

from tap_bigcommerce.text import MIN_SECRET_LENGTH, Secrets
from tap_bigcommerce_sandbox import Sandbox

FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in capitals": str.upper,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded, small": lambda text: quote(text, safe="").lower(),
    "as in a form": quote_plus,
    "in JSON": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "in HTML": escape,
    "in base64": lambda text: base64.b64encode(text.encode()).decode(),
    "in base64 with others": lambda text: base64.b64encode(f"x:{text}:y".encode()).decode(),
    "in base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
}
ALL = [form(TOKEN) for form in FORMS.values()]
MIDDLES = [
    TOKEN[5:-5],
    quote(TOKEN[5:-5], safe=""),
    base64.b64encode(TOKEN[3:-3].encode()).decode(),
]


def echoing(status: int) -> Answer:
    """Says the token that came in the header in the words of an error, in all its forms."""

    def answer(path: str, headers: dict[str, str]) -> Reply:
        assert headers["x-auth-token"] == TOKEN
        if "coupons" not in path:
            return 200, b"[]"
        return status, json.dumps([{"message": " | ".join(ALL)}]).encode()

    return answer


def without_token(text: str) -> None:
    for form in (*ALL, *MIDDLES):
        assert form not in text, f"{form} in {text[:2000]}"


@pytest.fixture(scope="module")
def catalog() -> Json:
    return coupons()


@pytest.mark.parametrize(
    ("status", "format_"), [(400, "text"), (400, "json"), (403, "text"), (503, "text")]
)
def test_a_store_that_says_the_token_is_not_quoted(
    catalog: Json, status: int, format_: str, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    args = ["--report", str(report), "--log-format", format_, "--log-level", "DEBUG"]
    with serving(echoing(status)) as url:
        result = run(config(url), catalog, args=args)
    assert result.status == 1
    for text in (result.stderr, report.read_text("utf-8")):
        assert "(hidden)" in text
        without_token(text)


@pytest.mark.parametrize("args", [["--check"], ["--check", "--format", "json"], ["--audit"]])
def test_nor_on_standard_output(catalog: Json, args: list[str]) -> None:
    with serving(echoing(400)) as url:
        result = run(config(url), catalog, args=args, env={"COLUMNS": "60"})
    assert "(hidden)" in result.stdout
    without_token(result.stdout.replace("\n  ", ""))
    without_token(result.stderr)


def saying(words: str, **more: Any) -> Result:
    """A run at a store which answers every request with these words of an error."""
    with serving(lambda *_: (400, json.dumps([{"message": words}]).encode())) as url:
        return run(config(url, **more.pop("config", {})), coupons(), **more)


@pytest.mark.parametrize("beside", range(150, 310, 20))
def test_a_cut_through_a_secret_leaves_nothing_of_it(beside: int) -> None:
    assert TOKEN[:MIN_SECRET_LENGTH] not in saying("." * beside + TOKEN).stderr


REAL = "g7n2k4p9q1x8z5v3b6m0c2d4f7h9j1l"
"""A token as BigCommerce's look."""
OWN = {"store_hash": "abc123", "access_token": REAL}


@pytest.mark.parametrize(
    "raw",
    [
        {"store_hash": REAL, "access_token": "abc123"},
        {"store_hash": f"/stores/{REAL}-/v3", "access_token": "abc123"},
        {**OWN, "page_size": REAL},
        {**OWN, "start_date": f"x{REAL}"},
        {**OWN, "channel_ids": [REAL]},
        {**OWN, "order_coupons": {"token": REAL}},
        {"store_hash": "abc123", "api_url": f"https://x:{REAL}@example.com"},
        {**OWN, REAL: 1, "page_size": 0},
        {**OWN, "access_token": "t0k", "page_size": "t0k"},
        {**OWN, "access_token": "t0ken", "select": f"orders.*,{REAL}"},
        {**OWN, "access_token": "t0ken", "hash_fields": REAL, "hash_salt": "x"},
        {**OWN, "access_token": "t0ken", "accept_incomplete": REAL},
        {**OWN, "access_token": "t0ken", "streams": {REAL: {}}},
        {**OWN, "access_token": "t0ken", "streams": {"orders": {REAL: 1}}},
    ],
)
def test_a_token_in_the_wrong_place_is_not_echoed(raw: Json) -> None:
    text = refused(raw, hides=REAL)
    assert '"t0k"' not in text


def test_nor_one_that_is_given_for_the_name_of_a_setting_or_as_a_rule(quiet: Sandbox) -> None:
    result = run(settings(quiet, **{REAL: 1}), args=["--list"])
    assert result.status == 0
    assert "There is no setting '(hidden)'" in result.stderr
    text = refused(settings(quiet), args=["--list", "--select", REAL], hides=REAL)
    assert "the rule '(hidden)' matches no field" in text


def test_what_is_no_secret_is_shown(quiet: Sandbox) -> None:
    text = refused({**OWN, "page_size": 0, "start_date": "tomorrow"})
    assert "not 0" in text
    assert "tomorrow" in text
    short = run(settings(quiet, access_token="a"), args=["--log-level", "DEBUG"])
    assert short.status == 1
    assert "access_token" in short.stderr
    assert "(hidden)" not in short.stderr
    named = run(settings(quiet, access_token="record_count"))
    metrics = [line for line in named.logged("INFO") if "METRIC" in line]
    assert metrics
    assert all("metric" in json.loads(line.partition("METRIC: ")[2]) for line in metrics)
    secrets = Secrets()
    secrets.add(["", "abc"])
    assert secrets.hide("abc abcdef…") == "abc abcdef…"


def test_what_the_config_and_the_environment_hold_beside_is_hidden_too() -> None:
    others = ["cl1entSecret", "pr0xyPass/word", "an0therPassword"]
    env = {
        "HTTPS_PROXY": "http://me:pr0xyPass%2Fword@127.0.0.1:9",
        "all_proxy": f"me:{others[2]}@127.0.0.1:9",
    }
    result = saying(" ".join(others), config={"client_secret": others[0]}, env=env)
    assert "(hidden) (hidden) (hidden)" in result.stderr
    assert not [one for one in others if one in result.stderr]


def test_records_are_as_the_store_holds_them(catalog: Json) -> None:
    with serving(rows({"id": 1, "name": TOKEN})) as url:
        result = run(config(url), catalog)
    assert result.record("coupons", 1)["name"] == TOKEN
    assert TOKEN not in result.stderr


def test_a_state_of_another_store_names_it_only_if_that_is_a_hash(quiet: Sandbox) -> None:
    named = run(settings(quiet), state={"store_hash": "other1"})
    assert "other1" in named.stderr
    hidden = run(settings(quiet), state={"store_hash": REAL})
    assert REAL not in hidden.stderr
    assert named.status == hidden.status == 1
