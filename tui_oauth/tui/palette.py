"""What the command palette offers: the keys of the screen at hand, each with its key."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.screen import Screen

from tui_oauth.tui.keys import GROUPS, Key

if TYPE_CHECKING:
    from tui_oauth.tui.app import ManageOAuth


def commands(app: ManageOAuth, screen: Screen[Any]) -> Iterable[SystemCommand]:
    """The commands of `screen` and of the app, with the keys that do the same."""
    group = str(getattr(screen, "KEY_GROUP", "manage"))
    for key in GROUPS[group].keys:
        if key.action not in {"app.quit", "app.help", "app.traffic", "stop"} and _can(
            screen, key.action
        ):
            yield SystemCommand(f"{key.words}  ({key.shown})", key.help, _runner(app, screen, key))
    if group != "traffic":
        words = "What was sent to providers and what came back, without secrets."
        yield SystemCommand("Traffic  (F3)", words, app.action_traffic)
    yield SystemCommand("Help  (?)", "These keys and a short explanation.", app.action_help)
    yield SystemCommand("Theme", "Choose another theme for now.", app.action_change_theme)
    yield SystemCommand("Quit  (^q)", "Leave tui-oauth.", app.action_quit)


def _can(screen: Screen[Any], action: str) -> bool:
    """Whether `screen` has this action (a dialog over the list has none of the list's) and takes it now."""
    return hasattr(screen, f"action_{action}") and screen.check_action(action, ()) is not False


def _runner(app: ManageOAuth, screen: Screen[Any], key: Key) -> Callable[[], Any]:
    # Deferred: the palette is still closing when the command is called.
    return partial(app.call_later, screen.run_action, key.action)
