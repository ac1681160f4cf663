"""The options of the commands that have to do with the vault as a whole."""

from __future__ import annotations

from tui_oauth.cli.options import Parser, json_result, passphrase_source
from tui_oauth.cli.values import unlock_span


def init(parser: Parser) -> None:
    parser.add_argument(
        "--passphrase",
        action="store_true",
        help="protect the vault with a passphrase instead of a key file",
    )
    parser.add_argument(
        "--recovery",
        action="store_true",
        help="add a recovery code, which is printed once: keep it on paper",
    )


def status(parser: Parser) -> None:
    json_result(parser)
    parser.add_argument(
        "--accept-older",
        action="store_true",
        help="take the vault as it is for the right one, after a copy was restored",
    )


def unlock(parser: Parser) -> None:
    parser.add_argument(
        "--for",
        dest="span",
        metavar="SPAN",
        type=unlock_span,
        default=8 * 3600,
        help="how long: 90, 30m, 8h, 7d; up to 30 days (default 8h)",
    )


def key_add(parser: Parser) -> None:
    parser.add_argument(
        "kind",
        metavar="KIND",
        choices=("key-file", "passphrase", "recovery", "keyring"),
        help="key-file, passphrase, recovery or keyring",
    )
    parser.add_argument(
        "file",
        metavar="PATH",
        nargs="?",
        default="",
        help="with key-file: where it is, or is to be made",
    )
    parser.add_argument("--label", metavar="TEXT", default="", help="a word to tell keys apart by")
    _new_passphrase(parser)


def key_remove(parser: Parser) -> None:
    parser.add_argument("slot", metavar="SLOT_ID", help="see: tui-oauth vault key list")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def change_passphrase(parser: Parser) -> None:
    parser.add_argument(
        "--slot",
        metavar="SLOT_ID",
        default="",
        help="which one, where the vault has several passphrases",
    )
    _new_passphrase(parser)


def rekey(parser: Parser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask")


def backup(parser: Parser) -> None:
    parser.add_argument(
        "file", metavar="FILE", nargs="?", default="", help="where to (default: beside the vault)"
    )


def export(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE", help="the bundle to write; it must not exist")
    parser.add_argument("names", metavar="NAME", nargs="*", help="only these entries")
    _new_passphrase(parser)


def import_bundle(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE", help="a bundle, or a copy of this vault")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would happen, write nothing"
    )
    parser.add_argument(
        "--replace", action="store_true", help="in a conflict take the bundle's entry"
    )
    json_result(parser)
    given = parser.add_mutually_exclusive_group()
    passphrase_source(given, "bundle-passphrase", "the bundle's passphrase")


def doctor(parser: Parser) -> None:
    parser.add_argument(
        "--salvage",
        metavar="OUT",
        default="",
        help="write what can be saved to a new vault at OUT; the vault itself is not touched",
    )
    json_result(parser)


def _new_passphrase(parser: Parser) -> None:
    """Where a new passphrase comes from when nobody types it; the old one has its own options."""
    new = parser.add_mutually_exclusive_group()
    passphrase_source(new, "new-passphrase", "the new passphrase")
