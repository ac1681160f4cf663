"""The rows of a played service, for those services whose API for rows is known."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.data import hubspot, intercom
from tui_oauth.practice.data.access import Caller, Limits
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.data.rows_api import RowsApi
from tui_oauth.practice.endpoints import out_of_order
from tui_oauth.practice.web import Reply, WebRequest

DIALECTS = {"intercom": intercom.DIALECT, "hubspot": hubspot.DIALECT}
"""By the id of the service."""

# A service's host stands first in the path here; an address without it is taken as well.
_HOST = re.compile(r"^/[^/.]+(\.[^/.]+)+(?=/)")


class PlayedRows:
    """Answers for the service `service_id` when it is one of `DIALECTS`."""

    def __init__(
        self, service_id: str, now: Callable[[], float], count: Callable[[str, int], None]
    ) -> None:
        dialect = DIALECTS.get(service_id)
        self._api = None if dialect is None else RowsApi(dialect, Limits(now), now, count)
        self._closing = threading.Event()

    def close(self) -> None:
        """Ends waiting answers at once."""
        self._closing.set()

    def answer(
        self,
        request: WebRequest,
        dataset: Dataset,
        behaviour: Behaviour,
        caller: Callable[[], Caller | None],
    ) -> Reply | None:
        """The reply, or None when this is no call for rows."""
        if self._api is None:
            return None
        path = _HOST.sub("", request.path)
        reply = self._api.handle(request, path, dataset, behaviour, caller)
        if reply is None:
            return None
        self._closing.wait(behaviour.api_delay)
        return out_of_order(behaviour) or reply
