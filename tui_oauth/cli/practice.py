"""Trying things without an account: the practice provider, and the demo."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING

from tui_oauth.cli import output
from tui_oauth.cli.context import Context
from tui_oauth.cli.manage import has_terminal
from tui_oauth.errors import StorageFailed

if TYPE_CHECKING:
    from tui_oauth.practice.provider import PracticeProvider


def sandbox(context: Context) -> int:
    """Run the practice provider until ^C (exit code 130) or SIGTERM (0)."""
    from tui_oauth.practice.behaviour import from_arguments
    from tui_oauth.practice.provider import PracticeProvider

    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    with PracticeProvider(context.args.port, from_arguments(context.args)) as provider:
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
        # A wait without end would not let a signal through on every system.
        while not ended.wait(1.0):
            pass
    return 0


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
