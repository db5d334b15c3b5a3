"""python -m scripts.golden COMMIT: compares the tap's output with that at COMMIT.

Runs the tap of COMMIT and that of the working tree against equal sandbox stores, scenario by
scenario, and compares catalogs, messages, last states and exit statuses. Then the new tap continues
from the states and catalogs of the old one. Exit status 1 if anything differs.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tap_bigcommerce_sandbox import Options, Sandbox

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[1]
DAY = 86400.0
SIZES: Json = {"orders": 70, "customers": 50, "products": 45, "coupons": 30, "brands": 30}
OPTIONS = Options(**SIZES, seed=17, metafield_share=0.5, data_until="2025-01-01T00:00:00Z")

ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, -0.0, 12.5, 1e300, "", "x", "7", "-3.10", "1,234.50", "a\0b"),
    *("Tue, 05 Mar 2024 21:40:11 +0200", "0000-00-00 00:00:00", "1709674811"),
    *([], {}, [None], ["x", 7], [{"id": 7}], {"a": {"b": [None, "12.50"]}}),
)
"""Values for fields that are documented otherwise."""

# Fields that identify and date rows, and what the store computes other rows from.
USED = ("id", "date_modified", "items_total", "store_credit", "categories")
ONE_AT_ONCE: Json = {"max_concurrency": 1}


class GoldenStore(Sandbox):
    """A sandbox at the time `now`: in the past on every machine, so that no sync starts before."""

    def __init__(self) -> None:
        super().__init__(OPTIONS)
        self.now = 1735776000.0  # 2025-01-02T00:00:00Z
        self._server.app.world.machine_clock = lambda: self.now

    def ids(self, list_: str) -> list[int]:
        """The ids of a list, in order."""
        return [row["id"] for row in self.records(list_)]


@dataclass(frozen=True)
class Step:
    """A run of the tap, with a catalog that selects this part of the fields; 0: without one."""

    settings: Json
    args: Sequence[str] = ()
    selected: float = 1


Scenario = Callable[[GoldenStore], Iterator[Step]]


def usual(store: GoldenStore) -> Iterator[Step]:
    """A sync of everything, and one after the changes of a day."""
    yield Step({})
    _change(store)
    yield Step({})


def odd(store: GoldenStore) -> Iterator[Step]:
    """Undocumented values, of about every fourth field in two rows of three."""
    for list_ in (*SIZES, "promotions", "subscribers"):
        for row in store.records(list_, full=True):
            fields: Json = {"unknown": 7}
            for name in row.keys() - USED:
                draw = zlib.crc32(f"{list_}/{row['id']}/{name}".encode())
                if draw % 4 == 0 and not name.endswith("_id"):
                    fields[name] = ODD[draw // 4 % len(ODD)]
            if row["id"] % 3:
                store.change(list_, ids=[row["id"]], fields=fields)
    yield Step(ONE_AT_ONCE)


def failing(store: GoldenStore) -> Iterator[Step]:
    """Faults that go away, and faults that stay; the next run continues where they were."""
    store.set(withheld_scopes=["sites"])
    for list_, kind in (("orders", "503"), ("customers", "cut"), ("brands", "html")):
        store.fault(list_, kind=kind, times=1)
    store.fault("categories", kind="invalid-byte", times=0)
    store.fault("products", kind="504", times=0, limit_above=10)
    for list_ in ("coupons", "customers", "product_reviews", "redirects"):
        store.fault(list_, kind="500", times=0, ids_between=[store.ids(list_)[9]] * 2)
    store.fault("order_shipments", kind="500", times=0, ids_between=store.ids("orders")[9:11])
    yield Step(ONE_AT_ONCE)
    store.clear_faults()
    store.now += DAY
    yield Step(ONE_AT_ONCE)


def selection(store: GoldenStore) -> Iterator[Step]:
    """A catalog without some fields, pseudonyms, the column store_hash; then rules."""
    hidden = {"hash_fields": ["**.*email*", "customers.last_name"], "hash_salt": "golden salt"}
    yield Step({"store_hash_column": True, **hidden}, selected=2 / 3)
    rules = {
        "select": ["*.*", "!personal", "!orders.products.sku", "!products.images"],
        "order_details": "per_order",
        "order_coupons": "always",
        "streams": {"orders": {"end_date": "2024-10-01", "start_date": "2023-01-01"}},
        "channel_ids": store.ids("channels")[:2],
    }
    yield Step(rules, ("--full-refresh", "orders"), selected=0)


def deletes(store: GoldenStore) -> Iterator[Step]:
    """Deletions: sets of ids for streams that have them, versions for all others."""
    tracked = Step({"detect_deletes": True, "deletes_every": 0, "activate_version": True})
    yield tracked
    _change(store)
    yield tracked


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario for scenario in (usual, odd, failing, selection, deletes)
}


def _change(store: GoldenStore) -> None:
    """The changes of a day; always the same."""
    store.now += DAY
    for list_ in ("orders", "customers", "products", "coupons", "subscribers", "channels"):
        store.change(list_, ids=store.ids(list_)[3::11])
        store.add(list_, count=2)
    for list_ in ("orders", "customers", "products", "coupons", "brands", "wishlists", "pages"):
        store.delete(list_, ids=store.ids(list_)[2:3])
    store.now += DAY


@dataclass
class Run:
    """A run: its status, its requests, the messages of each stream, its state."""

    status: int
    requests: int
    lines: dict[str, list[str]]
    state: Any = None


def call(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the tap whose package is in the folder; returns its exit status and output."""
    usual = {k: v for k, v in os.environ.items() if not k.startswith("TAP_BIGCOMMERCE_")}
    command = [sys.executable, "-m", "tap_bigcommerce", *arguments]
    done = subprocess.run(command, cwd=folder, env=usual, capture_output=True, check=False)
    return done.returncode, done.stdout.decode()


def play(tap: Path, scenario: Scenario, catalog: Any, first: Run | None = None) -> list[Run]:
    """The runs of a scenario. `first`: the first one, if another tap has done that."""
    runs = [first] if first else []
    with (store := GoldenStore()):
        for number, step in enumerate(scenario(store)):
            if number or not first:
                runs.append(_run(tap, store, step, catalog, runs[-1].state if runs else None))
    return runs


def _run(tap: Path, store: GoldenStore, step: Step, catalog: Any, state: Any) -> Run:
    keys = {key: getattr(store, key) for key in ("store_hash", "access_token", "api_url")}
    few = {"page_size": 20, "max_attempts": 2, "max_retry_seconds": 0}
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            draw = zlib.crc32("/".join([entry["stream"], *item["breadcrumb"]]).encode())
            item["metadata"]["selected"] = (
                not item["breadcrumb"] or draw % 100 < 100 * step.selected
            )
    files = {"config": {**keys, **few, **step.settings}, "state": state}
    files |= {"catalog": catalog} if step.selected else {}
    store.clear_requests()
    with tempfile.TemporaryDirectory(prefix="golden-") as folder:
        arguments = [*step.args]
        for option, value in files.items():
            if value is not None:
                path = Path(folder, f"{option}.json")
                path.write_text(json.dumps(value), "utf-8")
                arguments += [f"--{option}", str(path)]
        status, out = call(tap, *arguments)
    run = Run(status, len(store.requests()), {})
    for line in filter(None, out.split("\n")):
        message, text = json.loads(line), _masked(line, store.now)
        if message["type"] == "STATE":
            run.state, run.lines["the last STATE"] = message["value"], [text]
        else:
            run.lines.setdefault(message["stream"], []).append(text)
    return run


def _masked(line: str, store_now: float) -> str:
    """Replace what comes from clocks: dates and versions of today, and the start of a sync."""

    def date(found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[0].replace("Z", "+00:00")).timestamp()
        # A sync starts a little before the store's time, or in the middle of a second.
        now = abs(moment - time.time()) < DAY
        return "<now>" if now or moment % 1 or 0 < store_now - moment < 600 else found[0]

    line = re.sub(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", date, line)
    return re.sub(r"\b1[78]\d{11}\b", "<now>", line)


def _same(label: str, was: Run, now: Run) -> bool:
    """Print whether two runs are the same, and the first messages of each stream that differ."""
    faults = [] if was.status == now.status else [f"exit status: {was.status} | {now.status}"]
    for stream in sorted(was.lines.keys() | now.lines.keys()):
        lines = zip_longest(was.lines.get(stream, ()), now.lines.get(stream, ()), fillvalue="none")
        pairs = [(number, a, b) for number, (a, b) in enumerate(lines) if a != b]
        for number, a, b in pairs[:3]:
            at = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), 60)
            part = slice(max(0, at - 60), at + 60)
            faults.append(f"{stream}, message {number}: {a[part]} | {b[part]}")
        if pairs[3:]:
            faults.append(f"{stream}: {len(pairs)} messages differ")
    print(
        f"{label}: {'DIFFERENT' if faults else 'same'}: {len(now.lines)} streams, "
        f"{sum(map(len, now.lines.values())):,} messages, exit {now.status}, requests: "
        f"{was.requests} / {now.requests}",
        *faults,
        sep="\n    ",
        flush=True,
    )
    return not faults


def main(argv: Sequence[str] | None = None) -> int:
    """Compare two versions; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.golden", description=__doc__)
    parser.add_argument("commit", help="or a folder with its package")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=SCENARIOS)
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="golden-") as folder, ThreadPoolExecutor(2) as pool:
        old = Path(given.commit).resolve()
        if not (old / "tap_bigcommerce").is_dir():
            old = Path(folder).resolve()
            command = ["git", "-C", str(ROOT), "archive", given.commit, "tap_bigcommerce"]
            packed = subprocess.run(command, stdout=subprocess.PIPE, check=True)
            subprocess.run(["tar", "-x", "-C", folder], input=packed.stdout, check=True)
        taps = (old, ROOT)
        found = [call(tap, "--discover") for tap in taps]
        same = _same("discovery", *(Run(code, 0, {"catalog": [text]}) for code, text in found))
        catalogs = [json.loads(text) for _, text in found]
        for name in given.only:
            was, now = pool.map(play, taps, [SCENARIOS[name]] * 2, catalogs)
            for number, (a, b) in enumerate(zip(was, now, strict=True), 1):
                same &= _same(f"{name}, run {number}", a, b)
            if len(was) > 1:
                crossed = play(ROOT, SCENARIOS[name], catalogs[0], was[0])
                same &= _same(f"{name}, from the old state", was[1], crossed[1])
    print("Same." if same else "DIFFERENT.")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
