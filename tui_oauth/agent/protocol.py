"""The line protocol of the socket, as values: bytes in, a request out; an outcome in, bytes out.

A request is one line of UTF-8, `VERB NAME`, with settings behind it, each after a tab:

    token my-intercom                          the access token
    header my-intercom                         the request header that carries it
    json my-intercom<TAB>min-ttl=300           as `tui-oauth token --json`, on one line
    id-token my-intercom                       the ID token and its end, as JSON on one line
    about my-intercom                          the entry without secrets, as the commands want it
    status                                     as `tui-oauth agent status --json`, on one line
    ping, reload, lock

Settings: `min-ttl=SECONDS`; `vault=PATH`, to be refused where the agent keeps another one;
`via=COMMAND`, from commands of tui-oauth, which ask for the program that started them. The answer
is one line that begins with `ok`, or with `error` and then kind, remedy, sentence and advice with
tabs between them. Before it may come `wait` (the provider is being asked) and `note WORDS`.
"""

from __future__ import annotations

from typing import NamedTuple

from tui_oauth.errors import Fix, TuiOauthError, UsageProblem
from tui_oauth.text import neutralise

MAX_LINE_BYTES = 8192
NAMED = ("token", "header", "json", "id-token", "about")
COMMANDS = (
    "token", "header", "json", "exec", "git-credential", "curl", "kubectl-credential", "xoauth2", "write",
)  # fmt: skip
"""What `via` may say."""
ALONE = ("status", "ping", "reload", "lock")
MAX_MIN_TTL = 10**9
DEFAULT_MIN_TTL = 60


class Request(NamedTuple):
    """What somebody wants of the agent. `vault` is empty where any will do."""

    verb: str
    name: str = ""
    min_ttl: int = DEFAULT_MIN_TTL
    vault: str = ""
    via: str = ""


def parse(line: bytes) -> Request:
    """The request in `line`, which has no line break. UsageProblem for anything else."""
    try:
        text = line.decode().rstrip("\r")
    except UnicodeDecodeError:
        raise UsageProblem("The request is no UTF-8 text.") from None
    head, *settings = text.split("\t")
    verb, _, name = head.partition(" ")
    if verb in ALONE and not name and not settings:
        return Request(verb)
    if verb not in NAMED or not name:
        raise UsageProblem(
            f"{neutralise(verb, 40)!r} is no request.",
            f"Known: {', '.join(f'{known} NAME' for known in NAMED)}, {', '.join(ALONE)}.",
        )
    request = Request(verb, name)
    for setting in settings:
        key, _, value = setting.partition("=")
        if key == "min-ttl":
            request = request._replace(min_ttl=min_ttl(value))
        elif key == "vault":
            request = request._replace(vault=value)
        elif key == "via" and value in COMMANDS:
            request = request._replace(via=value)
        else:
            raise UsageProblem(f"{neutralise(key, 40)!r} is no setting of a request.")
    return request


def min_ttl(text: str) -> int:
    """A whole number of seconds that is not negative. UsageProblem."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise UsageProblem("min-ttl takes a whole number of seconds.", "For instance 60.")
    return int(text)


def ok(text: str = "") -> bytes:
    """The answer to a request that was carried out; `text` has no line break."""
    return f"ok {text}".rstrip(" ").encode("utf-8", "replace") + b"\n"


def note(words: str) -> bytes:
    return f"note {one_line(words)}\n".encode("utf-8", "replace")


def error(problem: TuiOauthError) -> bytes:
    """The answer to a request that failed."""
    fix = getattr(problem, "fix", Fix.NONE)
    parts = (type(problem).__name__, fix.value, problem.message, problem.advice)
    line = "\t".join(one_line(part) for part in parts)
    return f"error {line}\n".encode("utf-8", "replace")


def one_line(words: str) -> str:
    """`words` on one line, harmless, and without tabs."""
    return neutralise(words, limit=4000)
