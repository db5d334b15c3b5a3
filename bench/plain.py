"""A plain extractor for comparison: `python -m bench.plain --config C [--catalog K]`.

It works as many taps do: pages of 50 by number, one after another; three more requests for each
order; `singer.Transformer` and `singer.write_record`. It reads the same streams with the same
schemas, waits after a 429, and has neither state nor retries.
"""

import argparse
import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import requests
import singer

from tap_bigcommerce.records.schemas import load_schema

Record = dict[str, Any]

PAGE = 50
PATHS = {
    "orders": "/v2/orders",
    "products": "/v3/catalog/products",
    "customers": "/v2/customers",
    "coupons": "/v2/coupons",
}
PARAMS = {"products": {"include": "variants,images,custom_fields,bulk_pricing_rules,videos"}}
CHILD_LISTS = {"orders": ("products", "shipping_addresses", "coupons")}
LEFT_OUT = {"orders": ("consignments", "fees"), "coupons": ("restricted_to",)}
"""Fields that do not fit the schema, which `Transformer` would refuse."""


class Store:
    """The store's API."""

    def __init__(self, config: dict[str, str]) -> None:
        self._base = f"{config['api_url']}/stores/{config['store_hash']}"
        self._session = requests.Session()
        self._session.headers["X-Auth-Token"] = config["access_token"]

    def records(self, path: str, **params: str) -> Iterator[Record]:
        """All records of a list, page after page."""
        for number in itertools.count(1):
            rows = self._get(path, {**params, "page": str(number), "limit": str(PAGE)})
            yield from rows
            if len(rows) < PAGE:
                break

    def _get(self, path: str, params: dict[str, str]) -> list[Record]:
        while True:
            response = self._session.get(self._base + path, params=params, timeout=300)
            if response.status_code != 429:
                break
            time.sleep(int(response.headers["X-Rate-Limit-Time-Reset-Ms"]) / 1000)
        response.raise_for_status()
        body = response.json() if response.status_code != 204 else []
        rows: list[Record] = body["data"] if isinstance(body, dict) else body
        return rows


def sync(store: Store, stream: str) -> None:
    """Read one stream."""
    path, schema = PATHS[stream], load_schema(stream)
    singer.write_schema(stream, schema, ["id"])
    for record in store.records(path, **PARAMS.get(stream, {})):
        for name in LEFT_OUT.get(stream, ()):
            record.pop(name, None)
        for name in CHILD_LISTS.get(stream, ()):
            record[name] = list(store.records(f"{path}/{record['id']}/{name}"))
        with singer.Transformer() as transformer:
            out = transformer.transform(record, schema)
        singer.write_record(stream, out, time_extracted=singer.utils.now())


def main() -> None:
    """Read the streams of the catalog, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, type=argparse.FileType())
    parser.add_argument("--catalog", type=argparse.FileType())
    given = parser.parse_args()
    store = Store(json.load(given.config))
    chosen = json.load(given.catalog)["streams"] if given.catalog else ()
    for stream in [entry["tap_stream_id"] for entry in chosen] or PATHS:
        sync(store, stream)


if __name__ == "__main__":
    main()
