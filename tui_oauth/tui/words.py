"""Sentences about services and vaults that several screens show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_oauth.text import neutralise

if TYPE_CHECKING:
    from tui_oauth.services.format import RedirectUriRules
    from tui_oauth.workspace import Workspace


def redirect_words(rules: RedirectUriRules) -> str:
    """The rule for redirect URLs at a glance, in three words or so; empty where it is not known."""
    if rules.https_required:
        return "http on loopback" if rules.loopback_http_allowed else "https only"
    if rules.loopback_http_allowed or rules.https_required is False:
        return "http or https"
    return ""


def short_path(workspace: Workspace) -> str:
    """Where the vault is, with `~` for the home directory."""
    path, home = str(workspace.places.vault), workspace.environ.get("HOME", "")
    inside = len(home) > 1 and path.startswith(home.rstrip("/") + "/")
    return neutralise("~" + path[len(home.rstrip("/")) :] if inside else path)
