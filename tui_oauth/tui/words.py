"""Sentences about services and vaults that several screens show."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_oauth.text import neutralise

if TYPE_CHECKING:
    from tui_oauth.accounts import Checked
    from tui_oauth.model import Entry
    from tui_oauth.services.format import RedirectUriRules
    from tui_oauth.vault.health.findings import Report
    from tui_oauth.workspace import Workspace


def redirect_words(rules: RedirectUriRules) -> str:
    """The rule for redirect URLs at a glance, in three words or so; empty where it is not known."""
    if rules.https_required:
        return "http on loopback" if rules.loopback_http_allowed else "https only"
    if rules.loopback_http_allowed or rules.https_required is False:
        return "http or https"
    return ""


# One cell each, from blocks that every terminal's font has.
_ICONS = {
    "accounting": "∑", "advertising": "◉", "analytics": "∿", "billing": "¤", "communication": "✉",
    "crm": "◎", "data-warehouse": "▥", "design": "✎", "developer": "≡", "documents": "▯",
    "ecommerce": "◫", "education": "△", "email": "✉", "engineering": "⚙", "erp": "▦", "events": "★",
    "field-service": "⌂", "finance": "¤", "fitness": "♥", "forms": "☑", "geo": "⌖", "hr": "☺",
    "identity": "◈", "it-operations": "⚙", "itsm": "⚙", "marketing": "✦", "media": "♫",
    "nonprofit": "♡", "payments": "¤", "practice": "◌", "product": "◇", "productivity": "✓",
    "project-management": "▣", "sales": "↗", "scheduling": "◷", "social": "☺", "storage": "▤",
    "support": "⚑", "telephony": "☎", "time-tracking": "◷", "transport": "→", "video": "▶",
    "website": "⌂",
}  # fmt: skip


def category_icon(category: str) -> str:
    """A sign for what a service is for; only decoration, since the word stands beside it."""
    return _ICONS.get(category, "·")


def short_path(workspace: Workspace) -> str:
    """Where the vault is, with `~` for the home directory."""
    return neutralise(with_tilde(workspace, str(workspace.places.vault)))


def with_tilde(workspace: Workspace, text: str) -> str:
    """`text` with `~` for the home directory where a path in it begins with that.

    Also in a command: a path that had to be quoted is left alone, since no shell expands it there.
    """
    home = workspace.environ.get("HOME", "").rstrip("/")
    return re.sub(rf"(?<!\S){re.escape(home)}/", "~/", text) if home else text


def health_words(report: Report) -> str:
    """How a look-over ended, in a few words with a sign."""
    warned = sum(found.severity.value != "note" for found in report.findings)
    if report.damaged:
        return "✕ Damaged"
    if warned:
        return f"▲ {warned} finding{'' if warned == 1 else 's'}"
    return "● Nothing found" if not report.left_out else "◐ Nothing found, some left out"


def clock_words(seconds: int, now: int) -> str:
    """A time of this machine's clock: `17:30`, with its date where that is not today's."""
    then, today = time.localtime(seconds), time.localtime(now)
    same_day = then[:3] == today[:3]
    return time.strftime("%H:%M" if same_day else "%Y-%m-%d %H:%M", then)


def protection_words(protection: str, until: int | None, now: int) -> str:
    """The level of protection for a title bar: what opens the vault, and for how long it is open."""
    words = f"vault: {protection}"
    if until is not None and until > now:
        words += f" · unlocked until {clock_words(until, now)}"
    return words


def check_words(checked: Checked, now: int) -> str:
    """What the provider said of a token that it takes, in a line."""
    from tui_oauth.accounts import activity  # a check has loaded it

    name = checked.entry.service_name
    said = []
    if checked.whose:
        detail = checked.account.detail if checked.account is not None else ""
        said.append(
            f"{name} says the token belongs to {checked.whose}{f', {detail}' if detail else ''}."
        )
    if checked.token is not None:
        said.append(f"{'' if said else f'{name} says: '}{activity(checked.token, now)}.")
    if checked.note:
        said.append(checked.note)
    return " ".join(said)


def programs_words(entry: Entry) -> str:
    """The programs that may take tokens of `entry`."""
    return "every program of yours" if not entry.programs else ", ".join(entry.programs)


def marked_words(entry: Entry) -> str:
    """How programs get the token of `entry`, in a sentence."""
    if entry.token_file:
        return "a running agent keeps its token in a file, in memory."
    return f"for {programs_words(entry)}."


def in_short(words: Sequence[str], most: int = 160) -> str:
    """`words` as one line of up to about `most` characters, and how many more there are.

    The link stands below what it asks for, and has to be seen.
    """
    shown = 0
    while shown < len(words) and len(", ".join(words[: shown + 1])) <= most:
        shown += 1
    shown = max(shown, 1)
    left = len(words) - shown
    return ", ".join(words[:shown]) + (f" and {left} more" if left > 0 else "")
