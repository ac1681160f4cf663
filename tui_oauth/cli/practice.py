"""Trying things without an account: the practice provider, and the demo."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from tui_oauth.cli import output
from tui_oauth.cli.context import Context
from tui_oauth.cli.manage import has_terminal
from tui_oauth.errors import AlreadyExists, StorageFailed, UsageProblem
from tui_oauth.paths import expanded
from tui_oauth.text import neutralise

if TYPE_CHECKING:
    from tui_oauth.practice.provider import PracticeProvider


def sandbox(context: Context) -> int:
    """Run the practice provider until ^C (exit code 130) or SIGTERM (0)."""
    if context.args.as_service is not None:
        return _played(context)
    from tui_oauth.practice.behaviour import from_arguments
    from tui_oauth.practice.data.dataset import Dataset
    from tui_oauth.practice.provider import PracticeProvider

    ended = _until_terminated()
    behaviour, dataset = from_arguments(context.args), Dataset(dict(context.args.rows))
    with PracticeProvider(context.args.port, behaviour, dataset) as provider:
        if context.args.json:
            output.event(
                {
                    "url": provider.url,
                    "port": provider.port,
                    "service": "practice",
                    "authorize_url": f"{provider.url}/oauth",
                    "token_url": f"{provider.url}/auth/eagle/token",
                    "revoke_url": f"{provider.url}/auth/uninstall",
                    "identity_url": f"{provider.url}/me",
                    "developer_portal_url": f"{provider.url}/",
                    "issuer": provider.url,
                    "resource": f"{provider.url}/api",
                }
            )
        else:
            output.result(provider.url)
            output.finish()
            output.note("The practice provider runs; ^C ends it. Open the address to make an app.")
            output.note(
                f"Its entries: tui-oauth create NAME --service practice --set port={provider.port}"
            )
            output.note(
                "With --service practice-standard they can use every standard grant, a device's too."
            )
        _wait(ended)
    return 0


def _played(context: Context) -> int:
    """The same, in the part of a service of the catalogue."""
    from tui_oauth.entries import callback_url
    from tui_oauth.practice.behaviour import from_arguments
    from tui_oauth.practice.data.dataset import Dataset
    from tui_oauth.practice.played.application import CLIENT_ID, CLIENT_SECRET
    from tui_oauth.practice.played.moved import playable
    from tui_oauth.practice.played.provider import PlayedProvider
    from tui_oauth.services.toml_text import service_text

    workspace, args = context.workspace, context.args
    service = workspace.catalogue.get(args.as_service)
    if not playable(service):
        raise UsageProblem(
            f"{service.name} cannot be played: it has no addresses of its own.",
            "Choose another one: tui-oauth services",
        )
    ended = _until_terminated()
    with PlayedProvider(
        service,
        callback_url(workspace, service=service),
        args.port,
        behaviour=from_arguments(args),
        dataset=Dataset(dict(args.rows)),
    ) as provider:
        played = provider.service
        if args.service_file is not None:
            _write_new(expanded(args.service_file), service_text(played))
        if args.json:
            output.event(
                {
                    "url": provider.url,
                    "port": int(provider.url.rpartition(":")[2]),
                    "service": played.id,
                    "service_file": args.service_file,
                    "authorize_url": played.authorize_url or None,
                    "token_url": played.token_url,
                    "client_id": CLIENT_ID,
                    "client_secret": CLIENT_SECRET,
                }
            )
        else:
            output.result(provider.url)
            output.finish()
            output.note(f"{service.name} is played here; ^C ends it.")
            if args.service_file is not None:
                output.note(f"Its service file: tui-oauth service add {args.service_file}")
                output.note(f"Its entries: tui-oauth create NAME --service {played.id}")
            else:
                output.note("To make entries for it add: --service-file FILE")
            output.note(f"Client ID: {CLIENT_ID}   Client secret: {CLIENT_SECRET}")
        _wait(ended)
    return 0


def _write_new(path: Path, text: str) -> None:
    """Write `text` to a file that was not there before."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise AlreadyExists(
            f"There is a file {neutralise(path)} already.", "Give another name."
        ) from None
    except OSError as error:
        raise StorageFailed(f"{neutralise(path)} cannot be written: {error.strerror}.") from error


def _until_terminated() -> threading.Event:
    """An event that SIGTERM sets."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    return ended


def _wait(ended: threading.Event) -> None:
    # A wait without end would not let a signal through on every system.
    while not ended.wait(1.0):
        pass


def demo(context: Context) -> int:
    """The whole walk with a temporary vault and the practice provider."""
    if has_terminal(context):
        return _demo_windows(context)
    from tui_oauth.practice.walk import walk

    if sys.stdout is None:
        output.raw("")
    return walk(sys.stdout)


def _demo_windows(context: Context) -> int:
    """Manage OAuth on a vault in a temporary folder, with the practice provider beside it."""
    from tempfile import TemporaryDirectory

    from tui_oauth.paths import places
    from tui_oauth.settings import Settings
    from tui_oauth.tui.app import run
    from tui_oauth.vault import create_vault
    from tui_oauth.workspace import Workspace

    with TemporaryDirectory(prefix="tui-oauth-demo-") as folder, _provider() as provider:
        port = {"port": str(provider.port)}
        services = ("practice", "practice-https", "practice-standard")
        settings = Settings(defaults=dict.fromkeys(services, port))
        own = {"XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state"}
        environ = {
            **{k: v for k, v in context.environ.items() if not k.startswith("TUI_OAUTH_")},
            **{name: f"{folder}/{below}" for name, below in own.items()},
        }
        where = places(environ)
        workspace = Workspace(environ, where, settings)
        workspace.use_vault(create_vault(where))
        return run(workspace)


def _provider() -> PracticeProvider:
    """The practice provider, running, at the port that its guide names if that is free."""
    from tui_oauth.practice.provider import DEFAULT_PORT, PracticeProvider

    provider = PracticeProvider(DEFAULT_PORT)
    try:
        provider.start()
    except StorageFailed:
        provider = PracticeProvider()
        provider.start()
    return provider
