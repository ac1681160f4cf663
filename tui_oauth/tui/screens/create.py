"""Create OAuth Entry: a service, a name, and the Callback URL that the service will need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from tui_oauth import entries as entry_actions
from tui_oauth.errors import AlreadyExists, TuiOauthError, UsageProblem
from tui_oauth.model import Entry, Grant, normalised_name, valid_name
from tui_oauth.services.format import Choice
from tui_oauth.services.search import used_first
from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppScreen, in_thread, sentence
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.rows import suggested_name
from tui_oauth.tui.widgets.callback_field import CallbackField
from tui_oauth.tui.widgets.choice_field import ChoiceField
from tui_oauth.tui.widgets.clean_input import CleanInput, Notice
from tui_oauth.tui.widgets.details import Details, Line, lines_of_service
from tui_oauth.tui.widgets.field_error import FieldError
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.service_picker import Looked, ServicePicker
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.widgets.variable_fields import VariableFields, asked_of
from tui_oauth.tui.words import redirect_words

if TYPE_CHECKING:
    from tui_oauth.services.catalogue import Catalogue
    from tui_oauth.services.format import Service

_PICK = "Type letters of a name; or paste the URL of an issuer, API or MCP server."
_URL_NEXT = "Enter goes on: what the server says of itself makes the entry."
_FROM_URL = (
    "For what is not in this list: the URL of an issuer, an API or an MCP server. What that server "
    "publishes about itself is looked up, shown, and made into an entry."
)
_NAME = "A name of your own; programs ask for the entry by it."


_NOBODY = "nobody"
_WHO = (
    Choice("person", "Authorized by a person"),
    Choice(_NOBODY, "Authorized by nobody: client credentials"),
)
_WHO_HELP = "A person signs in, or the app gets tokens of its own (client credentials)."


class CreateScreen(AppScreen[Entry]):
    """Dismissed with the new entry, or with None."""

    KEY_GROUP = "create"
    BINDINGS = bindings("create")

    def __init__(self) -> None:
        super().__init__()
        self._taken: set[str] = set()
        self._suggested = ""
        self._service: Service | None = None
        self._saving = False
        self._from_url_next = False
        """Whether the line for an entry from a URL is under the cursor."""

    def compose(self) -> ComposeResult:
        yield TitleBar("Create OAuth Entry")
        with Vertical(id="create", classes="form"):
            with Horizontal(id="choose"):
                yield ServicePicker(id="picker")
                yield Details(id="service-details")
            yield FieldError(id="service-error")
            yield VariableFields(id="variables")
            name = CleanInput(id="name", classes="field")
            name.border_title = "Name"
            yield name
            yield FieldError(id="name-error")
            yield ChoiceField((), id="who")
            yield CallbackField("^y")
        yield QuietLine(_PICK)
        yield KeyBar("create")

    def on_mount(self) -> None:
        picker = self.query_one(ServicePicker)
        picker.focus_field()
        self._offer(None)
        self.watch(picker, "looked_at", self._look_at, init=False)
        workspace = self.home.workspace

        async def load() -> list[Entry]:
            entries = await in_thread(lambda: workspace.vault.entries())
            await in_thread(_ready_for_keys, workspace.catalogue)
            return entries

        def loaded(entries: list[Entry]) -> None:
            self._taken = {normalised_name(entry.name) for entry in entries}
            catalogue = workspace.catalogue
            used = entry_actions.used_services(entries)
            known = {service.id for service in catalogue.all()}
            self.query_one(ServicePicker).offer(
                lambda query: (
                    catalogue.search(query) if query else used_first(catalogue.all(), used)
                ),
                sum(service_id in known for service_id in used),
            )
            if catalogue.problems:
                path, message = catalogue.problems[0]
                self.complain(f"{neutralise(path)} was left out: {neutralise(message)}")

        self.job("Reading the services…", load, loaded, group="load")

    # ---- another way to the same end

    def action_from_url(self) -> None:
        """Create the entry from the URL of its issuer or API instead."""
        self.home.open_from_url(self._from_url, self.query_one(ServicePicker).url or "")

    @on(ServicePicker.UrlGiven)
    def _url_given(self, event: ServicePicker.UrlGiven) -> None:
        self.home.open_from_url(self._from_url, event.url)

    def _from_url(self, entry: Entry | None) -> None:
        if entry is not None:
            self.dismiss(entry)

    # ---- following the choice

    def _look_at(self, looked: Looked) -> None:
        """Bring all that depends on the line under the cursor up to date, before one painting."""
        service = None
        self.query_one("#service-error", FieldError).show("")
        if looked.service is not None:
            try:
                # One small file: a few milliseconds, and it is kept.
                service = self.home.workspace.catalogue.get(looked.service.id)
            except TuiOauthError as error:
                self.query_one("#service-error", FieldError).show(sentence(error))
        self._offer(service)
        self._tell_of(service, from_url=looked.from_url)
        name = self.query_one("#name", CleanInput)
        if name.value == self._suggested:
            self._suggested = "" if service is None else suggested_name(service.id, self._taken)
            name.value = self._suggested
            name.cursor_position = len(self._suggested)  # or ctrl+u leaves the rest of a longer one
        preset = self.home.workspace.settings.defaults
        self.query_one(VariableFields).ask(
            asked_of(service, preset.get(service.id, {})) if service is not None else ()
        )

    def _tell_of(self, service: Service | None, *, from_url: bool) -> None:
        """What there is to know of the line under the cursor, before it is chosen."""
        pane = self.query_one("#service-details", Details)
        self._from_url_next = from_url
        if from_url:
            pane.show("From a URL", [Line("", _FROM_URL)])
        elif service is None:
            pane.clear()
        else:
            pane.show(service.name, lines_of_service(service))
        if self.focused is not None and self.focused.id == "query":
            self.query_one(QuietLine).rest(self._pick_words())

    def _pick_words(self) -> str:
        from tui_oauth.services.describe import summary

        if self._service is None:
            return _URL_NEXT if self._from_url_next else _PICK
        return summary(self._service)

    def action_details(self) -> None:
        """All that is known of the service, where there is no room for the pane."""
        if self._service is not None:
            self.home.open_details(self._service.name, lines_of_service(self._service))

    def action_guide(self) -> None:
        """The steps at the provider, before anything is created."""
        if self._service is not None:
            self.home.open_guide(self._service.id)

    @on(ServicePicker.Chosen)
    def _chosen(self) -> None:
        (self.query_one(VariableFields).first or self.query_one("#name")).focus()

    def _offer(self, service: Service | None) -> None:
        """Ask who authorizes it where that is a choice, and show what has to be registered."""
        self._service = service
        is_choice = service is not None and entry_actions.is_choice(service)
        # Where there is none its row stays, blank: a list that changes its height at each step of
        # the cursor is hard to read, and laid out and painted twice.
        self.query_one("#who", ChoiceField).offer(_WHO if is_choice else ())
        self._show_callback()

    @property
    def _without_person(self) -> bool:
        return self.query_one("#who", ChoiceField).value == _NOBODY

    @on(ChoiceField.Changed, "#who")
    def _show_callback(self) -> None:
        field, service = self.query_one(CallbackField), self._service
        url = entry_actions.callback_url(self.home.workspace, service=service)
        if service is None:
            field.show(url)
        elif entry_actions.grant_for(service, without_person=self._without_person) == Grant.CLIENT:
            field.show_none(neutralise(service.name, 40))
        else:
            field.show(
                url, neutralise(service.name, 40), redirect_words(service.redirect_uri_rules)
            )

    @on(events.DescendantFocus)
    def _explain(self, event: events.DescendantFocus) -> None:
        line = self.query_one(QuietLine)
        if event.widget.id == "name":
            line.rest(_NAME)
        elif event.widget.id == "query":
            line.rest(self._pick_words())
        elif event.widget.id == "who":
            line.rest(_WHO_HELP)
        else:
            line.rest("A part of this service's addresses, needed before the first sign-in.")

    @on(Notice)
    def _notice(self, event: Notice) -> None:
        self.say(event.text)

    # ---- doing it

    @on(Input.Changed)
    def _edited(self, event: Input.Changed) -> None:
        if event.input.id == "name":
            self.query_one("#name-error", FieldError).show("")
        else:
            self.query_one(VariableFields).complain("")

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        if event.input.id == "name":
            self.action_save()
        else:
            self.focus_next()

    def action_save(self) -> None:
        picker = self.query_one(ServicePicker)
        service = picker.service
        name = self.query_one("#name", CleanInput)
        if picker.url is not None:
            self.action_from_url()
            return
        if service is None:
            self.query_one("#service-error", FieldError).show("Pick a service from the list first.")
            self.query_one(ServicePicker).focus_field()
            return
        try:
            wanted = valid_name(name.value)
        except UsageProblem as error:
            self._refuse_name(error)
            return
        fields = self.query_one(VariableFields)
        if not fields.complete():
            return
        variables = fields.values()
        if self._saving:
            return
        self._saving = True
        workspace, service_id, nobody = self.home.workspace, service.id, self._without_person

        async def create() -> Entry:
            return await in_thread(
                entry_actions.create_entry,
                workspace,
                wanted,
                service_id,
                variables,
                without_person=nobody,
            )

        self.job("Creating the entry…", create, self.dismiss, self._failed)

    def _failed(self, error: TuiOauthError) -> None:
        self._saving = False
        if isinstance(error, AlreadyExists):
            self._refuse_name(error)
        elif isinstance(error, UsageProblem) and self.query_one(VariableFields).first is not None:
            self.query_one(VariableFields).complain(sentence(error))
        else:
            self.complain(sentence(error))

    def _refuse_name(self, error: TuiOauthError) -> None:
        self.query_one("#name-error", FieldError).show(sentence(error))
        self.query_one("#name").focus()

    def action_copy_callback(self) -> None:
        self.home.copy(self.query_one(CallbackField).url, "Callback URL")

    @on(CallbackField.CopyAsked)
    def _copy_asked(self) -> None:
        self.action_copy_callback()

    def action_back(self) -> None:
        if self._saving:
            return  # the vault is being written; it takes milliseconds
        self.dismiss(None)


def _ready_for_keys(catalogue: Catalogue) -> None:
    """Read the list and load what a key press needs, so that the first one need not wait for it."""
    catalogue.search("a")
    service = catalogue.get(catalogue.all()[0].id)
    lines_of_service(service)
    asked_of(service, {})
