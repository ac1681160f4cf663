"""Programs and dates of an entry: who may take its token, a token file, and what ends one day."""

from __future__ import annotations

import contextlib
import shlex
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button

from tui_oauth.endings import NEVER
from tui_oauth.entries import declared_service
from tui_oauth.errors import TuiOauthError, UsageProblem
from tui_oauth.marks import Marks, set_marks
from tui_oauth.model import Entry, Grant
from tui_oauth.services.fields import Field
from tui_oauth.services.format import Choice
from tui_oauth.text import neutralise, rfc3339
from tui_oauth.tui.base import AppDialog, in_thread, sentence
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.clean_input import Notice
from tui_oauth.tui.widgets.field_form import FieldForm
from tui_oauth.tui.widgets.quiet_line import QuietLine

if TYPE_CHECKING:
    from tui_oauth.workspace import Workspace

PROGRAMS, TOKEN_FILE, SECRET_ENDS, SIGN_IN_LASTS = (
    "programs", "token_file", "secret_ends", "sign_in_lasts",
)  # fmt: skip
_FILES = (Choice("no", "none"), Choice("yes", "in memory, kept by the agent"))


class MarksScreen(AppDialog[Entry]):
    """Dismissed with the entry when something was changed, else with None."""

    KEY_GROUP: ClassVar[str] = "marks"
    BINDINGS = bindings("marks")

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self._entry = entry
        self._before = values_of(entry)

    def compose(self) -> ComposeResult:
        with Vertical(id="marks", classes="dialog scrolling") as dialog:
            dialog.border_title = Content(
                f"Programs and dates of {neutralise(self._entry.name, 34)}"
            )
            dialog.border_subtitle = "^s saves, esc leaves it"
            yield FieldForm(fields_for(self.home.workspace, self._entry), self._before, id="form")
            yield QuietLine()
            with Horizontal(classes="buttons"):
                yield Button("Save", id="save")
                yield Button("Who took it", id="audit")
                yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        self.query_one(FieldForm).focus_first_empty()

    @on(FieldForm.Help)
    def _help(self, event: FieldForm.Help) -> None:
        self.query_one(QuietLine).rest(event.text)

    @on(Notice)
    def _notice(self, event: Notice) -> None:
        self.say(event.text)

    @on(Button.Pressed, "#save")
    def action_save(self) -> None:
        """Store what was changed."""
        form, before = self.query_one(FieldForm), self._before
        typed = {field.name: form.text(field.name) for field in form.fields}
        changed = {name: text for name, text in typed.items() if text != before[name]}
        if not changed:
            self.dismiss(None)
            return
        workspace, entry = self.home.workspace, self._entry

        async def work() -> Entry:
            return await in_thread(lambda: _store(workspace, entry, changed))

        self.job("", work, self.dismiss, self._failed)

    def _failed(self, error: TuiOauthError) -> None:
        self.complain(sentence(error))

    @on(Button.Pressed, "#audit")
    def action_audit(self) -> None:
        """Who took the entry's tokens."""
        self.dismiss(None)
        self.home.open_audit(self._entry.id)

    @on(Button.Pressed, "#cancel")
    def action_back(self) -> None:
        """Leave; nothing is changed."""
        self.dismiss(None)


def fields_for(workspace: Workspace, entry: Entry) -> list[Field]:
    """What can be said of `entry`: of a sign-in nothing where nobody signs in."""
    fields = [
        Field(
            PROGRAMS,
            "Only for these programs",
            required=False,
            help="Full paths with blanks between, as /usr/bin/curl. Empty: every program of yours.",
        ),
        Field(
            TOKEN_FILE,
            "Token file",
            choices=_FILES,
            help="$XDG_RUNTIME_DIR/tui-oauth/NAME, for whatever can read a file. ← → change it.",
        ),
        Field(
            SECRET_ENDS,
            "Client secret ends",
            required=False,
            help="Its last day, as the service shows it: 2027-03-31. You are told two weeks before.",
        ),
    ]
    if entry.grant == Grant.CLIENT:
        return fields
    words = "Days until the service wants a new sign-in, where you know: 30."
    try:
        testing = declared_service(workspace, entry).refresh.refresh_testing_days
    except TuiOauthError:
        testing = None  # its service file is gone
    if testing is not None:
        words = f"Days: {testing} while your consent screen there is in Testing, else empty."
    return [*fields, Field(SIGN_IN_LASTS, "A sign-in lasts (days)", required=False, help=words)]


def values_of(entry: Entry) -> dict[str, str]:
    """What the form shows of `entry`, by the names of its fields."""
    ends, days = entry.client_secret_expires_at, entry.consent_days
    return {
        PROGRAMS: shlex.join(entry.programs),
        TOKEN_FILE: "yes" if entry.token_file else "no",
        SECRET_ENDS: (rfc3339(ends) or "")[:10],
        SIGN_IN_LASTS: "" if days is None else str(days),
    }


def _store(workspace: Workspace, entry: Entry, changed: dict[str, str]) -> Entry:
    """Store what was changed, and have a running agent follow at once."""
    from tui_oauth.agent.client import Refused, ask

    file, programs = changed.get(TOKEN_FILE), changed.get(PROGRAMS)
    marks = Marks(
        token_file=None if file is None else file == "yes",
        programs=None if programs is None else _words(programs),
        secret_ends=_or_never(changed.get(SECRET_ENDS)),
        sign_in_lasts=_or_never(changed.get(SIGN_IN_LASTS)),
    )
    after = set_marks(workspace, entry, marks)
    with contextlib.suppress(Refused):  # it looks by itself in two seconds
        ask(workspace.environ, "reload")
    return after


def _or_never(text: str | None) -> str | None:
    """An emptied field says that nothing is known to end."""
    return NEVER if text == "" else text


def _words(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text.replace(",", " ")))
    except ValueError:
        raise UsageProblem(
            "A quotation mark is not closed.", "Put it around a whole path."
        ) from None
