"""The field for the address that the browser ended on."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.actions import SkipAction
from textual.message import Message

from tui_oauth.tui.widgets.secret_input import HiddenInput

_MAX_SHOWN = 60
LINES = "tui-oauth-"
"""What the lines of a sign-in on another machine begin with (`oauth.elsewhere`)."""


class PasteInput(HiddenInput):
    """Takes a whole redirected URL, however the terminal broke it, or a part of it.

    The authorization code in it is a secret for a few minutes, so only the part before the query
    is drawn (checklist rule 46). A paste that holds a whole answer is handed on at once; anything
    else waits for enter.
    """

    class Pasted(Message):
        """A whole answer was pasted; take it with `take_text()`."""

        def __init__(self, field: PasteInput) -> None:
            super().__init__()
            self.field = field

        @property
        def control(self) -> PasteInput:
            return self.field

    def __init__(self, placeholder: str = "", **more: Any) -> None:
        super().__init__(placeholder=placeholder, **more)

    def outline(self) -> str:
        head, mark, _rest = self.value.partition("?")
        if not mark:
            head, mark, _rest = self.value.partition("#")
        if "://" in head and "=" not in head:
            shown = head[:_MAX_SHOWN] + ("…" if len(head) > _MAX_SHOWN else "")
            return f"{shown}{mark}…" if mark else shown
        return f"•••••••• {len(self.value):,} characters"

    def clean_paste(self, text: str) -> tuple[str, str]:
        # Inside an address no blank means anything: terminals and mail programs put them there.
        return "".join(super().clean_paste("".join(text.split()))[0]), ""

    def take_text(self) -> str:
        """What the field holds; the field is empty afterwards."""
        text = self.value
        self.value = ""
        return text

    def take(self, text: str) -> None:
        """A paste replaces what was there: half of an old address helps nobody."""
        kept, _notice = self.clean_paste(text)
        if not kept:
            return
        self.value = kept
        if (
            kept.startswith(LINES)
            or "#" in kept
            or ("=" in kept and any(mark in kept for mark in ("?", "&")))
        ):
            self.post_message(self.Pasted(self))

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.take(event.text)

    def action_cut(self) -> None:
        # Nothing to cut here: the key belongs to the screen.
        raise SkipAction()

    def action_copy(self) -> None:
        raise SkipAction()
