"""Where a command gets what it makes something of for a program: a running agent, else the vault.

An adapter needs more than a token: the entry, for its service and account, and the client ID, which some
APIs want beside the token. Both sources give the same, and note the taking the same way (`audit`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from tui_oauth.cli import output
from tui_oauth.cli.handing import from_agent, obtain, one_line, say_if_bound, taking
from tui_oauth.deadline import Deadline
from tui_oauth.handing import bound_note
from tui_oauth.secret import Secret

if TYPE_CHECKING:
    from tui_oauth.cli.context import Context
    from tui_oauth.identity_token import IdToken
    from tui_oauth.model import Entry, TokenSet


class Source(Protocol):
    """One entry, and what can be had of it. What it raises is as with `tokens.access_token`."""

    entry: Entry
    client_id: str

    def tokens(self) -> TokenSet:
        """The access token, valid for as long as the command was told; no refresh token."""

    def id_token(self) -> IdToken:
        """The ID token, as `identity_token.id_token`."""

    def refused(self, token: Secret) -> None:
        """Somebody was refused this token: have it renewed, unless it is another one by now."""


def source_of(context: Context, way: str, known: Entry | None = None, *, name: str = "") -> Source:
    """The source for the entry that the command names; `way` is how the record calls the command.

    `known` is that entry from a look before: it is found again though it has another name by now.
    `name` is for a command that names several.
    """
    name = name or (context.args.name if known is None else known.name)
    time_left = Deadline(context.args.deadline)
    answer = from_agent(context, "about", name, 0, time_left, way)
    if answer is not None:
        return _FromAgent(context, way, _json(answer), time_left)
    vault = context.workspace.vault
    if known is not None:
        return _FromVault(context, way, vault.get(known.id), time_left)
    return _FromVault(context, way, vault.find(name), time_left)


def header_lines(context: Context, source: Source) -> str:
    """All headers that the API of the entry's service wants, one a line: the token's and its own."""
    from tui_oauth.entries import entry_service
    from tui_oauth.oauth.api import api_headers

    tokens = source.tokens()
    say_if_bound(source.entry, tokens)
    one_line(source.entry, tokens.access_token.reveal())
    service = entry_service(context.workspace, source.entry)
    found = api_headers(service, tokens, source.client_id)
    return "\n".join(f"{name}: {value}" for name, value in found.items())


class _FromVault:
    def __init__(self, context: Context, way: str, entry: Entry, time_left: Deadline) -> None:
        self._context, self._way, self._time_left = context, way, time_left
        self.entry = entry
        self.client_id = context.workspace.vault.secrets(entry).client_id

    def tokens(self) -> TokenSet:
        context = self._context
        found = obtain(context, self.entry, self._way, self._time_left, context.args.min_ttl)
        self.entry = context.workspace.vault.get(self.entry.id)
        return found

    def id_token(self) -> IdToken:
        from tui_oauth.identity_token import id_token

        context = self._context
        with taking(context, self.entry, self._way):
            return id_token(
                context.workspace, self.entry, context.args.min_ttl, self._time_left.left()
            )

    def refused(self, token: Secret) -> None:
        from tui_oauth.model import renews
        from tui_oauth.tokens import refresh_entry

        workspace = self._context.workspace
        held = workspace.vault.secrets(self.entry).tokens
        if held is not None and held.access_token == token and renews(self.entry):
            refresh_entry(workspace, self.entry, self._time_left.left())


class _FromAgent:
    """As the agent says; it may end between two questions, and then the vault is asked."""

    def __init__(
        self, context: Context, way: str, about: dict[str, Any], time_left: Deadline
    ) -> None:
        from tui_oauth.handing import entry_from

        self._context, self._way, self._time_left = context, way, time_left
        self.entry, self.client_id = entry_from(about)

    def tokens(self) -> TokenSet:
        return self._tokens(self._context.args.min_ttl) or self._vault().tokens()

    def id_token(self) -> IdToken:
        from tui_oauth.identity_token import IdToken

        answer = self._ask("id-token", self._context.args.min_ttl, output.note)
        if answer is None:
            return self._vault().id_token()
        found = _json(answer)
        return IdToken(Secret(found["id_token"]), found["expires_at"])

    def refused(self, token: Secret) -> None:
        held = self._tokens(0)
        if held is None:
            self._vault().refused(token)
        elif held.access_token == token and held.expires_at is not None:
            # Nothing lives for longer than it does: asked for that, the agent renews it.
            left = max(0, held.expires_at - self._context.workspace.now())
            self._tokens(left + 1)

    def _tokens(self, min_ttl: int) -> TokenSet | None:
        from tui_oauth.handing import tokens_from

        notes: list[str] = []
        answer = self._ask("json", min_ttl, notes.append)
        found = None if answer is None else tokens_from(_json(answer))
        # That it is bound is said by whoever gets it, who may refuse it instead.
        bound = "" if found is None else bound_note(self.entry, found)
        output.notes(words for words in notes if words != bound)
        return found

    def _ask(self, verb: str, min_ttl: int, note: Callable[[str], None]) -> str | None:
        left = self._time_left
        return from_agent(self._context, verb, self.entry.name, min_ttl, left, self._way, note)

    def _vault(self) -> Source:
        entry = self._context.workspace.vault.get(self.entry.id)
        return _FromVault(self._context, self._way, entry, self._time_left)


def _json(text: str) -> dict[str, Any]:
    import json

    found: dict[str, Any] = json.loads(text)
    return found
