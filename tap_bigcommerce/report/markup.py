"""HTML and SVG whose texts cannot be anything but texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from tap_bigcommerce.display import printable


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def html(template: str, *texts: object, **named: object) -> Markup:
    """The template with these in its {}, each escaped unless it is Markup. Quote attributes."""
    return Markup(template.format(*map(_safe, texts), **{k: _safe(v) for k, v in named.items()}))


def each(template: str, rows: Iterable[Sequence[object]]) -> Markup:
    """The template once for each row of texts."""
    return Markup("".join(html(template, *row) for row in rows))


def _safe(text: object) -> Markup:
    return text if isinstance(text, Markup) else Markup(escape(printable(str(text))))
