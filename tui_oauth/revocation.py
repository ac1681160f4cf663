"""Ending what an entry was granted: at the service, and here. Two things, told apart (rule 96).

At the service: RFC 7009, or what the service declares instead (`oauth.revoke`). Here: the tokens go
from the vault, the credentials stay, and the entry can be authorized again.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tui_oauth.entries import declared_service, delete_entry, entry_service, shell_word
from tui_oauth.errors import (
    NeedsPerson,
    NotFound,
    ProviderRefused,
    ProviderUnreachable,
    TuiOauthError,
    UsageProblem,
)
from tui_oauth.model import Entry, EntrySecrets, TokenSet, without_tokens
from tui_oauth.text import duration

if TYPE_CHECKING:
    from tui_oauth.oauth.http import Request
    from tui_oauth.services.format import Service
    from tui_oauth.workspace import Workspace

REVOKE_SECONDS = 20.0
"""For each of the at most two requests."""


class AtService(enum.StrEnum):
    """What the service has said. The values are part of the public interface (`revoke --json`)."""

    REVOKED = "revoked"
    ENDED = "ended_before"
    """It no longer accepts the token: there is nothing left to revoke."""
    PARTLY = "partly_revoked"
    """One of the two tokens is revoked, and the other may be good still."""
    NOT_REVOKED = "not_revoked"
    NOTHING = "no_tokens"
    """The entry held no tokens, so nothing was asked."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """What came of it: `entry` as it stands now, what the service said, whether the tokens are gone here.

    `note` is a sentence about what is left although it is done; `problem` is why it is not.
    """

    entry: Entry
    at_service: AtService
    removed: bool
    note: str = ""
    problem: TuiOauthError | None = None

    @property
    def done(self) -> bool:
        """Whether the service takes none of the tokens any more, by its own word."""
        return self.at_service in {AtService.REVOKED, AtService.ENDED}

    @property
    def words(self) -> str:
        """Both outcomes in one line, without the name of the entry."""
        name = self.entry.service_name
        if self.at_service is AtService.NOTHING:
            return "nothing to revoke, it holds no tokens"
        at_service = {
            AtService.REVOKED: f"revoked at {name}",
            AtService.ENDED: f"ended at {name} before",
            AtService.PARTLY: f"revoked only in part at {name}",
            AtService.NOT_REVOKED: f"not revoked at {name}",
        }[self.at_service]
        return f"{at_service}; tokens {'removed' if self.removed else 'kept'} here"


class Deleted(NamedTuple):
    """What became of an entry's registration: whether it was ended, and a sentence if that failed."""

    unregistered: bool
    note: str


def can_revoke(workspace: Workspace, entry: Entry) -> bool:
    """Whether `entry` has tokens, and its service an address that ends them."""
    if not entry.authorized:
        return False
    try:
        return bool(declared_service(workspace, entry).revoke_url)
    except (NotFound, UsageProblem):
        return False


def ends_more(workspace: Workspace, entry: Entry) -> bool:
    """Whether revoking ends all that the account ever granted this client, other entries' included."""
    try:
        return declared_service(workspace, entry).quirks.revoke.ends_consent
    except (NotFound, UsageProblem):
        return False


def where_to_end(workspace: Workspace, entry: Entry) -> str:
    """How a person ends the access at the service, as a sentence."""
    try:
        told = declared_service(workspace, entry).guide.revoke
    except (NotFound, UsageProblem):
        told = ""
    return told or (
        f"Remove the app's access in your account at {entry.service_name}, "
        "where it lists the apps you have allowed."
    )


def revoke_entry(
    workspace: Workspace,
    entry: Entry,
    *,
    forget: bool = False,
    deadline: float = REVOKE_SECONDS,
) -> Revocation:
    """End the grant of `entry` at its service, then remove its tokens here.

    Where the service did not end it, nothing is removed, unless the person wants to `forget` the
    tokens all the same. `deadline` in seconds is for each request. Raises NotFound when the entry
    is gone, VaultBusy when another process holds it, and whatever keeps the vault from being
    written; what the service says or fails to say is in the result.
    """
    vault = workspace.vault
    # A refresh that runs meanwhile would leave newer tokens behind, so its lock is taken.
    with vault.entry_lock(entry.id, timeout=2 * deadline) as intents:
        kept = vault.take_pending(entry.id)
        current = vault.get(entry.id)
        held = vault.secrets(current)
        if held.tokens is None:
            return Revocation(current, AtService.NOTHING, removed=False)
        at_service, note, problem = _ask(workspace, current, held, kept or held.tokens, deadline)
        if problem is not None and not forget:
            if at_service is AtService.PARTLY:
                current = _mark(workspace, current, problem.message)
            return Revocation(current, at_service, False, note, problem)
        current, removed = _remove(workspace, current, held.tokens)
        intents.end()
    if not removed:
        note = f"{note} It was authorized anew meanwhile; the new tokens were kept.".lstrip()
    return Revocation(current, at_service, removed, note, problem)


def forget_tokens(workspace: Workspace, entry: Entry, deadline: float = REVOKE_SECONDS) -> Entry:
    """Remove the tokens of `entry` here and ask nobody; they stay good at the service."""
    now = workspace.now()
    # A refresh that runs meanwhile would bring them back.
    with workspace.vault.entry_lock(entry.id, timeout=2 * deadline) as intents:
        after = workspace.vault.change(
            entry.id,
            lambda current, held: (without_tokens(current, now), held._replace(tokens=None)),
        )
        intents.end()
    return after


async def delete_everywhere(workspace: Workspace, entry: Entry) -> Deleted:
    """Delete `entry` here; before that its client at the server that it has registered with.

    That the server does not end the registration (RFC 7592 section 2.3) is in the result and
    keeps nothing here. Raises NotFound when the entry is gone, and what the vault raises.
    """
    from tui_oauth.registering import is_registered, unregister

    unregistered, note = False, ""
    if await asyncio.to_thread(is_registered, workspace, entry):
        try:
            unregistered = await unregister(workspace, entry)
        except TuiOauthError as error:
            note = f"Its client stays registered at {entry.service_name}. {error.message}"
    await asyncio.to_thread(delete_entry, workspace, entry)
    return Deleted(unregistered, note)


def _ask(
    workspace: Workspace, entry: Entry, held: EntrySecrets, tokens: TokenSet, deadline: float
) -> tuple[AtService, str, TuiOauthError | None]:
    """What the service said, what is left although it is done, and why it is not."""
    from tui_oauth.oauth.client import choose_client
    from tui_oauth.oauth.revoke import revocation_requests

    try:
        service = entry_service(workspace, entry)
        client = choose_client(service, held.client_id, held.client_secret)
        requests = revocation_requests(service, client, tokens)
    except TuiOauthError as error:  # nothing was sent
        return AtService.NOT_REVOKED, "", error
    if not requests:
        return AtService.NOT_REVOKED, "", _no_way(workspace, entry)
    errors = _send(workspace, service, requests, deadline)
    if len(requests) == 1:
        return _after_one(errors[0], service)
    return _after_two(errors, service, tokens, workspace.now())


def _send(
    workspace: Workspace, service: Service, requests: Sequence[Request], deadline: float
) -> list[TuiOauthError | None]:
    """What went wrong with each request. None is sent after one whose failure says it all."""
    from tui_oauth.oauth.revoke import had_ended, is_wrong_kind, read_revocation
    from tui_oauth.sending import fetch

    errors: list[TuiOauthError | None] = []
    for request in requests:
        try:
            read_revocation(service, fetch(workspace, request, deadline=deadline))
            errors.append(None)
        except TuiOauthError as error:
            errors.append(error)
            if not (had_ended(service, error) or is_wrong_kind(error)):
                break
    return errors


def _after_one(
    error: TuiOauthError | None, service: Service
) -> tuple[AtService, str, TuiOauthError | None]:
    from tui_oauth.oauth.revoke import had_ended

    if error is None:
        return AtService.REVOKED, "", None
    if had_ended(service, error):
        return AtService.ENDED, "", None
    return AtService.NOT_REVOKED, "", error


def _after_two(
    errors: Sequence[TuiOauthError | None], service: Service, tokens: TokenSet, now: int
) -> tuple[AtService, str, TuiOauthError | None]:
    """As `_after_one`, for the refresh token and then the access token (RFC 7009 section 2.1)."""
    from tui_oauth.oauth.revoke import had_ended

    first, second = errors[0], errors[-1]
    if first is not None and not had_ended(service, first):
        if len(errors) == 1 or second is not None:
            return AtService.NOT_REVOKED, "", first
        return AtService.PARTLY, "", _with(first, "The access token is revoked.")
    at_service = AtService.REVOKED if first is None else AtService.ENDED
    if second is None:
        return AtService.REVOKED, "", None
    if had_ended(service, second):
        return at_service, "", None
    if isinstance(second, ProviderRefused):
        # With the refresh token gone it is the end of the grant; some services cannot call an
        # access token back (section 2.2.1), which then has to run out.
        left = tokens.expires_at - now if tokens.expires_at is not None else None
        until = "" if left is None else f", in {duration(left)}"
        return at_service, f"The access token may be good until it ends by itself{until}.", None
    return AtService.PARTLY, "", _with(second, "The refresh token is revoked already.")


def _with(error: TuiOauthError, words: str) -> TuiOauthError:
    message = f"{error.message} {words}"
    if isinstance(error, ProviderRefused):
        return ProviderRefused(message, error.advice, code=error.code, status=error.status)
    return ProviderUnreachable(message, error.advice)


def _no_way(workspace: Workspace, entry: Entry) -> NeedsPerson:
    word = shell_word(entry.name)
    return NeedsPerson(
        f"{entry.service_name} has no way for a program to revoke a token, "
        f"so that of {entry.name} stays valid there.",
        f"{where_to_end(workspace, entry)} "
        f"To remove the tokens here: tui-oauth revoke {word} --forget",
    )


def _mark(workspace: Workspace, entry: Entry, reason: str) -> Entry:
    return workspace.vault.change(
        entry.id,
        lambda current, held: (
            current._replace(last_error=reason, updated_at=workspace.now()),
            held,
        ),
    )


def _remove(workspace: Workspace, entry: Entry, revoked: TokenSet) -> tuple[Entry, bool]:
    """Take `revoked` out of the vault; not what a sign-in has stored in its place meanwhile."""
    removed = False

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        nonlocal removed
        removed = held.tokens is None or held.tokens.access_token == revoked.access_token
        if not removed:
            return current, held
        return without_tokens(current, workspace.now()), held._replace(tokens=None)

    return workspace.vault.change(entry.id, edit), removed
