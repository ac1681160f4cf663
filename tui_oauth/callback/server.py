"""The callback server: listens on loopback while a sign-in waits, and for nothing else.

One port serves HTTP and HTTPS, and any number of sign-ins, told apart by `state`. A request
changes nothing until its state has matched (checklist rule 27), and a state is taken once
(rule 29). Sources: RFC 8252 sections 7.3 and 8.3, RFC 6749 section 10.12, RFC 9700 section 4.7.
"""

from __future__ import annotations

import asyncio
import errno
import hmac
import secrets
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tui_oauth.callback.connection import Connection
from tui_oauth.callback.listener import (
    announced_path,
    check_unheld,
    open_listeners,
    unavailable,
)
from tui_oauth.callback.page import Page, Response, redirect, render
from tui_oauth.callback.protocol import (
    Collect,
    Deliver,
    Follow,
    Received,
    allowed_hosts,
    decide,
    has_repeats,
    read_form,
    read_parameters,
    state_of,
)
from tui_oauth.errors import CallbackUnavailable

if TYPE_CHECKING:
    import ssl

PATIENCE_SECONDS = 25.0  # browsers give up after a minute or more; a person sooner
MAX_CONNECTIONS = 64
_GRACE_SECONDS = 2.0
_ACCEPT_PAUSE_SECONDS = 0.2
_OUT_OF_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
# Letters and digits that nobody takes for one another when typing by hand: 31**8 is 2**39.
_SLUG_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_SLUG_LENGTH = 8
_REMEMBERED_STATES = 64

Finish = Callable[[list[tuple[str, str]]], Awaitable[Page]]


@dataclass(eq=False, slots=True)
class Waiting:
    """A sign-in that waits for its callback on `path`. `short_link` is empty when it gave no link.

    `form_post` says that its service answers by POST; a plain link counts as well. `error` is what
    `finish` raised, if it did; the browser was then told to look at the terminal.
    """

    state: str = field(repr=False)
    finish: Finish = field(repr=False)
    link: str = field(repr=False)
    path: str
    plus_is_literal: bool
    form_post: bool
    slug: str = field(repr=False)
    short_link: str = field(repr=False)
    received: bool = False
    error: BaseException | None = None
    connection: Connection | None = field(default=None, repr=False)
    task: asyncio.Task[Page] | None = field(default=None, repr=False)
    given_up: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def lead_to(self, link: str) -> None:
        """Let the short address lead to `link` from now on; ValueError when it may not lead there."""
        redirect(link)
        self.link = link


class CallbackServer:
    """Listens on `port` of 127.0.0.1 and ::1 from the first `expect` to the last `forget`.

    `path` is compared byte for byte. `certificate` makes the TLS context; it is called in a
    thread when the first TLS connection comes, and None turns TLS away. `extra_hosts` are further
    values of the Host header, for a reverse proxy in front. `on_browser` is called when a browser
    has fetched `/` or a short link, in the event loop.
    """

    def __init__(
        self,
        port: int,
        path: str = "/callback",
        *,
        certificate: Callable[[], ssl.SSLContext] | None = None,
        extra_hosts: Iterable[str] = (),
        on_browser: Callable[[], None] | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self.port = port
        self.path = path
        self.seen_browser = False
        self.certificate_error: BaseException | None = None
        self._certificate = certificate
        self._context: asyncio.Task[ssl.SSLContext] | None = None
        self._hosts = allowed_hosts(port, extra_hosts)
        self._on_browser = on_browser
        self._patience = patience
        self._waiting: list[Waiting] = []
        self._used: deque[str] = deque(maxlen=_REMEMBERED_STATES)
        self._listeners: list[socket.socket] = []
        self._opening = asyncio.Lock()  # two sign-ins that begin at once would meet each other
        # In the order of their arrival, so that the first one to be given up is the oldest.
        self._connections: dict[Connection, asyncio.Task[None]] = {}

    @property
    def listening(self) -> bool:
        """Whether the port is open now."""
        return bool(self._listeners)

    async def expect(
        self,
        state: str,
        finish: Finish,
        *,
        link: str = "",
        redirect_uri: str = "",
        plus_is_literal: bool = False,
        form_post: bool = False,
    ) -> Waiting:
        """Wait for the callback with `state`; opens the port if it is not open yet.

        `finish` gets the parameters, decoded once, at most once, and gives the page to show. The
        path is that of `redirect_uri` where that names this machine, else the server's own, which
        a reverse proxy in front passes on. `form_post`: the answer may come by POST (rule 26's
        one exception). Raises CallbackUnavailable when the port cannot be had, or when
        `redirect_uri` names a port or an address that is not the one listened on.
        """
        if not state or any(_same(state, other.state) for other in self._waiting):
            raise ValueError("a state must be fresh")
        if link:
            redirect(link)  # raises ValueError before anything is opened
        async with self._opening:
            if not self._listeners:
                await self._listen()
        try:
            path = announced_path(redirect_uri, self.port, self._listeners) or self.path
        except CallbackUnavailable:
            if not self._waiting:
                self._stop_listening()
            raise
        slug = "".join(secrets.choice(_SLUG_LETTERS) for _ in range(_SLUG_LENGTH)) if link else ""
        waiting = Waiting(
            state=state,
            finish=finish,
            link=link,
            path=path,
            plus_is_literal=plus_is_literal,
            form_post=form_post,
            slug=slug,
            short_link=f"http://{self._shown_host()}:{self.port}/go/{slug}" if slug else "",
        )
        self._waiting.append(waiting)
        return waiting

    async def forget(self, waiting: Waiting) -> None:
        """Stop waiting; closes the port when nothing else waits.

        A browser that is being answered for this sign-in still gets its page, for up to two
        seconds. `finish`, if it runs, is left to end by itself. Forgetting twice is harmless.
        """
        if waiting in self._waiting:
            self._waiting.remove(waiting)
            if waiting.received:
                self._used.append(waiting.state)
        if not self._waiting:
            self._stop_listening()
        await self._let_answer(waiting, asyncio.current_task())

    async def close(self) -> None:
        """Forget every sign-in, close the port and every connection, and end what still runs."""
        waiting, self._waiting = self._waiting, []
        self._stop_listening()
        asker = asyncio.current_task()
        await asyncio.gather(*(self._let_answer(each, asker) for each in waiting))
        tasks: list[asyncio.Task[object]] = [*self._connections.values()]
        tasks += [each.task for each in waiting if each.task is not None]
        tasks = [task for task in tasks if task is not asker]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE_SECONDS)

    async def load_certificate(self) -> ssl.SSLContext | None:
        """The TLS context, made in a thread once; None without one. Raises what making it raised.

        Called here when TLS arrives; calling it beforehand shows a problem before the browser does.
        """
        if self._certificate is None:
            return None
        if self._context is None:
            self._context = asyncio.create_task(asyncio.to_thread(self._certificate))
            self._context.add_done_callback(self._context_made)
        # Shielded: a stranger who hangs up must not end it for the others.
        return await asyncio.shield(self._context)

    def _context_made(self, made: asyncio.Task[ssl.SSLContext]) -> None:
        self.certificate_error = None if made.cancelled() else made.exception()
        if made.cancelled() or self.certificate_error is not None:
            self._context = None

    # -- listening

    async def _listen(self) -> None:
        try:
            await check_unheld(self.port)
            listeners = open_listeners(self.port)
        except OSError as error:
            raise await unavailable(self.port, error) from None
        self.seen_browser = False
        self._context = None  # a program may run for longer than a certificate lasts
        self._listeners = listeners
        for listener in listeners:
            self._watch(listener)

    def _stop_listening(self) -> None:
        """Close the port and the connections of strangers, without waiting for anyone."""
        loop = asyncio.get_running_loop()
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            loop.remove_reader(listener)
            listener.close()
        for connection, task in list(self._connections.items()):
            if not connection.holds_sign_in:
                task.cancel()

    def _shown_host(self) -> str:
        families = {listener.family for listener in self._listeners}
        return "127.0.0.1" if socket.AF_INET in families else "[::1]"

    def _watch(self, listener: socket.socket) -> None:
        if listener in self._listeners:
            asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(MAX_CONNECTIONS):
            try:
                sock, _address = listener.accept()
            except OSError as error:
                if error.errno not in _OUT_OF_RESOURCES:
                    return  # none left, or one that failed before we took it (accept(2))
                # The connection stays in the queue and would wake us again at once.
                self._make_room()
                loop.remove_reader(listener)
                loop.call_later(_ACCEPT_PAUSE_SECONDS, self._watch, listener)
                return
            sock.setblocking(False)
            if len(self._connections) >= MAX_CONNECTIONS:
                self._make_room()
            connection = Connection(sock, self._context_or_none, self._answer)
            task = loop.create_task(connection.run())
            self._connections[connection] = task
            task.add_done_callback(partial(self._ended, connection))

    def _make_room(self) -> None:
        """Give up the oldest connection that no sign-in depends on."""
        for connection, task in self._connections.items():
            if not connection.holds_sign_in:
                del self._connections[connection]
                task.cancel()
                return

    def _ended(self, connection: Connection, _task: asyncio.Task[None]) -> None:
        # Also for a task that was cancelled before its first step, whose own cleanup never ran.
        connection.abort()
        self._connections.pop(connection, None)

    async def _context_or_none(self) -> ssl.SSLContext | None:
        try:
            return await self.load_certificate()
        except Exception:  # whatever the callable raises; kept in certificate_error for the owner
            return None

    # -- answering

    async def _answer(self, request: Received, connection: Connection) -> Response:
        form_paths = {each.path for each in self._waiting if each.form_post}
        decision = decide(
            request,
            hosts=self._hosts,
            callback_paths={self.path, *(each.path for each in self._waiting)},
            form_paths=form_paths,
        )
        if isinstance(decision, Deliver):
            return render(await self._deliver(decision.path, decision.query, connection))
        if isinstance(decision, Collect):
            return render(await self._collect(decision, connection))
        if isinstance(decision, Follow):
            found = _matching(self._waiting, decision.slug, lambda each: each.slug)
            if found is None:
                return render(Page.NOT_FOUND)
            self._see(request)
            return redirect(found.link)
        if decision.page is Page.HOME:
            self._see(request)
        posted = decision.page is Page.METHOD and request.path in form_paths
        return render(decision.page, "GET, POST") if posted else render(decision.page)

    def _see(self, request: Received) -> None:
        """A person's browser reaches this machine."""
        if request.navigation:
            self.seen_browser = True
            if self._on_browser is not None:
                self._on_browser()

    async def _collect(self, decision: Collect, connection: Connection) -> Page:
        """Read a form, and judge it as the query it would be in an address."""
        try:
            body = await connection.body(decision.length)
        except TimeoutError:
            return Page.TIMEOUT
        query = read_form(body) if len(body) == decision.length else None
        if query is None:
            return Page.FORM
        return await self._deliver(decision.path, query, connection, posted=True)

    async def _deliver(
        self, path: str, query: str, connection: Connection, *, posted: bool = False
    ) -> Page:
        parameters = read_parameters(query)
        state = state_of(parameters or [])
        # A state counts only where its own service answers: on its path, and in its manner.
        here = [
            each for each in self._waiting if each.path == path and (each.form_post or not posted)
        ]
        waiting = _matching(here, state, lambda each: each.state)
        if waiting is None:
            used = state and any(_same(state, each) for each in self._used)
            return Page.ALREADY if used else Page.UNKNOWN
        if waiting.received:
            return Page.ALREADY
        if waiting.plus_is_literal:
            parameters = read_parameters(query, plus_is_literal=True)
        if parameters is None or has_repeats(parameters):
            return Page.BAD_REQUEST
        waiting.received = True
        waiting.connection = connection
        connection.holds_sign_in = True
        waiting.task = asyncio.ensure_future(waiting.finish(parameters))
        return await self._outcome(waiting, waiting.task)

    async def _outcome(self, waiting: Waiting, task: asyncio.Task[Page]) -> Page:
        """The page that `finish` decides on, or RECEIVED when it takes too long to say."""
        given_up = asyncio.ensure_future(waiting.given_up.wait())
        try:
            await asyncio.wait(
                {task, given_up}, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            given_up.cancel()
            task.add_done_callback(partial(_keep_error, waiting))
        if not task.done():
            return Page.RECEIVED
        if task.cancelled() or task.exception() is not None:
            return Page.FAILED
        return task.result()

    async def _let_answer(self, waiting: Waiting, asker: asyncio.Task[object] | None) -> None:
        connection = waiting.connection
        # From inside `finish` there is no waiting for the page that it has yet to decide on.
        if connection is None or waiting.task is asker:
            return
        for _ in range(2):
            try:
                async with asyncio.timeout(_GRACE_SECONDS):
                    await connection.written.wait()
            except TimeoutError:
                waiting.given_up.set()


def _keep_error(waiting: Waiting, task: asyncio.Task[Page]) -> None:
    if not task.cancelled():
        waiting.error = task.exception()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _matching(waiting: list[Waiting], text: str, key: Callable[[Waiting], str]) -> Waiting | None:
    """The one whose `key` is `text`. All are compared, so that the time tells nothing."""
    found = [each for each in waiting if _same(key(each), text) and text]
    return found[0] if found else None
