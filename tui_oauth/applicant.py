"""Who asks for tokens: an entry's client at its service, and how its requests are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui_oauth.entries import entry_service, require_credentials, require_lasting_secret
from tui_oauth.oauth.client import Client, choose_client
from tui_oauth.sending import send

if TYPE_CHECKING:
    from tui_oauth.model import Entry, TokenSet
    from tui_oauth.oauth.http import Request, Response
    from tui_oauth.proofs import Proofs
    from tui_oauth.services.format import Service
    from tui_oauth.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Applicant:
    """`entry` as it stood when the sign-in began; `service` has its variables in place.

    `prover` proves possession of the key that the tokens will be bound to (RFC 9449); None where
    they are bound to none.
    """

    workspace: Workspace
    entry: Entry
    service: Service
    client: Client
    prover: Proofs | None = None

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes to ask for: the person's choice, else the service's default ones."""
        chosen = self.entry.scopes
        return self.service.default_scopes if chosen is None else chosen

    @property
    def key_thumbprint(self) -> str:
        """What the authorization request calls that key (RFC 9449 section 10); empty without one."""
        return "" if self.prover is None else self.prover.key.thumbprint

    def prover_with(self, tokens: TokenSet) -> Proofs | None:
        """What signs requests that carry the access token of `tokens`; None where none is bound."""
        return None if self.prover is None else self.prover.carrying(tokens.access_token)

    async def ask(self, request: Request, *, deadline: float) -> Response:
        """Send `request` and give its answer; `deadline` in seconds. Raises as `sending.send`."""
        return await send(self.workspace, request, deadline=deadline, prover=self.prover)

    def with_variables(self, decided: Mapping[str, str]) -> Applicant:
        """The same, after a callback decided further variables of the service. Reads files."""
        if not decided:
            return self
        wider = self.entry._replace(variables={**self.entry.variables, **decided})
        return replace(self, service=entry_service(self.workspace, wider))


def applicant_of(workspace: Workspace, entry: Entry) -> Applicant:
    """The applicant for `entry` as the vault has it now.

    Where tokens are to be bound and the entry has no key yet, a new one is made; it is stored with
    the tokens. Raises NeedsPerson when it is not configured or its client secret has ended,
    UsageProblem when its service or the client authentication that it wants cannot be used.
    """
    current = workspace.vault.get(entry.id)
    held = workspace.vault.secrets(current)
    require_credentials(current, held)
    require_lasting_secret(current, workspace.now())
    service = entry_service(workspace, current)
    client = choose_client(service, held.client_id, held.client_secret)
    if not service.extensions.dpop:
        return Applicant(workspace, current, service, client)
    from tui_oauth.proofs import prover_for_sign_in  # cryptography, for bound tokens only

    prover = prover_for_sign_in(workspace, service, held)
    return Applicant(workspace, current, service, client, prover)
