"""The options of the commands, command by command. Nothing of weight is imported here.

Those that have to do with the vault as a whole are in `vault_options`.
"""

from __future__ import annotations

import argparse

from tui_oauth.cli.values import count, moment, port, seconds, span

Parser = argparse.ArgumentParser


def everywhere(parser: Parser, default: str | None) -> None:
    """The options of every command. `default` is SUPPRESS below a command, so that an option
    given before the command is not overwritten there."""
    text = default if default is not None else ""
    flag = default if default is not None else False
    group = parser.add_argument_group("options of every command")
    group.add_argument("--vault", metavar="PATH", default=text, help="the vault file to use")
    group.add_argument("--key-file", metavar="PATH", default=text, help="the key file to use")
    passphrase_source(group, "passphrase", "the passphrase", text, default)
    group.add_argument(
        "--debug",
        action="store_true",
        default=flag,
        help="show on standard error what is done, without secrets",
    )


def passphrase_source(
    group: argparse._ArgumentGroup,
    name: str,
    called: str,
    line: str = "",
    number: str | None = None,
) -> None:
    """Where the passphrase `called` so comes from: a command or a file descriptor, never an argument.

    `line` and `number` are the defaults of the two.
    """
    group.add_argument(
        f"--{name}-command",
        metavar="LINE",
        default=line,
        help=f"a command that prints {called}",
    )
    group.add_argument(
        f"--{name}-fd",
        metavar="N",
        type=count,
        default=number,
        help=f"read {called} from this file descriptor",
    )


def nothing(parser: Parser) -> None:
    """A command without options of its own."""


def named(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="the entry")


def json_result(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def named_json(parser: Parser) -> None:
    named(parser)
    json_result(parser)


def trace(parser: Parser) -> None:
    """For commands that ask a provider something."""
    parser.add_argument(
        "--trace",
        action="store_true",
        help="show on standard error what is sent and what comes back, without secrets",
    )


def header(parser: Parser) -> None:
    named(parser)
    parser.add_argument(
        "--all",
        action="store_true",
        help="all headers that the service's API wants, one a line: a version, a client ID, a tenant",
    )
    parser.set_defaults(min_ttl=60)
    deadline(parser)
    trace(parser)


def check(parser: Parser) -> None:
    named_json(parser)
    trace(parser)


def services(parser: Parser) -> None:
    parser.add_argument("query", metavar="QUERY", nargs="?", default="", help="part of a name")
    json_result(parser)


def guide(parser: Parser) -> None:
    parser.add_argument(
        "service", metavar="SERVICE", help="the id of a service, or the name of an entry"
    )
    json_result(parser)


def service_file(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE.toml", help="the service file")


def service_show(parser: Parser) -> None:
    parser.add_argument("service", metavar="ID", help="the id of a service")
    json_result(parser)


def create(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="a name of your choice")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--service", metavar="ID", help="the service (see: tui-oauth services)")
    kind.add_argument(
        "--discover",
        metavar="URL",
        help="the URL of an issuer, an API or an MCP server, which says the rest itself",
    )
    parser.add_argument(
        "--without-person",
        action="store_true",
        help="it gets its tokens with the client's own credentials (client credentials grant), "
        "where the service offers that beside the sign-in of a person",
    )
    parser.add_argument(
        "--register",
        action=argparse.BooleanOptionalAction,
        help="with --discover: let the client register itself there "
        "(default: where the server offers it)",
    )
    parser.add_argument(
        "--scope",
        metavar="S",
        action="append",
        help="a scope to ask for instead of the service's own; repeat it for more, an empty one "
        "for none",
    )
    _variables(parser)
    trace(parser)


def discover(parser: Parser) -> None:
    parser.add_argument(
        "place", metavar="NAME_OR_URL", help="an entry that was made from a URL, or any such URL"
    )
    parser.add_argument(
        "--accept", action="store_true", help="take over what has changed, without a question"
    )
    parser.add_argument(
        "--register",
        action="store_true",
        help="register the entry's client there, or renew what was registered",
    )
    json_result(parser)
    trace(parser)


def callback_url(parser: Parser) -> None:
    parser.add_argument(
        "name", metavar="NAME", nargs="?", default="", help="the entry whose service decides"
    )
    parser.add_argument("--copy", action="store_true", help="send it to the clipboard as well")
    parser.add_argument(
        "--all",
        action="store_true",
        help="every one that can be served here, and which the service is known to accept",
    )
    lock = parser.add_mutually_exclusive_group()
    lock.add_argument("--lock", metavar="URL", help="send this one for the entry from now on")
    lock.add_argument("--unlock", action="store_true", help="go by the service's rule again")


def configure(parser: Parser) -> None:
    named(parser)
    parser.add_argument("--client-id", metavar="ID", help="the client ID (it is no secret)")
    secret = parser.add_mutually_exclusive_group()
    secret.add_argument(
        "--client-secret-stdin",
        action="store_true",
        help="read the client secret from standard input",
    )
    secret.add_argument("--client-secret-file", metavar="FILE", help="read it from a file")
    parser.add_argument(
        "--client-secret-expires",
        metavar="DATE",
        help="the last day of the client secret, as the provider shows it: 2027-03-31, or never",
    )
    parser.add_argument(
        "--sign-in-lasts",
        metavar="DAYS",
        help="for how long a sign-in counts there, where you know: 7d, or never; testing where the "
        "application is in testing at the service (Google: 7 days)",
    )
    parser.add_argument(
        "--scope",
        metavar="S",
        action="append",
        help="a scope to ask for; repeat it for more, an empty one for none",
    )
    _variables(parser)


def authorize(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="the entry; left out with --for")
    parser.add_argument(
        "--remote",
        action="store_true",
        help="print a line for a machine with a browser, which answers with one sealed line",
    )
    parser.add_argument(
        "--for",
        dest="for_line",
        metavar="LINE",
        help="sign in here for the machine that printed LINE, and print the sealed answer; "
        "- reads the line from standard input",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        help="how long to wait (default: sign_in_minutes of the settings, 10 minutes)",
    )
    opening = parser.add_mutually_exclusive_group()
    opening.add_argument(
        "--open",
        dest="open",
        action="store_true",
        default=None,
        help="open the link in a browser here",
    )
    opening.add_argument(
        "--no-open", dest="open", action="store_false", help="do not open a browser"
    )
    parser.add_argument(
        "--paste",
        action="store_true",
        help="read the address that the browser ended on from standard input, also from a file",
    )
    parser.add_argument(
        "--device",
        action="store_true",
        help="get a code to confirm on any device, also where there is a browser here",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with the sign-in that was interrupted: the same link, whose answer is taken",
    )
    parser.add_argument(
        "--first",
        metavar="WAY",
        choices=("auto", "callback", "paste", "device"),
        help="what is shown first for this entry from now on: callback, paste or device; "
        "auto: what the surroundings say",
    )
    parser.add_argument(
        "--qr",
        action="store_true",
        help="show a QR code as well: of the link, or of the address that has the device's code in it",
    )
    parser.add_argument(
        "--json", action="store_true", help="print events as JSON, one object a line"
    )
    trace(parser)


def list_entries(parser: Parser) -> None:
    json_result(parser)
    parser.add_argument(
        "--expiring",
        metavar="SPAN",
        type=span,
        help="only entries whose access or client secret ends within SPAN (90, 30m, 12h, 7d) and is "
        "not renewed by itself, and those where it has ended; the most urgent first",
    )
    parser.add_argument(
        "--sort",
        choices=("name", "urgency"),
        metavar="ORDER",
        help="name, or urgency: what needs a person first, then what will first",
    )
    parser.add_argument(
        "--exit-code",
        action="store_true",
        help="exit with 7 when an entry of the list needs a person",
    )


def token(parser: Parser) -> None:
    named(parser)
    fresh(parser)
    json_result(parser)


def fresh(parser: Parser) -> None:
    """For commands that hand a token to a program."""
    parser.add_argument(
        "--min-ttl",
        metavar="SECONDS",
        type=count,
        default=60,
        help="refresh first when the token ends within this time (default 60)",
    )
    deadline(parser)
    trace(parser)


def refresh(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="the entry")
    parser.add_argument(
        "--all", action="store_true", help="every entry that has a refresh token; one summary"
    )
    deadline(parser)
    trace(parser)


def deadline(parser: Parser) -> None:
    parser.add_argument(
        "--deadline",
        metavar="SECONDS",
        type=seconds,
        default=20,
        help="give up on an entry after this time, waiting for others included (default 20)",
    )


def rename(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="the entry")
    parser.add_argument("new_name", metavar="NEW_NAME", help="its new name")


def delete(parser: Parser) -> None:
    named(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--revoke",
        action="store_true",
        help="end its access at the service first; the entry stays if that fails",
    )
    trace(parser)


def revoke(parser: Parser) -> None:
    named_json(parser)
    parser.add_argument(
        "--forget",
        action="store_true",
        help="remove the tokens here also if the service did not revoke them",
    )
    trace(parser)


def extract(parser: Parser) -> None:
    named(parser)
    parser.add_argument(
        "resources",
        metavar="RESOURCE",
        nargs="*",
        help="what to extract, or all; see --list",
    )
    parser.add_argument(
        "--to",
        metavar="DESTINATION",
        default="",
        help="duckdb:FILE (default extracted.duckdb), jsonl:DIR, csv:DIR, parquet:DIR, the URL of an "
        "object storage, or a destination of dlt that is set up its way (snowflake, bigquery ...)",
    )
    parser.add_argument(
        "--since",
        metavar="DATE",
        type=moment,
        help="what has changed since DATE (2026-01-31, or with time: 2026-01-31T08:00:00Z), instead of "
        "since the last run",
    )
    parser.add_argument("--full", action="store_true", help="everything anew")
    parser.add_argument(
        "--limit",
        metavar="N",
        type=count,
        help="at most N rows of each; the next run goes on from there",
    )
    parser.add_argument(
        "--list", action="store_true", help="what can be extracted, and what each needs"
    )
    json_result(parser)
    trace(parser)


def sandbox(parser: Parser) -> None:
    from tui_oauth.practice.behaviour import add_arguments
    from tui_oauth.practice.data.dataset import USUAL_ROWS

    parser.add_argument(
        "--port",
        metavar="N",
        type=port,
        default=8977,
        help="where to listen, 0 for any free port (default 8977, which the service "
        "practice expects)",
    )
    parser.add_argument(
        "--as",
        dest="as_service",
        metavar="SERVICE",
        help="play this service of the catalogue: its parameters, its answers, its peculiarities",
    )
    parser.add_argument(
        "--service-file",
        metavar="FILE",
        help="with --as: write the service, with its addresses here, to a new file",
    )
    parser.add_argument(
        "--rows",
        metavar="RESOURCE=N",
        action="append",
        type=_rows,
        default=[],
        help="serve this many rows of a resource; repeat it for more. Usual: "
        + ", ".join(f"{name}={rows}" for name, rows in USUAL_ROWS.items()),
    )
    json_result(parser)
    add_arguments(parser)


def _rows(text: str) -> tuple[str, int]:
    from tui_oauth.practice.data.dataset import USUAL_ROWS
    from tui_oauth.practice.data.stamps import MAX_ROWS

    name, _, number = text.partition("=")
    if name not in USUAL_ROWS:
        raise argparse.ArgumentTypeError(f"the resources are {', '.join(USUAL_ROWS)}")
    if not (number.isascii() and number.isdigit()) or int(number[:9]) > MAX_ROWS:
        raise argparse.ArgumentTypeError(f"give a number of rows from 0 to {MAX_ROWS}")
    return name, int(number)


def _variables(parser: Parser) -> None:
    parser.add_argument(
        "--set",
        metavar="VAR=VALUE",
        action="append",
        help="a variable of the service, such as its region; repeat it for more",
    )
