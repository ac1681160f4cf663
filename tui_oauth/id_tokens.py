"""The ID token beside an access token: judged when it comes, kept only when it is good.

OpenID Connect Core 3.1.3.7 and 12.2, checklist rule 109. One made for somebody else ends the
sign-in. One that cannot be used for another reason is dropped, and the sign-in goes on without it:
the access token does not depend on it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui_oauth.errors import ProviderRefused
from tui_oauth.oauth.id_token import (
    BadIdToken,
    Claims,
    Token,
    account_in,
    check,
    check_renewed,
    parse,
)

if TYPE_CHECKING:
    from tui_oauth.model import Account, Entry, EntrySecrets, TokenSet
    from tui_oauth.secret import Secret
    from tui_oauth.services.format import Service
    from tui_oauth.workspace import Workspace

ANOTHER_PERSON = "id_token_of_another"
"""The `code` of the refusal when an ID token belongs to somebody else."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A sign-in's ID token: `claims` where it is good, else in `problem` why it is not used.

    Both are empty where there is none. `verified` says whether its signature was checked.
    """

    text: Secret | None = None
    token: Token | None = None
    claims: Claims | None = None
    verified: bool = False
    problem: str = ""

    @property
    def account(self) -> Account | None:
        """Whose token it is by the ID token; None where it is not to be used."""
        return None if self.claims is None else account_in(self.claims, verified=self.verified)


def judge(
    service: Service, client_id: str, tokens: TokenSet, *, nonce: str, expected: bool, now: int
) -> Judged:
    """What the ID token in `tokens`, which just came, is worth.

    `nonce` is the one of the authorization request, empty without one; `expected` tells whether
    the scope openid was asked for. Raises ProviderRefused when the ID token was made for another
    client or another sign-in: the code was swapped, and nothing may be stored.
    """
    if tokens.id_token is None or not expected:
        return Judged()
    wanted = nonce if service.quirks.answer.id_token_nonce else None
    try:
        token = parse(tokens.id_token.reveal())
        claims = check(token, issuer=service.issuer, client_id=client_id, nonce=wanted, now=now)
    except BadIdToken as error:
        if error.attack:
            raise ProviderRefused(
                f"The ID token that came with the answer of {service.name} is not for this "
                f"sign-in: {error}. Nothing was stored.",
                "This can be an attack. Start again, and open only the link that is shown here.",
                code=ANOTHER_PERSON,
            ) from None
        return Judged(problem=str(error))
    return Judged(tokens.id_token, token, claims)


async def verified(workspace: Workspace, service: Service, judged: Judged) -> Judged:
    """`judged` after a look at its signature, where the provider's keys are known."""
    if judged.token is None or not service.extensions.jwks_url:
        return judged
    from tui_oauth.signatures import is_signed  # cryptography, where there is something to verify

    try:
        good = await is_signed(workspace, service, judged.token)
    except BadIdToken as error:
        return Judged(problem=str(error))
    return replace(judged, verified=good)


async def keep_id_token(
    workspace: Workspace, entry: Entry, tokens: TokenSet, judged: Judged, account: Account | None
) -> None:
    """Keep a good ID token beside `tokens`, and `account` (where given) as whose they are.

    Nothing is written when the entry has other tokens by now: they may be another account's.
    """

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        now_held = held.tokens
        if now_held is None or now_held.access_token != tokens.access_token:
            return current, held
        if account is not None:
            current = current._replace(account=account.name, account_detail=account.detail)
        return current, held._replace(tokens=now_held._replace(id_token=judged.text))

    # A write is not stopped half-way.
    await asyncio.shield(asyncio.to_thread(workspace.vault.change, entry.id, edit))


def renewed(service: Service, fresh: TokenSet, previous: TokenSet) -> TokenSet:
    """`fresh`, the answer to a refresh of `previous`, with the ID token that is worth keeping.

    A new one has to speak of the same person (section 12.2). Raises ProviderRefused with the code
    ANOTHER_PERSON when it does not: nothing of such an answer may be stored. One that cannot be
    read, or that there is nothing to compare with, is dropped, and the one of the sign-in stays.
    """
    if fresh.id_token is None or fresh.id_token == previous.id_token:
        return fresh
    if previous.id_token is None:
        return fresh._replace(id_token=None)
    try:
        check_renewed(parse(fresh.id_token.reveal()), parse(previous.id_token.reveal()))
    except BadIdToken as error:
        if not error.attack:
            return fresh._replace(id_token=previous.id_token)
        raise ProviderRefused(
            f"The answer of {service.name} to the refresh belongs to somebody else: in its ID "
            f"token, {error}. Nothing of it was stored.",
            "Authorize the entry again.",
            code=ANOTHER_PERSON,
        ) from None
    return fresh
