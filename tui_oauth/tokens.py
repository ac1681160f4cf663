"""A valid access token for an entry: read it, or refresh it under the entry's lock.

Many processes may share one single-use refresh token. Whoever gets the entry's lock refreshes;
the others wait, read the vault again and find the new token (checklist rules 82 to 88). A request
that may have reached the provider is never sent again by itself.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui_oauth.deadline import Deadline
from tui_oauth.entries import (
    callback_url,
    entry_service,
    require_credentials,
    require_lasting_secret,
    shell_word,
)
from tui_oauth.errors import (
    NeedsPerson,
    NotFound,
    ProviderRefused,
    ProviderUnreachable,
    StorageFailed,
    TuiOauthError,
    UnsafePath,
    VaultBusy,
    VaultDamaged,
    VaultLocked,
)
from tui_oauth.model import Entry, EntrySecrets, Grant, TokenSet, with_tokens
from tui_oauth.text import rfc3339

if TYPE_CHECKING:
    from tui_oauth.secret import Secret
    from tui_oauth.services.format import Service
    from tui_oauth.vault.intents import Intents
    from tui_oauth.vault.repository import Edit
    from tui_oauth.workspace import Workspace

DEFAULT_MIN_TTL = 60
DEFAULT_DEADLINE = 20.0
CLOCK_SKEW_SECONDS = 120
STORE_AGAIN_AFTER = (0.1, 0.3, 0.9)
"""Seconds to wait before each further attempt to store an answer that the disk would not take."""


def access_token(
    workspace: Workspace,
    entry: Entry,
    min_ttl: int = DEFAULT_MIN_TTL,
    deadline: float = DEFAULT_DEADLINE,
) -> TokenSet:
    """The tokens of `entry`, refreshed first when they end within `min_ttl` seconds.

    An entry without a person gets its first token here as well as every later one. Where there is
    no way to refresh, a token that is still valid is given all the same. Raises
    NeedsPerson when a person has to configure or authorize, ProviderRefused or
    ProviderUnreachable when a refresh failed, VaultBusy when another process holds the entry for
    too long. All of it ends within `deadline` seconds, but for the writing of an answer.
    """
    current = workspace.vault.get(entry.id)
    held = workspace.vault.secrets(current)
    tokens = held.tokens
    if tokens is not None and lasts(tokens, workspace.now(), min_ttl):
        return tokens
    require_credentials(current, held)
    if current.grant == Grant.CLIENT:
        return _fetch(workspace, current, tokens, deadline)
    if tokens is None:
        raise _not_authorized(current)
    if current.needs_authorization or not _renewable(workspace, current, tokens):
        if lasts(tokens, workspace.now(), 0):
            return tokens
        raise _ended(current, tokens)
    return _refresh(workspace, current, tokens, deadline, min_ttl=min_ttl)


def refresh_entry(workspace: Workspace, entry: Entry, deadline: float = DEFAULT_DEADLINE) -> Entry:
    """Refresh the tokens of `entry` now, also when they are still valid.

    An entry without a person gets a new token, also where it has none. Raises as `access_token`; NeedsPerson also when the provider gave no refresh token.
    """
    current = workspace.vault.get(entry.id)
    held = workspace.vault.secrets(current)
    require_credentials(current, held)
    if current.grant == Grant.CLIENT:
        _fetch(workspace, current, held.tokens, deadline)
        return workspace.vault.get(entry.id)
    if held.tokens is None:
        raise _not_authorized(current)
    if not _renewable(workspace, current, held.tokens):
        raise NeedsPerson(
            f"{current.service_name} gave no refresh token for {current.name}.",
            "There is nothing to refresh: the token "
            + ("does not expire." if held.tokens.expires_at is None else "ends by itself."),
        )
    _refresh(workspace, current, held.tokens, deadline, forced=True)
    return workspace.vault.get(entry.id)


def lasts(tokens: TokenSet, now: int, seconds: int) -> bool:
    """Whether the access token is valid for more than `seconds` beyond `now`.

    An end that the provider did not name, and one that cannot be trusted because the token seems
    to come from the future (a clock was set back), both count as "not ended" (rules 79 and 83).
    """
    if tokens.expires_at is None or tokens.issued_at > now + CLOCK_SKEW_SECONDS:
        return True
    return tokens.expires_at - now > seconds


def _fetch(workspace: Workspace, entry: Entry, seen: TokenSet | None, deadline: float) -> TokenSet:
    from tui_oauth.client_tokens import fetch_token  # for these entries only

    return fetch_token(workspace, entry, seen, Deadline(deadline))


def _renewable(workspace: Workspace, entry: Entry, tokens: TokenSet) -> bool:
    if tokens.refresh_token is not None:
        return True
    return entry_service(workspace, entry).quirks.refresh.with_access_token


def _refresh(
    workspace: Workspace,
    entry: Entry,
    seen: TokenSet,
    deadline: float,
    *,
    min_ttl: int = 0,
    forced: bool = False,
) -> TokenSet:
    """Refresh `seen` under the entry's lock; `forced` also when it lasts for `min_ttl` seconds."""
    vault = workspace.vault
    time_left = Deadline(deadline)
    with vault.entry_lock(entry.id, timeout=time_left.for_the_lock()) as intents:
        kept = vault.take_pending(entry.id)
        current = vault.get(entry.id)
        held = vault.secrets(current)
        tokens = held.tokens
        if tokens is None:
            raise _not_authorized(current)
        if kept is not None:
            # An earlier refresh could not write its answer; it is the newest there is.
            tokens = _store(workspace, current, tokens, kept)
            intents.end()
        new = tokens.access_token != seen.access_token
        # What another process has just got is taken even if it never lives for `min_ttl`: twenty
        # that wait for one lock would else send twenty requests.
        wanted = 0 if new and kept is None else min_ttl
        if (new or not forced) and lasts(tokens, workspace.now(), wanted):
            return tokens
        if not new and current.needs_authorization and not entry.needs_authorization:
            # The one before us was refused: nineteen others need not send the same token again.
            raise _ended(current, tokens)
        require_lasting_secret(current, workspace.now())
        service = entry_service(workspace, current)
        with vault.reserve(entry.id):
            try:
                fresh = _ask_provider(workspace, service, current, held, tokens, time_left, intents)
            except ProviderRefused as error:
                return _after_refusal(workspace, current, tokens, error, intents)
            stored = _store(workspace, current, tokens, fresh)
            intents.end()
            return stored


def _ask_provider(
    workspace: Workspace,
    service: Service,
    entry: Entry,
    held: EntrySecrets,
    tokens: TokenSet,
    time_left: Deadline,
    intents: Intents,
) -> TokenSet:
    from tui_oauth.id_tokens import renewed
    from tui_oauth.oauth.client import choose_client
    from tui_oauth.oauth.token import read_tokens, refresh_request
    from tui_oauth.sending import fetch

    prover = None
    if service.extensions.dpop:
        from tui_oauth.proofs import prover_of

        prover = prover_of(workspace, service, held)
    client = choose_client(service, held.client_id, held.client_secret)
    request = refresh_request(service, client, tokens, callback_url(workspace, entry))
    if time_left.is_too_short_to_ask:
        raise ProviderUnreachable(
            f"The time was over before {service.name} could be asked for a new token of {entry.name}; "
            "nothing was sent.",
            "Run it again, with a later --deadline where the machine is that busy.",
        )
    sent_at = workspace.now()
    intents.begin(_cost(tokens), sent_at)
    try:
        response = fetch(workspace, request, deadline=time_left.for_the_provider(), prover=prover)
    except TuiOauthError as error:
        if not (isinstance(error, ProviderUnreachable) and error.sent):
            intents.withdraw()
        raise
    fresh = read_tokens(
        service, response, requested=tokens.scopes, sent_at=sent_at, previous=tokens
    )
    return renewed(service, fresh, tokens)


def _store(workspace: Workspace, entry: Entry, spent: TokenSet, fresh: TokenSet) -> TokenSet:
    """Make `fresh` durable before anyone gets it. The vault's word counts if it was changed."""
    outcome = fresh

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        nonlocal outcome
        now_held = held.tokens
        if now_held is None:
            raise _not_authorized(current)
        if _cost(now_held) != _cost(spent):
            # Somebody signed in anew while we asked: theirs is the newer grant.
            outcome = now_held
            return current, held
        outcome = fresh
        return with_tokens(current, fresh, workspace.now()), held._replace(tokens=fresh)

    try:
        _change_patiently(workspace, entry, spent, edit)
    except NotFound as error:
        raise NotFound(
            f"{entry.name} was deleted while its token was refreshed. The new token was dropped.",
            "See: tui-oauth list",
        ) from error
    except (StorageFailed, UnsafePath, VaultBusy, VaultDamaged, VaultLocked) as error:
        # The old refresh token may be spent by now: losing the answer would lose the grant.
        raise _kept_beside(workspace, entry, spent, fresh, error) from error
    return outcome


def _change_patiently(workspace: Workspace, entry: Entry, spent: TokenSet, edit: Edit) -> None:
    """Change `entry`; again after a while where the disk did not take it: it may be full briefly.

    Not where only its lasting is in doubt: the change is there, and a second one would say nothing.
    """
    for pause in STORE_AGAIN_AFTER:
        try:
            workspace.vault.change(entry.id, edit)
            return
        except StorageFailed:
            held = workspace.vault.secrets(entry).tokens
            if held is None or _cost(held) != _cost(spent):
                raise
        time.sleep(pause)
    workspace.vault.change(entry.id, edit)


def _kept_beside(
    workspace: Workspace,
    entry: Entry,
    spent: TokenSet,
    fresh: TokenSet,
    error: TuiOauthError,
) -> TuiOauthError:
    """Keep `fresh` sealed beside the vault that could not be written; the error that tells of it."""
    try:
        workspace.vault.keep_pending(entry.id, fresh, sent=_cost(spent))
    except TuiOauthError as second:
        return type(error)(
            f"{error.message} The refreshed token of {entry.name} could not be kept beside "
            f"the vault either: {second.message}",
            "The old refresh token may be spent. When this is mended, authorize again: "
            f"tui-oauth authorize {shell_word(entry.name)}",
        )
    return type(error)(
        f"{error.message} The refreshed token of {entry.name} is kept beside the vault, sealed.",
        f"{error.advice} Then run the same command again: it will be taken up.".lstrip(),
    )


def _cost(tokens: TokenSet) -> Secret:
    """What a refresh of `tokens` spends: tells one grant from another."""
    return tokens.refresh_token or tokens.access_token


def _after_refusal(
    workspace: Workspace,
    entry: Entry,
    spent: TokenSet,
    error: ProviderRefused,
    intents: Intents,
) -> TokenSet:
    """The tokens that somebody stored while we asked; without such, raises what the refusal means.

    Stored tokens are never deleted for it (rule 86).
    """
    from tui_oauth.id_tokens import ANOTHER_PERSON
    from tui_oauth.oauth.explain import grant_is_over

    over = grant_is_over(error) or error.code == ANOTHER_PERSON
    reason = error.message
    interrupted = intents.interrupted(_cost(spent)) if over else ""
    if interrupted:
        reason += (
            f" An earlier refresh with the same token was interrupted at {interrupted}, "
            "so the next one may have been given to a process that could not store it."
        )
    newer: TokenSet | None = None

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        nonlocal newer
        if held.tokens is None:
            return current, held
        if _cost(held.tokens) != _cost(spent):
            newer = held.tokens
            return current, held
        marked = current._replace(
            needs_authorization=current.needs_authorization or over,
            last_error=reason,
            updated_at=workspace.now(),
        )
        return marked, held

    try:
        workspace.vault.change(entry.id, edit)
    except NotFound:
        raise error from None
    intents.end()
    if newer is not None and lasts(newer, workspace.now(), 0):
        return newer
    if not over:
        raise error
    raise NeedsPerson(
        f"{entry.name} has to be authorized again. {reason}",
        f"Run: tui-oauth authorize {shell_word(entry.name)}",
    ) from error


def _not_authorized(entry: Entry) -> NeedsPerson:
    return NeedsPerson(
        f"{entry.name} is not authorized yet.",
        f"Run: tui-oauth authorize {shell_word(entry.name)}",
    )


def _ended(entry: Entry, tokens: TokenSet) -> NeedsPerson:
    why = entry.last_error or (
        f"Its token ended at {rfc3339(tokens.expires_at)} and cannot be refreshed."
    )
    return NeedsPerson(
        f"{entry.name} has to be authorized again. {why}",
        f"Run: tui-oauth authorize {shell_word(entry.name)}",
    )
