"""Inventory: how many of each variant lie at which location."""

from __future__ import annotations

from tap_bigcommerce_sandbox.dates import iso
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Child, Form, Kind, World

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_PLACES = (
    ("1 Main St", "Austin", "TX", "78759", "US", 30.4, -97.75),
    ("Königsallee 7", "Düsseldorf", "", "40212", "DE", 51.22, 6.78),
    ("桜通り 3", "名古屋", "愛知県", "460-0002", "JP", 35, 136.9),
)


def _items(world: World, product: int) -> list[Row]:
    return [_item(world, variant) for variant in world.below("product_variants", product)]


def _item(world: World, variant: Row) -> Row:
    number = variant["id"]
    rng = world.rng("inventory", number)
    locations = world.tables["locations"].base
    # The first location holds what the variant itself tells; the others share little more.
    shown = locations[: rng.between(1, len(locations))]
    return {
        "identity": {
            "sku": variant["sku"],
            "variant_id": number,
            "product_id": variant["product_id"],
            "sku_id": variant["sku_id"],
        },
        "locations": [
            _level(location, variant["inventory_level"] if at == 0 else rng.between(-2, 9))
            for at, location in enumerate(shown)
        ],
    }


def _level(location: int, count: int) -> Row:
    return {
        "location_id": location,
        "location_code": f"LOC-{location}",
        "location_name": f"Store № {location}",
        "available_to_sell": max(0, count),
        "total_inventory_onhand": count,
        "location_enabled": True,
        "settings": {
            "safety_stock": 0,
            "is_in_stock": count > 0,
            "warning_level": 2,
            "bin_picking_number": "" if location % 2 else "Regal 7",
        },
    }


INVENTORY_ITEMS = Child(
    "inventory_items",
    "products",
    _items,
    id="",
    number=lambda row: int(row["identity"]["variant_id"]),
    key=("identity",),
    key_types={"identity": "object"},
    derived_from="product_variants and locations",
    facts={
        "product_id": lambda world, number: _identity(world, number)["product_id"],
        "variant_id": lambda world, number: number,
        "sku": lambda world, number: _identity(world, number)["sku"],
        "location_id": lambda world, number: [
            level["location_id"] for level in _levels(world, number)
        ],
        "location_code": lambda world, number: [
            level["location_code"] for level in _levels(world, number)
        ],
    },
)


def _identity(world: World, number: int) -> Row:
    found: Row = world.children["inventory_items"].row(number)["identity"]
    return found


def _levels(world: World, number: int) -> list[Row]:
    found: list[Row] = world.children["inventory_items"].row(number)["locations"]
    return found


def _location(world: World, number: int, form: Form) -> Row:
    table = world.tables["locations"]
    street, city, state, zip_code, country, latitude, longitude = _PLACES[number % len(_PLACES)]
    hours = {"open": True, "opening": "09:00", "closing": "17:00"}
    return {
        "id": number,
        "code": f"LOC-{number}",
        "label": f"Store № {number}",
        "description": "" if number % 2 else "Behind the station 🚉",
        "managed_by_external_source": number % 4 == 0,
        "type_id": "PHYSICAL" if number % 3 else "VIRTUAL",
        "enabled": True,
        "operating_hours": {day: {**hours, "open": day != "sunday"} for day in _DAYS},
        "time_zone": "America/Chicago",
        "created_at": iso(table.created(number), "Z"),
        "updated_at": iso(table.modified(number), "Z"),
        "address": {
            "address1": street,
            "address2": "",
            "city": city,
            "state": state,
            "zip": zip_code,
            "email": "shop@example.com",
            "phone": "",
            "geo_coordinates": {"latitude": latitude, "longitude": longitude},
            "country_code": country,
        },
        "storefront_visibility": True,
        "special_hours": [_holiday()] if number % 2 else [],
    }


def _holiday() -> Row:
    return {
        "label": "Neujahr",
        "date": "2027-01-01",
        "open": False,
        "opening": "00:00",
        "closing": "00:00",
        "all_day": True,
        "annual": True,
    }


LOCATIONS = Kind(
    "locations",
    lambda options: max(3, options.locations),
    _location,
    "description",
    pattern="dense",
    facts={
        "location_code": lambda world, number: f"LOC-{number}",
        "is_default": lambda world, number: number == 1,
    },
)
