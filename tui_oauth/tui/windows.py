"""The screens by name: a screen that leads to another asks the app, and imports nothing of it.

Each screen's module is imported when it is first opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from textual.app import App

from tui_oauth.errors import TuiOauthError
from tui_oauth.model import Entry

if TYPE_CHECKING:
    from tui_oauth.conflicts import Difference, Resolution, Version
    from tui_oauth.secret import Secret
    from tui_oauth.signin import SignIn
    from tui_oauth.tui.choice import Choice, Remedy
    from tui_oauth.tui.extracting import Wanted
    from tui_oauth.tui.forms import Form
    from tui_oauth.tui.widgets.details import Line
    from tui_oauth.vault.bundle import Step
    from tui_oauth.vault.health.findings import Report
    from tui_oauth.vault.health.salvage import Salvage
    from tui_oauth.vault.repository import Held

# How long after the Authorization link what comes next is loaded.
_LOAD_SECONDS = 0.5


class Windows(App[int]):
    """The part of the app that opens screens. `done` gets what the screen is dismissed with."""

    def open_configure(self, entry_id: str) -> None:
        """Configure OAuth for this entry."""
        from tui_oauth.tui.screens.configure import ConfigureScreen

        self.push_screen(ConfigureScreen(entry_id))

    def open_conflict(
        self,
        found: Sequence[Difference],
        current: Version,
        done: Callable[[Resolution | None], None],
    ) -> None:
        """Both versions of an entry that another process changed, field by field."""
        from tui_oauth.tui.screens.conflict import ConflictScreen

        self.push_screen(ConflictScreen(found, current), done)

    def open_authorize(self, entry_id: str) -> None:
        """The Authorization link of this entry."""
        from tui_oauth.tui.screens.authorize import AuthorizeScreen

        self.push_screen(AuthorizeScreen(entry_id))
        # While the person is at the provider; not when the answer is here.
        self.set_timer(_LOAD_SECONDS, lambda: import_module("tui_oauth.tui.screens.success"))

    def open_elsewhere(self, signin: SignIn) -> None:
        """The line for another machine that is to sign in, and the field for its answer."""
        from tui_oauth.tui.screens.elsewhere import ElsewhereScreen

        self.push_screen(ElsewhereScreen(signin))

    def open_visit(self) -> None:
        """A sign-in for another machine."""
        from tui_oauth.tui.screens.visit import VisitScreen

        self.push_screen(VisitScreen())

    def open_guide(self, service_id: str, entry_id: str | None = None) -> None:
        """The steps at the provider."""
        from tui_oauth.tui.screens.guide import GuideScreen

        self.push_screen(GuideScreen(service_id, entry_id))

    def open_callbacks(self, entry: Entry, done: Callable[[Entry | None], None]) -> None:
        """Every Callback URL that can be served for `entry`, and which one is sent."""
        from tui_oauth.tui.screens.callbacks import CallbacksScreen

        self.push_screen(CallbacksScreen(entry), done)

    def open_success(self, entry_id: str, *, in_place: bool = False) -> None:
        """Authorization Successful; `in_place` of the screen at hand."""
        from tui_oauth.tui.screens.success import SuccessScreen

        screen = SuccessScreen(entry_id)
        if in_place:
            self.switch_screen(screen)  # the list below is not brought up to date for nothing
        else:
            self.push_screen(screen)

    def open_extract(self, entry: Entry) -> None:
        """What to extract with this entry, and where to."""
        from tui_oauth.tui.screens.extract import ExtractScreen

        self.push_screen(ExtractScreen(entry))

    def open_extracting(self, entry: Entry, wanted: Wanted) -> None:
        """Extract, at once."""
        from tui_oauth.tui.screens.extracting import ExtractingScreen

        self.push_screen(ExtractingScreen(entry, wanted))

    def open_rows(
        self, entry: Entry, resource: str, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """The first rows of a resource: `rows`, or those that the service gives."""
        from tui_oauth.tui.screens.extract_rows import RowsScreen

        self.push_screen(RowsScreen(entry, resource, rows))

    def show_problem(self, error: TuiOauthError, title: str, remedy: Remedy | None = None) -> None:
        """An error too long for one line, to be read, mended where that is known, and copied."""
        from tui_oauth.tui.screens.problem import ProblemScreen

        self.push_screen(ProblemScreen(error, title, remedy))

    def show_result(self, title: str, paragraphs: Sequence[str]) -> None:
        """What came of something, where that is more than a line."""
        from tui_oauth.tui.screens.result import ResultScreen

        self.push_screen(ResultScreen(title, paragraphs))

    def open_unopened(self, error: TuiOauthError, done: Callable[[bool | None], None]) -> None:
        """Why the vault does not open, and what can be done."""
        from tui_oauth.tui.screens.unopened import UnopenedScreen

        self.push_screen(UnopenedScreen(error), done)

    def open_first_run(self, done: Callable[[bool | None], None]) -> None:
        """The first start: make a vault."""
        from tui_oauth.tui.screens.first_run import FirstRunScreen

        self.push_screen(FirstRunScreen(), done)

    def open_unlock(self, kinds: Sequence[str], done: Callable[[bool | None], None]) -> None:
        """The passphrase of the vault, or its recovery code: the `kinds` that open it."""
        from tui_oauth.tui.screens.unlock import UnlockScreen

        self.push_screen(UnlockScreen(kinds), done)

    def open_create(self, done: Callable[[Entry | None], None]) -> None:
        """Create OAuth Entry."""
        from tui_oauth.tui.screens.create import CreateScreen

        self.push_screen(CreateScreen(), done)

    def open_from_url(self, done: Callable[[Entry | None], None], typed: str = "") -> None:
        """Create OAuth Entry from a URL; `typed` is looked up at once."""
        from tui_oauth.tui.screens.from_url import FromUrlScreen

        self.push_screen(FromUrlScreen(typed), done)

    def open_rename(self, entry: Entry, done: Callable[[Entry | None], None]) -> None:
        """Another name for `entry`."""
        from tui_oauth.tui.screens.rename import RenameScreen

        self.push_screen(RenameScreen(entry), done)

    def open_details(
        self, name: str, lines: Sequence[Line], done: Callable[[str | None], None] | None = None
    ) -> None:
        """Details, where there is no room for the pane; of an entry `done` gets what comes next."""
        from tui_oauth.tui.screens.details import DetailsScreen

        self.push_screen(DetailsScreen(name, lines, of_entry=done is not None), done)

    def open_vault_window(self) -> None:
        """The vault as a whole."""
        from tui_oauth.tui.screens.vault import VaultScreen

        self.push_screen(VaultScreen())

    def open_form(self, form: Form, done: Callable[[Any], None]) -> None:
        """A small form; `done` gets what its work gives, or None."""
        from tui_oauth.tui.screens.vault_form import VaultFormScreen

        self.push_screen(VaultFormScreen(form), done)

    def open_new_key(self, done: Callable[[str | None], None]) -> None:
        """Which kind of key to add to the vault."""
        from tui_oauth.tui.screens.vault_key import NewKeyScreen

        self.push_screen(NewKeyScreen(), done)

    def open_code(self, code: Secret, done: Callable[[bool | None], None]) -> None:
        """A recovery code, this once."""
        from tui_oauth.tui.screens.vault_key import RecoveryCodeScreen

        self.push_screen(RecoveryCodeScreen(code), done)

    def open_findings(self, report: Report | None) -> None:
        """What doctor found; without a report it looks first."""
        from tui_oauth.tui.screens.vault_findings import FindingsScreen

        self.push_screen(FindingsScreen(report))

    def open_salvaged(self, saved: Salvage) -> None:
        """What was saved of the vault, and what was not."""
        from tui_oauth.tui.screens.salvaged import SalvagedScreen

        self.push_screen(SalvagedScreen(saved))

    def open_import(
        self, incoming: Sequence[Held], done: Callable[[list[Step] | None], None]
    ) -> None:
        """What an import would do, and doing it."""
        from tui_oauth.tui.screens.vault_import import ImportScreen

        self.push_screen(ImportScreen(incoming), done)

    def open_traffic(self) -> None:
        """What was sent to providers and what came back; once is enough."""
        from tui_oauth.tui.screens.traffic import TrafficScreen

        if not any(isinstance(screen, TrafficScreen) for screen in self.screen_stack):
            self.push_screen(TrafficScreen())

    def open_audit(self, entry_id: str = "") -> None:
        """Who took which token; of one entry, or of all."""
        from tui_oauth.tui.screens.audit import AuditScreen

        self.push_screen(AuditScreen(entry_id))

    def open_marks(self, entry: Entry, done: Callable[[Entry | None], None] | None = None) -> None:
        """Programs and dates of `entry`."""
        from tui_oauth.tui.screens.marks import MarksScreen

        self.push_screen(MarksScreen(entry), done)

    def open_help(self) -> None:
        """All keys, those of the screen at hand first."""
        from tui_oauth.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(str(getattr(self.screen, "KEY_GROUP", "manage"))))

    def ask(
        self, question: str, explanation: str, *, yes: str, no: str, done: Callable[[bool], None]
    ) -> None:
        """A question before something is lost; `done` gets True for `yes` alone."""
        from tui_oauth.tui.choice import Choice

        self.choose(
            question,
            explanation,
            keep=no,
            choices=(Choice("y", yes),),
            done=lambda answer: done(answer == "y"),
        )

    def choose(
        self,
        question: str,
        explanation: str,
        *,
        keep: str,
        choices: Sequence[Choice],
        done: Callable[[str], None],
    ) -> None:
        """As `ask`, with several answers; `done` gets the key of one, or "" for `keep`."""
        from tui_oauth.tui.screens.confirm import ConfirmScreen

        screen = ConfirmScreen(question, explanation, keep=keep, choices=choices)
        self.push_screen(screen, lambda answer: done(answer or ""))
