"""One walk of a run, and the streams that are written from it."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Callable, Sequence

from tap_bigcommerce.dates import NotADate, format_instant, normal_date
from tap_bigcommerce.display import quoted
from tap_bigcommerce.exceptions import BadRecord, IncompleteList, RequestFailed
from tap_bigcommerce.failures import failure_of
from tap_bigcommerce.family import Family
from tap_bigcommerce.output import Output, Start
from tap_bigcommerce.pages.enricher import Enricher
from tap_bigcommerce.pages.ordered_rows import Batch
from tap_bigcommerce.pages.page import ListRequest, Row
from tap_bigcommerce.pages.reading import Reading, read_by_ids
from tap_bigcommerce.streams.stream import Wish
from tap_bigcommerce.tools import Tools

LOGGER = logging.getLogger(__name__)


SAMPLE_OF = 10
"""Rows of a list in which a sample is looked for of what belongs to them."""


class WalkSync:
    """Reads one list and writes the messages of one or several streams."""

    def __init__(self, outputs: Sequence[Output], start: Start, tools: Tools, turn: int) -> None:
        """`turn` is the walk's place in the run. The outputs' streams begin at `start`."""
        self.outputs = outputs
        self._start = start
        self._tools = tools
        self._turn = turn
        self._root = outputs[0].root
        # Requests are counted for the first stream; what may be missing is the list's permission.
        permission = self._root.permission
        self._purpose = dataclasses.replace(outputs[0].purpose, permission=permission)
        self._resumed = start.sync_start is not None
        self._reading: Reading | None = None
        self._family: Family  # Since the reading has begun.

    @property
    def name(self) -> str:
        """The first of its streams."""
        return self.outputs[0].stream.name

    @property
    def names(self) -> str:
        """All of its streams."""
        return ", ".join(output.stream.name for output in self.outputs)

    def ask(self) -> None:
        """Let the first requests go, while an earlier walk is still being written."""
        self._attempt(lambda: self._alive() and self._begun().ask(ahead=True))

    def run(self, when_ending: Callable[[], None]) -> None:
        """Read the list to its end. `when_ending`: workers are free for the next walk.

        What fails stands in the outputs then. Raises what ends the whole run, and Interrupted on a
        signal; the state then holds where to go on.
        """
        self._attempt(functools.partial(self._run, when_ending))

    def _attempt(self, work: Callable[[], object]) -> None:
        """Do `work`; what it raises is the failure of all of the streams that have none."""
        error = failure_of(self.names, work)
        for output in self._alive() if error is not None else ():
            output.failure = error

    def _run(self, when_ending: Callable[[], None]) -> None:
        try:
            if self._alive():
                self._read(self._begun(), when_ending)
        finally:
            self._close()

    def _read(self, reading: Reading, when_ending: Callable[[], None]) -> None:
        self._read_again()
        for batch in reading.batches(when_ending, self._rewind):
            self._write(batch, reading)
            self.outputs[0].counts.pages = reading.pages
            if not self._alive():
                return
            if self._tools.sample and self._has_sample(reading.rows_read):
                return
        self._note_start(reading)
        self._judge(reading)
        self._for_each(functools.partial(self._complete, whole=reading.proven))
        self._for_each(lambda output: output.report_gone(self._turn))

    def _has_sample(self, rows: int) -> bool:
        """Each stream has its record, or there is none of it in so many `rows` of the list."""
        return rows >= SAMPLE_OF or all(output.counts.written for output in self._alive())

    def _close(self) -> None:
        """Close the books, however the walk has ended."""
        reading = self._reading
        if reading is not None:
            reading.close()
            # Requests and rows of a walk are counted for its first stream.
            counts = self.outputs[0].counts
            counts.read, counts.duplicates = reading.rows_read, reading.duplicates
            counts.pages = reading.pages
        for output in self.outputs:
            output.close()

    def _alive(self) -> list[Output]:
        return [output for output in self.outputs if output.failure is None]

    def _for_each(
        self, work: Callable[[Output], object], outputs: Sequence[Output] | None = None
    ) -> None:
        """Do `work` for each stream (of these) that has not failed; what fails then is it alone."""
        for output in self.outputs if outputs is None else outputs:
            output.attempt(functools.partial(work, output))

    def _begun(self) -> Reading:
        """The reading of the list, begun by now."""
        if self._reading is None:
            self._reading = self._begin()
        return self._reading

    def _begin(self) -> Reading:
        root, tools, start = self._root, self._tools, self._start
        request, family = self._family_of(self.outputs)
        params = dict(request.params)
        if root.modified_since is not None and not self.outputs[0].has_own_dates:
            if start.since is not None:
                params[root.modified_since] = start.since
            if start.until is not None:
                params.update(root.modified_until(start.until))
        params.update(root.channel_filter(tools.config.channel_ids))
        request = dataclasses.replace(request, params=params)
        self._family = family
        return Reading(
            root,
            request,
            self._purpose,
            tools,
            self._turn,
            enricher=family if family.has_work else None,
            after=start.after,
        )

    def _family_of(
        self, outputs: Sequence[Output], *, since_ever: bool = False
    ) -> tuple[ListRequest, Family]:
        """How the list is asked for on behalf of these outputs, and what makes its rows whole."""
        root, tools = self._root, self._tools
        enricher = root.enricher(self._wish(outputs))
        asked_with = enricher or Enricher()
        request = root.request({**root.params, **asked_with.params}, asked_with.details)
        counts = self._purpose.counts
        return request, Family(outputs, enricher, tools, counts, since_ever=since_ever)

    def _read_again(self) -> None:
        """Read what earlier runs have passed over, before anything else."""
        wanted: dict[int, list[Output]] = {}
        for output in self._alive():
            for id_ in output.to_retry:
                wanted.setdefault(id_, []).append(output)
        # At once those that the same streams want.
        groups: dict[tuple[Output, ...], list[int]] = {}
        for id_, outputs in wanted.items():
            groups.setdefault(tuple(outputs), []).append(id_)
        for group, ids in groups.items():
            self._read_ids(ids, group)

    def _read_ids(self, ids: Sequence[int], outputs: Sequence[Output]) -> None:
        """Read the records with these ids, and what belongs to them, for these outputs."""
        root, tools, purpose = self._root, self._tools, self._purpose
        troubled = [purpose.counts, *(output.counts for output in outputs)]
        for counts in troubled:
            counts.in_trouble = True
        request, family = self._family_of(outputs, since_ever=True)
        for id_, found in read_by_ids(ids, request, family, purpose, tools, self._turn):
            for output in outputs:
                if isinstance(found, RequestFailed):
                    output.pass_over(id_, found)
                elif id_ not in output.passed_over:
                    output.forget(id_)
            if isinstance(found, Batch):
                write = functools.partial(self._write_again, found, family)
                self._for_each(write, outputs)
            elif found is None:
                LOGGER.info("%s: record %d, passed over before, is gone", root.name, id_)
            for output in self._alive():
                output.remember()
        for counts in troubled:
            counts.in_trouble = counts.passed_over > 0
        tools.messages.page_ends()

    def _write_again(self, batch: Batch, family: Family, output: Output) -> None:
        self._write_records(batch, family, output)
        for row in batch.rows:
            if row["id"] not in output.passed_over:
                output.read_first[row["id"]] = row.get("date_modified")

    def _wish(self, outputs: Sequence[Output]) -> Wish:
        """What these outputs together want of the list."""
        needed: set[str] = set()
        whole_rows, unselected = False, tuple[str, ...]()
        for output in outputs:
            stream = output.stream
            if stream.parent is None:
                whole_rows, unselected = True, output.selection.unselected
                needed |= output.selection.paths
            else:
                needed |= {*stream.needs, *([stream.nested] if stream.nested else [])}
        return Wish(
            wants=needed.__contains__,
            whole_rows=whole_rows,
            unselected=tuple(name for name in unselected if name not in needed),
            config=self._tools.config,
            client=self._tools.client,
            purpose=self._purpose,
        )

    def _write(self, batch: Batch, reading: Reading) -> None:
        """One batch's RECORDs, and the STATE that covers them."""
        self._note_start(reading)
        self._for_each(functools.partial(self._write_records, batch, self._family))
        newest = self._newest(batch.rows) if self._alive() else None
        if newest != self._start.newest:
            self._start = dataclasses.replace(self._start, newest=newest)
        for output in self._alive():
            output.counts.share = reading.share
            output.interrupt(batch.position, self._start)
        if batch.ends_page:
            self._tools.messages.page_ends()
        else:
            self._tools.messages.flush()

    def _write_records(self, batch: Batch, family: Family, output: Output) -> None:
        output.write_schema()
        output.write(family.rows_of(output, batch.rows), sent_at=batch.page.answer.sent_at)

    def _complete(self, output: Output, *, whole: bool) -> None:
        """The list has been read to its end; `whole`: and nothing can have slipped by."""
        output.write_schema()
        if output.in_doubt and output.has_read_any:
            self._see_whether_others_can_be_read(output)
        output.complete(self._start)
        if whole:
            output.activate(self._start, resumed=self._resumed)

    def _see_whether_others_can_be_read(self, output: Output) -> None:
        """Read again what belongs to a parent of whom something has been read, if there is one."""
        if output.last_read is not None:
            job = functools.partial(self._family.read_own, output, {"id": output.last_read})
            (result,) = self._tools.workers.run_all({output.last_read: job}).values()
            if isinstance(result, RequestFailed):
                return
        output.was_read()

    def _note_start(self, reading: Reading) -> None:
        """Remember when the walk began, by the store's clock."""
        if self._start.sync_start is None and reading.began is not None:
            began = format_instant(reading.began)
            self._start = dataclasses.replace(self._start, sync_start=began)

    def _newest(self, rows: Sequence[Row]) -> str | None:
        """The newest date of modification up to and with these rows."""
        key, newest = self._root.replication_key, self._start.newest or ""
        if key is None:
            return None
        for output in self._alive():
            if output.stream is self._root:
                return output.newest
        for row in rows:
            try:
                date = normal_date(row[key])
            except (KeyError, TypeError, NotADate):
                date = None
            if date is None:
                raise BadRecord(
                    f"{self.name}: record {quoted(row.get('id'))} of {self._root.name} has no "
                    f"usable {key}. The stream stops here, and its bookmark stays where it was, so "
                    "that nothing is lost."
                )
            newest = max(newest, date)
        return newest or None

    def _rewind(self) -> None:
        """Rows may be missing among those written: a stopped run goes on where this one began."""
        for output in self._alive():
            self._tools.state.rewind(output.stream.name)

    def _judge(self, reading: Reading) -> None:
        """Whether the list was read whole. Raises IncompleteList where that is not accepted."""
        name, contradiction = self._root.name, reading.contradiction
        if contradiction is None and reading.read_again is not None:
            LOGGER.warning(
                "%s: %s. Read again by page number, it showed all of them.",
                name,
                reading.read_again,
            )
        elif contradiction is None and not reading.proven:
            LOGGER.warning(
                "%s: the list changed whenever it was read, so that records may have moved from a "
                "page not yet read to one read already. The next sync reads it again.",
                name,
            )
        elif contradiction is not None:
            error = IncompleteList(name, contradiction, name)
            if not self._tools.config.accepts(name):
                raise error
            LOGGER.warning("%s That is accepted (accept_incomplete).", error.difference)
            for output in self._alive():
                output.read_in_part = True
