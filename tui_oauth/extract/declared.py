"""What can be extracted from a service, as data: one file a service in `data/`.

`CONTRIBUTING.md` says how to add one. Unknown keys are errors that name the file, the key and what is
wrong, so that a misspelt one never silently reads less than it should.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Paging:
    """How the pages of a list follow each other.

    `single`: there is one. `cursor`: the answer has a value at `next`, sent back as `parameter`.
    `number`: `parameter` counts up to the value at `pages`, or until a page is empty. `link`: the answer
    has the whole address of the next page at `next`. `header`: the Link header has it (RFC 8288).
    `scroll`: as cursor, and the end is an empty page; only one can be open, and it ends when idle.
    `export`: a job is asked for, waited for, and its file downloaded. A path such as `pages.next` leads
    into the answer, or into the request's body where `body` is set.
    """

    kind: str = "single"
    next: str = ""
    parameter: str = ""
    pages: str = ""
    total: str = ""
    """Where the answer says how many rows there are in all."""
    size_parameter: str = ""
    size: int | None = None
    body: bool | None = None
    busy: str = ""
    """The code of the refusal while another scroll is open: then it is waited for."""
    most: int | None = None
    """After so many rows the service gives no more: a search in order goes on with the last moment."""


@dataclass(frozen=True, slots=True)
class Search:
    """How to ask for the rows that have changed since a moment.

    `{since}` in `parameters` (query) or `payload` (JSON body) stands for the moment, in the form
    `moment`, `{now}` for the present. `grain` is `day` where the service looks at whole days only.
    """

    path: str
    method: str = "GET"
    rows: str = ""
    paging: Paging = Paging()
    parameters: Mapping[str, str] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)
    moment: str = "seconds"
    grain: str = "second"


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of rows: where they are, their key, and what reading them needs.

    `rows` leads to the rows in the answer; empty when the answer is the list itself. `cursor` is the field
    that says when a row was changed. `parent` is the resource below whose rows these are; `{parent}`
    in `path` is the parent's `parent_key`, which the rows get as `parent_field`. `argument` names the
    word that has to be given after a colon (`custom_objects:order`), `{argument}` in `path`.
    """

    name: str
    path: str
    key: tuple[str, ...]
    words: str
    method: str = "GET"
    rows: str = "data"
    parameters: Mapping[str, str] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)
    paging: Paging = Paging()
    cursor: str = ""
    search: Search | None = None
    peek: Search | None = None
    """Another way to the first rows, where the usual one is nothing for just a look."""
    parent: str = ""
    parent_key: str = "id"
    parent_field: str = ""
    argument: str = ""
    permission: str = ""
    each: Mapping[str, str] = field(default_factory=dict)
    """A parameter and its values, divided by commas: the resource is asked for with each of them."""
    status: str = ""
    """For an export: where the job's state is asked for, `{job}` in it."""
    download: str = ""
    """For an export: where its file is, `{job}` in it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The names of the headers that say how many calls are left, and until when."""

    remaining: str = ""
    reset: str = ""
    reset_in: str = "moment"
    """`moment` (Unix seconds), or `seconds` or `milliseconds` from now."""


@dataclass(frozen=True, slots=True)
class Source:
    """All that can be extracted from one service.

    `services` are the ids of the services of the catalogue that answer like this. The API's address is
    that of the service's identity probe without `probe`; where the tokens say `region`, `regions` has
    the address of that one.
    """

    id: str
    name: str
    services: tuple[str, ...]
    probe: str
    resources: tuple[Resource, ...]
    limits: Limits = Limits()
    headers: Mapping[str, str] = field(default_factory=dict)
    region: str = ""
    regions: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    """Codes in an answer 401 or 403 that mean a missing permission, not a bad token."""

    def resource(self, name: str) -> Resource | None:
        """The resource called `name`, which may carry its argument (`custom_objects:order`)."""
        bare = name.partition(":")[0]
        return next((one for one in self.resources if one.name == bare), None)


@functools.cache
def sources() -> tuple[Source, ...]:
    """Every source there is. Raises InvalidService for a file that breaks the format."""
    from tui_oauth.extract.declaring import read

    return tuple(read(path.read_text("utf-8"), path.name) for path in sorted(DATA.glob("*.toml")))


def load(service_id: str) -> Source | None:
    """What can be extracted from the service; None when nothing is declared for it."""
    return next((one for one in sources() if service_id in one.services), None)
