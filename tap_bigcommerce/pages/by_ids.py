"""Single records, asked for by their ids and made whole."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.exceptions import NotFound, RequestFailed, UnexpectedAnswer
from tap_bigcommerce.pages.enricher import Enricher
from tap_bigcommerce.pages.ordered_rows import Batch, OrderedRows
from tap_bigcommerce.pages.page import ListRequest, Page
from tap_bigcommerce.workers import Workers


@dataclass(frozen=True)
class Found:
    """What came of one id: a batch with the whole row; neither that nor an error: it is gone."""

    id: int
    batch: Batch | None = None
    error: RequestFailed | None = None


def read_by_ids(
    ids: Sequence[int],
    request: ListRequest,
    enricher: Enricher,
    client: Client,
    purpose: Purpose,
    workers: Workers,
    *,
    turn: int,
) -> Iterator[Found]:
    """The records with these ids below the path of `request`, each as soon as it is whole.

    Raises what is no trouble of a single one.
    """
    found: list[Found] = []
    errors: list[BaseException] = []
    rows = OrderedRows(enricher, workers, errors.append, turn=turn)
    missing = set(ids)

    def ask(id_: int) -> Page:
        single = dataclasses.replace(request, path=f"{request.path}/{id_}")
        answer = client.get(single.path, single.params, dict, purpose, keys=single.row_keys)
        if answer.raw.keys != [id_]:
            raise UnexpectedAnswer(
                f"{purpose.stream}: GET {single.path} answers with the record {answer.raw.keys}. "
                "Going on with it could mix up records."
            )
        return Page([id_], 1, answer, bare=True)

    def came(page: Page) -> None:
        rows.line_up(page, page.ids)

    def failed(id_: int, error: BaseException) -> None:
        if isinstance(error, NotFound):
            found.append(Found(id_))
        elif isinstance(error, RequestFailed):
            found.append(Found(id_, error=error))
        else:
            errors.append(error)

    for id_ in ids:
        work = functools.partial(ask, id_)
        workers.submit(work, came, functools.partial(failed, id_), (turn, 0, False))
    try:
        while missing:
            for batch in rows.ready():
                found.append(Found(batch.keys[0], batch if batch.rows else None))
            while found:
                missing.discard(found[0].id)
                yield found.pop(0)
            if errors:
                raise errors[0]
            if missing:
                workers.step()
    finally:
        rows.close()
