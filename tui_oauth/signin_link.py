"""The way through the browser: the Authorization link, and the answer by callback or paste.

RFC 6749 section 4.1, RFC 8252. The callback server is shared by all sign-ins of a process; the
state decides whose answer it is.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tui_oauth.elsewhere import asking
from tui_oauth.errors import (
    CallbackUnavailable,
    PasteProblem,
    ProviderRefused,
    SignInEnded,
    StorageFailed,
    TuiOauthError,
)
from tui_oauth.exchange import Granted, Stored, Won, exchange_code
from tui_oauth.link_file import remove_link, write_link
from tui_oauth.oauth.authorize import Answer, Attempt, check_state, is_pushed, read_answer
from tui_oauth.oauth.elsewhere import is_answer, read_answer_line
from tui_oauth.oauth.paste import describe_paste, read_paste
from tui_oauth.oauth.urls import origin_of
from tui_oauth.paths import expanded
from tui_oauth.sending import tell_answer, tell_link
from tui_oauth.signin_push import PushedLinks
from tui_oauth.terminal import ssh_escape_forward, ssh_forward

if TYPE_CHECKING:
    from tui_oauth.applicant import Applicant
    from tui_oauth.callback.page import Page
    from tui_oauth.callback.server import CallbackServer, Waiting
    from tui_oauth.elsewhere import AskingKey
    from tui_oauth.oauth.elsewhere import Ask
    from tui_oauth.oauth.par import Pushed
    from tui_oauth.workspace import Workspace

Settle = Callable[[Won | TuiOauthError], bool]
"""Takes what came, or why nothing will; False when the sign-in has its outcome already."""


def certificate_files(workspace: Workspace) -> tuple[Path, Path]:
    """Certificate and private key of the callback server: the person's own, or made on first use."""
    from tui_oauth.callback.certificate import ensure_certificate

    settings = workspace.settings.callback
    if settings.certificate:
        return expanded(settings.certificate), expanded(settings.private_key)
    return ensure_certificate(workspace.places.certificate, workspace.now())


class LinkWay:
    """The browser's part of one sign-in.

    `settle` takes what comes of it, in the event loop. `granted` waits for the end of the sign-in
    and tells whether it succeeded: the browser's page says so. `changed` is called when there is
    another link, or trouble with getting one. `claim` is awaited before a code is sent, and raises
    where another process has taken this sign-in up and ended it.
    """

    def __init__(
        self,
        applicant: Applicant,
        attempt: Attempt,
        server: Callable[[], CallbackServer],
        settle: Settle,
        granted: Callable[[], Awaitable[bool]],
        changed: Callable[[], None],
        claim: Callable[[], Awaitable[None]],
    ) -> None:
        self.attempt = attempt
        self.problem = ""
        """Why the callback server does not listen, and what to do instead; empty while it does."""
        self.fingerprint = ""
        """SHA-256 of the certificate that the browser will be shown; empty for an http callback."""
        self._applicant = applicant
        self._workspace = applicant.workspace
        self._service = applicant.service
        self._make_server = server
        self._settle = settle
        self._granted = granted
        self._changed = changed
        self._claim = claim
        self._links = PushedLinks(applicant, self._take_link, changed)
        self._pushed: Pushed | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._loading: asyncio.Task[None] | None = None
        self._server: CallbackServer | None = None
        self._waiting: Waiting | None = None
        self._file: Path | None = None
        self.asking_key: AskingKey | None = None
        """Opens an answer that was sealed elsewhere; None until one was asked for."""

    @property
    def ask(self) -> Ask | None:
        """What another machine is asked for, with the link as it is now; None until it is asked."""
        if self.asking_key is None or not self.attempt.authorization_url:
            return None
        return asking(self.asking_key, self.attempt, self._service)

    @property
    def listening(self) -> bool:
        """Whether the callback server waits for this sign-in's answer."""
        return self._waiting is not None and self._server is not None and self._server.listening

    @property
    def seen_browser(self) -> bool:
        """Whether a browser has opened the callback server's first page."""
        return self._server is not None and self._server.seen_browser

    @property
    def short_link(self) -> str:
        """A short local address that leads to the Authorization link; empty without the server."""
        return self._waiting.short_link if self._waiting is not None else ""

    @property
    def ssh_forward(self) -> str:
        """The command that makes the callback server reachable from another machine's browser."""
        environ = self._workspace.environ
        return ssh_forward(
            self._workspace.settings.callback.port,
            environ,
            user=environ.get("USER") or environ.get("LOGNAME") or "",
            host=socket.gethostname(),
        )

    @property
    def ssh_escape(self) -> str:
        """The same for the ssh session that is open already: what is typed there after `~C`."""
        return ssh_escape_forward(self._workspace.settings.callback.port)

    @property
    def first_page(self) -> str:
        """The address that shows, in a browser, whether it reaches this terminal.

        Its answer is always the same page, with nothing of the request in it.
        """
        return f"{origin_of(self.attempt.redirect_uri)}/" if self.listening else ""

    @property
    def trouble(self) -> str:
        """Why the link could not be replaced before it ends; empty while all is well."""
        return self._links.trouble

    async def ask_for_link(self) -> None:
        """Push what the link stands for, where the service wants that (RFC 9126).

        Until then there is no link. Raises ProviderRefused or ProviderUnreachable.
        """
        if is_pushed(self._service):
            self._pushed = await self._links.push(self.attempt)

    async def prepare(self) -> None:
        """Everything that comes before the link may be opened: listen for its answer.

        A callback server that cannot listen ends nothing: `problem` says so, and pasting works.
        """
        await self._listen()
        from tui_oauth.net import load_ahead

        # What sends the code costs a good part of a second to import; the person is busy meanwhile.
        self._loading = asyncio.create_task(asyncio.to_thread(load_ahead))
        tell_link(self._workspace, self.attempt.authorization_url)
        if self._pushed is not None:
            fresh = self._links.keep_fresh(self.attempt, self._pushed)
            self._renewing = asyncio.create_task(fresh)

    async def keep_link(self) -> None:
        """Ask for no further link: an answer is here, by whichever way."""
        task, self._renewing = self._renewing, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def write_file(self) -> Path:
        """Write the link to a file that only the person can read, until the sign-in ends.

        Raises StorageFailed.
        """
        link, entry_id = self.attempt.authorization_url, self._applicant.entry.id
        self._file = write_link(self._workspace, entry_id, link)
        return self._file

    async def close(self) -> None:
        """Wait for no callback any more."""
        await self.keep_link()
        if self._loading is not None:
            await asyncio.wait({self._loading})
        if self._file is not None:
            remove_link(self._file)
        if self._server is not None and self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            await self._server.forget(waiting)

    def paste(self, text: str) -> None:
        """Take a pasted answer, sealed or not; PasteProblem when it is not this sign-in's."""
        parameters = self._opened(text) if is_answer(text) else self._read(text)
        try:
            won = self._won(parameters)
        except (ProviderRefused, SignInEnded) as error:
            self._settle(error)
        else:
            self._settle(won)

    def look_at(self, text: str) -> str:
        """What `text` seems to be, in words, for a person who is typing or pasting."""
        if not is_answer(text):
            return describe_paste(text, self.attempt, self._service)
        try:
            self._opened(text)
        except PasteProblem as problem:
            return problem.message
        return "this is the answer, from another machine"

    def _read(self, text: str) -> list[tuple[str, str]]:
        return read_paste(text, self.attempt, self._service)

    def _opened(self, text: str) -> list[tuple[str, str]]:
        if self.asking_key is None:
            read_answer_line(text)  # what is wrong with it comes first
            raise PasteProblem(
                "That answer belongs to another sign-in: this one asked no other machine.",
                "Paste the address that the browser ended on.",
            )
        parameters = self.asking_key.open(text, self.attempt.state)
        check_state(self.attempt, parameters)
        return parameters

    def _take_link(self, attempt: Attempt) -> None:
        self.attempt = attempt
        if self._renewing is None:
            return  # the first one: `prepare` goes on from here
        if self._waiting is not None:
            self._waiting.lead_to(attempt.authorization_url)
        tell_link(self._workspace, attempt.authorization_url)
        if self._file is not None:
            try:
                self.write_file()
            except StorageFailed:  # the old link is in it, and soon leads nowhere
                remove_link(self._file)
        self._changed()

    async def _listen(self) -> None:
        from tui_oauth.callback.certificate import fingerprint

        try:
            self._server = self._make_server()
            if self._shows_certificate:
                await self._server.load_certificate()
                certificate, _ = await asyncio.to_thread(certificate_files, self._workspace)
                self.fingerprint = await asyncio.to_thread(fingerprint, certificate)
            self._waiting = await self._server.expect(
                self.attempt.state,
                self._callback,
                link=self.attempt.authorization_url,
                redirect_uri="" if self.proxied else self.attempt.redirect_uri,
                plus_is_literal=self._service.quirks.callback.plus_is_literal,
                form_post=self._service.quirks.callback.form_post,
            )
        except CallbackUnavailable as error:
            self.problem = str(error)
        except TuiOauthError as error:
            self.problem = f"{error} Pasting the address still works."

    @property
    def proxied(self) -> bool:
        """Whether the browser ends at a reverse proxy, with its own address and certificate."""
        return bool(self._workspace.settings.callback.public_url)

    @property
    def _shows_certificate(self) -> bool:
        return self.attempt.redirect_uri.startswith("https://") and not self.proxied

    async def _callback(self, parameters: list[tuple[str, str]]) -> Page:
        """The callback server's question: what page does this answer deserve?"""
        from tui_oauth.callback.page import Page

        try:
            won = self._won(parameters)
        except TuiOauthError as error:
            if not self._settle(error):
                return Page.ALREADY
            denied = isinstance(error, ProviderRefused) and error.code == "access_denied"
            return Page.DENIED if denied else Page.FAILED
        if not self._settle(won):
            return Page.ALREADY
        return Page.SUCCESS if await self._granted() else Page.FAILED

    def _won(self, parameters: Sequence[tuple[str, str]]) -> Won:
        tell_answer(self._workspace, self.attempt.redirect_uri, parameters)
        answer = read_answer(self.attempt, self._service, parameters, self._workspace.now())
        return Won(
            partial(self._exchange, answer), "the code is spent, so start again with a new link"
        )

    async def _exchange(self, answer: Answer, stored: Stored) -> Granted:
        await self._claim()
        return await exchange_code(self._applicant, self.attempt, answer, stored)
