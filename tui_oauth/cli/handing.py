"""What holds for every command that hands a token to a program."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tui_oauth.cli import output
from tui_oauth.errors import StorageFailed
from tui_oauth.handing import bound_note
from tui_oauth.handing import one_line as one_line

if TYPE_CHECKING:
    from tui_oauth.cli.context import Context
    from tui_oauth.deadline import Deadline
    from tui_oauth.model import Entry, TokenSet

DEFAULT_MIN_TTL = 60


def obtain(
    context: Context, entry: Entry, way: str, time_left: Deadline, min_ttl: int = DEFAULT_MIN_TTL
) -> TokenSet:
    """A valid access token of `entry` for the program that started this command, `way`.

    Raises as `taking` and `tokens.access_token`.
    """
    from tui_oauth.tokens import access_token

    with taking(context, entry, way):
        return access_token(context.workspace, entry, min_ttl, time_left.left())


@contextlib.contextmanager
def taking(context: Context, entry: Entry, way: str) -> Iterator[None]:
    """The block that gets a token of `entry` for the program that started this command, `way`.

    The program is held against the entry's list before it, and noted after it (`audit`). Raises
    NotAllowed.
    """
    from tui_oauth import audit
    from tui_oauth.programs import caller

    workspace, program = context.workspace, caller()
    audit.admit(workspace, entry, way, program)
    yield
    try:
        audit.note(workspace, entry.id, way, program)
    except StorageFailed as error:
        output.note(f"tui-oauth: {error}")


def from_agent(
    context: Context,
    verb: str,
    name: str,
    min_ttl: int,
    time_left: Deadline,
    way: str = "",
    note: Callable[[str], None] = output.note,
) -> str | None:
    """What a running agent gives; None where the vault is to be asked by this process itself.

    It is where the person named a key for this call, which has to be the right one, or wants to see the
    traffic. `way` is how the record calls the command, where it is not the verb; `note` is told what
    the agent has to say besides.
    """
    environ = context.environ
    if "XDG_RUNTIME_DIR" not in environ or context.args.trace or context.names_a_key:
        return None
    from tui_oauth.agent.client import token_from_agent

    vault = str(context.workspace.places.vault)
    seconds = time_left.left()
    return token_from_agent(environ, vault, verb, name, min_ttl, note, seconds, way)


def say_if_bound(entry: Entry, tokens: TokenSet) -> None:
    """Say that a token which is bound to a key opens nothing alone (RFC 9449)."""
    if tokens.bound:
        output.note(bound_note(entry, tokens))
