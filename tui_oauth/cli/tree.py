"""The argparse tree over the commands of `commands.py`.

It is built on every run, so it imports argparse and nothing else of weight; the module of a
command is named by a text (`handler`) and imported only when that command runs.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection, Sequence
from typing import Any, NoReturn

from tui_oauth import __version__
from tui_oauth.cli import options
from tui_oauth.cli.commands import COMMANDS, GROUPS, WITH_COMMANDS_BELOW
from tui_oauth.cli.output import plain
from tui_oauth.errors import UsageProblem
from tui_oauth.text import neutralise

PROGRAM = "tui-oauth"

_ABOUT = "Manage OAuth in the terminal. Without a command: open Manage OAuth."
_START = """\
first steps:
  tui-oauth init
  tui-oauth create my-intercom --service intercom
  tui-oauth guide intercom
  tui-oauth configure my-intercom --client-id ID --client-secret-stdin < secret.txt
  tui-oauth authorize my-intercom
  curl -H "$(tui-oauth header my-intercom)" https://api.intercom.io/me

without an account anywhere:
  tui-oauth demo

Each command explains itself: tui-oauth COMMAND --help
"""

_Groups = dict[str, "argparse._SubParsersAction[_Parser]"]


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments in `argv`. Raises UsageProblem; SystemExit after --help and --version."""
    args, rest = _tree(frozenset(argv)).parse_known_args(list(argv))
    if rest:
        # Values are not repeated: what does not fit may be a secret in the wrong place.
        names = [neutralise(word.partition("=")[0], 40) for word in rest if word.startswith("-")]
        command = f"{PROGRAM} {args.path}".rstrip()
        raise UsageProblem(
            f"{command} has no option {', '.join(names)}."
            if names
            else f"{command} takes fewer arguments: {len(rest)} too many.",
            _secret_advice(names) or f"Run: {command} --help",
        )
    return args


def _tree(words: Collection[str]) -> argparse.ArgumentParser:
    """The tree, as far as `words` can reach into it.

    All commands are there when none of them is named or help is asked for; their options only
    where the command itself is named. The whole tree would cost `token` 5 ms.
    """
    everywhere = _Parser(add_help=False)
    options.everywhere(everywhere, argparse.SUPPRESS)
    top = _Parser(prog=PROGRAM, description=_ABOUT, epilog=_START)
    top.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    options.everywhere(top, None)
    top.set_defaults(handler="manage:manage", path="")
    commands = top.add_subparsers(prog=PROGRAM, metavar="COMMAND", title="commands")
    groups: _Groups = {"": commands}
    named = [command for command in COMMANDS if command.name.partition(" ")[0] in words]
    listed = not named or "-h" in words or "--help" in words
    for command in COMMANDS if listed else named:
        group, _, name = command.name.rpartition(" ")
        parents = [everywhere] if name in words else []
        below = _group(groups, group)
        parser = _Parser.below(below, name, command.summary, command.example, parents)
        if name in words:
            command.fill(parser)
        parser.set_defaults(handler=command.handler, path=command.name)
        if command.name in WITH_COMMANDS_BELOW:
            groups[command.name] = _below(parser, command.name)
    return top


def _group(groups: _Groups, path: str) -> argparse._SubParsersAction[_Parser]:
    """The commands below a word that needs another one (`service`), or below two (`vault key`)."""
    if path not in groups:
        above, _, name = path.rpartition(" ")
        handler, summary, example = GROUPS[path]
        parser = _Parser.below(_group(groups, above), name, summary, example)
        parser.set_defaults(handler=handler, path=path)
        groups[path] = _below(parser, path)
    return groups[path]


def _below(parser: _Parser, path: str) -> argparse._SubParsersAction[_Parser]:
    return parser.add_subparsers(prog=f"{PROGRAM} {path}", metavar="COMMAND", title="commands")


def _secret_advice(names: Sequence[str]) -> str:
    """What to do instead of putting a secret into an argument, which `ps` shows to everyone."""
    if any("secret" in name or "password" in name for name in names):
        return "Secrets are not taken as arguments: use --client-secret-stdin or --client-secret-file FILE."
    if any("passphrase" in name for name in names):
        return (
            "Passphrases are not taken as arguments: use --passphrase-command or --passphrase-fd."
        )
    return ""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, up to 100 columns."""

    def __init__(self, prog: str) -> None:
        # The default asks shutil for the width, whose import costs more than the whole tree.
        super().__init__(prog, max_help_position=30, width=_columns())


def _columns() -> int:
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and len(given) < 6 and int(given) > 0:
        return min(int(given), 100)
    try:
        # Descriptor 1 rather than sys.stdout, which is None when standard output is closed.
        return min(os.get_terminal_size(1).columns, 100) or 80
    except OSError:
        return 80


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose mistakes become a UsageProblem: one sentence and what to do."""

    def __init__(self, **given: object) -> None:
        super().__init__(formatter_class=_Help, allow_abbrev=False, **given)  # type: ignore[arg-type]

    @staticmethod
    def below(
        commands: argparse._SubParsersAction[_Parser],
        name: str,
        summary: str,
        example: str = "",
        parents: Sequence[_Parser] = (),
    ) -> _Parser:
        """Add the parser of one command to `commands`."""
        sentence = f"{summary[0].upper()}{summary[1:]}."
        epilog = f"example:\n  {example}" if example else None
        return commands.add_parser(
            name, help=summary, description=sentence, epilog=epilog, parents=parents
        )

    def parse_known_args(  # type: ignore[override]  # argparse has overloads; this calls them all
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """As argparse; for a command with `program`, all behind the first two dashes is that."""
        words = list(args or ())
        if self.get_default("program") is None or "--" not in words:
            return super().parse_known_args(words, namespace)
        cut = words.index("--")
        found, rest = super().parse_known_args(words[:cut], namespace)
        found.program = words[cut + 1 :]
        return found, rest

    def error(self, message: str) -> NoReturn:
        """argparse's own words, as a sentence that begins with the command."""
        missing = message.partition("the following arguments are required: ")[2]
        about, colon, what = message.removeprefix("argument ").partition(": ")
        if missing:
            sentence = f"{self.prog} needs {plain(missing)}."
        elif colon and message.startswith("argument "):
            sentence = f"{self.prog}, {plain(about)}: {plain(what).rstrip('.')}."
        else:
            sentence = f"{self.prog}: {plain(message).rstrip('.')}."
        raise UsageProblem(sentence, f"Run: {self.prog} --help")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """An unknown command is answered with the nearest one, not with the list of all."""
        if not isinstance(action, argparse._SubParsersAction) or value in action.choices:
            return super()._check_value(action, value)
        from difflib import get_close_matches

        before = self.prog.removeprefix(PROGRAM).split()
        known = [
            words[len(before)]
            for words in (command.name.split() for command in COMMANDS)
            if words[: len(before)] == before and len(words) > len(before)
        ]
        near = get_close_matches(str(value), known, n=1)
        raise UsageProblem(
            f"{self.prog} has no command {neutralise(value, 40)!r}.",
            f"Perhaps: {self.prog} {near[0]}" if near else f"Run: {self.prog} --help",
        )
