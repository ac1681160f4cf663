"""What there is to extract with an entry, what each of it needs, and whether the app may read it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_oauth.errors import ProviderRefused, TuiOauthError
from tui_oauth.extract.calls import Calls, Stopped
from tui_oauth.extract.reading import Part, Reading, Told, Wanted
from tui_oauth.extract.running import source_of
from tui_oauth.extract.source import chosen

if TYPE_CHECKING:
    from tui_oauth.extract.declared import Source
    from tui_oauth.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Offered:
    """A resource as it is offered: its name, what it holds, and the permission that it needs.

    `incremental` says whether a later run fetches only what has changed; `parent` is the resource for each
    row of which it calls once; `argument` is a word that has to follow the name after a colon.
    """

    name: str
    words: str
    permission: str
    incremental: bool
    parent: str
    argument: str


@dataclass(frozen=True, slots=True)
class Probed:
    """Whether a resource can be read. `missing` is the permission that the app lacks."""

    name: str
    readable: bool
    missing: str = ""
    problem: TuiOauthError | None = None


def offered(workspace: Workspace, name: str) -> tuple[Offered, ...]:
    """What can be extracted with the entry `name`, in the order of its file. Asks nobody."""
    return offered_of(source_of(workspace, name))


def offered_of(source: Source) -> tuple[Offered, ...]:
    """What `source` declares."""
    found = []
    for one in source.resources:
        dating = source.resource(one.parent) or one
        found.append(
            Offered(
                one.name,
                one.words,
                one.permission,
                dating.search is not None,
                one.parent,
                one.argument,
            )
        )
    return tuple(found)


def probe(
    workspace: Workspace,
    name: str,
    resources: Sequence[str] = (),
    stop: threading.Event | None = None,
) -> Iterator[Probed]:
    """Ask for one small page of each resource. Raises what concerns them all, a bad token for instance.

    A resource below another one counts as readable when its first page is, or its parent has no rows.
    """
    source = source_of(workspace, name)
    with Calls(workspace, name, source, stop or threading.Event()) as calls:
        for called, resource in chosen(source, resources):
            told = Told(called)
            reading = Reading(calls, resource, Wanted(limit=1), told, Part(most=1), small=True)
            try:
                for _ in reading.pages({}):
                    break
            except Stopped:
                return
            except ProviderRefused as problem:
                needs = resource.permission if problem.code == "permission_missing" else ""
                yield Probed(called, False, needs, problem)
            else:
                yield Probed(called, True)
