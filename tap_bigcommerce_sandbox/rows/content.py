"""Pages, blog posts and redirects."""

from __future__ import annotations

from datetime import datetime

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.dates import iso
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Form, Kind, World

_PAGE_TYPES = ("page", "raw", "contact_form", "link", "blog")


def _page(world: World, number: int, form: Form) -> Row:
    kind = _PAGE_TYPES[number % len(_PAGE_TYPES)]
    channels = world.tables["channels"].base
    row: Row = {
        "id": number,
        "channel_id": channels[number % min(2, len(channels))],
        "name": f"Seite {number}",
        "is_visible": number % 7 != 0,
        "parent_id": 0,
        "sort_order": number,
        "type": kind,
        "is_homepage": number == 1,
        "is_customers_only": number % 6 == 0,
        "meta_title": None,
        "meta_keywords": None if number % 2 else "büro, ofis",
        "meta_description": None,
        "search_keywords": None,
        "url": f"/seite-{number}/",
    }
    # Each type of page has fields of its own, that the others lack.
    if kind == "link":
        row["link"] = "https://example.com/"
    elif kind == "contact_form":
        row["email"], row["contact_fields"] = "shop@example.com", "fullname,phone"
    if kind in ("page", "raw", "contact_form"):
        row["body"] = f"<p>{texts.SENTENCES[number % len(texts.SENTENCES)]}</p>"
    if kind == "raw":
        row["content_type"] = "text/html"
    return row


def _post(world: World, number: int, form: Form) -> Row:
    moment = world.tables["blog_posts"].created(number)
    text = iso(moment)
    return {
        "id": number,
        "title": f"Neuigkeiten № {number}",
        "url": f"/blog/neues-{number}/",
        "preview_url": f"/blog/neues-{number}/?preview=1",
        "body": f"<p>{texts.SENTENCES[number % len(texts.SENTENCES)]}</p>",
        "tags": ["news", "büro"] if number % 2 else [],
        "summary": "",
        "is_published": number % 4 != 0,
        # A date as PHP writes one out.
        "published_date": {
            "timezone_type": 1,
            "date": f"{text[:10]} {text[11:19]}.000000",
            "timezone": "+00:00",
        },
        # Not as its name says in the API's own example.
        "published_date_iso8601": text if number % 2 else _american(text),
        "meta_description": None,
        "meta_keywords": "" if number % 2 else None,
        "author": None if number % 3 else "Zoë",
        "thumbnail_path": "",
    }


def _american(text: str) -> str:
    moment = datetime.fromisoformat(text)
    hour = f"{moment.hour % 12 or 12}:{moment:%M:%S} {'AM' if moment.hour < 12 else 'PM'}"
    return f"{moment.month}/{moment.day}/{moment.year} {hour}"


def _redirect(world: World, number: int, form: Form) -> Row:
    rng = world.rng("redirect", number)
    sites = world.below("sites", world.tables["channels"].base[0])
    kind = rng.pick(("product", "brand", "category", "url"))
    tables = {"product": "products", "brand": "brands", "category": "categories"}
    entity = world.some_id(tables[kind], rng) if kind in tables else 0
    to: Row = {"type": kind, "entity_id": entity}
    url = f"/neu-{number}/"
    if not entity:
        to = {"type": "url", "url": url}
    return {
        "id": number,
        "site_id": sites[0]["id"] if sites else 1000,
        "from_path": f"/alt-{(number * 7919) % 100_000}/",
        "to": to,
        "to_url": f"https://shop1.example.com{url}",
    }


def _to_type(world: World, number: int) -> str:
    found: str = world.row("redirects", number)["to"]["type"]
    return found


CONTENT_KINDS: tuple[Kind, ...] = (
    Kind(
        "pages",
        lambda options: options.small_lists,
        _page,
        "name",
        optional=frozenset(("body",)),
        includes=frozenset(("body",)),
    ),
    Kind("blog_posts", lambda options: options.small_lists, _post, "summary"),
    Kind(
        "redirects",
        lambda options: options.redirects,
        _redirect,
        "from_path",
        optional=frozenset(("to_url",)),
        includes=frozenset(("to_url",)),
        facts={"type": _to_type},
    ),
)
