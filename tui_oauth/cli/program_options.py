"""The options of the commands that hand tokens to other programs. Nothing of weight is imported here."""

from __future__ import annotations

import argparse

from tui_oauth.cli import options
from tui_oauth.cli.values import count

Parser = argparse.ArgumentParser


def execute(parser: Parser) -> None:
    """For `exec`. What stands behind the two dashes is the program, and no option of ours."""
    parser.usage = "%(prog)s NAME [NAME ...] [OPTION ...] -- COMMAND [ARGUMENT ...]"
    parser.add_argument("names", metavar="NAME", nargs="+", help="the entries")
    parser.add_argument(
        "--env",
        metavar="VARIABLE",
        action="append",
        help="the variable that carries the token (default: MY_INTERCOM_ACCESS_TOKEN for "
        "my-intercom); with several entries NAME=VARIABLE, once for each",
    )
    parser.add_argument(
        "--header-file",
        action="store_true",
        help="give the command a file with the header line instead, private, in memory and gone "
        "when it ends; the variable (MY_INTERCOM_HEADER_FILE) has its path",
    )
    _min_ttl(parser)
    options.deadline(parser)
    options.trace(parser)
    parser.set_defaults(program=[])


def _min_ttl(parser: Parser) -> None:
    parser.add_argument(
        "--min-ttl",
        metavar="SECONDS",
        type=count,
        default=60,
        help="refresh first when the token ends within this time (default 60)",
    )
