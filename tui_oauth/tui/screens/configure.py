"""Configure OAuth: the client ID, the client secret and what else the service asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button

from tui_oauth import conflicts, entries
from tui_oauth.conflicts import Difference, Draft, Resolution, Version
from tui_oauth.errors import Conflict, TuiOauthError
from tui_oauth.model import Grant
from tui_oauth.tui.authorizing import authorize
from tui_oauth.tui.base import AppScreen, in_thread, sentence
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.callback_field import CallbackField
from tui_oauth.tui.widgets.clean_input import Notice
from tui_oauth.tui.widgets.field_form import FieldForm
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from tui_oauth.model import Entry

CLIENT_ID = "client_id"
CLIENT_SECRET = "client_secret"


class ConfigureScreen(AppScreen[None]):
    """The form of one entry. Saving goes on to the Authorization link."""

    KEY_GROUP: ClassVar[str] = "configure"
    BINDINGS = bindings("configure")

    def __init__(self, entry_id: str) -> None:
        super().__init__()
        self.entry_id = entry_id
        self._entry: Entry | None = None
        self._base: Version | None = None
        """The entry as the form was opened; a save that finds another one asks what counts."""
        self._url = ""
        self._failure: TuiOauthError | None = None

    def compose(self) -> ComposeResult:
        try:
            entry = self._entry = self.home.workspace.vault.get(self.entry_id)
            form = self._form(entry)
            self._url = entries.callback_url(self.home.workspace, entry)
        except TuiOauthError as error:
            self._failure = error
            yield TitleBar("Configure OAuth")
            return
        yield TitleBar("Configure OAuth", f"{entry.name} · {entry.service_name}")
        with VerticalScroll(id="configure-body", can_focus=False):
            yield CallbackField("^y")
            yield form
            with Horizontal(classes="buttons"):
                yield Button("Save and authorize", id="save")
                yield Button("Save", id="save-only")
                yield Button("Show secret", id="reveal")
                yield Button("Defaults", id="restore")
                yield Button("Guide", id="guide")
                yield Button("Cancel", id="cancel")
        yield QuietLine()
        yield KeyBar("configure")

    def _form(self, entry: Entry) -> FieldForm:
        from tui_oauth.services.fields import configure_fields

        workspace = self.home.workspace
        service = entries.declared_service(workspace, entry)
        held = workspace.vault.secrets(entry)
        self._base = Version(entry, held)
        defaults = workspace.settings.defaults.get(service.id, {})
        scopes = service.default_scopes if entry.scopes is None else entry.scopes
        return FieldForm(
            configure_fields(service),
            {**defaults, **entry.variables, CLIENT_ID: held.client_id},
            words=scopes,
            stored=(CLIENT_SECRET,) if held.client_secret is not None else (),
            id="form",
        )

    def on_mount(self) -> None:
        if self._failure is not None:
            self.app.pop_screen()
            self.home.show_problem(self._failure, "This entry cannot be configured")
            return
        form = self.query_one(FieldForm)
        whose = self._entry.service_name if self._entry is not None else ""
        if self._entry is not None and self._entry.grant == Grant.CLIENT:
            self.query_one(CallbackField).show_none(whose)
        else:
            self.query_one(CallbackField).show(self._url, whose)
        if not form.secret_inputs():
            self.query_one("#reveal").display = False
        self._offer_defaults()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        form = self.query_one(FieldForm)
        # Somebody quick has typed already: the focus must not move under their hands.
        if not form.changed:
            form.focus_first_empty()

    # ---- what the person does

    @on(Button.Pressed, "#save")
    def action_save(self) -> None:
        """Save, then the Authorization link."""
        self._save(go_on=True)

    @on(Button.Pressed, "#save-only")
    def action_save_only(self) -> None:
        """Save, then the list."""
        self._save(go_on=False)

    @on(Button.Pressed, "#cancel")
    def action_back(self) -> None:
        """Leave; asks first when something was typed."""
        if not self.query_one(FieldForm).changed:
            self._leave(True)
            return
        self.home.ask(
            "Leave without saving?",
            "What you typed here is forgotten. The entry stays as it was.",
            yes="Leave",
            no="Stay",
            done=self._leave,
        )

    def _leave(self, sure: bool) -> None:
        if sure:
            self.query_one(FieldForm).forget_secrets()
            self.app.pop_screen()

    @on(Button.Pressed, "#guide")
    def action_guide(self) -> None:
        """The steps at the provider; what was typed stays."""
        if self._entry is not None:
            self.home.open_guide(self._entry.service, self._entry.id)

    @on(Button.Pressed, "#reveal")
    def action_reveal(self) -> None:
        """Show the secret that is being typed, wherever the focus is."""
        for field in self.query_one(FieldForm).secret_inputs():
            field.action_reveal()
            return

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "restore_scopes":
            form = self.query_one_optional(FieldForm)
            return form is not None and form.default_words is not None
        return True

    @on(Button.Pressed, "#restore")
    def action_restore_scopes(self) -> None:
        """Ask for the service's own scopes again."""
        self.query_one(FieldForm).restore_words()

    @on(FieldForm.Edited)
    def _offer_defaults(self) -> None:
        """The way back to the service's own scopes, once they are others."""
        others = self.query_one(FieldForm).default_words is not None
        self.query_one("#restore").set_class(others, "-offered")
        self.query_one(KeyBar).refresh()

    @on(CallbackField.CopyAsked)
    def action_copy_callback(self) -> None:
        """Copy the Callback URL."""
        self.home.copy(self.query_one(CallbackField).url, "Callback URL")

    # ---- what the form says

    @on(FieldForm.Help)
    def _help(self, event: FieldForm.Help) -> None:
        self.query_one(QuietLine).rest(event.text)

    @on(Notice)
    def _notice(self, event: Notice) -> None:
        self.say(event.text)

    # ---- saving

    def _save(self, *, go_on: bool) -> None:
        form, entry = self.query_one(FieldForm), self._entry
        missing = form.missing()
        if entry is None or missing is not None:
            self.complain(f"{missing.label} is empty. {missing.help}" if missing else "")
            return
        texts = form.texts()
        draft = Draft(
            client_id=texts.pop(CLIENT_ID, ""),
            client_secret=form.secret(CLIENT_SECRET),
            scopes=form.words(),
            variables=texts,
        )
        self._store(draft, entry.revision, draft, go_on)

    def _store(self, draft: Draft, revision: int, wanted: Draft, go_on: bool) -> None:
        """Save `draft` at `revision`; `wanted` is what the form says, should that not do either."""

        def done(saved: Entry) -> None:
            self.query_one(FieldForm).forget_secrets()
            self._saved(saved, go_on=go_on)

        def failed(error: TuiOauthError) -> None:
            if isinstance(error, Conflict):
                self._compare(wanted, go_on)
            else:
                self.complain(sentence(error))

        self.job(
            "Saving",
            lambda: in_thread(
                entries.configure_entry,
                self.home.workspace,
                self._entry,
                client_id=draft.client_id,
                client_secret=draft.client_secret,
                scopes=draft.scopes,
                variables=draft.variables,
                expected_revision=revision,
            ),
            done,
            failed,
        )

    def _saved(self, entry: Entry, *, go_on: bool) -> None:
        home = self.home
        home.refresh_entries()
        self.app.pop_screen()
        if go_on:
            authorize(home, entry)
        else:
            what = "its token" if entry.grant == Grant.CLIENT else "the Authorization link"
            home.say(f"{entry.name} is saved. Next: press a for {what}.")

    # ---- another process changed the entry meanwhile

    def _compare(self, wanted: Draft, go_on: bool) -> None:
        """Read what is stored now, and ask which fields count if any of them was changed there."""
        workspace, base = self.home.workspace, self._base
        if base is None:
            return

        def read() -> tuple[Version, list[Difference]]:
            from tui_oauth.services.fields import configure_fields

            vault = workspace.vault
            entry = vault.get(self.entry_id)
            current = Version(entry, vault.secrets(entry))
            service = entries.declared_service(workspace, entry)
            defaults = workspace.settings.defaults.get(service.id, {})
            fields = configure_fields(service)
            return current, conflicts.differences(fields, base, wanted, current, defaults)

        def compared(found: tuple[Version, list[Difference]]) -> None:
            current, different = found
            if not conflicts.needs_choice(different):
                # Refreshed or renamed elsewhere: nothing that this form is about.
                sides = conflicts.suggested(different)
                draft = conflicts.merged(wanted, base, current, different, sides)
                self._store(draft, current.entry.revision, wanted, go_on)
                return
            self.home.open_conflict(
                different,
                current,
                lambda chosen: self._resolve(chosen, wanted, current, different, go_on),
            )

        self.job("Another window changed this entry; reading it", lambda: in_thread(read), compared)

    def _resolve(
        self,
        chosen: Resolution | None,
        wanted: Draft,
        current: Version,
        different: list[Difference],
        go_on: bool,
    ) -> None:
        if chosen is None or self._base is None:
            self.complain(
                "Another window changed this entry meanwhile. What you typed is still here: "
                "^s shows both versions again, esc leaves it."
            )
        elif chosen.reload:
            home = self.home
            self._leave(True)
            home.open_configure(self.entry_id)
        else:
            draft = conflicts.merged(wanted, self._base, current, different, chosen.sides)
            self._store(draft, current.entry.revision, wanted, go_on)
