"""The sign-ins of this process, and the callback server that they share.

Screens and commands use the same `SignIns`. Several sign-ins wait side by side; `signin_race` has
what one of them does.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tui_oauth import browser
from tui_oauth.applicant import applicant_of
from tui_oauth.entries import callback_url, shell_word
from tui_oauth.errors import UsageProblem
from tui_oauth.model import Grant
from tui_oauth.oauth.authorize import Attempt, start
from tui_oauth.oauth.device import offers_device
from tui_oauth.oauth.urls import origin_of
from tui_oauth.signin_link import certificate_files
from tui_oauth.signin_race import SignIn, SignInState

if TYPE_CHECKING:
    import ssl

    from tui_oauth.applicant import Applicant
    from tui_oauth.callback.server import CallbackServer
    from tui_oauth.model import Entry
    from tui_oauth.workspace import Workspace

__all__ = ["SignIn", "SignInState", "SignIns"]


class SignIns:
    """The sign-ins that wait in this process."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._by_entry: dict[str, SignIn] = {}
        self._server: CallbackServer | None = None

    @property
    def waiting(self) -> list[SignIn]:
        """Those that have not ended, oldest first."""
        return [signin for signin in self._by_entry.values() if not signin.ended]

    def get(self, entry_id: str) -> SignIn | None:
        """The newest sign-in of this entry, ended or not."""
        return self._by_entry.get(entry_id)

    def begin(self, entry: Entry, lifetime: int | None = None) -> SignIn:
        """The sign-in of `entry`: the one that still waits, else a new one.

        One that waits for an entry which was configured anew since is cancelled: its link names
        what was. `lifetime` in seconds; the settings say otherwise. Sends nothing. Raises
        NeedsPerson when the entry is not configured, UsageProblem when the service has no such
        sign-in.

        A device code is asked for at once where there is no browser on this machine, and where
        the service has no other way (checklist rule 3, RFC 10027); else `SignIn.start_device`
        does it.
        """
        known = self._by_entry.get(entry.id)
        if known is not None and known.state is SignInState.EXCHANGING:
            return known
        workspace = self.workspace
        applicant = applicant_of(workspace, entry)
        service = applicant.service
        by_link = "authorization_code" in service.grants
        if applicant.entry.grant == Grant.CLIENT:
            raise UsageProblem(
                f"{applicant.entry.name} gets its tokens without a person: nobody has to sign in.",
                f"Run: tui-oauth token {shell_word(applicant.entry.name)}",
            )
        if not by_link and not offers_device(service):
            raise UsageProblem(
                f"{service.name} has no sign-in by a person.",
                "Its entries get their tokens without one.",
            )
        now = workspace.now()
        seconds = lifetime or workspace.settings.sign_in_minutes * 60
        attempt = self._attempt(applicant, now, seconds) if by_link else None
        signin = SignIn(applicant, attempt, now + seconds, self._callback_server)
        if known is not None and not known.ended:
            if known.asks_the_same(signin):
                return known
            known.cancel()
        self._by_entry[entry.id] = signin
        if offers_device(service) and not (by_link and browser.can_open(workspace.environ)):
            signin.start_device()
        return signin

    async def close(self) -> None:
        """Cancel what waits and close the port."""
        for signin in self.waiting:
            signin.cancel()
        if self._server is not None:
            await self._server.close()

    def _attempt(self, applicant: Applicant, now: int, lifetime: int) -> Attempt:
        return start(
            applicant.service,
            entry_id=applicant.entry.id,
            client_id=applicant.client.client_id,
            redirect_uri=callback_url(self.workspace, applicant.entry),
            scopes=applicant.scopes,
            random=secrets.token_bytes,
            now=now,
            lifetime=lifetime,
            key_thumbprint=applicant.key_thumbprint,
        )

    def _callback_server(self) -> CallbackServer:
        if self._server is None:
            from tui_oauth.callback.server import CallbackServer  # h11: not before it is needed

            settings = self.workspace.settings.callback
            # As browsers write it into Host: lower case, without the scheme's own port.
            public = origin_of(settings.public_url).partition("//")[2]
            self._server = CallbackServer(
                settings.port,
                settings.path,
                certificate=self._tls,
                extra_hosts=(public,) if public else (),
                on_browser=self._browser_seen,
            )
        return self._server

    def _browser_seen(self) -> None:
        for signin in self.waiting:
            if signin.on_change is not None:
                signin.on_change()

    def _tls(self) -> ssl.SSLContext:
        from tui_oauth.callback.certificate import tls_context

        return tls_context(*certificate_files(self.workspace), now=self.workspace.now())
