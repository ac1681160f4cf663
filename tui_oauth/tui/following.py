"""A sign-in goes on when its screen is left: the app runs it, and says how it ended."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakSet

from tui_oauth.errors import TuiOauthError

if TYPE_CHECKING:
    from textual.worker import Worker

    from tui_oauth.signin import SignIn
    from tui_oauth.tui.app import ManageOAuth

_GROUP = "sign-in"
_TOLD: WeakSet[SignIn] = WeakSet()


def told(signin: SignIn) -> None:
    """A screen has said that `signin` succeeded: it is not said again when all of it is done."""
    _TOLD.add(signin)


def follow(home: ManageOAuth, signin: SignIn) -> None:
    """Run `signin` in a worker of the app, unless it runs already or has ended."""
    name = f"sign-in {id(signin):x}"
    running = any(worker.name == name and not worker.is_finished for worker in home.workers)
    if running or signin.ended:
        return
    # The annotation is what the type checker infers the result from.
    _: Worker[None] = home.run_worker(
        partial(_run, home, signin), name=name, group=_GROUP, exit_on_error=False
    )


async def _run(home: ManageOAuth, signin: SignIn) -> None:
    is_told = False
    try:
        await signin.run()
    except TuiOauthError as error:
        words = f"{signin.entry.name}: {error.message}"
    except Exception as error:
        words, is_told = home.defect(error), True
        home.notify(words, severity="error", timeout=30, markup=False)
    else:
        words = f"{signin.entry.name}: Authorization Successful"
        is_told = signin in _TOLD
    home.refresh_entries()
    if not is_told and not _is_shown(home, signin):
        home.notify(words, timeout=10, markup=False)


def _is_shown(home: ManageOAuth, signin: SignIn) -> bool:
    """Whether a screen that shows how this sign-in ended is open, on top or below a dialog."""
    groups = {"authorize", "success"}
    return any(
        getattr(screen, "KEY_GROUP", "") in groups
        and getattr(screen, "entry_id", "") == signin.entry.id
        for screen in home.screen_stack
    )
