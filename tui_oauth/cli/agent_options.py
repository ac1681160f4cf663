"""The options of `agent` and what belongs to it. Nothing of weight is imported here."""

from __future__ import annotations

from tui_oauth.cli import options

Parser = options.Parser


def install(parser: Parser) -> None:
    parser.add_argument(
        "--print", dest="only_print", action="store_true", help="print the unit, write nothing"
    )


def token_file(parser: Parser) -> None:
    options.named(parser)
    parser.add_argument("--off", action="store_true", help="keep no file for it any more")


def allow(parser: Parser) -> None:
    options.named(parser)
    parser.add_argument(
        "programs",
        metavar="PROGRAM",
        nargs="*",
        help="the full path of a program, such as /usr/bin/curl",
    )
    parser.add_argument("--anyone", action="store_true", help="every program of yours again")


def audit(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="only of this entry")
    options.json_result(parser)
