"""The vault: what protects it, the keys that open it, its last copy, its health."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui_oauth.doctor import can_salvage
from tui_oauth.errors import TuiOauthError
from tui_oauth.text import neutralise, relative
from tui_oauth.tui.base import in_thread, sentence
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.salvaging import ask_salvage
from tui_oauth.tui.vault_actions import VaultActions
from tui_oauth.tui.widgets.facts import Facts
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.widgets.toolbar import Toolbar
from tui_oauth.tui.words import clock_words, health_words, protection_words, short_path
from tui_oauth.vault_care import Standing, standing

if TYPE_CHECKING:
    from tui_oauth.vault import SlotInfo
    from tui_oauth.vault.health.findings import Report

_KEY_TOOLS = ("add-key", "remove-key", "passphrase", "rekey", "unlock", "lock")
_FILE_TOOLS = ("backup", "export", "import", "doctor", "salvage", "accept-older")
_POLL_SECONDS = 1.0
# How often the kernel is asked until when the vault is unlocked: no file tells of that. In polls.
_LOOK_EVERY = 3
_LOOKING = "… looking everything over"


class VaultScreen(VaultActions):
    """Everything about the vault as a whole; the entries are Manage OAuth's."""

    KEY_GROUP: ClassVar[str] = "vault"
    BINDINGS = bindings("vault")

    def __init__(self) -> None:
        super().__init__()
        self._standing: Standing | None = None
        self._report: Report | None = None
        self._health = _LOOKING
        self._said = ""
        self._seen: object = None
        self._ticks = 0
        self._broken = ""
        """Why the vault cannot be read now; empty while it can."""

    def compose(self) -> ComposeResult:
        yield TitleBar("Vault", levelled=False)
        yield Toolbar("vault", _KEY_TOOLS)
        yield Toolbar("vault", _FILE_TOOLS, id="vault-files")
        with VerticalScroll(id="vault-body", can_focus=False):
            yield Static(markup=False, id="vault-notice")
            yield Facts(id="vault-facts")
            yield OptionList(id="slots", classes="field", markup=False)
        yield QuietLine()
        yield KeyBar("vault")

    def on_mount(self) -> None:
        slots = self.query_one("#slots", OptionList)
        slots.border_title = "Keys that open it"
        slots.focus()
        self.query_one("#vault-notice").display = False
        self.set_interval(_POLL_SECONDS, self._poll)
        self._look()

    def on_screen_resume(self) -> None:
        self._reload()

    # ---- reading

    def _poll(self) -> None:
        """Another process may have changed the vault, and what is unlocked ends by itself."""
        self._ticks += 1
        changed = self._signature() != self._seen
        if self.is_current and (changed or self._ticks % _LOOK_EVERY == 0):
            self._reload()
        elif self._standing is not None:
            self._show(self._standing)  # for the words that depend on the time

    def _signature(self) -> object:
        try:
            found = os.lstat(self.home.workspace.places.vault)
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _reload(self) -> None:
        self._seen = self._signature()
        workspace = self.home.workspace
        self.job("", lambda: in_thread(standing, workspace), self._show, self._unread, group="read")

    def _look(self) -> None:
        """Have doctor look everything over, beside whatever the person does."""
        workspace = self.home.workspace
        self._report, self._health = None, _LOOKING

        async def look() -> Report:
            from tui_oauth import doctor

            return (await in_thread(doctor.examine, workspace))[0]

        self.job("", look, self._looked, self._not_looked, group="health")

    def _looked(self, report: Report) -> None:
        self._report = report
        notes = len(report.findings) - sum(found.severity != "note" for found in report.findings)
        more = f", {notes} to know" if notes else ""
        self._health = f"{health_words(report)}{more}"
        self._show_health()

    def _not_looked(self, error: TuiOauthError) -> None:
        self._health = sentence(error)
        self._show_health()

    def _unread(self, error: TuiOauthError) -> None:
        """The vault was damaged or taken away under the window: doctor and salvage go on."""
        if self._broken == error.message:
            return  # it is said already
        self._standing, self._broken = None, error.message
        self._show_slots(())
        self._look()
        self._show_health()
        more = (
            "Press h for what doctor finds, s to salvage." if can_salvage(error) else error.advice
        )
        self.complain(f"{error.message} {more}")

    def _show_health(self) -> None:
        if self._standing is not None:
            self._show(self._standing)
        elif self._broken:
            facts = [("Health", self._health), ("File", short_path(self.home.workspace))]
            self.query_one(Facts).show(facts)

    # ---- showing

    def _show(self, now: Standing) -> None:
        before, self._standing = self._standing, now
        if self._broken:
            self._broken = ""
            self.complain("")
            self._look()
        self._show_title()
        notice = self.query_one("#vault-notice", Static)
        notice.display = bool(now.notice)
        notice.update(
            Content(f"▲ {neutralise(now.notice, 600)} Or press o here." if now.notice else "")
        )
        self.query_one(Facts).show(self._pairs(now))
        if before is None or before.slots != now.slots:
            self._show_slots(now.slots)
        self.query_one("#vault-files").refresh()
        self.query_one(KeyBar).refresh()
        if self._said:
            self.say(self._said)
            self._said = ""

    def _show_title(self) -> None:
        now = self._standing
        if now is not None:
            words = protection_words(now.protection, now.unlocked_until, self.home.workspace.now())
            self.query_one(TitleBar).detail = words
            self.home.show_level(f"▲ older vault · {words}" if now.notice else words)

    def _pairs(self, standing: Standing) -> list[tuple[str, str]]:
        workspace = self.home.workspace
        now = workspace.now()
        backup, until = standing.copy, standing.unlocked_until
        last = "none yet; press b"
        if backup is not None:
            when = f"{relative(backup.written, now)}, {clock_words(backup.written, now)}"
            last = f"{when} ({backup.copies} beside the vault)"
        unlocked = ""
        if until is not None and until > now:
            unlocked = f"until {clock_words(until, now)}, for every program that runs as you"
        elif standing.no_unlock:
            unlocked = f"not here: {standing.no_unlock}"
        elif not any(slot.kind == "key-file" for slot in standing.slots):
            unlocked = "no; press u to unlock it for scripts, for a while"
        return [
            ("Protection", standing.words),
            ("Unlocked", unlocked),
            ("Entries", str(standing.entries)),
            ("Last backup", last),
            ("Health", self._health),
            ("File", short_path(workspace)),
        ]

    def _show_slots(self, slots: tuple[SlotInfo, ...]) -> None:
        listed = self.query_one("#slots", OptionList)
        at = listed.highlighted or 0
        listed.clear_options()
        listed.add_options([Option(_slot_words(slot), id=slot.id) for slot in slots])
        listed.highlighted = min(at, len(slots) - 1) if slots else None

    def chosen_slot(self) -> SlotInfo | None:
        at = self.query_one("#slots", OptionList).highlighted
        if self._standing is None or at is None or at >= len(self._standing.slots):
            return None
        return self._standing.slots[at]

    def changed(self, words: str) -> None:
        self._said = words
        self._reload()
        self._look()

    # ---- keys of its own

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "accept_older":
            return self._standing is not None and bool(self._standing.notice)
        return True

    def action_doctor(self) -> None:
        self.home.open_findings(self._report)

    def action_salvage(self) -> None:
        ask_salvage(self.home)

    def action_accept_older(self) -> None:
        self.home.ask(
            "Take this vault for the right one?",
            "Do this if you restored or copied it yourself. If you did not, somebody may have put "
            "an older state in its place: refresh tokens in it may be spent, and what was changed "
            "since is missing.",
            yes="Accept",
            no="Leave it",
            done=lambda sure: self._accept() if sure else None,
        )

    def _accept(self) -> None:
        workspace = self.home.workspace
        self.job(
            "",
            lambda: in_thread(workspace.accept_older),
            lambda _: self.changed("The vault is taken as it is from now on."),
        )

    def action_back(self) -> None:
        self.stop_job()
        self.dismiss(None)


def _slot_words(slot: SlotInfo) -> Content:
    from tui_oauth.vault.slots import WORDS

    kind = WORDS.get(slot.kind, neutralise(slot.kind, 14))
    made = time.strftime("%Y-%m-%d", time.localtime(slot.created))
    label = Content(neutralise(slot.label, 40)).truncate(18, ellipsis=True, pad=True)
    return Content.assemble(f"{kind:<15} ", label, (f"  {made}", "$quiet"))
