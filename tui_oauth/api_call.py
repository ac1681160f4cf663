"""One call of a service's API: its headers, and those of a repetition where there is reason for one.

Without any HTTP library; `entry_auth` and `requests_auth` put it into two of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui_oauth.entries import entry_service
from tui_oauth.errors import StorageFailed, UsageProblem
from tui_oauth.model import renews
from tui_oauth.oauth.api import api_headers, may_send_to
from tui_oauth.oauth.http import Request, Response
from tui_oauth.tokens import access_token, refresh_entry

if TYPE_CHECKING:
    from tui_oauth.audit import Takings
    from tui_oauth.model import TokenSet
    from tui_oauth.proofs import Proofs
    from tui_oauth.services.format import Service
    from tui_oauth.workspace import Workspace


class ApiCall:
    """A call of `url` with the token of the entry `name`, repeated at most once for each reason.

    `carriers` are the names, in lower case, of the headers in which the token stands. `takings` are
    those of whatever makes the calls.
    """

    def __init__(
        self, workspace: Workspace, takings: Takings, name: str, method: str, url: str
    ) -> None:
        self.method = method
        self.url = url
        self.carriers: frozenset[str] = frozenset()
        self._workspace = workspace
        self._takings = takings
        self._name = name
        self._service: Service | None = None
        self._tokens: TokenSet | None = None
        self._proofs: Proofs | None = None
        self._refreshed = False
        self._nonce_given = False

    def headers(self) -> dict[str, str]:
        """All that the API wants, with the token, and a proof where it is bound to a key.

        Refreshes first if need be. UsageProblem where the token must not go to `url` (rule 93),
        NotAllowed where the entry is not for this program.
        """
        workspace = self._workspace
        entry = workspace.vault.find(self._name)
        self._takings.admit(entry)
        tokens = access_token(workspace, entry, 0 if self._refreshed else 60)
        entry = workspace.vault.find(self._name)
        service = entry_service(workspace, entry)
        self._service, self._tokens = service, tokens
        if not self.may_go_to(self.url):
            raise UsageProblem(
                f"The token of {entry.name} must not go to {urlsplit(self.url).netloc}.",
                f"It is meant for {service.name} only.",
            )
        with contextlib.suppress(StorageFailed):  # there is nobody here to tell
            self._takings.took(entry, tokens)
        held = workspace.vault.secrets(entry)
        found = api_headers(service, tokens, held.client_id)
        token = tokens.access_token.reveal()
        self.carriers = frozenset(name.lower() for name, text in found.items() if token in text)
        if tokens.bound:
            from tui_oauth.proofs import prover_of  # cryptography, for bound tokens only

            self._proofs = prover_of(workspace, service, held, tokens)
        return {**found, **self._proof()}

    def may_go_to(self, url: str) -> bool:
        """Whether the token that `headers` gave may go to `url`."""
        return self._service is not None and may_send_to(self._service, url, self._tokens)

    def may_be_repeated(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether this answer may be a reason to repeat the call; keeps a nonce that it brings."""
        return self._wants_proof(status, headers) or status == 401

    def headers_again(self, status: int, headers: Mapping[str, str]) -> dict[str, str] | None:
        """The headers of a repetition; None when there is no reason, or no further one."""
        if self._wants_proof(status, headers):
            if self._nonce_given:
                return None
            self._nonce_given = True
            return self._proof()
        entry = self._workspace.vault.find(self._name)
        if self._refreshed or not renews(entry):
            return None
        self._refreshed = True
        held = self._workspace.vault.secrets(entry).tokens
        sent = self._tokens
        if held is None or sent is None or held.access_token == sent.access_token:
            refresh_entry(self._workspace, entry)  # unless somebody else has meanwhile
        self._nonce_given = False
        return self.headers()

    def _wants_proof(self, status: int, headers: Mapping[str, str]) -> bool:
        # The body is not read yet and not needed: an API says it in a header (RFC 9449 section 9).
        answer = Response(status, {name.lower(): value for name, value in headers.items()})
        return self._proofs is not None and self._proofs.wants_again(self._asked(), answer)

    def _proof(self) -> dict[str, str]:
        if self._proofs is None:
            return {}
        return dict(self._proofs.signed(self._asked()).headers)

    def _asked(self) -> Request:
        return Request(self.method, self.url, "API call")
