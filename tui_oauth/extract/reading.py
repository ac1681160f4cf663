"""One resource read page by page, from a place that is kept to the next one.

Everything that has to outlast the process stands in `state`, a small JSON value that is kept with
the rows: how far the run under way has come (`run`), from when on the next one asks (`since`), and marks of the rows of that very moment (`edge`), which are not taken twice unless they have changed again. `emptying` stays for as long
as the first rows of a run that begins anew are not loaded: those of earlier runs make room for them.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tui_oauth.errors import TuiOauthError
from tui_oauth.extract.calls import Calls, Stopped
from tui_oauth.extract.declared import Resource
from tui_oauth.extract.moments import moment, newest
from tui_oauth.extract.stepping import Step, Steps

Row = dict[str, Any]
State = dict[str, Any]
MOST_EDGE = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: everything since a moment (Unix milliseconds), all anew, so many rows at most."""

    since: int | None = None
    full: bool = False
    limit: int | None = None


@dataclass(slots=True)
class Part:
    """A piece of a run that is loaded before the next one is fetched."""

    most: int | None = None
    ends: float | None = None
    rows: int = 0

    @property
    def full(self) -> bool:
        """Whether it is time to load what there is."""
        late = self.ends is not None and time.monotonic() >= self.ends
        return late or (self.most is not None and self.rows >= self.most)


@dataclass
class Told:
    """What has become of one resource so far. `name` carries the argument, where it takes one."""

    name: str
    rows: int = 0
    total: int | None = None
    """About how many rows there are in all, with those of the runs that it goes on from."""
    before: int = 0
    """Rows that earlier runs have fetched, where it goes on from there."""
    begun: bool = False
    finished: bool = False
    since: int | None = None
    next_since: int | None = None
    went_on: bool = False
    problem: TuiOauthError | None = None


@dataclass
class Reading:
    """Reads `resource`, part by part, until `told.finished`, a problem, or the limit."""

    calls: Calls
    resource: Resource
    wanted: Wanted
    told: Told
    part: Part = field(default_factory=Part)
    fetched: Callable[[Told], None] = lambda told: None
    raises: bool = True
    """Whether a problem ends the work of whoever reads; else it is kept in `told`."""
    small: bool = False
    """Whether pages hold no more rows than `wanted.limit`, for a look at the first ones."""

    @property
    def over(self) -> bool:
        """Whether nothing more is to be read."""
        return self.told.finished or self.told.problem is not None or self._left == 0

    def pages(self, state: State) -> Iterator[list[Row]]:
        """The rows, a page at a time, with `state` brought up to date before each."""
        if self.over or self.part.full:
            return
        run = self._run(state)
        steps = Steps(
            self.calls,
            self.resource,
            self.told.name,
            run["since"],
            lambda rows: self._changed(rows, state),
            self.wanted.limit if self.small else None,
        )
        try:
            for step in steps.of(run["place"]):
                rows = self._taken(step, run)
                if run["place"] is None:
                    self._finish(run, state)
                self.fetched(self.told)
                if rows:
                    yield rows
                if self.over or self._is_full():
                    return
        except Stopped:
            return
        except TuiOauthError as problem:
            if self.raises:
                raise
            self.told.problem = problem

    def _is_full(self) -> bool:
        return self.part.full

    @property
    def _left(self) -> int | None:
        limit = self.wanted.limit
        return None if limit is None else max(0, limit - self.told.rows)

    def _run(self, state: State) -> State:
        """The run under way, or a new one."""
        run: State | None = state.get("run")
        told, wanted = self.told, self.wanted
        if run is None or run["rows"]:
            state.pop("emptying", None)
        if run is None or (not told.begun and (wanted.full or run["asked"] != wanted.since)):
            since = wanted.since
            if since is None and not wanted.full:
                since = state.get("since")
            fresh = since is None
            run = {"asked": wanted.since, "since": since, "place": {}, "rows": 0, "greatest": None}
            state["run"] = run
            state.pop("emptying", None)
            if fresh:
                state["emptying"] = True
        elif not told.begun:
            told.went_on = True
            told.before = run["rows"]
        told.begun, told.since = True, run["since"]
        return run

    def _taken(self, step: Step, run: State) -> list[Row]:
        """The rows of a step, as many as are wanted; the place after them is kept."""
        skip = run.get("skip", 0)
        rows, left = step.rows[skip:] if skip else step.rows, self._left
        if left is not None and len(rows) > left:
            rows = rows[:left]
            run["skip"] = skip + len(rows)
        else:
            self._date(step.dated, run)
            run["place"] = step.following
            if step.rows:  # a scroll that looks for its place gives none
                run.pop("skip", None)
        run.setdefault("began", int(self.calls.began * 1000))
        run["rows"] += len(rows)
        self.told.total = step.total
        self.told.rows += len(rows)
        self.part.rows += len(rows)
        return rows

    @property
    def _dating(self) -> Resource:
        """The resource whose rows say when they changed: for rows of a parent that is the parent."""
        return self.calls.source.resource(self.resource.parent) or self.resource

    def _changed(self, rows: list[Row], state: State) -> list[Row]:
        """Without the rows that have not changed since then, where they say so."""
        since, dating = state["run"]["since"], self._dating
        if since is None or not dating.cursor:
            return rows
        edge = set(state.get("edge", ())) if state.get("since") == since else set()
        return [row for row in rows if self._is_new(row, since, edge, dating.cursor)]

    @staticmethod
    def _is_new(row: Row, since: int, edge: set[str], cursor: str) -> bool:
        changed = moment(row.get(cursor))
        if changed is None or changed > since:
            return True
        return changed == since and digest(row) not in edge

    def _date(self, rows: list[Row], run: State) -> None:
        """Keep when the row changed that changed last, and the marks of all that changed with it."""
        dating = self._dating
        latest = newest(rows, dating.cursor) if dating.search and rows else None
        if latest is None or latest < (run["greatest"] or 0):
            return
        marks = [digest(row) for row in rows if moment(row.get(dating.cursor)) == latest]
        if latest == run["greatest"]:
            marks = [*run["edge"], *marks]
        run["greatest"], run["edge"] = latest, marks[-MOST_EDGE:]

    def _finish(self, run: State, state: State) -> None:
        """The run is over: the next one asks from the last change on, or from when this one began."""
        del state["run"]
        self.told.finished = True
        before, reached = state.get("since"), run["greatest"]
        edge = run.get("edge", [])
        if not self._dating.search:
            return
        if reached is None:
            # Nothing has changed; what the last run knows stays true.
            reached, edge = run["since"], state.get("edge", [])
        elif run["began"] < reached:
            # What changed while it ran, behind its back, is older than the last change seen.
            reached, edge = run["began"], []
        elif reached == run["since"]:
            edge = [*state.get("edge", []), *edge]
        gap = run["asked"] is not None and before is not None and run["asked"] > before
        if reached is not None and not gap:
            state["since"], state["edge"] = reached, edge
        self.told.next_since = state.get("since")


def must_empty(state: State) -> bool:
    """Whether what earlier runs have loaded makes room for what has just been fetched."""
    run: State | None = state.get("run")
    return bool(state.get("emptying")) and (run is None or run["rows"] > 0)


def digest(row: Row) -> str:
    """A short mark of all that stands in a row."""
    text = json.dumps(row, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
