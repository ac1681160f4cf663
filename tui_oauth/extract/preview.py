"""The first rows of a resource, to look at before anything is loaded. Needs no dlt."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tui_oauth.extract.calls import Calls
from tui_oauth.extract.reading import Reading, Told, Wanted
from tui_oauth.extract.running import source_of
from tui_oauth.extract.source import chosen

if TYPE_CHECKING:
    from tui_oauth.workspace import Workspace


def preview(
    workspace: Workspace,
    name: str,
    resource: str,
    rows: int = 20,
    stop: threading.Event | None = None,
) -> list[dict[str, Any]]:
    """At most `rows` rows of `resource`, in as few calls as that takes; nothing is kept.

    Their texts come from the service: neutralise what is shown. Blocks; raises TuiOauthError.
    """
    source = source_of(workspace, name)
    [(called, one)] = chosen(source, [resource])
    with Calls(workspace, name, source, stop or threading.Event()) as calls:
        reading = Reading(calls, one, Wanted(limit=rows), Told(called), small=True)
        return [row for page in reading.pages({}) for row in page]
