"""The Callback URL in its bordered field: always there to be read, copied by key or click."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from tui_oauth.text import neutralise

_MAX_URL = 2_000


class CallbackField(Static):
    """Shows `url`; the border names whose it is and how to copy it."""

    url: reactive[str] = reactive("")

    @dataclass
    class CopyAsked(Message):
        """A click on the field."""

        url: str

    def __init__(self, key: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="field callback-field", markup=False)
        self._key = key
        self._written = ""
        self.border_title = "Callback URL"

    def show(self, url: str, whose: str = "", rule: str = "") -> None:
        """Show `url`, registered at `whose`, where `rule` says in a few words what it accepts."""
        self.url = url
        shown = neutralise(url, _MAX_URL)
        self._write(shown or "not known: the service of this entry is missing")
        whom = neutralise(whose, 80)
        self.border_title = Content(f"Callback URL for {whom}" if whom else "Callback URL")
        parts = [part for part in (rule, f"{self._key} or a click copies") if part]
        self.border_subtitle = Content(" · ".join(parts))

    def show_none(self, whose: str) -> None:
        """Say that nothing has to be registered at `whose`."""
        self.url = ""
        self._write("none needed: no browser comes back here")
        self.border_title = Content(f"Callback URL for {whose}" if whose else "Callback URL")
        self.border_subtitle = Content("")

    def _write(self, text: str) -> None:
        if text != self._written:  # or the whole screen would be laid out anew
            self._written = text
            self.update(Content(text))

    def on_click(self) -> None:
        if self.url:
            self.post_message(self.CopyAsked(self.url))
