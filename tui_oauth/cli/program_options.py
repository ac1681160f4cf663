"""The options of the commands that hand tokens to other programs. Nothing of weight is imported here."""

from __future__ import annotations

import argparse

from tui_oauth.cli import options
from tui_oauth.cli.values import port

Parser = argparse.ArgumentParser

FORMATS = ("token", "env", "header", "json", "curl", "netrc", "id-token")


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
        help="give the command a file with the header lines instead, private, in memory and gone "
        "when it ends; the variable (MY_INTERCOM_HEADER_FILE) has its path",
    )
    options.fresh(parser)
    parser.set_defaults(program=[])


def git_credential(parser: Parser) -> None:
    options.named(parser)
    parser.add_argument(
        "action", metavar="ACTION", help="what git adds itself: get, store or erase"
    )
    options.fresh(parser)


def kubectl_credential(parser: Parser) -> None:
    options.named(parser)
    parser.add_argument(
        "--id-token",
        action="store_true",
        help="the ID token, which clusters that trust an OpenID provider want",
    )
    options.fresh(parser)


def xoauth2(parser: Parser) -> None:
    options.named(parser)
    parser.add_argument(
        "--user",
        metavar="ADDRESS",
        default="",
        help="the mailbox (default: the entry's account, where that is a mail address)",
    )
    parser.add_argument(
        "--oauthbearer",
        action="store_true",
        help="for the mechanism OAUTHBEARER (RFC 7628) instead of XOAUTH2",
    )
    parser.add_argument(
        "--host", metavar="HOST", default="", help="with --oauthbearer: the mail server"
    )
    parser.add_argument("--port", metavar="N", type=port, help="with --oauthbearer: its port")
    options.fresh(parser)


def curl(parser: Parser) -> None:
    options.named(parser)
    parser.add_argument(
        "url",
        metavar="URL",
        nargs="?",
        default="",
        help="what to fetch; refused where the token must not go there",
    )
    options.fresh(parser)


def write(parser: Parser) -> None:
    options.named(parser)
    parser.add_argument(
        "file", metavar="FILE", help="where to; replaced in one step, for you alone (mode 0600)"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="token",
        metavar="FORMAT",
        help="token (default): it alone, without a line break; env: VARIABLE=token; header: the "
        "header line; json: as tui-oauth token --json; curl, netrc: for programs that read such; "
        "id-token: the ID token alone",
    )
    parser.add_argument(
        "--env",
        metavar="VARIABLE",
        default="",
        help="with --format env: the variable (default: MY_INTERCOM_ACCESS_TOKEN for my-intercom)",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="go on until ^C, and write each new token, refreshing before one ends",
    )
    options.fresh(parser)
