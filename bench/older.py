"""The tap compared with the older tap-bigcommerce 1.1.3 of PyPI, on one store.

`python -m bench.older PYTHON` prints the requests of each, and what it does not write. PYTHON is
that of an environment with the older one. Its requests to api.bigcommerce.com go to the test store.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.program import TAP, settings
from tap_bigcommerce_sandbox import Options, Sandbox

SIZES: dict[str, Any] = {"orders": 1000, "customers": 1000, "products": 1000, "coupons": 60}
OLDER = """
import sys
from tap_bigcommerce import main
from tap_bigcommerce.bigcommerce import Bigcommerce
get, api_url = Bigcommerce.get, sys.argv.pop(1)
Bigcommerce.get = lambda self, url, *args, **words: get(
    self, url.replace("https://api.bigcommerce.com", api_url), *args, **words
)
main()
"""


def main() -> None:
    """Run both taps, and print a line for each."""
    with Sandbox.spawn(Options(**SIZES)) as store, tempfile.TemporaryDirectory() as folder:
        config, catalog = Path(folder) / "config.json", Path(folder) / "catalog.json"
        needed = {"client_id": "none", "start_date": "2023-04-01T00:00:00Z"}
        config.write_text(json.dumps(settings(store, **needed)))
        common = ["--config", str(config)]
        older = [sys.argv[1], "-I", "-c", OLDER, store.api_url, *common]
        found = json.loads(_output([*older, "--discover"]))
        for entry in found["streams"]:
            for field in entry["metadata"]:
                field["metadata"]["selected"] = True
        catalog.write_text(json.dumps(found))
        for command in ([*TAP, *common], [*older, "--catalog", str(catalog)]):
            store.clear_requests()
            records: dict[str, dict[int, Any]] = {name: {} for name in SIZES}
            for message in map(json.loads, _output(command).splitlines()):
                if message["type"] == "RECORD":
                    records[message["stream"]][message["record"]["id"]] = message["record"]
            missing = {name: SIZES[name] - len(records[name]) for name in SIZES}
            lines = sum(len(row["products"]) for row in records["orders"].values())
            made = len(store.requests())
            print(f"{made:,} requests; not written: {missing}; {lines:,} line items")


def _output(command: list[str]) -> bytes:
    return subprocess.check_output(command, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
