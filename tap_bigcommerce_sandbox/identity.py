"""The store's hash and token, and the address used in links inside rows."""

from __future__ import annotations

STORE_HASH = "sandbox1"
ACCESS_TOKEN = "sandbox-access-token"

LINKS = f"https://api.bigcommerce.com/stores/{STORE_HASH}"
"""Links in rows name the real host, so that the same seed gives the same bytes on any port."""


def link(path: str) -> dict[str, str]:
    """The {url, resource} object that v2 rows have instead of what is not included."""
    return {"url": f"{LINKS}/v2{path}", "resource": path}
