"""Authorization Successful: whose account, what was granted, how long it lasts, what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from tui_oauth import entries
from tui_oauth.accounts import check_entry
from tui_oauth.errors import TuiOauthError
from tui_oauth.model import Grant, renews
from tui_oauth.text import neutralise, relative, rfc3339
from tui_oauth.tui.base import AppScreen, sentence
from tui_oauth.tui.following import told
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.facts import Facts
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.words import check_words

if TYPE_CHECKING:
    from tui_oauth.accounts import Checked
    from tui_oauth.model import Entry
    from tui_oauth.signin import SignIn


def expiry_sentence(entry: Entry, now: int) -> str:
    """How long the access token of `entry` lasts, in words, relative and absolute."""
    if entry.expires_at is None:
        return f"does not expire; it ends when it is revoked at {entry.service_name}"
    when = f"{relative(entry.expires_at, now)} ({rfc3339(entry.expires_at)})"
    if renews(entry):
        return f"{when}; renewed on use"
    return f"{when}; then it has to be authorized again"


def account_words(entry: Entry, *, asking: bool = False) -> str:
    """Whose account it is, or why that is not known; `asking`: the provider has not said yet."""
    if entry.account:
        return (
            f"{entry.account} ({entry.account_detail})" if entry.account_detail else entry.account
        )
    if asking:
        return f"asking {entry.service_name}"
    if entry.grant == Grant.CLIENT:
        return "none: the token is the app's own, nobody was asked"
    return f"not known; {entry.service_name} was not asked or did not say"


def scope_words(entry: Entry, asked: tuple[str, ...]) -> str:
    """What was granted, and how it differs from what was asked for."""
    granted = entry.granted_scopes
    if not granted and not asked:
        return "as chosen at the provider"
    lines = [", ".join(granted) or "none"]
    missing = [scope for scope in asked if scope not in granted]
    added = [scope for scope in granted if asked and scope not in asked]
    if missing:
        lines.append(f"▲ asked for, not granted: {', '.join(missing)}")
    if added:
        lines.append(f"granted in addition: {', '.join(added)}")
    return "\n".join(lines)


class SuccessScreen(AppScreen[None]):
    """What the provider granted; enter goes back to the list.

    The words come first, and what takes longer to lay out a moment later. Whose account it is may
    be known later still: the provider is asked once the tokens are stored.
    """

    KEY_GROUP: ClassVar[str] = "success"
    BINDINGS = bindings("success")

    def __init__(self, entry_id: str) -> None:
        super().__init__()
        self.entry_id = entry_id
        self._entry: Entry | None = None
        self._extracts = False

    def compose(self) -> ComposeResult:
        yield TitleBar("Authorization Successful")
        with VerticalScroll(id="success-body", can_focus=False):
            yield Static(markup=False, id="success-head")
        yield QuietLine()
        yield KeyBar("success")

    def on_mount(self) -> None:
        self._show()
        signin = self._signin
        if signin is not None and signin.learning:
            signin.on_change = self._on_change
            told(signin)
        self.call_after_refresh(self._fill)

    def on_unmount(self) -> None:
        signin = self._signin
        if signin is not None and signin.on_change == self._on_change:
            signin.on_change = None

    async def _fill(self) -> None:
        """Everything below the words; Extract, where something is declared for the service."""
        if self._entry is None or not self.is_attached:
            return  # left already
        from tui_oauth.extract.declared import load

        self._extracts = load(self._entry.service) is not None
        extract = Button("Extract", id="extract")
        extract.display = self._extracts
        facts = Facts(id="success-facts")
        facts.show(self._facts(self._entry))
        buttons = Horizontal(
            Button("Done", id="done"),
            Button("Copy command", id="copy-command"),
            Button("Check the account", id="check"),
            extract,
            classes="buttons",
        )
        note = Static(markup=False, id="success-note")
        await self.query_one("#success-body").mount(facts, note, buttons)
        self._show_note()
        self.query_one("#done").focus()
        self.query_one(KeyBar).refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._extracts if action == "extract" else True

    @property
    def _signin(self) -> SignIn | None:
        """The sign-in that this came of, if it was one of this window."""
        signins = self.home.signins_or_none
        return signins.get(self.entry_id) if signins is not None else None

    def _on_change(self) -> None:
        self.call_later(self._show)

    def _show(self) -> None:
        try:
            self._entry = entry = self.home.workspace.vault.get(self.entry_id)
        except TuiOauthError as error:
            self.app.pop_screen()
            self.home.show_problem(error, "The entry cannot be shown")
            return
        self.query_one(TitleBar).detail = f"{entry.name} · {entry.service_name}"
        self.query_one("#success-head", Static).update(
            Content(f"● {neutralise(entry.account or entry.name)} is authorized")
        )
        facts = self.query_one_optional(Facts)
        if facts is not None:
            facts.show(self._facts(entry))
            self._show_note()

    def _facts(self, entry: Entry) -> tuple[tuple[str, str], ...]:
        signin = self._signin
        return (
            ("Entry", f"{entry.name} ({entry.service_name})"),
            ("Account", account_words(entry, asking=signin is not None and signin.learning)),
            ("Scopes", scope_words(entry, signin.scopes if signin is not None else ())),
            ("Expires", expiry_sentence(entry, self.home.workspace.now())),
            ("Use it", self._command(entry)),
        )

    def _show_note(self) -> None:
        note, signin = self.query_one("#success-note", Static), self._signin
        said = neutralise(signin.note, 2_000) if signin is not None else ""
        note.update(Content(f"▲ {said}" if said else ""))
        note.display = bool(said)

    @staticmethod
    def _command(entry: Entry) -> str:
        return f"tui-oauth token {entries.shell_word(entry.name)}"

    @on(Button.Pressed, "#done")
    def action_done(self) -> None:
        """Back to Manage OAuth."""
        self.app.pop_screen()

    @on(Button.Pressed, "#copy-command")
    def action_copy_command(self) -> None:
        """Copy the command that prints a valid access token."""
        if self._entry is not None:
            self.home.copy(self._command(self._entry), "Command")

    @on(Button.Pressed, "#extract")
    def action_extract(self) -> None:
        """What to extract, and where to; esc there leads to the list."""
        if self._entry is not None:
            self.app.pop_screen()
            self.home.open_extract(self._entry)

    @on(Button.Pressed, "#check")
    def action_check(self) -> None:
        """Ask the provider whose token it is."""
        entry = self._entry
        if entry is None:
            return

        def done(checked: Checked) -> None:
            self._show()
            self.home.refresh_entries()
            if checked.problem is not None:
                self.complain(sentence(checked.problem))
            else:
                self.say(check_words(checked, self.home.workspace.now()))

        self.job(
            f"Asking {entry.service_name}",
            lambda: check_entry(self.home.workspace, entry),
            done,
        )
