"""What a command is given: its arguments, the environment, and a workspace made on first use."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from tui_oauth.cli import output
from tui_oauth.errors import UsageProblem
from tui_oauth.paths import Places, places
from tui_oauth.secret import Secret

if TYPE_CHECKING:
    from argparse import Namespace
    from types import SimpleNamespace

    from tui_oauth.vault import KeyOptions
    from tui_oauth.workspace import Workspace

    Arguments = Namespace | SimpleNamespace  # of `tree.parse` and of `shortcut.parse`

_KEY_VARIABLES = (
    "TUI_OAUTH_KEY_FILE",
    "TUI_OAUTH_PASSPHRASE_COMMAND",
    "TUI_OAUTH_PASSPHRASE_FD",
    "TUI_OAUTH_PASSPHRASE",
)


class Context:
    """One run of one command."""

    def __init__(self, args: Arguments, environ: Mapping[str, str]) -> None:
        self.args = args
        self.environ = environ

    @property
    def may_ask(self) -> bool:
        """Whether a person can be asked: standard input and standard error are a terminal."""
        return is_terminal(sys.stdin) and is_terminal(sys.stderr)

    @cached_property
    def places(self) -> Places:
        """Where things are by options and environment; the settings file may move the vault."""
        return places(self.environ, vault=self.args.vault, key_file=self.args.key_file)

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace of this run; its vault opens when a command first asks for it."""
        from tui_oauth.workspace import Workspace

        workspace = Workspace.from_environment(
            self.environ,
            vault=self.args.vault,
            key_options=self.key_options,
            ask=ask_secret if self.may_ask else None,
        )
        workspace.tell = output.note
        if getattr(self.args, "trace", False):
            from tui_oauth.traffic import Recorder

            workspace.traffic = Recorder(workspace.now, output.notes)
        return workspace

    @property
    def names_a_key(self) -> bool:
        """Whether options or environment say with which key the vault is to be opened."""
        args = self.args
        return (
            bool(args.key_file or args.passphrase_command)
            or args.passphrase_fd is not None
            or any(self.environ.get(name) for name in _KEY_VARIABLES)
        )

    @cached_property
    def key_options(self) -> KeyOptions:
        """How the command line says that the vault is unlocked."""
        from tui_oauth.vault import KeyOptions

        return KeyOptions(
            key_file=self.args.key_file,
            passphrase_command=self.args.passphrase_command,
            passphrase_fd=self.args.passphrase_fd,
        )


def is_terminal(stream: object) -> bool:
    """Whether `stream` is a terminal. It may be None or closed: Python started without it."""
    isatty = getattr(stream, "isatty", None)
    try:
        return isatty is not None and bool(isatty())
    except ValueError:
        return False


def ask_secret(prompt: str) -> Secret:
    """A secret typed on the controlling terminal without echo. UsageProblem when none comes."""
    import getpass

    try:
        return Secret(getpass.getpass(prompt))
    except EOFError as error:
        raise UsageProblem("Nothing was typed.", "Run the command again.") from error


def ask_line(prompt: str) -> str:
    """A line typed on the terminal; the prompt goes to standard error, which is one too."""
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise UsageProblem("Nothing was typed.", "Run the command again.")
    return line.strip()
