"""Sentences about services and vaults that several screens show."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_oauth.services.format import RedirectUriRules


def redirect_words(rules: RedirectUriRules) -> str:
    """The rule for redirect URLs at a glance, in three words or so; empty where it is not known."""
    if rules.https_required:
        return "http on loopback" if rules.loopback_http_allowed else "https only"
    if rules.loopback_http_allowed or rules.https_required is False:
        return "http or https"
    return ""
