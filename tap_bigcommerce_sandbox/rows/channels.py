"""Rows of channels, their listings and sites."""

from __future__ import annotations

from array import array

from tap_bigcommerce_sandbox.dates import iso
from tap_bigcommerce_sandbox.options import Options
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Child, Form, Kind, World

_ROOM = 10_000_000
_SECOND_CHANNEL = 675412
_TYPES = (
    ("storefront", "bigcommerce", "active"),
    ("storefront", "next", "prelaunch"),
    ("marketplace", "amazon", "connected"),
    ("pos", "square", "disconnected"),
    ("marketing", "facebook", "inactive"),
)


def _numbers(options: Options) -> array[int]:
    others = range(_SECOND_CHANNEL, _SECOND_CHANNEL + max(0, options.channels - 1))
    return array("q", (1, *others))


def _type(world: World, channel: int) -> tuple[str, str, str]:
    place = world.tables["channels"].base_index(channel)
    return _TYPES[-1 if place is None else place % len(_TYPES)]


def _channel(world: World, number: int, form: Form) -> Row:
    table = world.tables["channels"]
    kind, platform, status = _type(world, number)
    return {
        "id": number,
        "external_id": "",
        "is_listable_from_ui": True,
        "is_enabled": status == "active",
        "is_visible": True,
        "status": status,
        "name": f"Kanal {number} – {platform}",
        "type": kind,
        "platform": platform,
        "date_created": iso(table.created(number), "Z"),
        "date_modified": iso(table.modified(number), "Z"),
        "icon_url": "",
        "currencies": {
            "channel_id": number,
            "default_currency": world.options.currency,
            "enabled_currencies": [world.options.currency],
        },
    }


def _listings(world: World, channel: int) -> list[Row]:
    created = world.tables["channels"].created(channel)
    sold = (
        product
        for product in world.tables["products"].ids
        if any(
            row["channel_id"] == channel
            for row in world.below("product_channel_assignments", product)
        )
    )
    return [_listing(world, channel, at, item, created + at) for at, item in enumerate(sold)]


def _listing(world: World, channel: int, at: int, product: int, created: int) -> Row:
    common = {
        "channel_id": channel,
        "product_id": product,
        "external_id": "",
        "state": "disabled" if product % 9 == 0 else "active",
        "name": "" if product % 2 else "Anders genannt",
        "description": "",
        "date_created": iso(created, "Z"),
        "date_modified": iso(created + product % 997 * 3600, "Z"),
    }
    variants = world.below("product_variants", product)
    return {
        "listing_id": channel * _ROOM + at,
        **common,
        "variants": [{**common, "variant_id": variant["id"]} for variant in variants],
    }


def _sites(world: World, channel: int) -> list[Row]:
    if _type(world, channel)[0] != "storefront":
        return []
    stamp = iso(world.tables["channels"].created(channel), "Z")
    url = f"https://shop{channel}.example.com"
    kinds = ("primary", "canonical", "checkout") if channel == 1 else ("primary",)
    return [
        {
            "id": channel * 10,
            "url": url,
            "channel_id": channel,
            "created_at": stamp,
            "updated_at": stamp,
            "ssl_status": "dedicated" if channel == 1 else "shared",
            "urls": [
                {"url": url, "type": kind, "created_at": stamp, "updated_at": stamp}
                for kind in kinds
            ],
            "is_checkout_url_customized": channel == 1,
        }
    ]


def _zulu(second: int) -> str:
    return iso(second, "Z")


CHANNELS = Kind(
    "channels",
    lambda options: options.channels,
    _channel,
    "name",
    numbers=_numbers,
    optional=frozenset(("currencies",)),
    includes=frozenset(("currencies",)),
)
CHANNEL_CHILDREN: tuple[Child, ...] = (
    Child(
        "channel_listings",
        "channels",
        _listings,
        "description",
        id="listing_id",
        key=("listing_id",),
        key_within_parent=True,
        parent_field="channel_id",
        stride=_ROOM,
        created=("date_created", _zulu),
        modified=("date_modified", _zulu),
        depends_on=("products",),
    ),
    Child(
        "sites",
        "channels",
        _sites,
        "url",
        parent_field="channel_id",
        stride=10,
        created=("created_at", _zulu),
        modified=("updated_at", _zulu),
    ),
)
