"""A small form of the Vault screen: a file, a passphrase, a label; its work runs while it stands."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from tui_oauth.errors import TuiOauthError
from tui_oauth.secret import Secret
from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppDialog, in_thread, sentence
from tui_oauth.tui.forms import Answers, Form
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.clean_input import CleanInput, Notice
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.secret_input import SecretInput


class VaultFormScreen(AppDialog[Any]):
    """Dismissed with what the form's work gives, or with None."""

    KEY_GROUP: ClassVar[str] = "vault-form"
    BINDINGS = bindings("vault-form")

    def __init__(self, form: Form) -> None:
        super().__init__()
        self._form = form
        self._working = False

    def compose(self) -> ComposeResult:
        form = self._form
        with Vertical(id="vault-form", classes="dialog scrolling") as dialog:
            dialog.border_title = Content(neutralise(form.title))
            dialog.border_subtitle = Content(f"^s: {form.verb} · esc: Cancel")
            words = "\n".join(neutralise(line, 900) for line in form.words.split("\n"))
            yield Static(Content(words), markup=False)
            for blank in form.blanks:
                name = f"blank-{blank.name}"
                field = (
                    SecretInput(id=name, classes="field")
                    if blank.secret
                    else CleanInput(neutralise(blank.value, 500), id=name, classes="field")
                )
                field.border_title = Content(blank.label)
                field.border_subtitle = "optional" if blank.optional else ""
                yield field
            yield QuietLine()
            with Horizontal(classes="buttons"):
                yield Button(Content(form.verb), id="save")
                yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        for field in self.query(Input):
            field.focus()
            return
        self.query_one("#save").focus()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        fields = list(self.query(Input))
        if event.input is fields[-1]:
            self.action_save()
        else:
            self.focus_next()

    @on(events.DescendantFocus)
    def _explain(self, event: events.DescendantFocus) -> None:
        for blank in self._form.blanks:
            if event.widget.id == f"blank-{blank.name}":
                self.query_one(QuietLine).rest(blank.help)

    @on(Notice)
    def _notice(self, event: Notice) -> None:
        self.say(event.text)

    @on(Button.Pressed, "#save")
    def action_save(self) -> None:
        """Do what the form is for, unless something is missing."""
        if self._working:
            return
        answers = self._answers()
        if answers is None:
            return
        self._working = True
        form = self._form

        async def work() -> Any:
            return await in_thread(form.work, answers)

        self.job(form.busy, work, self._done, self._failed)

    def _answers(self) -> Answers | None:
        texts: dict[str, str] = {}
        secrets: dict[str, Secret] = {}
        for blank in self._form.blanks:
            field = self.query_one(f"#blank-{blank.name}", Input)
            if not field.value.strip() and not blank.optional:
                self._refuse(f"{blank.label} is empty.", field)
                return None
            if isinstance(field, SecretInput):
                secret = field.secret or Secret("")
                if blank.same_as and secrets[blank.same_as] != secret:
                    field.forget()
                    self._refuse("The two are not the same. Type the second again.", field)
                    return None
                secrets[blank.name] = secret
            else:
                texts[blank.name] = field.value.strip()
        return Answers(texts, secrets)

    def _refuse(self, text: str, field: Input) -> None:
        self.complain(text)
        field.focus()

    def _done(self, result: Any) -> None:
        self._forget()
        self.dismiss(result)

    def _failed(self, error: TuiOauthError) -> None:
        self._working = False
        self.complain(sentence(error))
        for field in self.query(SecretInput):
            field.hide()

    @on(Button.Pressed, "#cancel")
    def action_back(self) -> None:
        """Leave, unless the vault is being written: what was begun then ends by itself."""
        if self._working and not self._form.harmless:
            return  # the line says what is running; it takes a second
        self._forget()
        self.dismiss(None)

    def _forget(self) -> None:
        for field in self.query(SecretInput):
            field.forget()
