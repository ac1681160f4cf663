"""What an import would do, entry by entry, before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppScreen, in_thread
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from tui_oauth.vault.bundle import Step
    from tui_oauth.vault.repository import Held

_WORDS = {
    "add": "● add",
    "update": "● update",
    "same": "· same",
    "conflict": "▲ yours stays",
    "replace": "▲ replace yours",
}
_STORED = {"add", "update", "replace"}


class ImportScreen(AppScreen["list[Step]"]):
    """Dismissed with what was done, or with None."""

    KEY_GROUP: ClassVar[str] = "import"
    BINDINGS = bindings("import")

    def __init__(self, incoming: Sequence[Held]) -> None:
        super().__init__()
        self._incoming = tuple(incoming)
        self._replace = False
        self._steps: list[Step] = []
        self._working = False

    def compose(self) -> ComposeResult:
        yield TitleBar("Import", "nothing is changed yet")
        with VerticalScroll(id="import"):
            yield Static(markup=False)
        yield QuietLine()
        yield KeyBar("import")

    def on_mount(self) -> None:
        self.query_one("#import").focus()
        self._plan()

    def _plan(self) -> None:
        vault, incoming, replace_ours = self.home.workspace.vault, self._incoming, self._replace

        def plan() -> list[Step]:
            from tui_oauth.vault import bundle

            return bundle.plan(vault.held(), incoming, replace_ours=replace_ours)

        self.job("Comparing with the vault", lambda: in_thread(plan), self._show)

    def _show(self, steps: list[Step]) -> None:
        self._steps = steps
        lines = [
            Content.assemble(
                (f"{_WORDS[step.action.value]:<16}", "bold" if step.action in _STORED else ""),
                neutralise(step.theirs.name, 40),
                (f"  {neutralise(step.theirs.service_name, 30)}; {neutralise(step.why)}", "$quiet"),
            )
            for step in steps
        ]
        text = Content("\n").join(lines) if lines else Content("There are no entries in it.")
        self.query_one("#import Static", Static).update(text)
        against = sum(step.action.value in {"conflict", "replace"} for step in steps)
        if not self._useful():
            words = "There is nothing to take over."
        elif self._replace:
            words = "^s imports; what is marked ▲ takes the place of yours."
        else:
            words = "^s imports what is marked ●."
        if against and not self._replace:
            words += " What is marked ▲ differs here and stays; r takes the bundle's instead."
        self.query_one(QuietLine).rest(words)
        self.query_one(KeyBar).refresh()

    def _useful(self) -> bool:
        return any(step.action.value in _STORED for step in self._steps)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "save":
            return self._useful()
        if action == "replace":
            return any(step.action.value in {"conflict", "replace"} for step in self._steps)
        return True

    def action_replace(self) -> None:
        """Let the bundle win, or not."""
        self._replace = not self._replace
        self._plan()

    def action_save(self) -> None:
        """Import, after a question where entries of the person's own are replaced."""
        if self._working:
            return
        replaced = [step for step in self._steps if step.action.value == "replace"]
        if not replaced:
            self._import()
            return
        names = neutralise(", ".join(step.theirs.name for step in replaced), 200)
        self.home.ask(
            f"Replace {len(replaced)} of your entries?",
            f"The bundle's take their place, with client ID, secret and tokens: {names}. Yours "
            "stay in the copies beside the vault for a while.",
            yes="Replace",
            no="Keep",
            done=lambda sure: self._import() if sure else None,
        )

    def _import(self) -> None:
        self._working = True
        vault, incoming, replace_ours = self.home.workspace.vault, self._incoming, self._replace

        def apply() -> list[Step]:
            from tui_oauth.vault import bundle

            return bundle.apply(vault, incoming, replace_ours=replace_ours)

        def failed(error: object) -> None:
            self._working = False
            self.complain(str(error))

        self.job("Importing", lambda: in_thread(apply), self.dismiss, failed)

    def action_back(self) -> None:
        """Leave; while it is being written, that ends first."""
        if not self._working:
            self.dismiss(None)
