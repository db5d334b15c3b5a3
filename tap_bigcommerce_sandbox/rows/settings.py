"""Rows of a store's settings: currencies, taxes, shipping zones."""

from __future__ import annotations

from tap_bigcommerce_sandbox.dates import rfc2822
from tap_bigcommerce_sandbox.money import CURRENCIES, exchange_rate
from tap_bigcommerce_sandbox.rows.store import store_information
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Child, Form, Kind, World

RATES_STRIDE = 10
_COUNTRIES = ("AT", "US", "AU", "JP", "GB", "DE")


def _currency(world: World, number: int, form: Form) -> Row:
    codes, default = list(CURRENCIES), world.options.currency
    code = codes[number - 1] if number <= len(codes) else "CHF"
    whole = code == "JPY"
    return {
        "id": number,
        "is_default": code == default,
        "country_iso2": code[:2] if code != "EUR" else "DE",
        "default_for_country_codes": ["DEU", "AUT"] if code == "EUR" else [],
        "currency_code": code,
        "currency_exchange_rate": exchange_rate(CURRENCIES.get(code, 1.0) / CURRENCIES[default]),
        "auto_update": code != default,
        "token_location": "right" if code == "EUR" else "left",
        "token": {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}.get(code, code),
        "decimal_token": "," if code == "EUR" else ".",
        "thousands_token": "." if code == "EUR" else ",",
        "decimal_places": 0 if whole else 2,
        "name": f"{code} – Währung",
        "enabled": number < len(codes),
        "is_transactional": True,
        "use_default_name": False,
        "last_updated": rfc2822(world.tables["currencies"].modified(number)),
    }


def _tax_zone(world: World, number: int, form: Form) -> Row:
    place = {"country_code": _COUNTRIES[number % len(_COUNTRIES)]}
    settings = ("show_inclusive", "show_both_on_detail_view", "show_both_on_list_view")
    return {
        "id": number,
        "name": "Default Zone" if number == 1 else f"Zone {number} – Österreich",
        "enabled": number % 4 != 0,
        "price_display_settings": dict.fromkeys(settings, number % 2 == 0),
        "shopper_target_settings": {
            "locations": []
            if number == 1
            else [{**place, "subdivision_codes": ["ST", "W"], "postal_codes": ["1010", "8010"]}],
            "customer_groups": list(world.tables["customer_groups"].base[: number % 3]),
        },
    }


def _tax_rates(world: World, zone: int) -> list[Row]:
    return [
        {
            "id": zone * RATES_STRIDE + at,
            "tax_zone_id": zone,
            "name": f"MwSt {at}",
            "enabled": True,
            "priority": at + 1,
            "class_rates": [
                {"rate": rate, "tax_class_id": number}
                for number, rate in enumerate((20, 0, 10.5, 0))
            ],
        }
        for at in range(1 + zone % 2)
    ]


def _shipping_zone(world: World, number: int, form: Form) -> Row:
    first = number == 1
    country = {"id": number * 10, "country_iso2": _COUNTRIES[number % len(_COUNTRIES)]}
    zip_code = {"zip": "78759"} if number % 3 == 0 else {}
    return {
        "id": number,
        "name": "Österreich & Rest of World" if first else f"Zone {number}",
        "type": "global" if first else ("zip" if zip_code else "country"),
        "locations": [] if first else [{**country, **zip_code}],
        "free_shipping": {
            "enabled": number % 2 == 0,
            "minimum_sub_total": "100" if number % 2 == 0 else "",
            "exclude_fixed_shipping_products": False,
        },
        "handling_fees": {"fixed_surcharge": "2.5", "display_separately": True}
        if number % 2
        else {"percentage_surcharge": "3", "display_separately": False},
        "enabled": number % 5 != 0,
    }


def _shipping_methods(world: World, zone: int) -> list[Row]:
    # The last zone has none yet.
    if zone == world.tables["shipping_zones"].ids[-1] and zone > 1:
        return []
    kinds = ("perorder", "peritem", "weight", "auspost")
    return [
        {
            "id": zone * 10 + at,
            "name": f"Versand {at} ✈",
            "type": kinds[(zone + at) % len(kinds)],
            # An empty map is an array, as PHP writes it.
            "settings": {"rate": 7.5 if at else 7} if (zone + at) % 2 == 0 else [],
            "enabled": True,
            "handling_fees": {"fixed_surcharge": 0} if at else {"percentage_surcharge": 2.5},
            "is_fallback": at == 0,
            "channel_ids": [] if at else [world.tables["channels"].base[0]],
        }
        for at in range(1 + zone % 3)
    ]


SETTINGS_KINDS: tuple[Kind, ...] = (
    Kind("currencies", lambda options: len(CURRENCIES), _currency, "name", pattern="dense"),
    Kind(
        "tax_zones", lambda options: max(1, options.small_lists), _tax_zone, "name", pattern="dense"
    ),
    Kind(
        "shipping_zones",
        lambda options: max(1, options.small_lists),
        _shipping_zone,
        "name",
        pattern="dense",
    ),
    Kind(
        "store",
        lambda options: 1,
        lambda world, number, form: store_information(world),
        "phone",
        pattern="dense",
        key_types={"id": "string"},
    ),
)
SETTINGS_CHILDREN: tuple[Child, ...] = (
    Child(
        "tax_rates",
        "tax_zones",
        _tax_rates,
        "name",
        parent_field="tax_zone_id",
        stride=RATES_STRIDE,
    ),
    Child("shipping_methods", "shipping_zones", _shipping_methods, "name", stride=10),
)
