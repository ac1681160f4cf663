"""One sign-in, from the Authorization link to stored tokens (RFC 6749 section 4.1, RFC 8252).

Screens and commands use the same `SignIns`. A sign-in waits for the callback server and for a
pasted address at once; whichever comes first wins. Several wait side by side in one process and
share one callback server: the state decides whose answer it is.
"""

from __future__ import annotations

import asyncio
import enum
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tui_oauth.entries import (
    callback_url,
    entry_service,
    require_credentials,
    shell_word,
)
from tui_oauth.errors import (
    CallbackUnavailable,
    ProviderRefused,
    SignInEnded,
    TuiOauthError,
    UsageProblem,
)
from tui_oauth.exchange import Exchange
from tui_oauth.model import Entry
from tui_oauth.oauth.authorize import Answer, Attempt, read_answer, start
from tui_oauth.oauth.client import Client, choose_client
from tui_oauth.oauth.paste import describe_paste, read_paste
from tui_oauth.oauth.urls import origin_of
from tui_oauth.paths import expanded
from tui_oauth.terminal import ssh_forward

if TYPE_CHECKING:
    import ssl

    from tui_oauth.callback.page import Page
    from tui_oauth.callback.server import CallbackServer, Waiting
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
        current = workspace.vault.get(entry.id)
        held = workspace.vault.secrets(current)
        require_credentials(current, held)
        service = entry_service(workspace, current)
        if "authorization_code" not in service.grants:
            raise UsageProblem(
                f"{service.name} has no sign-in through the browser.",
                "Its entries get their tokens without a person.",
            )
        client = choose_client(service, held.client_id, held.client_secret)
        attempt = start(
            service,
            entry_id=current.id,
            client_id=held.client_id,
            redirect_uri=callback_url(workspace, current),
            scopes=service.default_scopes if current.scopes is None else current.scopes,
            random=secrets.token_bytes,
            now=workspace.now(),
            lifetime=lifetime or workspace.settings.sign_in_minutes * 60,
        )
        signin = SignIn(workspace, current, service, client, attempt, self._callback_server)
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


def certificate_files(workspace: Workspace) -> tuple[Path, Path]:
    """Certificate and private key of the callback server: the person's own, or made on first use."""
    from tui_oauth.callback.certificate import ensure_certificate

    settings = workspace.settings.callback
    if settings.certificate:
        return expanded(settings.certificate), expanded(settings.private_key)
    return ensure_certificate(workspace.places.certificate, workspace.now())


class SignIn:
    """One sign-in of one entry.

    `run` does the work; the properties are what a window or a command shows meanwhile, and
    `on_change` is called (in the event loop) whenever one of them changed.
    """

    def __init__(
        self,
        workspace: Workspace,
        entry: Entry,
        service: Service,
        client: Client,
        attempt: Attempt,
        server: Callable[[], CallbackServer],
    ) -> None:
        self.workspace = workspace
        self.entry = entry
        self.service = service
        self.attempt = attempt
        self.state = SignInState.WAITING
        self.problem = ""
        """Why the callback server does not listen, and what to do instead; empty while it does."""
        self.note = ""
        """What went less than well in a sign-in that succeeded; empty otherwise."""
        self.fingerprint = ""
        """SHA-256 of the certificate that the browser will be shown; empty for an http callback."""
        self.error: TuiOauthError | None = None
        self.result: Entry | None = None
        self.on_change: Callable[[], None] | None = None
        self._client = client
        self._make_server = server
        self._server: CallbackServer | None = None
        self._waiting: Waiting | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._early: Answer | TuiOauthError | None = None
        self._finished = asyncio.Event()
        self._exchange_task: asyncio.Task[Entry] | None = None
        self._running = False

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
        return self.attempt.scopes if self.service.quirks.authorize.scope else ()

    @property
    def expires_at(self) -> int:
        """When this sign-in ends by itself, in Unix seconds."""
        return self.attempt.expires_at

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state not in {SignInState.WAITING, SignInState.EXCHANGING}

    @property
    def listening(self) -> bool:
        """Whether the callback server waits for this sign-in's answer."""
        return self._waiting is not None and self._server is not None and self._server.listening

    @property
    def seen_browser(self) -> bool:
        """Whether a browser has opened the callback server's first page: it can reach this terminal."""
        return self._server is not None and self._server.seen_browser

    @property
    def short_link(self) -> str:
        """A short local address that leads to the Authorization link; empty without the server."""
        return self._waiting.short_link if self._waiting is not None else ""

    @property
    def ssh_forward(self) -> str:
        """The command that makes the callback server reachable from another machine's browser."""
        environ = self.workspace.environ
        return ssh_forward(
            self.workspace.settings.callback.port,
            environ,
            user=environ.get("USER") or environ.get("LOGNAME") or "",
            host=socket.gethostname(),
        )

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
            await self._stop_listening()

    def paste(self, text: str) -> None:
        """Take a pasted answer: the whole address, its query, or the code.

        Raises PasteProblem when it is not the answer of this sign-in, which then goes on. An
        answer in which the provider refuses ends the sign-in, as the callback would.
        """
        if self.ended or self.state is SignInState.EXCHANGING:
            raise SignInEnded("This sign-in has its answer already.")
        parameters = read_paste(text, self.attempt, self.service)
        try:
            answer = read_answer(self.attempt, self.service, parameters, self.workspace.now())
        except (ProviderRefused, SignInEnded) as error:
            self._settle(error)
        else:
            self._settle(answer)

    def asks_the_same(self, other: SignIn) -> bool:
        """Whether `other`, for the same entry, would ask the same with the same credentials."""

        def asked(signin: SignIn) -> tuple[object, ...]:
            attempt = signin.attempt
            link = (attempt.redirect_uri, attempt.scopes)
            return (*link, signin.service, signin._client, dict(signin.entry.variables))

        return asked(self) == asked(other)

    def look_at(self, text: str) -> str:
        """What `text` seems to be, in words, for a person who is typing or pasting."""
        return describe_paste(text, self.attempt, self.service)

    def cancel(self) -> None:
        """End this sign-in. Nothing is stored unless the provider had already granted."""
        if self.ended:
            return
        if self._exchange_task is not None:
            self._exchange_task.cancel()
            return
        self.state = SignInState.CANCELLED
        self._settle(SignInEnded("The sign-in was cancelled.", "Nothing was changed."))
        if not self._running:
            self._finished.set()

    async def _run(self) -> Entry:
        self._answer = asyncio.get_running_loop().create_future()
        if self._early is not None:
            self._settle(self._early)
        await self._listen()
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
        exchange = Exchange(self.workspace, self.entry, self.service, self._client, self.attempt)
        self._exchange_task = asyncio.create_task(exchange.run(answer))
        try:
            self.result = await asyncio.shield(self._exchange_task)
        except asyncio.CancelledError:
            if not self._exchange_task.cancelled():
                # The whole program ends. What the provider has granted is still stored.
                self._exchange_task.cancel()
                raise
            self.state = SignInState.CANCELLED
            raise SignInEnded(
                "The sign-in was cancelled while the code was being exchanged.",
                "Nothing was stored; the code is spent, so start again with a new link.",
            ) from None
        self.state = SignInState.AUTHORIZED
        self.note = exchange.note
        return self.result

    async def _listen(self) -> None:
        from tui_oauth.callback.certificate import fingerprint

        try:
            self._server = self._make_server()
            if self.callback_url.startswith("https://") and not self._has_public_url:
                await self._server.load_certificate()
                certificate, _ = await asyncio.to_thread(certificate_files, self.workspace)
                self.fingerprint = await asyncio.to_thread(fingerprint, certificate)
            self._waiting = await self._server.expect(
                self.attempt.state,
                self._callback,
                link=self.authorization_url,
                plus_is_literal=self.service.quirks.callback.plus_is_literal,
            )
        except CallbackUnavailable as error:
            self.problem = str(error)
        except TuiOauthError as error:
            self.problem = f"{error} Pasting the address still works."

    @property
    def _has_public_url(self) -> bool:
        return bool(self.workspace.settings.callback.public_url)

    async def _stop_listening(self) -> None:
        if self._server is not None and self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            await self._server.forget(waiting)

    async def _callback(self, parameters: list[tuple[str, str]]) -> Page:
        """The callback server's question: what page does this answer deserve?"""
        from tui_oauth.callback.page import Page

        if self.ended or self.state is SignInState.EXCHANGING:
            return Page.ALREADY
        try:
            answer = read_answer(self.attempt, self.service, parameters, self.workspace.now())
        except TuiOauthError as error:
            self._settle(error)
            denied = isinstance(error, ProviderRefused) and error.code == "access_denied"
            return Page.DENIED if denied else Page.FAILED
        self._settle(answer)
        await self._finished.wait()
        return Page.SUCCESS if self.state is SignInState.AUTHORIZED else Page.FAILED

    def _settle(self, outcome: Answer | TuiOauthError) -> None:
        if self._answer is None:
            self._early = outcome
        elif self._answer.done():
            return
        elif isinstance(outcome, TuiOauthError):
            self._answer.set_exception(outcome)
        else:
            self._answer.set_result(outcome)

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()
