"""All lists of the store as a table, for tests: path, permission, key, parent, pagination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tap_bigcommerce_sandbox.endpoints import CHILDREN, ENDPOINTS, KINDS
from tap_bigcommerce_sandbox.lists import Computed, RowList
from tap_bigcommerce_sandbox.world import Child, Kind


@dataclass(frozen=True)
class DeclaredList:
    """A list of the store, or an object that is a list's only row, such as `store`."""

    name: str
    path: str
    """With the version of the API; {} is the id of a row of `parent`."""
    scope: str
    """The required permission; "a|b" means either of them."""
    key: Mapping[str, str]
    """The fields that rows are unique by, among all rows of the list, with their JSON types:
    "integer", "string" or "object". Empty if no field identifies a row."""
    parent: str = ""
    """The list whose rows' ids are in the path."""
    one_for: str = ""
    """The list whose rows have one of these rows each, some of them or all."""
    pages: str = "page"
    """"page"; "both" (cursors too); "cursor"; "after" (the last row's id); "once" (all rows in one
    response); "object" (no list)."""
    whole: Mapping[str, str] | None = None
    """The query with which rows have all their fields; None if they always do."""
    derived: bool = False
    """Whether rows follow from other lists, so that they cannot be changed themselves."""
    text: bool = True
    """Whether a change without fields shows in the rows; the others have no text of their own."""

    @property
    def api(self) -> str:
        """The version of the API: "v2" or "v3"."""
        return self.path[:2]


def declared_lists() -> tuple[DeclaredList, ...]:
    """All lists and objects, in the order of their endpoints."""
    rows: dict[str, Kind | Child] = {kind.name: kind for kind in KINDS}
    rows.update({child.name: child for child in CHILDREN})
    found = []
    for item in ENDPOINTS:
        if isinstance(item, RowList):
            pages = {"none": "once"}.get(item.paging.style, item.paging.style)
            found.append(_declared(item, rows[item.row_kind], pages, _whole(item, rows)))
        elif isinstance(item, Computed) and item.name in rows:
            found.append(_declared(item, rows[item.name], "object", None))
    return tuple(found)


def _declared(
    item: RowList | Computed, rows: Kind | Child, pages: str, whole: Mapping[str, str] | None
) -> DeclaredList:
    child = rows if isinstance(rows, Child) else None
    names = (child.id,) if child and child.id else rows.key
    return DeclaredList(
        item.name,
        f"{item.api}/{item.path}",
        item.scope,
        {name: rows.key_types.get(name, "integer") for name in names},
        parent=child.parent if child and "{}" in item.path else "",
        one_for=child.parent if child and child.id and child.id == child.parent_field else "",
        pages=pages,
        whole=whole,
        derived=bool(child and child.derived_from),
        text=bool(rows.changes),
    )


def _whole(item: RowList, rows: Mapping[str, Kind | Child]) -> Mapping[str, str] | None:
    declared = rows[item.row_kind]
    if not declared.optional:
        return None
    if declared.includes:
        return {"include": ",".join(sorted(declared.includes))}
    return dict.fromkeys(item.shown_by, "true")
