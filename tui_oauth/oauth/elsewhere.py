"""The two lines of a sign-in on another machine: what is asked for, and the sealed answer.

The machine that wants the tokens prints the first line, a machine with a browser answers with the
second. Here they are written and read; `tui_oauth.elsewhere` seals and opens, and says why this is
safe. Both are letters, digits, `-` and `_` alone, so that a shell, a chat tool and a double click
take them as one word:

    tui-oauth-ask1_     checksum (8 bytes), X25519 public key (32), JSON, compressed
    tui-oauth-answer1_  checksum (8 bytes), name of the asking key (8), X25519 public key (32), sealed text

The checksum is the start of a SHA-256 over prefix and content: it tells a line that was cut or
changed on its way, and keeps nobody from making one.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tui_oauth.errors import PasteProblem, SignInEnded, UsageProblem
from tui_oauth.oauth.encoding import base64url, from_base64url
from tui_oauth.oauth.reading import Unreadable
from tui_oauth.oauth.urls import MAX_URL_LENGTH, check_link, is_loopback
from tui_oauth.text import is_plain, neutralise, relative

ASK = "tui-oauth-ask1_"
ANSWER = "tui-oauth-answer1_"
MAX_LINE_LENGTH = 24_576
MAX_CONTENT = 32_768
MAX_PARAMETERS = 64
KEY_BYTES = 32
KEY_NAME_BYTES = 8
NEVER_FOR_OTHERS = (
    "Only go on if YOU made this line just now, on a machine of yours: whoever made it gets access "
    "to the account that you sign in with."
)
"""What everybody is told before a browser is opened for such a line (RFC 10027)."""

_CHECKSUM_BYTES = 8
_FAMILY = re.compile(r"tui-oauth-(ask|answer)([0-9]+)_")
_STATE = re.compile(r"[\x21-\x7e]{8,512}")
_NAME = re.compile(r"[\x21-\x7e]{1,64}")
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none is taken for another

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Ask:
    """What another machine is asked to do: open `url`, and seal what comes to `redirect_uri`.

    `state` is what the answer has to carry, `expires_at` Unix seconds. `scopes` and `service_name`
    are as the asking machine tells them. `code_parameter`, `form_post`, `plus_is_literal` and
    `fragment` are the service's peculiarities (`services.format`).
    """

    public_key: bytes
    url: str = field(repr=False)
    redirect_uri: str
    state: str = field(repr=False)
    expires_at: int
    service_name: str
    scopes: tuple[str, ...] = ()
    code_parameter: str = "code"
    form_post: bool = False
    plus_is_literal: bool = False
    fragment: bool = False

    @property
    def check_code(self) -> str:
        """Twelve letters for a person to compare on both machines: 60 bits over all that counts."""
        digest = hashlib.sha256(b"check|" + self.public_key + _told(self)).digest()
        number = int.from_bytes(digest[:8]) >> 4
        text = "".join(_LETTERS[number >> 5 * at & 31] for at in range(11, -1, -1))
        return "-".join(text[at : at + 4] for at in range(0, 12, 4))


@dataclass(frozen=True, slots=True)
class SealedAnswer:
    """An answer that only the asking key opens; `key_name` says which that is."""

    key_name: bytes
    public_key: bytes
    sealed: bytes = field(repr=False)


def key_name(public_key: bytes) -> bytes:
    """The short name of an asking key, which stands in its answers."""
    return hashlib.sha256(b"key|" + public_key).digest()[:KEY_NAME_BYTES]


def ask_line(ask: Ask) -> str:
    """The line for `ask`. Raises UsageProblem when its answer could only arrive on this machine."""
    check_redirect(ask.redirect_uri)
    return _line(ASK, _content(ask))


def read_ask(text: str, now: int) -> Ask:
    """What the line `text` asks for, checked in every respect; `now` in Unix seconds.

    UsageProblem for anything that is not such a line or not safe to follow, SignInEnded when its
    time is up.
    """
    content = _opened(text, ASK, UsageProblem)
    try:
        told = _json(zlib_bounded(content[KEY_BYTES:]))
        ask = _ask(content[:KEY_BYTES], told)
    except (KeyError, TypeError, ValueError, zlib.error):
        raise UsageProblem(
            "The line is whole, but what it asks for cannot be understood.",
            "Update tui-oauth on both machines, then make a new line.",
        ) from None
    check_link(ask.url, fragment=ask.fragment)
    check_redirect(ask.redirect_uri)
    if now >= ask.expires_at:
        raise SignInEnded(
            f"The time for this line was up {relative(ask.expires_at, now)}, by this machine's clock.",
            "Make a new one on the machine that wants the tokens: tui-oauth authorize NAME --remote",
        )
    return ask


def answer_line(answer: SealedAnswer) -> str:
    """The line for `answer`."""
    return _line(ANSWER, answer.key_name + answer.public_key + answer.sealed)


def is_answer(text: str) -> bool:
    """Whether `text` means to be one of these lines rather than an address or a code."""
    return _tidy(text).startswith("tui-oauth-")


def read_answer_line(text: str) -> SealedAnswer:
    """The sealed answer in `text`. PasteProblem for anything else."""
    content = _opened(text, ANSWER, PasteProblem)
    at = KEY_NAME_BYTES + KEY_BYTES
    return SealedAnswer(content[:KEY_NAME_BYTES], content[KEY_NAME_BYTES:at], content[at:])


def pairs_text(pairs: Pairs) -> bytes:
    """The parameters of an answer as JSON, for sealing."""
    return json.dumps(pairs, separators=(",", ":")).encode("ascii")


def read_pairs(text: bytes) -> Pairs:
    """The parameters behind `pairs_text`; ValueError for anything else."""
    if len(text) > MAX_CONTENT:
        raise ValueError("too long")
    value = json.loads(text)
    if not isinstance(value, list) or len(value) > MAX_PARAMETERS:
        raise ValueError("no parameters")
    out: Pairs = []
    for pair in value:
        if not isinstance(pair, list) or [type(one) for one in pair] != [str, str]:
            raise ValueError("no parameters")
        out.append((pair[0], pair[1]))
    return out


def check_redirect(url: str) -> None:
    """UsageProblem unless `url` leads back to the loopback interface of whoever opens it.

    Any other address is reached from any browser: nothing has to be carried back then.
    """
    try:
        check_link(url)
        parts = urlsplit(url)
        loopback = is_loopback(parts.hostname or "") and bool(parts.port) and not parts.query
    except (ValueError, UsageProblem):
        loopback = False
    if not loopback:
        raise UsageProblem(
            f"This sign-in ends at {neutralise(url, 120)}, which is not the loopback interface of "
            "the machine with the browser.",
            "Open the Authorization link in any browser: its answer finds its own way.",
        )


def zlib_bounded(data: bytes) -> bytes:
    """`data` decompressed, whole and at most MAX_CONTENT bytes; ValueError or zlib.error."""
    reader = zlib.decompressobj()
    text = reader.decompress(data, MAX_CONTENT)
    if not reader.eof or reader.unused_data or reader.unconsumed_tail:
        raise ValueError("not one whole compressed text")
    return text


def _content(ask: Ask) -> bytes:
    return ask.public_key + zlib.compress(_told(ask), 9)


def _told(ask: Ask) -> bytes:
    query = parse_qs(urlsplit(ask.url).query)
    told: dict[str, object] = {
        "u": ask.url,
        "r": ask.redirect_uri,
        "e": ask.expires_at,
        "n": ask.service_name,
    }
    if query.get("state") != [ask.state]:
        told["t"] = (
            ask.state
        )  # the link refers to a pushed request, or has its parameters elsewhere
    if ask.scopes and not _scopes_in(ask.url):
        told["s"] = list(ask.scopes)
    if ask.code_parameter != "code":
        told["c"] = ask.code_parameter
    flags = (("p", ask.form_post), ("l", ask.plus_is_literal), ("h", ask.fragment))
    if any(on for _, on in flags):
        told["f"] = "".join(letter for letter, on in flags if on)
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def _ask(public_key: bytes, told: dict[str, Any]) -> Ask:
    url, redirect, name = _text(told["u"]), _text(told["r"]), _text(told["n"])
    scopes, flags = told.get("s", []), _text(told.get("f", ""))
    state = _text(told["t"]) if "t" in told else parse_qs(urlsplit(url).query)["state"][0]
    code_parameter, ends = _text(told.get("c", "code")), told["e"]
    if not isinstance(scopes, list) or len(public_key) != KEY_BYTES or len(name) > 200:
        raise ValueError("of another shape")
    if type(ends) is not int or not 0 < ends < 2**40 or not set(flags) <= set("plh"):
        raise ValueError("of another shape")
    if not _STATE.fullmatch(state) or not _NAME.fullmatch(code_parameter) or not is_plain(name):
        raise ValueError("of another shape")
    return Ask(
        public_key=public_key,
        url=url,
        redirect_uri=redirect,
        state=state,
        expires_at=ends,
        service_name=name,
        scopes=_scopes_in(url) or tuple(_text(scope) for scope in scopes),
        code_parameter=code_parameter,
        form_post="p" in flags,
        plus_is_literal="l" in flags,
        fragment="h" in flags,
    )


def _scopes_in(url: str) -> tuple[str, ...]:
    """The scopes that the link itself asks for: they count before what is told beside it."""
    values = parse_qs(urlsplit(url).query).get("scope", [])
    return tuple(" ".join(values).split())


def _json(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_URL_LENGTH:
        raise ValueError("no text, or too long")
    return value


def _checksum(prefix: str, content: bytes) -> bytes:
    return hashlib.sha256(prefix.encode("ascii") + content).digest()[:_CHECKSUM_BYTES]


def _line(prefix: str, content: bytes) -> str:
    return prefix + base64url(_checksum(prefix, content) + content)


def _tidy(text: str) -> str:
    """`text` without the breaks and blanks of a terminal or a chat tool, and without quotes."""
    return "".join(text[: 2 * MAX_LINE_LENGTH].split()).strip("\"'`<>")


def _opened(text: str, prefix: str, problem: type[UsageProblem] | type[PasteProblem]) -> bytes:
    """The content of a line that begins with `prefix`, or `problem` saying what it is instead."""
    tidy = _tidy(text)
    copy = "Copy it again, from its first to its last character."
    if len(tidy) > MAX_LINE_LENGTH:
        raise problem("That is far too long for a line of tui-oauth.", copy)
    family = _FAMILY.match(tidy)
    if family is None:
        raise problem(f"That is no line of tui-oauth: it would begin with {prefix}.", copy)
    if not tidy.startswith(prefix):
        other = f"tui-oauth-{family[1]}"
        if not prefix.startswith(other):
            words = {
                "ask": (
                    "That is the line that asks, not the answer to it.",
                    "Run it on the machine with the browser: tui-oauth authorize --for LINE",
                ),
                "answer": (
                    "That is an answer, not a line that asks for one.",
                    "Paste it on the machine that asked: tui-oauth authorize NAME --resume",
                ),
            }
            raise problem(*words[family[1]])
        raise problem(
            f"The line was made by another version of tui-oauth (format {family[2][:6]}).",
            "Update tui-oauth on both machines, then make a new line.",
        )
    try:
        data = from_base64url(tidy.removeprefix(prefix))
    except Unreadable:
        data = b""
    content = data[_CHECKSUM_BYTES:]
    least = KEY_BYTES + (KEY_NAME_BYTES if prefix == ANSWER else 0)
    if len(content) <= least or _checksum(prefix, content) != data[:_CHECKSUM_BYTES]:
        raise problem("The line was cut or changed on its way: its checksum does not fit.", copy)
    return content
