"""Reading what a person pastes: the address that the browser ended on, or the code (rules 43-47).

What arrives through terminals, mail and chat tools is wrapped over lines, in quotes, escaped for
a shell or percent-encoded once more. All that is undone here, and the code itself is then decoded
exactly once. What was pasted is never repeated in a message: it may hold a code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from tui_oauth.errors import PasteProblem
from tui_oauth.oauth.authorize import Attempt, StateMismatch, check_state
from tui_oauth.oauth.reading import said
from tui_oauth.oauth.urls import MAX_URL_LENGTH, is_loopback, parse_query
from tui_oauth.text import neutralise

if TYPE_CHECKING:
    from tui_oauth.services.format import Service

MIN_CODE_LENGTH = 6

Pairs = list[tuple[str, str]]

USABLE = frozenset({"this is the answer", "a code without its address"})
"""What `describe_paste` says of a text that will be exchanged for tokens."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
_ENCODED_SCHEME = re.compile(r"https?(?:%3A|:)(?:%2F%2F|//)", re.IGNORECASE)
_WRAPPERS = {'"': '"', "'": "'", "`": "`", "<": ">", "(": ")", "“": "”", "‘": "’", "«": "»"}
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_IMPLICIT = re.compile(r"(?:^|&)(?:access_token|id_token)=")


@dataclass(frozen=True, slots=True)
class _Look:
    """What a pasted text is: the parameters in it, and words on it for a person who types.

    `problem` is set when it is not an answer that this sign-in can use.
    """

    words: str
    pairs: Pairs | None = None
    problem: PasteProblem | None = None


def read_paste(text: str, attempt: Attempt, service: Service) -> Pairs:
    """The parameters in a pasted answer, for `read_answer`.

    Accepts the whole address, its query alone, `code#state`, and the bare code where PKCE binds
    it to this attempt (rule 44); those come with this attempt's state. Raises PasteProblem, or
    its subclass StateMismatch, saying what the text is and what to paste instead; the sign-in
    then goes on.
    """
    look = _look(text, attempt, service)
    if look.problem is not None:
        raise look.problem
    return look.pairs or []


def describe_paste(text: str, attempt: Attempt, service: Service) -> str:
    """What `text` seems to be, in a few words, while a person types; empty for an empty text."""
    if not text.strip():
        return ""
    return _look(text, attempt, service).words


def find_state(text: str, plus_is_literal: bool = False) -> str:
    """The state in a pasted address, by which its sign-in is found; empty when there is none."""
    query = _query_of(_tidied(text))
    states = [value for name, value in parse_query(query, plus_is_literal) if name == "state"]
    return states[0] if len(states) == 1 else ""


def _look(text: str, attempt: Attempt, service: Service) -> _Look:
    if len(text) > MAX_URL_LENGTH:
        return _refuse(
            "much too long for an answer",
            f"That is {len(text):,} characters, far more than an answer has.",
            "Paste only the address that the browser ended on.",
        )
    tidy = _tidied(text)
    if not tidy:
        return _refuse("nothing yet", "Nothing was pasted.", _WHOLE)
    if any(char.isspace() or ord(char) < 0x20 or ord(char) == 0x7F for char in tidy):
        return _refuse(
            "neither an address nor a code",
            "That is neither an address nor a code: there are blanks in it.",
            _WHOLE,
        )
    if _SCHEME.match(tidy):
        return _look_at_address(tidy, attempt, service)
    if _is_query(tidy, service):
        return _look_at_pairs(_query_of(tidy), attempt, service, whole=False)
    return _look_at_code(tidy, attempt, service)


_WHOLE = "Paste the whole address that the browser ended on, from http to the last character."


def _look_at_address(tidy: str, attempt: Attempt, service: Service) -> _Look:
    try:
        parts = urlsplit(tidy)
        _ = parts.port
    except ValueError:
        return _refuse("a broken address", "The address is malformed: its host or port.", _WHOLE)
    query = _query_of(tidy)
    names = {name for name, _ in parse_query(query)}
    answers = names & {service.quirks.callback.code_parameter, "code", "error"}
    if not answers and _same_place(tidy, attempt.authorization_url):
        return _refuse(
            "this is the Authorization link, not the answer",
            "That is the Authorization link itself, not the answer.",
            "Open it in a browser, approve, and paste the address that the browser ends on.",
        )
    if _IMPLICIT.search(parts.fragment):
        return _refuse(
            "a token in the fragment, not an answer",
            "The address holds a token after its #, which is the implicit grant's answer. It is "
            "not used here, because such tokens leak.",
            "Set the app at the provider to the authorization code grant, then start again.",
        )
    if not answers:
        return _without_answer(parts, attempt, service)
    look = _look_at_pairs(query, attempt, service, whole=True)
    mismatched = isinstance(look.problem, StateMismatch)
    if mismatched and not _same_host(parts, urlsplit(attempt.redirect_uri)):
        other = neutralise(parts.netloc.rpartition("@")[2], 80)
        return _refuse(
            f"an address on another host: {other}",
            f"The address is on {other}, but this sign-in ends on "
            f"{urlsplit(attempt.redirect_uri).netloc}, and its state is another one.",
            "Open the link of this sign-in and paste the address that the browser ends on.",
        )
    expected = urlsplit(attempt.redirect_uri)
    path = re.split("%3f", parts.path, maxsplit=1, flags=re.IGNORECASE)[0]
    if look.problem is None and is_loopback(parts.hostname or "") and path != expected.path:
        # The paths keep the servers apart (RFC 9700 section 4.4), for a paste as for the callback.
        return _refuse(
            "an address of another Callback URL",
            f"The address is not one of this sign-in's Callback URL, {attempt.redirect_uri}: its "
            "path is another.",
            "Register exactly that Callback URL at the provider, then open the link again.",
        )
    return look


def _without_answer(parts: SplitResult, attempt: Attempt, service: Service) -> _Look:
    expected = urlsplit(attempt.redirect_uri)
    if not _same_host(parts, expected):
        other = neutralise(parts.netloc.rpartition("@")[2], 80)
        return _refuse(
            f"an address on another host: {other}",
            f"The address is on {other} and holds no code; this sign-in ends on {expected.netloc}.",
            "Go on in the browser until it ends there, then paste that address.",
        )
    if service.quirks.callback.form_post:
        return _refuse(
            "the Callback URL without an answer",
            f"{service.name} sends the code beside the address (by POST), so the address has none.",
            "Let the callback server receive it: open the link in a browser that reaches it.",
        )
    return _refuse(
        "the Callback URL without an answer",
        "The address is the Callback URL, but there is no code in it.",
        "Open the Authorization link, approve, and paste the address that the browser ends on. "
        "If you did, the address was cut: copy it again, as a whole.",
    )


def _look_at_pairs(query: str, attempt: Attempt, service: Service, *, whole: bool) -> _Look:
    quirks = service.quirks.callback
    pairs = parse_query(query, quirks.plus_is_literal)
    values = dict(pairs)
    error, code = values.get("error", ""), values.get(quirks.code_parameter, "")
    if not error and not code:
        return _refuse("no code in it", "There is no code in what was pasted.", _WHOLE)
    if "state" not in values and error:
        what = said(error.replace("_", " "), 60)
        return _refuse(
            f"the provider said: {what} (without a state)",
            f"The provider said: {what}. The address carries no state, so it cannot be told which "
            "sign-in that answers; this one goes on waiting.",
            "Try again in the browser, or cancel this sign-in.",
        )
    if "state" not in values and not whole:
        look = _look_at_code(code, attempt, service, decoded=True)
        # What stands beside the code counts as it does in an address: the issuer, values to keep.
        beside = [(name, value) for name, value in pairs if name != quirks.code_parameter]
        return look if look.pairs is None else replace(look, pairs=[*look.pairs, *beside])
    try:
        check_state(attempt, pairs)
    except StateMismatch as problem:
        missing = "state" not in values
        words = "no state in it: it may be cut" if missing else "from an older attempt"
        return _Look(words, problem=problem)
    if error and code:
        return _Look("both a code and an error: not an answer to use", pairs)
    if error:
        return _Look(f"the provider said: {said(error.replace('_', ' '), 60)}", pairs)
    return _Look("this is the answer", pairs)


def _look_at_code(text: str, attempt: Attempt, service: Service, *, decoded: bool = False) -> _Look:
    """A bare code, or `code#state` as some providers show it to be copied."""
    known = _known_text(text, attempt)
    if known:
        return _refuse(known, f"That is {known.removeprefix('this is ')}, not the answer.", _WHOLE)
    code, mark, state = text.rpartition("#")
    if not mark:
        code, state = text, ""
    if not decoded:
        code = unquote(code, errors="replace")
    if not code.isascii() or len(code) < MIN_CODE_LENGTH:
        return _refuse(
            "neither an address nor a code", "That is neither an address nor a code.", _WHOLE
        )
    if service.extensions.iss_parameter and not decoded:
        return _refuse(
            "only a code: the whole address is needed",
            f"That may be a code, but {service.name} says in the address whom it comes from, and "
            "a code alone does not.",
            _WHOLE,
        )
    pairs = [(service.quirks.callback.code_parameter, code)]
    if state:
        pairs.append(("state", state))
        try:
            check_state(attempt, pairs)
        except StateMismatch as problem:
            return _Look("from an older attempt", problem=problem)
        return _Look("this is the answer", pairs)
    if attempt.code_verifier is None:
        # Without state and without PKCE this could be an attacker's code, and the entry would
        # end up with the attacker's account (RFC 6749 section 10.12).
        return _refuse(
            "only a code: the whole address is needed",
            f"That may be a code, but {service.name} has no PKCE, so a code alone cannot be "
            "tied to this sign-in.",
            _WHOLE,
        )
    return _Look("a code without its address", [*pairs, ("state", attempt.state)])


def _known_text(text: str, attempt: Attempt) -> str:
    if text == attempt.client_id:
        return "this is the client ID"
    return "this is the state alone" if text == attempt.state else ""


def _tidied(text: str) -> str:
    """`text` in one line without what terminals, quotes, shells and chat tools put around it."""
    lines = [line.strip() for line in text.translate(_INVISIBLE).splitlines()]
    joined = "".join(lines).replace("\\u0026", "&").replace("\\", "").replace("&amp;", "&")
    while len(joined) > 1 and _WRAPPERS.get(joined[0]) == joined[-1]:
        joined = joined[1:-1].strip()
    start = _ENCODED_SCHEME.search(joined)
    if start and not any(char in joined[: start.start()] for char in "=?&#%"):
        # Words before the address: "Location:", "curl", a bullet; perhaps a quote with its end.
        closing = _WRAPPERS.get(joined[start.start() - 1]) if start.start() else None
        joined = joined[start.start() :].split()[0].partition(closing or " ")[0]
    if re.match(r"https?%3A|https?:%2F", joined, re.IGNORECASE):
        joined = unquote(joined)
    return joined


def _query_of(tidy: str) -> str:
    """The query of an address, or what was pasted of one; decoded once if it was encoded whole."""
    head, _, fragment = tidy.partition("#")
    if _SCHEME.match(head):
        path, mark, query = head.partition("?")
        if not mark and "%3f" in path.lower():
            query = unquote(path).partition("?")[2]
    else:
        before, mark, query = head.partition("?")
        if not mark or "=" in before:
            query = head
        query = query.lstrip("?&")
    if not query:
        # Some providers put the answer behind the #, with a route before it or without.
        query = fragment.partition("?")[2] or fragment
    if "=" not in query and "%3d" in query.lower():
        query = unquote(query)
    return query


def _is_query(tidy: str, service: Service) -> bool:
    names = {service.quirks.callback.code_parameter, "code", "state", "error", "iss", "scope"}
    start = re.split("=|%3D", tidy.lstrip("?&"), maxsplit=1, flags=re.IGNORECASE)
    if len(start) == 2 and start[0] in names:
        return True
    return any(f"{mark}{name}=" in tidy for name in names for mark in "?&")


def _same_place(url: str, other: str) -> bool:
    one, two = urlsplit(url), urlsplit(other)
    return (one.netloc.lower(), one.path) == (two.netloc.lower(), two.path)


def _same_host(one: SplitResult, two: SplitResult) -> bool:
    if (one.hostname or "") == (two.hostname or ""):
        return True
    return is_loopback(one.hostname or "") and is_loopback(two.hostname or "")


def _refuse(words: str, message: str, advice: str) -> _Look:
    return _Look(words, problem=PasteProblem(message, advice))
