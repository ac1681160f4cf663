"""What the agent answers to each request of its protocol."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui_oauth import __version__, audit
from tui_oauth.agent import protocol
from tui_oauth.agent.peers import taker
from tui_oauth.agent.protocol import Request
from tui_oauth.errors import Conflict, StorageFailed
from tui_oauth.handing import bound_note, entry_fields, header_line, one_line, token_fields
from tui_oauth.identity_token import id_token
from tui_oauth.text import rfc3339
from tui_oauth.tokens import DEFAULT_DEADLINE

if TYPE_CHECKING:
    from pathlib import Path

    from tui_oauth.agent.holder import Holder
    from tui_oauth.agent.keeper import Keeper
    from tui_oauth.agent.schedule import Course
    from tui_oauth.agent.server import Peer
    from tui_oauth.agent.token_files import TokenFiles
    from tui_oauth.model import Entry
    from tui_oauth.workspace import Workspace


class Answers:
    """Answers requests. `reload` and `look` are called from any thread: to read everything anew, and
    to look at the vault at once.
    """

    def __init__(
        self,
        holder: Holder,
        keeper: Keeper,
        files: TokenFiles,
        *,
        reload: Callable[[], None],
        look: Callable[[], None],
    ) -> None:
        self._holder = holder
        self._keeper = keeper
        self._files = files
        self._reload = reload
        self._look = look
        self._since = holder.places_workspace.now()

    def __call__(self, request: Request, peer: Peer) -> str:
        """What stands behind `ok`. Raises the error to be answered with."""
        if request.verb == "status":
            return json.dumps(self.status(), ensure_ascii=True)
        if request.verb == "reload":
            self._reload()
        elif request.verb == "lock":
            self._holder.lock_on_request()
            self._look()
        elif request.verb in protocol.NAMED:
            return self._token(request, peer)
        return ""

    def status(self) -> dict[str, Any]:
        """How the agent and each entry stand: the value of `tui-oauth agent status --json`."""
        is_open = self._holder.is_open
        workspace = self._holder.places_workspace
        courses = self._keeper.courses()
        return {
            "pid": os.getpid(),
            "version": __version__,
            "started_at": rfc3339(self._since),
            "vault": str(workspace.places.vault),
            "locked": not is_open,
            "why_locked": None if is_open else self._holder.why,
            "unlocked_until": rfc3339(self._holder.unlocked_until()),
            "token_files": None if self._files.why_not else str(self._files.folder),
            "why_no_token_files": self._files.why_not or None,
            "entries": [
                _entry(entry, courses.get(entry.id), self._files.path_of(entry))
                for entry in self._keeper.entries
            ],
        }

    def _token(self, request: Request, peer: Peer) -> str:
        workspace = self._holder.workspace()
        if request.vault and request.vault != str(workspace.places.vault):
            raise Conflict("The agent keeps another vault.", "Leave it to the command.")
        entry = workspace.vault.find(request.name)
        if request.verb == "about":
            return json.dumps(entry_fields(entry, workspace.vault.secrets(entry)))
        # A command of ours asks for the program that started it.
        by_command = bool(request.via)
        way = {"": "agent", "json": "token"}.get(request.via, request.via)
        program = taker(peer.uid, peer.pid, via_command=by_command)
        audit.admit(workspace, entry, way, program)
        answer = self._got(workspace, entry, request, peer)
        try:
            audit.note(workspace, entry.id, way, program)
        except StorageFailed as error:
            peer.send(protocol.note(str(error)))
        return answer

    def _got(self, workspace: Workspace, entry: Entry, request: Request, peer: Peer) -> str:
        """The token in the form that is asked for, from the vault or the provider."""

        def wait() -> None:
            peer.send(b"wait\n")

        if request.verb == "id-token":
            wait()
            found = id_token(workspace, entry, request.min_ttl, DEFAULT_DEADLINE)
            return json.dumps({"id_token": found.text.reveal(), "expires_at": found.expires_at})
        tokens = self._keeper.token(entry, request.min_ttl, waiting=wait)
        if words := bound_note(entry, tokens):
            peer.send(protocol.note(words))
        if request.verb == "header":
            return header_line(workspace, entry, tokens)
        if request.verb == "token":
            return one_line(entry, tokens.access_token.reveal())
        # A refresh may have changed what the entry says.
        fields = token_fields(workspace.vault.get(entry.id), tokens)
        return json.dumps(fields, ensure_ascii=True, allow_nan=False)


def _entry(entry: Entry, course: Course | None, file: Path | None) -> dict[str, Any]:
    return {
        "name": entry.name,
        "expires_at": rfc3339(entry.expires_at),
        "next_refresh": None if course is None else rfc3339(_whole(course.due)),
        "last_refresh": None if course is None else rfc3339(_whole(course.refreshed_at)),
        "failures": 0 if course is None else course.failures,
        "last_error": (course.error if course is not None else "") or entry.last_error or None,
        "token_file": None if file is None else str(file),
    }


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds)
