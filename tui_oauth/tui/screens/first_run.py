"""The first start: how the vault is to be protected, in honest words."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Center, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui_oauth.errors import TuiOauthError
from tui_oauth.secret import Secret
from tui_oauth.tui.base import AppScreen, in_thread, sentence
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.clean_input import Notice
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.secret_input import SecretInput
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.words import short_path

_CHOICES = {
    "key-file": (
        "Key file",
        "Works in scripts and cron. Protects copies of the vault (a backup, a commit by mistake) "
        "as long as the key file is not copied with it. Does not protect against anyone who can "
        "read your account or this disk.",
    ),
    "passphrase": (
        "Passphrase",
        "Also protects a stolen disk or backup. Scripts need the passphrase handed to them. "
        "If you forget it, nobody can open the vault.",
    ),
}


class Choices(OptionList):
    """A click only chooses: the vault is made by a key, or by the words in the key bar."""

    async def _on_click(self, event: events.Click) -> None:
        event.prevent_default()
        chosen = event.style.meta.get("option")
        if chosen is not None:
            self.highlighted = chosen


class FirstRunScreen(AppScreen[bool]):
    """Dismissed with True once the vault is made."""

    KEY_GROUP = "first-run"
    BINDINGS = bindings("first-run")

    def __init__(self) -> None:
        super().__init__()
        self._making = False

    def compose(self) -> ComposeResult:
        yield TitleBar("Welcome to tui-oauth")
        with (
            Center(classes="centered"),
            VerticalScroll(id="first-run", classes="form", can_focus=False),
        ):
            yield Static(
                Content.assemble(
                    "Your OAuth entries will be kept in an encrypted vault:\n",
                    (short_path(self.home.workspace), "$quiet"),
                    "\nHow shall it be protected? It can be changed later (v).",
                ),
                markup=False,
            )
            yield Choices(
                *(Option(_choice(*words, False), id=name) for name, words in _CHOICES.items()),
                id="protection",
                classes="field",
                markup=False,
            )
            for name, label in (("passphrase", "Passphrase"), ("again", "The same again")):
                field = SecretInput(id=name, classes="field")
                field.border_title = label
                field.display = False
                yield field
        yield QuietLine()
        yield KeyBar("first-run")

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.border_title = "Protection"
        options.highlighted = 0
        options.focus()

    @property
    def with_passphrase(self) -> bool:
        """Whether Passphrase is chosen."""
        return self.query_one(OptionList).highlighted == 1

    @on(OptionList.OptionHighlighted)
    def _chosen(self, event: OptionList.OptionHighlighted) -> None:
        for name, words in _CHOICES.items():
            prompt = _choice(*words, name == event.option_id)
            event.option_list.replace_option_prompt(name, prompt)
        for field in self.query(SecretInput):
            field.display = self.with_passphrase
        self.complain("")

    @on(OptionList.OptionSelected)
    def _entered(self) -> None:
        if self.with_passphrase:
            self.query_one("#passphrase").focus()
        else:
            self.action_save()

    @on(Input.Submitted, "#passphrase")
    def _first_entered(self) -> None:
        self.query_one("#again").focus()

    @on(Input.Submitted, "#again")
    def _second_entered(self) -> None:
        self.action_save()

    @on(events.DescendantFocus)
    def _explain(self, event: events.DescendantFocus) -> None:
        line = self.query_one(QuietLine)
        if event.widget.id == "protection":
            line.rest("The arrows or a click choose, enter goes on.")
        else:
            line.rest("Some words that you will remember; length counts more than odd signs.")

    @on(Notice)
    def _notice(self, event: Notice) -> None:
        self.say(event.text)

    def action_save(self) -> None:
        if self._making:
            return
        passphrase: Secret | None = None
        if self.with_passphrase:
            passphrase = self.query_one("#passphrase", SecretInput).secret
            again = self.query_one("#again", SecretInput).secret
            if passphrase is None:
                self._refuse("Type a passphrase first.", "passphrase")
                return
            if again is None or again != passphrase:
                self._refuse("The two are not the same. Type the second one again.", "again")
                return
        self._making = True
        workspace = self.home.workspace

        def make() -> None:
            from tui_oauth.vault import create_vault

            workspace.use_vault(create_vault(workspace.places, passphrase=passphrase))

        async def work() -> None:
            await in_thread(make)

        words = "Deriving the key from the passphrase; this takes a moment on purpose…"
        self.job(words if passphrase else "Making the vault…", work, self._made, self._failed)

    def _made(self, _: None) -> None:
        for field in self.query(SecretInput):
            field.forget()
        self.dismiss(True)

    def _failed(self, error: TuiOauthError) -> None:
        self._making = False
        self.complain(sentence(error))

    def _refuse(self, text: str, field: str) -> None:
        self.complain(text)
        widget = self.query_one(f"#{field}", SecretInput)
        widget.forget()
        widget.focus()


def _choice(title: str, words: str, chosen: bool) -> Content:
    sign = "●" if chosen else "○"
    return Content.assemble((f"{sign} {title}", "bold"), f"\n{words}")
