"""The ways in which the answer of a sign-in can come, and which of them is shown first.

All are open at once, whatever the order: it says only where the person looks first. The link comes
before all of them, because each but the device code begins with it.
"""

from __future__ import annotations

import enum
import sys
from typing import TYPE_CHECKING

from tui_oauth import browser
from tui_oauth.errors import UsageProblem

if TYPE_CHECKING:
    from tui_oauth.model import Entry
    from tui_oauth.signin_race import SignIn
    from tui_oauth.workspace import Workspace


class Way(enum.StrEnum):
    """How the answer gets here. The values are stored in entries and typed in commands."""

    CALLBACK = "callback"
    PASTE = "paste"
    DEVICE = "device"


WORDS = {
    Way.CALLBACK: "the callback server",
    Way.PASTE: "pasting the address",
    Way.DEVICE: "the code for another device",
}


def in_order(first: str, *, browser_here: bool, listens: bool = True) -> tuple[Way, ...]:
    """The ways, the most useful one before the others.

    `first` is the one that the person wants first, empty for none. With a browser on this machine the
    callback comes by itself. Without one it takes a tunnel, so pasting comes first, and a code for
    another device before the callback server (checklist rule 3). What opens a browser in a container
    mostly leads out of it, from where nothing comes back by itself, so that counts as none.
    `listens`: the callback server does; one that cannot is no way.
    """
    order = [Way.PASTE, Way.DEVICE, Way.CALLBACK]
    if browser_here and listens:
        order = [Way.CALLBACK, Way.PASTE, Way.DEVICE]
    return tuple(sorted(order, key=lambda way: way != first))


def ways_of(signin: SignIn, first: str) -> tuple[Way, ...]:
    """As `in_order`, for where `signin` runs and how it stands."""
    workspace = signin.workspace
    here = browser.can_open(workspace.environ, sys.platform) and not workspace.in_container
    return in_order(first, browser_here=here, listens=not signin.problem)


def put_first(workspace: Workspace, entry: Entry, way: str) -> Entry:
    """Show `way` first for `entry` from now on; empty goes by the surroundings again.

    Raises UsageProblem for a way that its service has not, and for none that we know.
    """
    from tui_oauth.entries import declared_service
    from tui_oauth.oauth.device import offers_device

    if way and way not in set(Way):
        raise UsageProblem(f"There is no such way: {way}.", f"These can be: {', '.join(Way)}.")
    service = declared_service(workspace, entry)
    if way == Way.DEVICE and not offers_device(service):
        raise UsageProblem(
            f"{service.name} has no sign-in by a code on another device.",
            "Choose callback or paste.",
        )
    now = workspace.now()
    return workspace.vault.change(
        entry.id, lambda current, held: (current._replace(first_way=way, updated_at=now), held)
    )
