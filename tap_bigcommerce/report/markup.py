"""HTML and SVG whose texts cannot be anything but texts."""

from __future__ import annotations

from html import escape

from tap_bigcommerce.display import printable

VOID = frozenset({"meta", "link", "br", "rect", "line", "path", "polyline"})


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(tag: str, *children: str | None, **attributes: object) -> Markup:
    """An element; children that are not Markup are escaped, and None is left out.

    Attributes: `class_` is class, `http_equiv` is http-equiv; None is left out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(printable(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if tag in VOID:
        return Markup(f"<{tag}{given}/>")
    return Markup(f"<{tag}{given}>{join(*children)}</{tag}>")


def join(*parts: str | None) -> Markup:
    """The parts, one after the other, each escaped unless it is Markup."""
    return Markup(
        "".join(
            part if isinstance(part, Markup) else escape(printable(part))
            for part in parts
            if part is not None
        )
    )
