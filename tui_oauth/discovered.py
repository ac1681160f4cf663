"""Entries made from a URL: created from what was found, looked up again, told how to go on.

The endpoints that the person saw stay in the entry. A later look-up shows what would change, and
changes nothing until somebody says so; credentials never follow to another place (rule 105).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui_oauth import entries
from tui_oauth.discover import Asked, Found, look_up
from tui_oauth.errors import AlreadyExists, NotFound, UsageProblem
from tui_oauth.model import Entry, EntrySecrets, valid_name, without_tokens
from tui_oauth.oauth.client import BASIC, NONE
from tui_oauth.oauth.found import endpoints
from tui_oauth.oauth.urls import origin_of
from tui_oauth.services.guide import GuideView, discovered_guide
from tui_oauth.services.pinned import DISCOVERED, pin

if TYPE_CHECKING:
    from tui_oauth.services.format import Service
    from tui_oauth.workspace import Workspace


def check_name(workspace: Workspace, name: str) -> str:
    """`name` when a new entry may have it: asked before anything goes over the network.

    Raises UsageProblem or AlreadyExists.
    """
    wanted = valid_name(name)
    with suppress(NotFound):
        taken = workspace.vault.find(wanted)
        raise AlreadyExists(
            f"There is an entry called {taken.name} already.", "Choose another name."
        )
    return wanted


def create_discovered(
    workspace: Workspace,
    name: str,
    found: Found,
    scopes: tuple[str, ...] | None = None,
    *,
    without_person: bool = False,
) -> Entry:
    """Create OAuth Entry from what was found: a new entry called `name`, Not Configured.

    It carries the service itself, with the endpoints as they were found. `scopes` None: those
    that the look-up suggests. `without_person` as for `entries.create_entry`. Raises UsageProblem
    or AlreadyExists.
    """
    chosen = None if scopes is None else entries.clean_scopes(scopes)
    grant = entries.grant_for(found.service, without_person=without_person)
    bare = _entry_of(workspace, found)
    entry = bare._replace(name=valid_name(name), scopes=chosen, grant=grant)
    return workspace.vault.add(entry, EntrySecrets())


def callback_url_of(workspace: Workspace, found: Found) -> str:
    """The Callback URL that an entry made of `found` would have."""
    return entries.callback_url(workspace, _entry_of(workspace, found))


def _entry_of(workspace: Workspace, found: Found) -> Entry:
    """A new entry that carries what was found, without a name of its own yet."""
    service, now = found.service, workspace.now()
    return Entry(
        id=os.urandom(16).hex(),
        name=service.name,
        service=DISCOVERED,
        service_name=service.name,
        created_at=now,
        updated_at=now,
        grant=entries.grant_for(service),
        pinned=pin(service),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that the server says differently now; empty texts where it is not there."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Rediscovery:
    """What a later look-up of an entry found. `ends_credentials`: accepting it means that client
    ID, client secret and tokens are forgotten, because they would go to another place."""

    entry: Entry
    found: Found
    service: Service
    changes: tuple[Change, ...]
    ends_credentials: bool


async def rediscover(
    workspace: Workspace, entry: Entry, tell: Callable[[Asked], object] | None = None
) -> Rediscovery:
    """Look up where `entry` was found, and compare. Changes nothing.

    Raises UsageProblem for an entry that was not made from a URL, and as `look_up`.
    """
    if not entry.pinned:
        raise UsageProblem(
            f"{entry.name} was not made from a URL: its service is {entry.service_name}.",
            "Its addresses come from the service's file.",
        )
    before = entries.declared_service(workspace, entry)
    found = await look_up(workspace, found_at(before), tell)
    after = _as_registered(found.service, before, entry.configured)
    return Rediscovery(
        entry=entry,
        found=found,
        service=after,
        changes=tuple(_changes(before, after)),
        ends_credentials=_leads_elsewhere(before, after),
    )


def accept(workspace: Workspace, rediscovery: Rediscovery) -> Entry:
    """Take over what a later look-up found. Conflict when the entry was changed since.

    Where issuer, token endpoint or another place that gets secrets has moved, credentials and
    tokens are forgotten and have to be entered anew.
    """
    now = workspace.now()
    pinned = pin(rediscovery.service)

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        changed = current._replace(pinned=pinned, last_error="", updated_at=now)
        if not rediscovery.ends_credentials:
            # What is registered for this client is the Callback URL that it has had so far.
            before = entries.callback_url(workspace, current)
            moved = current.configured and entries.callback_url(workspace, changed) != before
            return changed._replace(callback_url=before) if moved else changed, held
        bare = changed._replace(configured=False, callback_url=None, client_secret_expires_at=None)
        return without_tokens(bare, now), EntrySecrets()

    entry = rediscovery.entry
    return workspace.vault.change(entry.id, edit, expected_revision=entry.revision)


def found_at(service: Service) -> str:
    """The address under which a discovered `service` was found: its resource's, else its issuer's."""
    return next(iter(service.extensions.resource), service.issuer)


def guide_of(workspace: Workspace, entry: Entry) -> GuideView:
    """The steps that lead an entry made from a URL to a client ID, with its Callback URL in place."""
    return discovered_guide(
        entries.declared_service(workspace, entry),
        entries.needed_callback_url(workspace, entry),
        entries.shell_word(entry.name),
        entry.configured,
        entry.scopes,
    )


def _as_registered(found: Service, before: Service, configured: bool) -> Service:
    """`found` with what the entry's own client was registered with, where that still holds.

    The method that the server gave a client is narrower than what its metadata offers to all.
    """
    if not configured:
        return found
    offered, ours = found.client_auth, before.client_auth
    narrowed = len(ours) == 1 and (ours[0] in offered or offered == (BASIC, NONE))
    dpop = found.extensions.dpop or before.extensions.dpop
    return replace(
        found,
        client_auth=ours if narrowed else offered,
        extensions=replace(found.extensions, dpop=dpop),
    )


def _changes(before: Service, after: Service) -> Iterator[Change]:
    old, new = _described(before), _described(after)
    for what in dict.fromkeys((*old, *new)):
        if old.get(what, "") != new.get(what, ""):
            yield Change(what, old.get(what, ""), new.get(what, ""))


def _described(service: Service) -> dict[str, str]:
    """Everything of a discovered service that a person may care about, by name."""
    extensions = service.extensions
    flags = {
        "pushed authorization requests": extensions.par_required,
        "issuer in the answer": extensions.iss_parameter,
        "tokens bound to a key (DPoP)": extensions.dpop,
        "client ID metadata documents": extensions.client_id_metadata_document,
    }
    return {
        "issuer": service.issuer,
        "resource": ", ".join(extensions.resource),
        **endpoints(service),
        "grants": ", ".join(service.grants),
        "PKCE": service.pkce,
        "client authentication": ", ".join(service.client_auth),
        "scopes asked for by default": " ".join(service.default_scopes),
        "documentation": service.docs_url,
        **{what: "yes" if value else "no" for what, value in flags.items()},
    }


def _leads_elsewhere(before: Service, after: Service) -> bool:
    """Whether secrets of the entry would go to another place than they were saved for (rule 105)."""
    if (before.issuer, before.token_url) != (after.issuer, after.token_url):
        return True
    return bool(_origins_of_secrets(after) - _origins_of_secrets(before))


def _origins_of_secrets(service: Service) -> set[str]:
    """The origins that get the client secret or a token of the entry."""
    public = {"authorization endpoint", "registration endpoint", "address of its keys"}
    named = {url for what, url in endpoints(service).items() if what not in public}
    return {origin_of(url) for url in (*named, *service.extensions.resource)}
