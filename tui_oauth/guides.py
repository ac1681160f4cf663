"""The guide of an entry: the steps at its provider with the entry's own values in place."""

from __future__ import annotations

from dataclasses import replace

from tui_oauth import entries
from tui_oauth.model import Entry, Grant
from tui_oauth.services.guide import GuideView, guide
from tui_oauth.workspace import Workspace


def entry_guide(workspace: Workspace, entry: Entry) -> GuideView:
    """The steps for `entry`, whichever way it was made. Raises NotFound without its service."""
    if entry.pinned:
        from tui_oauth.discovered import guide_of

        return guide_of(workspace, entry)
    service = entries.declared_service(workspace, entry)
    variables = {**workspace.settings.defaults.get(service.id, {}), **entry.variables}
    url = entries.callback_url(workspace, entry, service)
    view = guide(service, url, variables, entry.scopes)
    # Of a client that acts for itself nobody comes back with an answer.
    return replace(view, callback_url="") if entry.grant == Grant.CLIENT else view
