"""Secrets that a command is given: from standard input or a file, never from an argument."""

from __future__ import annotations

import sys

from tui_oauth.cli import output
from tui_oauth.cli.context import Context, ask_secret, is_terminal
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


def new_passphrase(context: Context, prompt: str) -> Secret:
    """A new passphrase: from `--new-passphrase-command` or `-fd`, else typed twice.

    UsageProblem when it is empty, when the two differ, or when nobody can be asked.
    """
    args = context.args
    given = passphrase_of(context, args.new_passphrase_command, args.new_passphrase_fd, "new-")
    if given is not None:
        return given
    check_new_passphrase(context)
    return typed_twice(prompt)


def check_new_passphrase(context: Context) -> None:
    """UsageProblem where no new passphrase can come from: to be said before anything is done."""
    args = context.args
    given = args.new_passphrase_command or args.new_passphrase_fd is not None
    if not given and not context.may_ask:
        raise UsageProblem(
            f"{args.path} needs a new passphrase, and nobody can be asked here.",
            f"Name a command that prints it: tui-oauth {args.path} ... --new-passphrase-command LINE",
        )


def typed_twice(prompt: str) -> Secret:
    """A passphrase that a person typed twice the same; UsageProblem otherwise."""
    passphrase = ask_secret(f"{prompt} (not shown): ")
    if not passphrase:
        raise UsageProblem("The passphrase is empty.", "Run the command again and type one.")
    if ask_secret("The same again: ") != passphrase:
        raise UsageProblem(
            "The two passphrases differ.", "Nothing was done; run the command again."
        )
    return passphrase


def passphrase_of(
    context: Context, command: str, descriptor: int | None, kind: str
) -> Secret | None:
    """What the options `--<kind>passphrase-command` and `-fd` name, or None."""
    from tui_oauth.vault.passphrase import from_command, from_descriptor

    if command:
        return from_command(command, context.environ, f"--{kind}passphrase-command")
    if descriptor is not None:
        return from_descriptor(str(descriptor), f"--{kind}passphrase-fd")
    return None


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
