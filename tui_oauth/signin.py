"""One sign-in, from its start to stored tokens (RFC 6749 section 4.1, RFC 8252).

Screens and commands use the same `SignIns`. A sign-in waits for the callback server and for a
pasted address at once; whichever comes first wins. Several wait side by side in one process.
"""

from __future__ import annotations

import asyncio
import enum
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui_oauth.applicant import applicant_of
from tui_oauth.entries import callback_url, shell_word
from tui_oauth.errors import SignInEnded, TuiOauthError, UsageProblem
from tui_oauth.exchange import Granted, exchange_code
from tui_oauth.oauth.authorize import Answer, Attempt, start
from tui_oauth.oauth.urls import origin_of
from tui_oauth.signin_link import LinkWay, certificate_files

if TYPE_CHECKING:
    import ssl

    from tui_oauth.applicant import Applicant
    from tui_oauth.callback.server import CallbackServer
    from tui_oauth.model import Entry
    from tui_oauth.services.format import Service
    from tui_oauth.workspace import Workspace


class SignInState(enum.StrEnum):
    """Where a sign-in stands. WAITING and EXCHANGING go on, the others have ended."""

    WAITING = "waiting"
    EXCHANGING = "exchanging"
    AUTHORIZED = "authorized"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


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
        """
        known = self._by_entry.get(entry.id)
        if known is not None and known.state is SignInState.EXCHANGING:
            return known
        workspace = self.workspace
        applicant = applicant_of(workspace, entry)
        service = applicant.service
        if "authorization_code" not in service.grants:
            raise UsageProblem(
                f"{service.name} has no sign-in through the browser.",
                "Its entries get their tokens without a person.",
            )
        attempt = start(
            service,
            entry_id=entry.id,
            client_id=applicant.client.client_id,
            redirect_uri=callback_url(workspace, applicant.entry),
            scopes=applicant.scopes,
            random=secrets.token_bytes,
            now=workspace.now(),
            lifetime=lifetime or workspace.settings.sign_in_minutes * 60,
        )
        signin = SignIn(applicant, attempt, self._callback_server)
        if known is not None and not known.ended:
            if known.asks_the_same(signin):
                return known
            known.cancel()
        self._by_entry[entry.id] = signin
        return signin

    async def close(self) -> None:
        """Cancel what waits and close the port."""
        for signin in self.waiting:
            signin.cancel()
        if self._server is not None:
            await self._server.close()

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


class SignIn:
    """One sign-in of one entry.

    `run` does the work; the properties, those of `link` among them, are what a window or a
    command shows meanwhile, and `on_change` is called (in the event loop) whenever one of them
    changed.
    """

    def __init__(
        self, applicant: Applicant, attempt: Attempt, server: Callable[[], CallbackServer]
    ) -> None:
        self.applicant = applicant
        self.workspace = applicant.workspace
        self.link = LinkWay(applicant, attempt, server, self._settle, self._granted)
        self.state = SignInState.WAITING
        self.note = ""
        """What went less than well in a sign-in that succeeded; empty otherwise."""
        self.error: TuiOauthError | None = None
        self.result: Entry | None = None
        self.on_change: Callable[[], None] | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._early: Answer | TuiOauthError | None = None
        self._finished = asyncio.Event()
        self._last_step: asyncio.Task[Granted] | None = None
        self._running = False

    @property
    def entry(self) -> Entry:
        """The entry as it stood when the sign-in began."""
        return self.applicant.entry

    @property
    def service(self) -> Service:
        """Its service, with the variables in place."""
        return self.applicant.service

    @property
    def attempt(self) -> Attempt:
        """What was asked for through the browser."""
        return self.link.attempt

    @property
    def authorization_url(self) -> str:
        """The Authorization link."""
        return self.attempt.authorization_url

    @property
    def callback_url(self) -> str:
        """The redirect URI that this sign-in sends."""
        return self.attempt.redirect_uri

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that will be asked for; empty where the provider decides."""
        return self.applicant.scopes if self.service.quirks.authorize.scope else ()

    @property
    def expires_at(self) -> int:
        """When this sign-in ends by itself, in Unix seconds."""
        return self.attempt.expires_at

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state not in {SignInState.WAITING, SignInState.EXCHANGING}

    @property
    def problem(self) -> str:
        """Why the callback server does not listen, and what to do instead; empty while it does."""
        return self.link.problem

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate that the browser will be shown; empty for an http callback."""
        return self.link.fingerprint

    @property
    def listening(self) -> bool:
        """Whether the callback server waits for this sign-in's answer."""
        return self.link.listening

    @property
    def seen_browser(self) -> bool:
        """Whether a browser has opened the callback server's first page: it can reach this terminal."""
        return self.link.seen_browser

    @property
    def short_link(self) -> str:
        """A short local address that leads to the Authorization link; empty without the server."""
        return self.link.short_link

    @property
    def ssh_forward(self) -> str:
        """The command that makes the callback server reachable from another machine's browser."""
        return self.link.ssh_forward

    async def run(self) -> Entry:
        """Wait for the answer, exchange it, store the tokens; the entry as it stands then.

        Raises SignInEnded when the time is up or the person cancelled, ProviderRefused or
        ProviderUnreachable when the provider did not grant, and whatever kept the vault from
        being written. The vault changes only when tokens were granted.
        """
        if self._running:
            raise RuntimeError("this sign-in runs already")
        self._running = True
        try:
            return await self._run()
        except TuiOauthError as error:
            self.error = error
            if not self.ended:
                self.state = SignInState.FAILED
            raise
        finally:
            if not self.ended:
                self.state = SignInState.CANCELLED
            self._finished.set()
            self._changed()
            await self.link.close()

    def paste(self, text: str) -> None:
        """Take a pasted answer: the whole address, its query, or the code.

        Raises PasteProblem when it is not the answer of this sign-in, which then goes on. An
        answer in which the provider refuses ends the sign-in, as the callback would.
        """
        if self.ended or self.state is SignInState.EXCHANGING:
            raise SignInEnded("This sign-in has its answer already.")
        self.link.paste(text)

    def asks_the_same(self, other: SignIn) -> bool:
        """Whether `other`, for the same entry, would ask the same with the same credentials."""

        def asked(signin: SignIn) -> tuple[object, ...]:
            applicant = signin.applicant
            link = (signin.callback_url, applicant.scopes)
            return (*link, applicant.service, applicant.client, dict(signin.entry.variables))

        return asked(self) == asked(other)

    def look_at(self, text: str) -> str:
        """What `text` seems to be, in words, for a person who is typing or pasting."""
        return self.link.look_at(text)

    def cancel(self) -> None:
        """End this sign-in. Nothing is stored unless the provider had already granted."""
        if self.ended:
            return
        if self._last_step is not None:
            self._last_step.cancel()
            return
        self.state = SignInState.CANCELLED
        self._put(SignInEnded("The sign-in was cancelled.", "Nothing was changed."))
        if not self._running:
            self._finished.set()

    async def _run(self) -> Entry:
        self._answer = asyncio.get_running_loop().create_future()
        if self._early is not None:
            self._put(self._early)
        await self.link.prepare()
        self._changed()
        try:
            async with asyncio.timeout(max(0, self.expires_at - self.workspace.now())):
                answer = await self._answer
        except TimeoutError:
            self.state = SignInState.EXPIRED
            raise SignInEnded(
                f"No answer came for {self.entry.name} in the time that was given.",
                f"Start again: tui-oauth authorize {shell_word(self.entry.name)}",
            ) from None
        if self.state is SignInState.CANCELLED:  # after the answer came, before it was taken up
            raise SignInEnded("The sign-in was cancelled.", "Nothing was changed.")
        self.state = SignInState.EXCHANGING
        self._changed()
        return await self._take_up(answer)

    async def _take_up(self, answer: Answer) -> Entry:
        """Make stored tokens of what won."""
        self._last_step = asyncio.create_task(exchange_code(self.applicant, self.attempt, answer))
        try:
            granted = await asyncio.shield(self._last_step)
        except asyncio.CancelledError:
            if not self._last_step.cancelled():
                # The whole program ends. What the provider has granted is still stored.
                self._last_step.cancel()
                raise
            self.state = SignInState.CANCELLED
            raise SignInEnded(
                "The sign-in was cancelled while the code was being exchanged.",
                "Nothing was stored; the code is spent, so start again with a new link.",
            ) from None
        self.result = granted.entry
        self.note = granted.note
        self.state = SignInState.AUTHORIZED
        return granted.entry

    def _settle(self, outcome: Answer | TuiOauthError) -> bool:
        """Take the first outcome; False when there is one already."""
        has_one = self._early is not None or (self._answer is not None and self._answer.done())
        if has_one or self.ended or self.state is SignInState.EXCHANGING:
            return False
        self._put(outcome)
        return True

    def _put(self, outcome: Answer | TuiOauthError) -> None:
        if self._answer is None:
            self._early = outcome
        elif self._answer.done():
            return
        elif isinstance(outcome, TuiOauthError):
            self._answer.set_exception(outcome)
        else:
            self._answer.set_result(outcome)

    async def _granted(self) -> bool:
        await self._finished.wait()
        return self.state is SignInState.AUTHORIZED

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()
