"""The sign-ins of this process, and the callback server that they share.

Screens and commands use the same `SignIns`. Several sign-ins wait side by side; `signin_race` has
what one of them does.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from tui_oauth import browser
from tui_oauth.applicant import applicant_of
from tui_oauth.entries import callback_url, shell_word
from tui_oauth.errors import TuiOauthError, UsageProblem
from tui_oauth.model import Grant
from tui_oauth.oauth.authorize import Attempt, is_pushed, start
from tui_oauth.oauth.device import offers_device
from tui_oauth.oauth.urls import origin_of
from tui_oauth.pending import (
    asked_of,
    configured_anew,
    kept_sign_ins,
    new_pending,
    to_take_up,
)
from tui_oauth.signin_link import certificate_files
from tui_oauth.signin_race import SignIn
from tui_oauth.signin_shown import SignInState
from tui_oauth.ways import Way

if TYPE_CHECKING:
    import ssl

    from tui_oauth.applicant import Applicant
    from tui_oauth.callback.server import CallbackServer
    from tui_oauth.model import Entry
    from tui_oauth.pending import Pending
    from tui_oauth.workspace import Workspace

WORTH_SECONDS = 60
"""An earlier sign-in with less time left than this is not taken up unasked."""

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

    def begin(self, entry: Entry, lifetime: int | None = None, *, take_up: bool = False) -> SignIn:
        """The sign-in of `entry`: the one that still waits here, else a new one.

        One that waits for an entry which was configured anew since is cancelled: its link names
        what was. `take_up`: one that an earlier run of the program has begun comes before a new
        one, where it asks the same and there is time left for it. `lifetime` in seconds; the
        settings say otherwise. Sends nothing. Raises NeedsPerson when the entry is not configured,
        UsageProblem when the service has no such sign-in.

        A device code is asked for at once where there is no browser on this machine, and where
        the service has no other way (checklist rule 3, RFC 10027), or the person wants it first;
        else `SignIn.start_device` does it.
        """
        known = self._by_entry.get(entry.id)
        if known is not None and known.state is SignInState.EXCHANGING:
            return known
        applicant = self._applicant(entry)
        now = self.workspace.now()
        seconds = lifetime or self.workspace.settings.sign_in_minutes * 60
        by_link = "authorization_code" in applicant.service.grants
        attempt = self._attempt(applicant, now, seconds) if by_link else None
        pending = new_pending(applicant, attempt, now + seconds)
        signin = SignIn(applicant, pending, self._callback_server)
        if known is not None and not known.ended:
            if known.asks_the_same(signin):
                return known
            known.cancel()
        if take_up:
            signin = self._earlier(applicant, signin) or signin
        return self._begun(signin)

    def resume(self, entry: Entry) -> SignIn:
        """The newest sign-in of `entry` that an earlier run of the program has begun.

        It has the same state, code verifier and redirect URI, so that the answer to its link is
        taken. Raises NeedsPerson when there is none, SignInEnded when its time is up, Conflict when
        the service's data has changed since, and as `begin`.
        """
        applicant = self._applicant(entry)
        found = to_take_up(self.workspace, applicant.entry)
        if found.asked != asked_of(applicant):
            raise configured_anew(applicant.entry)
        return self._begun(self._taken_up(applicant, found))

    def _applicant(self, entry: Entry) -> Applicant:
        """Who asks, for an entry whose service has a sign-in by a person."""
        applicant = applicant_of(self.workspace, entry)
        service = applicant.service
        if applicant.entry.grant == Grant.CLIENT:
            raise UsageProblem(
                f"{applicant.entry.name} gets its tokens without a person: nobody has to sign in.",
                f"Run: tui-oauth token {shell_word(applicant.entry.name)}",
            )
        if "authorization_code" not in service.grants and not offers_device(service):
            raise UsageProblem(
                f"{service.name} has no sign-in by a person.",
                "Its entries get their tokens without one.",
            )
        return applicant

    def _begun(self, signin: SignIn) -> SignIn:
        self._by_entry[signin.entry.id] = signin
        nowhere = signin.link is None or not browser.can_open(self.workspace.environ)
        wanted = signin.entry.first_way == Way.DEVICE
        if offers_device(signin.service) and (nowhere or wanted):
            signin.start_device()
        return signin

    def _earlier(self, applicant: Applicant, new: SignIn) -> SignIn | None:
        """A sign-in to take up in place of `new`; None where there is none that would do."""
        try:
            found = kept_sign_ins(self.workspace, applicant.entry)
        except TuiOauthError:
            return None  # whatever it is, the vault will say it, and a new one can be had
        least = self.workspace.now() + WORTH_SECONDS
        for pending in found:
            uri = "" if pending.attempt is None else pending.attempt.redirect_uri
            same = pending.asked == asked_of(applicant) and uri == new.callback_url
            if same and pending.expires_at > least:
                return self._taken_up(applicant, pending)
        return None

    def _taken_up(self, applicant: Applicant, pending: Pending) -> SignIn:
        if pending.proof_key is not None:
            from tui_oauth.proofs import ProofKey, Proofs  # cryptography, for bound tokens only

            prover = Proofs(self.workspace, ProofKey.from_pem(pending.proof_key))
            applicant = replace(applicant, prover=prover)
        if pending.device is not None and pending.device.expires_at <= self.workspace.now():
            pending = replace(pending, device=None)
        if pending.attempt is not None and is_pushed(applicant.service):
            # What was pushed has ended by now; what is pushed anew has the same state.
            pending = replace(pending, attempt=replace(pending.attempt, authorization_url=""))
        return SignIn(applicant, pending, self._callback_server, taken_up=True)

    async def close(self) -> None:
        """Close the port and wait no longer. Another run may take up what waits."""
        for signin in self._by_entry.values():
            signin.leave()
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
