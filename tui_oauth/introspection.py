"""Asking a service whether it still takes an entry's token (RFC 7662), signed answers too (RFC 9701)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_oauth.oauth.client import choose_client
from tui_oauth.oauth.introspect import (
    SIGNED_TYPE,
    Introspection,
    introspection_request,
    not_understood,
    read_introspection,
    read_signed,
    signed_answer,
)
from tui_oauth.sending import send

if TYPE_CHECKING:
    from tui_oauth.model import EntrySecrets, TokenSet
    from tui_oauth.oauth.http import Response
    from tui_oauth.services.format import Service
    from tui_oauth.workspace import Workspace

INTROSPECT_SECONDS = 10.0


async def introspect(
    workspace: Workspace, service: Service, held: EntrySecrets, tokens: TokenSet
) -> Introspection | None:
    """What `service` says of the access token; None where it takes no such question.

    Raises ProviderRefused when it does not tell this client, ProviderUnreachable for an answer
    that says nothing, or that is signed and cannot be checked, and NeedsPerson when the key is gone
    that tokens of this service are bound to.
    """
    client = choose_client(service, held.client_id, held.client_secret)
    request = introspection_request(service, client, tokens)
    if request is None:
        return None
    prover = None
    if service.extensions.dpop:
        from tui_oauth.proofs import prover_of  # cryptography, for bound tokens only

        # The question carries the client's own credentials, so the proof names no token.
        prover = prover_of(workspace, service, held)
    response = await send(workspace, request, deadline=INTROSPECT_SECONDS, prover=prover)
    text = signed_answer(response)
    if text is None:
        return read_introspection(service, response)
    return await _signed(workspace, service, client.client_id, response, text)


async def _signed(
    workspace: Workspace, service: Service, client_id: str, response: Response, text: str
) -> Introspection:
    """Only JSON was asked for, so a signed answer counts for nothing unless it can be checked."""
    from tui_oauth.oauth.id_token import BadIdToken, parse
    from tui_oauth.signatures import is_signed  # cryptography, for such answers only

    try:
        token = parse(text, frozenset({SIGNED_TYPE}))
        if not await is_signed(workspace, service, token):
            raise BadIdToken("the provider's keys are not known here, or were not to be had")
        return read_signed(token, service, client_id, workspace.now())
    except BadIdToken as error:
        raise not_understood(service, response, f"it is signed, and {error}") from None
