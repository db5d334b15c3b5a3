"""All options of the sandbox, with their defaults and meanings."""

import argparse
import dataclasses
from dataclasses import dataclass, field
from typing import Any

from tap_bigcommerce_sandbox.values import CURRENCIES


def _option(default: Any, text: str, choices: tuple[str, ...] = ()) -> Any:
    """A dataclass field that carries its own help text and its allowed values."""
    return field(default=default, metadata={"help": text, "choices": choices})


@dataclass(frozen=True)
class Options:
    """The size of the store, its behaviour, and variants where the API is undocumented."""

    # The data of the store
    seed: int = _option(1, "same seed and sizes, same store")
    orders: int = _option(2000, "number of orders")
    customers: int = _option(1000, "number of customers")
    products: int = _option(800, "number of products")
    coupons: int = _option(60, "number of coupons")
    ids: str = _option(
        "holes",
        "id pattern: dense, holes, sparse, clusters or huge_gaps; or 'orders=dense,coupons=holes'",
    )
    id_gaps: float = _option(0.02, "share of ids left out in the pattern 'holes'")
    data_until: str = _option("2026-04-01T00:00:00Z", "the newest date a row starts with (ISO)")
    variants_per_product: int = _option(6, "most variants a product has")
    fewest_variants: int = _option(0, "fewest variants; 0: half of the products have none")
    images_per_product: int = _option(4, "most images a product has")
    fewest_images: int = _option(0, "fewest images a product has")
    line_items: int = _option(3, "most line items of a plain order")
    huge_order_share: float = _option(0.004, "share of orders with 51 to 300 line items")
    couponed_share: float = _option(0.10, "share of orders with coupons")
    promotion_share: float = _option(0.015, "share of orders with an automatic promotion")
    currency: str = _option("USD", "default currency of the store", tuple(CURRENCIES))
    customer_groups: int = _option(6, "number of customer groups")
    customer_attributes: int = _option(12, "number of attributes that customers can have")
    brands: int = _option(40, "number of brands")
    categories: int = _option(60, "number of categories")
    metafield_share: float = _option(0.1, "share of the orders, products, … that have metafields")
    price_lists: int = _option(3, "number of price lists")
    promotions: int = _option(12, "number of promotions")
    codes_per_promotion: int = _option(60, "most codes of a promotion with many")
    channels: int = _option(3, "number of channels (1 or more)")
    locations: int = _option(4, "number of inventory locations (3 or more)")
    small_lists: int = _option(8, "rows of lists that have no option, such as banners")
    redirects: int = _option(40, "number of redirects")

    # Behaviour that the API does not document
    inclusive_bounds: bool = _option(True, "whether a bound such as id:min includes its value")
    archived_orders: str = _option(
        "listed",
        "whether lists that do not ask for is_deleted have archived ones",
        ("listed", "hidden"),
    )
    archive_touches: bool = _option(True, "whether archiving an order sets its date_modified")
    line_item_cut: int = _option(50, "line items a consignment embeds before it is cut")
    cut_warning: bool = _option(True, "whether a cut consignment carries __warning__")
    warning_position: str = _option(
        "consignment",
        "where __warning__ is: in the consignment, or one more line item",
        ("consignment", "line_items"),
    )
    consignment_costs: str = _option("number", "JSON type of embedded costs", ("number", "string"))
    shipping_base_cost: str = _option("ex_tax", "what base_shipping_cost is", ("ex_tax", "inc_tax"))
    embedded_consignments: str = _option(
        "object", "array: always the old form; never: links", ("object", "array", "never")
    )
    fulfillment_source_embedded: bool = _option(False, "whether embedded line items have it")
    empty_line_items_every: int = _option(0, "ids that this divides embed no line items")
    items_total_counts_children: bool = _option(True, "whether items_total counts parts of bundles")
    free_shipping_coupon_shows_discount: bool = _option(False, "whether coupon_discount counts it")
    customers_v2: str = _option(
        "served", "whether /v2/customers is served; else its status", ("served", "404", "410")
    )
    brands_total_error: int = _option(0, "added to the total of brands, which was wrong once")
    counts_incomplete_orders: bool = _option(True, "whether /orders/count counts status 0")
    counts_apply_filters: bool = _option(True, "whether /count applies the filters of lists")
    past_end: str = _option("empty", "v3 response to a page past the end", ("empty", "404"))
    limit_max: int = _option(250, "largest limit; above it v2 answers 413")
    v3_over_limit: str = _option("413", "v3 response above limit_max", ("413", "422", "cap"))
    page_cap: int = _option(0, "silently lowers every limit to this (0: off)")

    # Behaviour of the server
    any_hash: bool = _option(False, "whether it answers under any store hash, each the same store")
    port: int = _option(0, "loopback port (0: any free one)")
    latency_ms: float = _option(0.0, "delay of every response in milliseconds")
    refuse_unknown_parameters: bool = _option(False, "whether undocumented parameters are refused")
    quota: int = _option(0, "requests allowed per window (0: unlimited)")
    window_seconds: float = _option(30.0, "length of the rate limit's window")
    other_app_rate: float = _option(0.0, "requests a second that another app takes of the quota")
    rate_limit_headers: bool = _option(True, "whether responses have X-Rate-Limit-* headers")
    withheld_scopes: tuple[str, ...] = _option(
        (), "permissions that the token lacks, as in the table"
    )
    clock_skew_seconds: float = _option(0.0, "how far the store's clock is ahead of this machine")
    fault_rate: float = _option(0.0, "share of data requests that fail at random (seeded)")
    fault_kinds: tuple[str, ...] = _option(
        ("500", "502", "503", "504", "429", "reset", "cut"), "kinds the random faults are of"
    )
    hang_seconds: float = _option(60.0, "how long a request waits with the fault 'hang'")
    gzip: bool = _option(False, "compress responses (level 1) for clients that accept it")
    cache_mb: int = _option(256, "memory for rows already serialized")

    def __post_init__(self) -> None:
        """Refuse values that no option allows; raises ValueError."""
        for item in dataclasses.fields(self):
            choices = item.metadata["choices"]
            if choices and getattr(self, item.name) not in choices:
                raise ValueError(f"{item.name} must be one of {', '.join(choices)}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add every option to the parser as --kebab-case."""
    for item in dataclasses.fields(Options):
        text = f"{item.metadata['help']} (default: {_plain(item.default)})".replace("%", "%%")
        given: dict[str, Any] = {"default": item.default, "help": text}
        if item.type is bool:
            given["action"] = argparse.BooleanOptionalAction
        else:
            given["type"] = _words if item.type == tuple[str, ...] else item.type
            given["choices"] = item.metadata["choices"] or None
        parser.add_argument("--" + item.name.replace("_", "-"), **given)


def to_arguments(options: Options) -> list[str]:
    """The command line that gives these options."""
    arguments = []
    for name, value in dataclasses.asdict(options).items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            arguments.append(f"--{'' if value else 'no-'}{flag}")
        else:
            arguments.append(f"--{flag}={_plain(value)}")
    return arguments


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split(",") if word)


def _plain(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)
