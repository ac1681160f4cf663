"""What a window or a command shows of a sign-in: properties alone, which change nothing."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from tui_oauth.oauth.device import offers_device

if TYPE_CHECKING:
    from tui_oauth.applicant import Applicant
    from tui_oauth.model import Entry
    from tui_oauth.oauth.authorize import Attempt
    from tui_oauth.oauth.elsewhere import Ask
    from tui_oauth.pending import Keeper
    from tui_oauth.services.format import Service
    from tui_oauth.signin_device import DeviceWay
    from tui_oauth.signin_link import LinkWay


class SignInState(enum.StrEnum):
    """Where a sign-in stands. WAITING and EXCHANGING go on, the others have ended."""

    WAITING = "waiting"
    EXCHANGING = "exchanging"
    AUTHORIZED = "authorized"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class SignInShown:
    """The part of `signin_race.SignIn` that is read."""

    applicant: Applicant
    link: LinkWay | None
    device: DeviceWay | None
    state: SignInState
    _keeper: Keeper

    @property
    def entry(self) -> Entry:
        """The entry as it stood when the sign-in began."""
        return self.applicant.entry

    @property
    def service(self) -> Service:
        """Its service, with the variables in place."""
        return self.applicant.service

    @property
    def attempt(self) -> Attempt | None:
        """What is asked for through the browser."""
        return self.link.attempt if self.link is not None else None

    @property
    def authorization_url(self) -> str:
        """The Authorization link; empty without one, and while the provider is asked for it."""
        return self.link.attempt.authorization_url if self.link is not None else ""

    @property
    def callback_url(self) -> str:
        """The redirect URI that this sign-in sends; empty without a link."""
        return self.link.attempt.redirect_uri if self.link is not None else ""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that will be asked for; empty where the provider decides."""
        return self.applicant.scopes if self.service.quirks.authorize.scope else ()

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state not in {SignInState.WAITING, SignInState.EXCHANGING}

    @property
    def problem(self) -> str:
        """Why the callback server does not listen, and what to do instead; empty while it does."""
        return self.link.problem if self.link is not None else ""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate that the browser will be shown; empty for an http callback."""
        return self.link.fingerprint if self.link is not None else ""

    @property
    def listening(self) -> bool:
        """Whether the callback server waits for this sign-in's answer."""
        return self.link is not None and self.link.listening

    @property
    def seen_browser(self) -> bool:
        """Whether a browser has opened the callback server's first page: it can reach this terminal."""
        return self.link is not None and self.link.seen_browser

    @property
    def short_link(self) -> str:
        """A short local address that leads to the Authorization link; empty without the server."""
        return self.link.short_link if self.link is not None else ""

    @property
    def ssh_forward(self) -> str:
        """The command that makes the callback server reachable from another machine's browser."""
        return self.link.ssh_forward if self.link is not None else ""

    @property
    def tunnel(self) -> bool:
        """Whether a port forward leads the browser's way back here: not past a reverse proxy."""
        return self.link is not None and not self.link.proxied and not self.problem

    @property
    def ssh_escape(self) -> str:
        """The same for the ssh session that is open already: what is typed there after `~C`."""
        return self.link.ssh_escape if self.link is not None else ""

    @property
    def first_page(self) -> str:
        """The address that shows whether a browser reaches this terminal; empty without the server."""
        return self.link.first_page if self.link is not None else ""

    @property
    def ask(self) -> Ask | None:
        """What another machine is asked for; None until `ask_elsewhere`."""
        return self.link.ask if self.link is not None else None

    @property
    def unkept(self) -> str:
        """Why it would not outlive this process; empty while it would."""
        return self._keeper.trouble

    @property
    def offers_device(self) -> bool:
        """Whether a code for another device can be had (now: `start_device`)."""
        return offers_device(self.service)

    @property
    def device_waits(self) -> bool:
        """Whether a device code was asked for and may still be confirmed."""
        return self.device is not None and self.device.error is None
