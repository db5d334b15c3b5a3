"""Config, catalog and state may hold anything: it is refused in words, before anything is asked."""

import base64
import copy
import functools
import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostile_store import config, coupons, entries, rows, serving
from tap_runner import Json, refused, run, succeed

from tap_bigcommerce import files
from tap_bigcommerce.config import parse_config

DEEP = 100_000
ODD_TEXTS = {
    "too deep": '{"a":' * DEEP + "[]" + "}" * DEEP,
    "deeper than a catalog": '{"a":' * 400 + "1" + "}" * 400,
    "cut off in the deep": "[" * DEEP,
    "NUL in a name": '{"a\\u0000b": 1}',
    "half a character": '{"bookmarks": {"orders": {"x": "\\udfff"}}}',
    "NaN": '{"bookmarks": {"orders": {"x": NaN}}}',
    "a number beyond any": '{"bookmarks": {"orders": {"x": 1e999}}}',
    "a number of 10,000 digits": '{"x": ' + "9" * 10_000 + "}",
    "a name twice": '{"streams": [], "streams": []}',
    "no text": "\udcff\udcfe\udcfa",
    "several lines": '{"a": 1}\n{"b": 2}',
}
NOWHERE = config("http://127.0.0.1:9")


def mistake(*args: Any, **more: Any) -> str:
    """The few words with which the tap ends, before it has asked anything."""
    text = refused(*args, **more)
    assert len(text) < 3000
    return text


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
@pytest.mark.parametrize("option", ["--config", "--catalog", "--state"])
def test_an_odd_file_or_a_folder_is_refused(option: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    given = None if option == "--config" else NOWHERE
    assert "cannot be read: " in mistake(given, args=[option, str(file)])
    mistake(given, args=[option, str(tmp_path)])


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(files, "PIPE_TIMEOUT", 0.1)
    os.mkfifo(tmp_path / "odd")
    with pytest.raises(files.UnusableFile, match="no data was received"):
        files.read_json(str(tmp_path / "odd"))


def test_a_config_may_come_out_of_a_pipe(tmp_path: Path) -> None:
    read, write = os.pipe()
    link = tmp_path / "config"
    link.symlink_to(f"/proc/{os.getpid()}/fd/{read}")
    try:
        with serving(rows({"id": 1})) as url, os.fdopen(write, "w") as pipe:
            pipe.write(json.dumps(config(url)))
            pipe.close()
            result = succeed(catalog=coupons(), args=["--config", str(link)])
    finally:
        os.close(read)
    assert result.ids("coupons") == [1]


Change = Callable[[Json], Any]
ODD_CATALOGS: dict[str, Change] = {
    "metadata is a number": lambda entry: entry.update(metadata=5),
    "metadata of a number": lambda entry: entry["metadata"].append(1),
    "a breadcrumb of lists": lambda entry: entry["metadata"][1].update(breadcrumb=[["id"]]),
    "no schema": lambda entry: entry.update(schema=None),
    "fields in a list": lambda entry: entry["schema"].update(properties=[]),
    "a field that is a number": lambda entry: entry["schema"]["properties"].update(x=1),
    "inner fields in a list": lambda entry: entry["schema"]["properties"].update(
        x={"properties": [1]}
    ),
    "a type that is an object": lambda entry: entry["schema"]["properties"]["id"].update(type={}),
    "a method in a list": lambda entry: entry["metadata"][0]["metadata"].update(
        {"replication-method": ["FULL_TABLE"]}
    ),
    "a name in a list": lambda entry: entry.update(tap_stream_id=["coupons"]),
}


@pytest.mark.parametrize("change", ODD_CATALOGS.values(), ids=ODD_CATALOGS)
def test_an_odd_catalog_is_refused(change: Change) -> None:
    catalog = coupons()
    for entry in entries(catalog, "coupons"):
        entry["metadata"].sort(key=lambda item: len(item["breadcrumb"]))
        change(entry)
    mistake(NOWHERE, catalog)


def packed(size: int) -> Json:
    """So many zeros, as a state has packed sets of ids."""
    pack = zlib.compressobj()
    block = bytes(1 << 20)
    parts = [pack.compress(block) for _ in range(size >> 20)]
    return {"ids": base64.b64encode(b"".join([*parts, pack.flush()])).decode()}


@pytest.mark.parametrize(
    "deletes",
    [
        pytest.param(functools.partial(packed, 2 << 30), marks=pytest.mark.loads),
        functools.partial(packed, 0),
        {"ids": base64.b64encode(b"no set").decode()},
        {"ids": 5},
        {"file": "../../etc/passwd", "sha256": "0"},
        {"file": ["x"]},
        {"file": "a\u0001b"},
        {"version": "x"},
        {"too_large": True},
        {"ids": "not base64"},
        [],
    ],
    ids=lambda one: "packed" if callable(one) else str(one),
)
def test_an_odd_set_of_ids_is_refused(deletes: Any, tmp_path: Path) -> None:
    # A large one is packed only where it is wanted.
    entry = deletes() if callable(deletes) else copy.deepcopy(deletes)
    state = {"bookmarks": {"coupons": {"deletes": entry or "x"}}}
    more = {"detect_deletes": True, "deletes_path": str(tmp_path)}
    with serving(rows({"id": 1})) as url:
        result = run(config(url, **more), coupons(), state)
    assert result.status == 1
    assert result.records("coupons") == []
    assert result.logged("CRITICAL")


HOST = "https://api.bigcommerce.com"


@pytest.mark.parametrize(
    "api_url",
    [
        "https://user:s3cret@api.bigcommerce.com",
        "https://:@api.bigcommerce.com",
        *(
            f"{HOST}{end}"
            for end in (":0", ":65536", ":x", ":", "/stores/abc/v3", "?x", "#x", ";x")
        ),
        "https://api\n.bigcommerce.com",
        *(f"https://{host}" for host in ("", "/path", ".", "a..b", "-a.com", "a" * 64)),
        *(f"https://{host}" for host in ("999.1.1.1", "1.2.3", "[::1", "[::zz]", "[fe80::1%25e]")),
        "https://b\u00fccher.example",
        "https://api.bigcommerce.com\\@evil.example",
        "https://api.bigcommerce.com#@evil.example",
        "http://api.bigcommerce.com",
        "http://127.0.0.1.example.com",
        "file:///etc/passwd",
        "//api.bigcommerce.com",
        "api.bigcommerce.com",
        ["https://api.bigcommerce.com"],
    ],
)
def test_an_address_that_is_more_or_less_than_a_host_is_refused(api_url: Any) -> None:
    raw = {"store_hash": "abc123", "access_token": "t0ken", "api_url": api_url}
    _, line = mistake(raw, hides="s3cret").splitlines()
    assert line.isprintable()
    assert line.startswith("CRITICAL - api_url should be")


@pytest.mark.parametrize(
    ("api_url", "meant"),
    [
        ("HTTPS://API.BigCommerce.com/", HOST),
        (f" {HOST} ", HOST),
        (f"{HOST}:443", f"{HOST}:443"),
        ("http://LOCALHOST:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://192.0.2.1", "https://192.0.2.1"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_address_is_read_as_it_is_meant(api_url: str, meant: str) -> None:
    raw = {"store_hash": "abc123", "access_token": "t0ken", "api_url": api_url}
    assert parse_config(raw).api_url == meant


ODD_VALUES: dict[str, list[Any]] = {
    "channel_ids": [[[1]], {"a": 1}, [None]],
    "page_size": [[5], "9999"],
    "max_retry_seconds": ["1" + "0" * 400],
    "max_attempts": [10**18],
    "request_timeout": ["nan", "1e999"],
    "quota_share": [{}],
    "detect_deletes": [[]],
    "start_date": [["2024-01-01"], "99999-01-01"],
    "deletes_path": ["a\x00b", "a\x1b[2Jb"],
    "user_agent": ["a\r\nX-Evil: 1"],
    "store_hash": ["a/../b", "a" * 33, f"{HOST}/stores/a%2Fb/v3", ["abc"]],
    "access_token": ["t\x7foken"],
}


@pytest.mark.parametrize("at", range(4))
def test_odd_values_are_mistakes_in_words(at: int) -> None:
    odd = {name: values[at] for name, values in ODD_VALUES.items() if at < len(values)}
    _, *lines = mistake({"store_hash": "abc123", "access_token": "t0ken", **odd}).splitlines()
    named = [line.removeprefix("CRITICAL - ").split(" should be ")[0] for line in lines]
    assert sorted(named) == sorted(odd)
    assert all(line.isprintable() for line in lines)
