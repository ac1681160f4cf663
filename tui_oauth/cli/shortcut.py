"""`token NAME` and `header NAME`, told apart from all else without argparse.

Programs run these two over and over, and the argparse tree alone costs them as much as opening the
vault does. Only these very words, with no option, are taken: anything else is left to `tree.parse`,
and what is given here is what that would give (tests/cli holds both against each other). What runs
then is the same command.
"""

from __future__ import annotations

from types import SimpleNamespace

TYPE_CHECKING = False  # `typing` costs more than all that is imported here
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EVERYWHERE: Mapping[str, object] = {
    "vault": "", "key_file": "", "passphrase_command": "", "passphrase_fd": None, "debug": False,
    "deadline": 20, "trace": False,
}  # fmt: skip
_COMMANDS: Mapping[str, Mapping[str, object]] = {
    "token": {"handler": "tokens:token", "min_ttl": 60, "json": False},
    "header": {"handler": "tokens:header", "min_ttl": 60, "all": False},
}


def parse(argv: Sequence[str]) -> SimpleNamespace | None:
    """The arguments in `argv` if it is one of the two commands and a name; else None."""
    if len(argv) != 2 or argv[0] not in _COMMANDS or argv[1].startswith("-"):
        return None
    command, name = argv
    return SimpleNamespace(**_EVERYWHERE, **_COMMANDS[command], path=command, name=name)
