"""The other side of a sign-in elsewhere: open a link here, seal the answer for who asked.

`tui_oauth.elsewhere` says what is sealed and why. Nothing here touches a vault.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui_oauth.elsewhere import sealed
from tui_oauth.errors import CallbackUnavailable, SignInEnded, TuiOauthError
from tui_oauth.oauth.authorize import Attempt, check_state
from tui_oauth.oauth.elsewhere import Ask, Pairs
from tui_oauth.oauth.paste import describe_paste, read_paste
from tui_oauth.oauth.urls import host_of
from tui_oauth.services.format import CallbackQuirks, Quirks, Service
from tui_oauth.signin_link import certificate_files

if TYPE_CHECKING:
    import ssl

    from tui_oauth.callback.page import Page
    from tui_oauth.callback.server import CallbackServer
    from tui_oauth.workspace import Workspace

LONGEST_WAIT = 86_400


class Visit:
    """One answer to `ask`: by callback on this machine's loopback interface, or by paste.

    `on_change` is called, in the event loop, when it is known whether the callback server listens.
    """

    def __init__(self, workspace: Workspace, ask: Ask) -> None:
        self.ask = ask
        self.problem = ""
        """Why the callback server does not listen, and what to do instead; empty while it does."""
        self.listening = False
        self.denied = ""
        """The provider's error code where the answer is a no; empty otherwise."""
        self.line = ""
        """The sealed answer; empty until there is one."""
        self.on_change: Callable[[], None] | None = None
        self._workspace = workspace
        self._outcome: asyncio.Future[Pairs] | None = None
        self._early: Pairs | None = None
        quirks = CallbackQuirks(
            code_parameter=ask.code_parameter,
            form_post=ask.form_post,
            plus_is_literal=ask.plus_is_literal,
        )
        self._service = Service("elsewhere", ask.service_name, "", quirks=Quirks(callback=quirks))
        self._attempt = Attempt(
            entry_id="",
            service_id="elsewhere",
            client_id="",
            redirect_uri=ask.redirect_uri,
            scopes=ask.scopes,
            state=ask.state,
            code_verifier=None,  # whether there is one is not known here: whole addresses only
            nonce="",
            issuer="",
            created_at=0,
            expires_at=ask.expires_at,
            parameters=(),
            authorization_url=ask.url,
        )

    @property
    def ended(self) -> bool:
        """Whether the answer is here."""
        return self._outcome is not None and self._outcome.done()

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What a person has to know before the link is opened: label and value."""
        ask = self.ask
        return (
            ("Opens", host_of(ask.url)),
            ("Service", f"{ask.service_name} (as the line says)"),
            ("Asks for", " ".join(ask.scopes) or "what was chosen at the provider"),
            ("Comes back to", ask.redirect_uri),
            ("Check code", f"{ask.check_code} (the other machine shows the same)"),
        )

    async def run(self) -> str:
        """Wait for the answer and give the line with it sealed.

        Raises SignInEnded when the time of the line is up.
        """
        self._outcome = asyncio.get_running_loop().create_future()
        if self._early is not None:
            self._outcome.set_result(self._early)
        server = self._server()
        left = min(LONGEST_WAIT, self.ask.expires_at - self._workspace.now())
        try:
            async with asyncio.timeout(max(0, left)):
                await self._listen(server)
                if self.on_change is not None:
                    self.on_change()
                pairs = await self._outcome
        except TimeoutError:
            raise SignInEnded(
                "No answer came before the time for this line was up.",
                "Make a new one on the machine that wants the tokens.",
            ) from None
        finally:
            self.listening = False
            await server.close()
        self.line = sealed(self.ask, pairs)
        self.denied = dict(pairs).get("error", "")
        return self.line

    def paste(self, text: str) -> None:
        """Take a pasted answer; PasteProblem when it is not the one that is waited for."""
        self._take(read_paste(text, self._attempt, self._service))

    def look_at(self, text: str) -> str:
        """What `text` seems to be, in words."""
        return describe_paste(text, self._attempt, self._service)

    def _take(self, pairs: Pairs) -> bool:
        if self._outcome is None:
            self._early = self._early or pairs
            return True
        if self._outcome.done():
            return False
        self._outcome.set_result(pairs)
        return True

    def _server(self) -> CallbackServer:
        from tui_oauth.callback.server import CallbackServer

        parts = urlsplit(self.ask.redirect_uri)
        return CallbackServer(parts.port or 0, parts.path or "/", certificate=self._tls)

    def _tls(self) -> ssl.SSLContext:
        from tui_oauth.callback.certificate import tls_context

        return tls_context(*certificate_files(self._workspace), now=self._workspace.now())

    async def _listen(self, server: CallbackServer) -> None:
        ask = self.ask
        try:
            if ask.redirect_uri.startswith("https://"):
                await server.load_certificate()
            await server.expect(
                ask.state,
                self._callback,
                link="" if ask.fragment else ask.url,
                redirect_uri=ask.redirect_uri,
                plus_is_literal=ask.plus_is_literal,
                form_post=ask.form_post,
            )
            self.listening = True
        except CallbackUnavailable as error:
            self.problem = str(error)
        except TuiOauthError as error:
            self.problem = f"{error} Pasting the address still works."

    async def _callback(self, parameters: Pairs) -> Page:
        from tui_oauth.callback.page import Page

        check_state(self._attempt, parameters)
        return Page.RECEIVED if self._take(parameters) else Page.ALREADY
