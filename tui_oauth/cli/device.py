"""The code of a device grant in words, for a person who has a browser elsewhere (RFC 8628)."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from tui_oauth.cli import output
from tui_oauth.cli.context import is_terminal
from tui_oauth.large_letters import large
from tui_oauth.oauth.device import NEVER_PASS_ON, grouped
from tui_oauth.oauth.urls import host_of
from tui_oauth.text import duration, rfc3339

if TYPE_CHECKING:
    from tui_oauth.oauth.device import DeviceCode
    from tui_oauth.signin import SignIn


def event_of(code: DeviceCode) -> dict[str, object]:
    """What `authorize --json` prints for `code`."""
    return {
        "event": "device",
        "verification_uri": code.verification_uri,
        "verification_uri_complete": code.verification_uri_complete or None,
        "user_code": code.user_code,
        "expires_at": rfc3339(code.expires_at),
    }


def narrate(sign_in: SignIn, code: DeviceCode, now: int, *, pictures: bool) -> None:
    """Who asks, where, for what, until when, and the code itself (checklist rules 101 and 102).

    `pictures`: whether the code is drawn in large letters too, where there is room.
    """
    note = output.note
    shown = grouped(code.user_code)
    first = "Or confirm" if sign_in.link is not None else "Confirm"
    note()
    note(
        f"{first} this sign-in of {sign_in.entry.name} on any device, at "
        f"{host_of(code.verification_uri)} ({sign_in.service.name}):"
    )
    note()
    rows = large(shown) if pictures and is_terminal(sys.stderr) else ()
    if rows and len(rows[0]) + 4 <= shutil.get_terminal_size().columns:
        for row in rows:
            note(f"  {row}")
        note()
    note(f"  Code     {shown}")
    note(f"  Address  {code.verification_uri}")
    if code.verification_uri_complete:
        note(f"  Both     {code.verification_uri_complete}")
    if sign_in.scopes:
        note(f"  For      {', '.join(sign_in.scopes)}")
    note()
    note(NEVER_PASS_ON)
    left = code.expires_at - now
    note(f"The code ends in {duration(left)}, at {rfc3339(code.expires_at)}; ^C cancels.")
