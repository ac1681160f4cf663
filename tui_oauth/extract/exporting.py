"""An export: a job that is asked for, waited for, and whose file is read line by line."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any

from tui_oauth.errors import ProviderRefused, ProviderUnreachable
from tui_oauth.extract.calls import Calls
from tui_oauth.extract.declared import Resource
from tui_oauth.extract.paging import Ask, Place, at

if TYPE_CHECKING:
    from tui_oauth.extract.stepping import Step

Row = dict[str, Any]
ROWS = 1000
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
MOST_LOOKS = 500
_ENDED = frozenset({"failed", "canceled", "cancelled"})


def exported(
    calls: Calls,
    resource: Resource,
    ask: Ask,
    place: Place,
    changed: Callable[[list[Row]], list[Row]],
) -> Iterator[Step]:
    """The rows of the file in pieces. The place is the job and the line; a job that is gone is begun anew."""
    from tui_oauth.extract.stepping import Step

    job = place.get("job", "")
    try:
        known = bool(job) and _is_ready(calls, resource, job)
    except ProviderRefused as problem:
        if problem.status != 404:
            raise
        job, place, known = "", {}, False
    if not job:
        answer = calls.page(resource, ask)
        job = str(at(answer.document, resource.paging.next) or "")
        place = {"job": job, "line": 0}
        yield Step([], place, [])
    if not known and not _await(calls, resource, job):
        yield Step([], None, [])
        return
    line = place.get("line", 0)
    with tempfile.TemporaryFile() as file:
        calls.download(resource, resource.download.replace("{job}", job), file)
        rows: list[Row] = []
        for number, row in enumerate(_lines(file)):
            if number < line:
                continue
            rows.append(row)
            if len(rows) == ROWS:
                kept = changed(rows)
                yield Step(kept, {"job": job, "line": number + 1}, kept)
                rows = []
    kept = changed(rows)
    yield Step(kept, None, kept)


def _await(calls: Calls, resource: Resource, job: str) -> bool:
    """Wait until the file is ready; False when there is nothing in it."""
    pause = FIRST_PAUSE
    for _ in range(MOST_LOOKS):
        status = _status(calls, resource, job)
        if status == "completed":
            return True
        if status == "no_data":
            return False
        if status in _ENDED:
            raise ProviderRefused(
                f"{calls.source.name} could not make the export of {resource.name}.",
                "Run it again later.",
            )
        calls.pause(pause, resource.name)
        pause = min(pause * 1.5, LONGEST_PAUSE)
    raise ProviderUnreachable(
        f"{calls.source.name} does not get the export of {resource.name} done.",
        "Run it again later: it goes on with the same one.",
    )


def _is_ready(calls: Calls, resource: Resource, job: str) -> bool:
    return _status(calls, resource, job) == "completed"


def _status(calls: Calls, resource: Resource, job: str) -> str:
    ask = Ask("GET", resource.status.replace("{job}", job), {}, None)
    return str(at(calls.page(resource, ask).document, "status") or "")


def _lines(file: IO[bytes]) -> Iterator[Row]:
    """The lines of a CSV file that is plain, or compressed in one of two ways."""
    file.seek(0)
    mark = file.read(4)
    file.seek(0)
    if mark[:2] == b"\x1f\x8b":
        with gzip.open(file) as inner:
            yield from _rows(inner)
    elif mark == b"PK\x03\x04":
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                with archive.open(name) as inner:
                    yield from _rows(inner)
    else:
        yield from _rows(file)


def _rows(file: Any) -> Iterator[Row]:
    for row in csv.DictReader(io.TextIOWrapper(file, "utf-8", newline="")):
        yield {name: value for name, value in row.items() if name is not None}
