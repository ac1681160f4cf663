"""The whole walk by itself: nine steps against the practice provider, told in plain words.

Everything is real: the provider and the callback server listen on loopback, the pages' forms are
filled and sent, the vault is encrypted. It lives in a temporary folder that is removed at the end.
No secret, code or token is printed.
"""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TextIO
from urllib.parse import parse_qsl, urlsplit

from tui_oauth import net
from tui_oauth.accounts import check_entry
from tui_oauth.entries import (
    callback_url,
    configure_entry,
    create_entry,
    entry_service,
)
from tui_oauth.errors import CallbackUnavailable, ProviderUnreachable, SignInEnded
from tui_oauth.health import status_words
from tui_oauth.oauth.api import api_headers
from tui_oauth.oauth.http import Request, Response
from tui_oauth.paths import places
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.practice.visitor import Page, Visitor
from tui_oauth.secret import MASK, Secret
from tui_oauth.services.guide import guide
from tui_oauth.signin import SignIn, SignIns
from tui_oauth.tokens import access_token
from tui_oauth.vault import create_vault
from tui_oauth.workspace import Workspace

if TYPE_CHECKING:
    from tui_oauth.model import Entry

SERVICE = "practice"
NAME = "my-practice"
_START_S = 20.0
_SHOWN = frozenset({"response_type", "redirect_uri", "code_challenge_method", "client_id"})


def walk(out: TextIO) -> int:
    """Walks the nine steps and tells them to `out`; 0 when the provider's API took the token.

    Raises the TuiOauthError of the step that failed.
    """
    with TemporaryDirectory(prefix="tui-oauth-demo-") as folder, PracticeProvider() as provider:
        workspace = _workspace(Path(folder), provider.port)
        return _Walk(workspace, provider, out).go()


def _workspace(home: Path, provider_port: int) -> Workspace:
    """A workspace in `home`, with a settings file of its own and nothing of the person's."""
    environ = {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
    }
    settings = places(environ).settings
    settings.parent.mkdir(parents=True, mode=0o700)
    settings.write_text(
        f'[callback]\nport = {_free_port()}\n\n[defaults.{SERVICE}]\nport = "{provider_port}"\n',
        encoding="utf-8",
    )
    return Workspace.from_environment(environ)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class _Walk:
    def __init__(self, workspace: Workspace, provider: PracticeProvider, out: TextIO) -> None:
        self._workspace = workspace
        self._provider = provider
        self._out = out
        self._visitor = Visitor(partial(net.fetch, environ=workspace.environ))

    def go(self) -> int:
        workspace = self._workspace
        workspace.use_vault(create_vault(workspace.places))
        entry = self._create()
        page = self._register_app(entry)
        entry = self._configure(entry, page)
        entry = asyncio.run(self._authorize(entry))
        return self._use(entry)

    def _step(self, number: int, words: str, *more: str) -> None:
        print(f"{number}. {words}", file=self._out)
        for line in more:
            print(f"   {line}", file=self._out)
        self._out.flush()

    def _create(self) -> Entry:
        workspace = self._workspace
        service = workspace.catalogue.get(SERVICE)
        url = callback_url(workspace, service=service)
        self._step(
            1,
            "Manage OAuth opens, with a vault of its own for this demo.",
            f"Practice provider: {self._provider.url}",
            f"Vault protected by: {workspace.vault.protection}",
            f"Callback URL: {url}",
        )
        entry = create_entry(workspace, NAME, SERVICE)
        self._step(2, f"Create OAuth Entry: Service {service.name}, Name {entry.name}.")
        listed = workspace.vault.find(NAME)
        sign, words = status_words(listed, workspace.now())
        self._step(3, "The list shows the entry.", f"{listed.name}  {service.name}  {sign} {words}")
        return listed

    def _register_app(self, entry: Entry) -> Page:
        """Steps through the provider's own pages; gives back the one with the credentials."""
        workspace = self._workspace
        url = callback_url(workspace, entry)
        view = guide(entry_service(workspace, entry), url)
        self._step(4, "At the provider, as the guide says:", *(f"- {step}" for step in view.steps))
        visitor = self._visitor
        visitor.open(f"{self._provider.url}/")
        visitor.follow("New app")
        visitor.page.form.type("App Name", "tui-oauth demo")
        visitor.page.form.tick("Internal integration")
        visitor.press("Create app")
        visitor.follow("Edit")
        visitor.page.form.tick("Use OAuth")
        visitor.press("+ Add redirect link")
        visitor.page.form.type("Redirect link 1", url)
        visitor.press("Save")
        page = visitor.follow("Basic Information")
        self._tell("Done in the provider's pages: app made, redirect link saved.")
        return page

    def _configure(self, entry: Entry, page: Page) -> Entry:
        configured = configure_entry(
            self._workspace,
            entry,
            client_id=page.values["Client ID"],
            client_secret=Secret(page.values["Client secret"]),
        )
        _, words = status_words(configured, self._workspace.now())
        self._step(
            5,
            "Configure OAuth: client ID and client secret pasted.",
            f"Client ID: {page.values['Client ID']}",
            f"Client secret: {MASK}",
            f"The entry is now: {words}",
        )
        return configured

    async def _authorize(self, entry: Entry) -> Entry:
        signins = SignIns(self._workspace)
        try:
            signin = signins.begin(entry)
            changed = asyncio.Event()
            signin.on_change = changed.set
            running = asyncio.create_task(signin.run())
            try:
                async with asyncio.timeout(_START_S):
                    while not signin.listening and not signin.ended and not signin.problem:
                        changed.clear()
                        await changed.wait()
            except TimeoutError:
                signin.cancel()
            if not signin.listening:
                # Nobody is here who could paste the address instead.
                signin.cancel()
                with suppress(SignInEnded):
                    await running
                raise CallbackUnavailable(signin.problem or "The callback server did not start.")
            self._show_link(signin)
            page = await asyncio.to_thread(self._consent, signin.authorization_url)
            if page.heading != "Authorization Successful":
                signin.cancel()
                await running  # tells what went wrong, if the sign-in knows
                raise ProviderUnreachable(
                    f"The browser ended on {page.heading!r}, HTTP {page.status}."
                )
            done = await running
        finally:
            await signins.close()
        checked = (await check_entry(self._workspace, done)).entry
        self._step(
            8,
            "Authorization Successful, in the browser and here.",
            f"Account: {checked.account}"
            + (f" ({checked.account_detail})" if checked.account_detail else ""),
        )
        return self._workspace.vault.get(done.id)

    def _show_link(self, signin: SignIn) -> None:
        self._step(
            6,
            "The Authorization link, to open, copy or scan:",
            _masked(signin.authorization_url),
            f"Over SSH: {signin.ssh_forward}",
        )

    def _consent(self, link: str) -> Page:
        page = self._visitor.open(link)
        self._step(7, f"The browser shows: {page.heading}. Pressing Authorize access.")
        return self._visitor.press("Authorize access")

    def _use(self, entry: Entry) -> int:
        """Calls the provider's API as a program would that asks tui-oauth for the token."""
        workspace = self._workspace
        tokens = access_token(workspace, entry)
        service = entry_service(workspace, entry)
        headers = api_headers(service, tokens, workspace.vault.secrets(entry).client_id)
        request = Request("GET", f"{self._provider.url}/me", "API call", headers)
        response = net.fetch(request, environ=workspace.environ)
        works = response.status == 200 and _names_a_workspace(response)
        self._step(
            9,
            "A program asks for the token and calls the API.",
            f"Token: {MASK}",
            f"GET /me answered {response.status}" + (", as it should." if works else "."),
        )
        self._tell("The walk is complete." if works else "The API did not take the token.")
        return 0 if works else 1

    def _tell(self, words: str) -> None:
        print(f"   {words}", file=self._out)
        self._out.flush()


def _masked(link: str) -> str:
    """`link` for showing: what makes it one's own is masked."""
    parts = urlsplit(link)
    shown = [
        f"{name}={value if name in _SHOWN else MASK}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    return parts._replace(query="&".join(shown)).geturl()


def _names_a_workspace(response: Response) -> bool:
    try:
        answer = json.loads(response.body)
        return bool(answer["app"]["name"])
    except (ValueError, LookupError, TypeError):
        return False
