"""What ends a sign-in: the code for tokens (RFC 6749 section 4.1.3), the tokens into the vault.

Every way to sign in comes through `keep`, so that what is granted is judged and stored alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tui_oauth.accounts import ask_account
from tui_oauth.entries import declared_service
from tui_oauth.errors import NotFound, TuiOauthError
from tui_oauth.id_tokens import Judged, judge, keep_id_token, verified
from tui_oauth.lingering import end_replaced, may_end
from tui_oauth.model import NO_TEXTS, Account, Entry, EntrySecrets, TokenSet, with_tokens
from tui_oauth.oauth.token import code_request, long_lived_request, read_tokens
from tui_oauth.pending import configured_anew

if TYPE_CHECKING:
    from tui_oauth.applicant import Applicant
    from tui_oauth.oauth.authorize import Answer, Attempt
    from tui_oauth.oauth.http import Request

EXCHANGE_SECONDS = 30.0
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}

Stored = Callable[[Entry], None]
"""Told, in the event loop, once the tokens are safe: whose they are may still have to be asked."""


@dataclass(frozen=True, slots=True)
class Granted:
    """The entry with its tokens. `note` is what went less than well all the same; else empty."""

    entry: Entry
    note: str = ""


@dataclass(frozen=True, slots=True)
class Won:
    """What a way of signing in brought: `finish` makes stored tokens of it, once.

    `if_cancelled` says what has become of it when that is not let happen.
    """

    finish: Callable[[Stored], Coroutine[Any, Any, Granted]]
    if_cancelled: str


async def exchange_code(
    applicant: Applicant, attempt: Attempt, answer: Answer, stored: Stored
) -> Granted:
    """Exchange the code in `answer` and keep what it gives. Call it once: a code is spent then.

    Raises ProviderRefused or ProviderUnreachable, with nothing stored, and as `keep`. Raises
    StorageFailed before anything is asked, where there is no room for what would be granted.
    """
    decided = await asyncio.to_thread(_decided, applicant, answer)
    applicant = await asyncio.to_thread(applicant.with_variables, decided)
    async with _room(applicant):
        sent_at = applicant.workspace.now()
        request = code_request(applicant.service, applicant.client, attempt, answer)
        tokens = await _ask(
            applicant,
            request,
            attempt.scopes,
            sent_at,
            extra=answer.extra,
            callback_url=attempt.redirect_uri,
        )
        return await keep(applicant, tokens, stored, decided, nonce=attempt.nonce)


@contextlib.asynccontextmanager
async def _room(applicant: Applicant) -> AsyncIterator[None]:
    """Room on the disk for the tokens, taken before the code is spent; storing them uses it up."""
    room = contextlib.ExitStack()
    taking = asyncio.create_task(asyncio.to_thread(_take_room, room, applicant))
    try:
        await asyncio.shield(taking)
        yield
    finally:
        await asyncio.wait({taking})  # cancelled meanwhile, it is given back all the same
        await asyncio.shield(asyncio.to_thread(room.close))


def _take_room(room: contextlib.ExitStack, applicant: Applicant) -> None:
    try:
        room.enter_context(applicant.workspace.vault.reserve(applicant.entry.id))
    except TuiOauthError as error:
        # The folder for it may be amiss while the vault itself can be written.
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in _NO_ROOM:
            raise


async def keep(
    applicant: Applicant,
    tokens: TokenSet,
    stored: Stored,
    decided: Mapping[str, str] = NO_TEXTS,
    *,
    nonce: str = "",
) -> Granted:
    """Store `tokens`, call `stored`, ask whose they are, and end the access that they replace.

    `decided` are variables that the callback decided, `nonce` is the one that the ID token has to repeat. Raises ProviderRefused when the ID token
    is not for this sign-in, Conflict when the entry was configured anew meanwhile, NotFound when
    it was deleted, and what the service's second request for long-lived tokens raises, with
    nothing stored.
    Cancelled before the tokens are stored it stores nothing, later it ends as if it had not been.
    """
    judged = judge(
        applicant.service,
        applicant.client.client_id,
        tokens,
        nonce=nonce,
        expected="openid" in applicant.scopes,
        now=applicant.workspace.now(),
    )
    tokens = tokens._replace(id_token=None)  # kept once its signature was looked at
    second = long_lived_request(applicant.service, applicant.client, tokens)
    if second is not None:
        tokens = await _ask(applicant, second, tokens.scopes, tokens.issued_at, tokens)
    # Stored before anything else is done with them (checklist rule 82), and not to be
    # interrupted: the provider has granted, and the person would have to start anew.
    storing = asyncio.create_task(asyncio.to_thread(_store, applicant, tokens, decided))
    try:
        entry, before, old = await asyncio.shield(storing)
        stored(entry)
        granted = await _with_account(applicant, entry, tokens, judged)
        if old is None or not may_end(applicant.service, before, granted.entry, old, tokens):
            return granted
        workspace, service, client = applicant.workspace, applicant.service, applicant.client
        note = await end_replaced(workspace, service, client, old)
        return replace(granted, note=f"{granted.note} {note}".strip())
    except asyncio.CancelledError:
        entry, _, _ = await storing  # too late to cancel: what is stored is not to be denied
        return Granted(entry)


async def _ask(
    applicant: Applicant,
    request: Request,
    requested: tuple[str, ...],
    sent_at: int,
    previous: TokenSet | None = None,
    extra: Mapping[str, str] = NO_TEXTS,
    callback_url: str = "",
) -> TokenSet:
    response = await applicant.ask(request, deadline=EXCHANGE_SECONDS)
    return read_tokens(
        applicant.service,
        response,
        requested=requested,
        sent_at=sent_at,
        previous=previous,
        extra=extra,
        callback_url=callback_url,
    )


async def _with_account(
    applicant: Applicant, entry: Entry, tokens: TokenSet, judged: Judged
) -> Granted:
    """`entry` with whose token it is. That this cannot be learned does not undo the sign-in."""
    workspace, service = applicant.workspace, applicant.service
    account: Account | None = None
    notes: list[str] = []
    try:
        judged = await verified(workspace, service, judged)
        account = await ask_account(
            workspace,
            entry,
            service,
            tokens,
            applicant.client.client_id,
            applicant.prover_with(tokens),
        )
    except NotFound:
        raise
    except TuiOauthError as error:
        notes.append(f"Whose account it is could not be learned. {error.message}")
    named = account is not None and bool(account.name)
    if judged.problem and not named:
        # Where the service was asked whose it is, nobody misses the ID token.
        notes.append(f"The ID token of {service.name} is not used: {judged.problem}.")
    try:
        if judged.text is not None:
            told = None if named else judged.account
            await keep_id_token(workspace, entry, tokens, judged, told)
        return Granted(await asyncio.to_thread(workspace.vault.get, entry.id), " ".join(notes))
    except NotFound:
        raise
    except TuiOauthError as error:
        return Granted(entry, " ".join([*notes, f"The ID token was not kept. {error.message}"]))


def _decided(applicant: Applicant, answer: Answer) -> dict[str, str]:
    """The variables that the callback decided, such as the account's region."""
    if not answer.sets:
        return {}
    from tui_oauth.services.resolve import from_callback

    return from_callback(declared_service(applicant.workspace, applicant.entry), answer.sets)


def _store(
    applicant: Applicant, tokens: TokenSet, decided: Mapping[str, str]
) -> tuple[Entry, Entry, TokenSet | None]:
    """The entry with `tokens`; the entry as it was before, and the tokens that they replaced."""
    now = applicant.workspace.now()
    before, old = applicant.entry, None

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        nonlocal before, old
        before, old = current, held.tokens
        same_client = held.client_id == applicant.client.client_id
        if not same_client or current.variables != applicant.entry.variables:
            raise configured_anew(current)
        variables = {**current.variables, **decided}
        # Whoever authorized it before may be somebody else.
        unknown = Account("")
        current = current._replace(variables=variables, authorized_at=now)
        granted = with_tokens(current, tokens, now, unknown)
        # The key that the tokens are bound to is nothing without them, nor they without it.
        key = held.proof_key if applicant.prover is None else applicant.prover.key.pem
        return granted, held._replace(tokens=tokens, proof_key=key)

    return applicant.workspace.vault.change(applicant.entry.id, edit), before, old
