"""Who the store is: its hash, its token and the address that links inside rows carry."""

from __future__ import annotations

STORE_HASH = "sandbox1"
ACCESS_TOKEN = "sandbox-access-token"

LINKS = f"https://api.bigcommerce.com/stores/{STORE_HASH}"
"""Links in rows name the real host, so that the same seed gives the same bytes on any port."""


def link(path: str) -> dict[str, str]:
    """The {url, resource} that v2 rows carry in place of what they do not include."""
    return {"url": f"{LINKS}/v2{path}", "resource": path}
