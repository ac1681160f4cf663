"""Secrets that a command is given: from standard input or a file, never from an argument."""

from __future__ import annotations

import sys

from tui_oauth.cli import output
from tui_oauth.cli.context import is_terminal
from tui_oauth.errors import StorageFailed, UsageProblem
from tui_oauth.model import MAX_SECRET_LENGTH
from tui_oauth.paths import expanded
from tui_oauth.secret import Secret
from tui_oauth.text import neutralise

_MAX_BYTES = MAX_SECRET_LENGTH * 4


def secret_from_stdin(label: str, command: str) -> Secret:
    """All of standard input. `command` is the call that `label` belongs to, for the advice."""
    if sys.stdin is None or is_terminal(sys.stdin):
        raise UsageProblem(
            f"{label} is to come from standard input, which is "
            + ("a terminal: it would be shown." if sys.stdin is not None else "closed."),
            f"Send it from a file: {command} < secret.txt",
        )
    return _decoded(label, sys.stdin.buffer.read(_MAX_BYTES + 1), "standard input")


def secret_from_file(label: str, path: str) -> Secret:
    """The content of the file at `path`. StorageFailed when it cannot be read."""
    file = expanded(path)
    try:
        with file.open("rb") as source:
            raw = source.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no path"
        raise StorageFailed(
            f"The file {neutralise(path)} cannot be read: {neutralise(reason)}.",
            f"Name a file that holds {label} and nothing else.",
        ) from error
    return _decoded(label, raw, f"the file {neutralise(path)}")


def _decoded(label: str, raw: bytes, source: str) -> Secret:
    if len(raw) > _MAX_BYTES:
        raise UsageProblem(
            f"{label} from {source} is longer than {_MAX_BYTES:,} bytes.",
            f"It has to hold {label} and nothing else.",
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageProblem(
            f"{label} from {source} is not text.", f"It has to hold {label} and nothing else."
        ) from error
    if not text.strip():
        raise UsageProblem(f"{source[:1].upper()}{source[1:]} is empty.", f"Put {label} into it.")
    if text.removesuffix("\n").removesuffix("\r") != "".join(text.split()):
        output.note(f"Blanks and line breaks that came with {label} are removed.")
    return Secret(text)
