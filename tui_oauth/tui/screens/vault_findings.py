"""Everything that doctor found, to be read, scrolled and copied."""

from __future__ import annotations

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
from tui_oauth.tui.words import health_words

if TYPE_CHECKING:
    from tui_oauth.vault.health.findings import Report

_MAX_LINE = 1_000
_SIGNS = {"note": ("·", "$quiet"), "warning": ("▲", "$warning"), "damaged": ("✕", "$error")}


class FindingsScreen(AppScreen[None]):
    """The report that is there already, or a new one."""

    KEY_GROUP: ClassVar[str] = "findings"
    BINDINGS = bindings("findings")

    def __init__(self, report: Report | None) -> None:
        super().__init__()
        self._report = report

    def compose(self) -> ComposeResult:
        yield TitleBar("Doctor")
        with VerticalScroll(id="findings"):
            yield Static(markup=False)
        yield QuietLine()
        yield KeyBar("findings")

    def on_mount(self) -> None:
        self.query_one("#findings").focus()
        if self._report is None:
            self.action_again()
        else:
            self._show(self._report)

    def action_again(self) -> None:
        """Look everything over once more."""
        workspace = self.home.workspace

        async def look() -> Report:
            from tui_oauth import doctor

            return (await in_thread(doctor.examine, workspace))[0]

        self.job("Looking everything over; esc leaves it", look, self._show)

    def _show(self, report: Report) -> None:
        self._report = report
        self.query_one(TitleBar).detail = health_words(report)
        self.query_one("#findings Static", Static).update(findings_text(report))

    def action_copy_findings(self) -> None:
        """Copy the text: it holds paths and names of files, and no secrets."""
        if self._report is not None:
            self.home.copy(findings_text(self._report).plain, "What was found")

    def action_back(self) -> None:
        """Back to the vault; a look-over that still runs is let go."""
        self.stop_job()
        self.dismiss(None)


def findings_text(report: Report) -> Content:
    """All findings, the worst first, and what was and was not looked at."""
    worst = sorted(
        report.findings, key=lambda found: list(_SIGNS).index(found.severity), reverse=True
    )
    parts: list[Content] = []
    for found in worst:
        sign, colour = _SIGNS[found.severity.value]
        parts.append(
            Content.assemble(
                (f"{sign} {neutralise(found.message, _MAX_LINE)}", colour if sign != "·" else ""),
                f"\n  {neutralise(found.advice, _MAX_LINE)}" if found.advice else "",
                "\n",
            )
        )
    if not report.findings:
        parts.append(Content("● Nothing found that anybody should do something about.\n"))
    left_out = (neutralise(what, _MAX_LINE) for what in report.left_out)
    parts.extend(Content(f"· Left out: {what}\n") for what in left_out)
    looked = ", ".join(neutralise(what) for what in report.checked)
    parts.append(Content.styled(f"Looked at: {looked}.", "$quiet"))
    return Content("\n").join(parts)
