"""Addresses: which ones are safe to use, adding parameters to them, reading queries.

A service file, a provider's answer or a paste may name any address. What passes the checks here
has one meaning for every parser, needs https unless it stays on this machine, and can be given
to a browser as one argument (checklist rules 6, 7, 48 and 65).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote_to_bytes, urlsplit

from tui_oauth.errors import UsageProblem
from tui_oauth.text import neutralise

MAX_URL_LENGTH = 16_384

Parameters = Mapping[str, str] | Iterable[tuple[str, str]]

# The characters of RFC 3986 without the apostrophe, which ends a word in a shell; every percent
# sign begins an escape.
_URL_TEXT = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&()*+,;=]|%[0-9A-Fa-f]{2})+")
_REPEATABLE = frozenset({"resource"})
_HOST_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?")


def check_endpoint(url: str, what: str, *, fragment: bool = False) -> str:
    """`url` itself when it can be used as `what` ("token endpoint"), else UsageProblem.

    It needs https, or http on the loopback interface (RFC 6749 sections 3.1.2.1 and 3.2); a
    host, no user name and no password; no fragment (section 3.1) unless `fragment` says that the
    service routes by it; and only characters that a URL may have.
    """
    _check(url, what, fragment)
    return url


def check_link(url: str, *, fragment: bool = False) -> str:
    """`url` itself when it is safe to open, copy or show as a link (checklist rule 48).

    The same demands as for an endpoint: no `javascript:`, no `file:`, nothing that a browser
    launcher could take for an option, no look-alike host in letters beyond ASCII.
    """
    return check_endpoint(url, "link", fragment=fragment)


def is_loopback(host: str) -> bool:
    """Whether `host` (without port) is this machine's loopback interface.

    `localhost`, 127.0.0.0/8 and ::1 are (RFC 8252 section 7.3); a name that ends in `.localhost`
    is not, since not every resolver keeps it on the machine.
    """
    bare = host.strip("[]").lower()
    if bare == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> str:
    """Scheme, host and port of a checked `url`, the default port left out: `https://a.example`."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    default = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in {None, default} else f":{parts.port}"
    return f"{parts.scheme}://{shown}{port}"


def host_of(url: str) -> str:
    """The host that a checked `url` leads to, with its port where one is named (rule 52)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{parts.port}" if parts.port else shown


def check_encodable(name: str, value: str) -> None:
    """Raise UsageProblem when `value` of the parameter `name` cannot be sent in UTF-8.

    Half a character, which a foreign vault may hold, has no encoding.
    """
    try:
        (name + value).encode("utf-8")
    except UnicodeEncodeError:
        raise UsageProblem(
            f"The parameter {neutralise(name, 60)} holds a character that cannot be sent.",
            "Configure the entry anew.",
        ) from None


def with_parameters(url: str, params: Parameters, fragment: bool = False) -> str:
    """`url` with `params` appended, each value percent-encoded once, a space as %20.

    The query that `url` has is kept as it is (RFC 6749 section 3.1). A parameter that it has
    already with the same value is not repeated; with another value it raises UsageProblem, since
    a parameter must not come twice, `resource` excepted (RFC 8707 section 2). `fragment`: the parameters follow the fragment instead,
    which then has its own query.
    """
    head, mark, tail = url.partition("#")
    if mark and not fragment:
        raise UsageProblem(
            f"The address at {_host_of(url)} has a fragment (#...), so it takes no parameters.",
            "Correct it in the service's file.",
        )
    base = tail if fragment and mark else head
    path, _, query = base.partition("?")
    present = parse_query(query)
    added: list[str] = []
    for name, value in params.items() if isinstance(params, Mapping) else params:
        if (name, value) in present:
            continue
        if name not in _REPEATABLE and any(name == other for other, _ in present):
            raise UsageProblem(
                f"The parameter {neutralise(name, 60)} would be sent twice to {_host_of(url)}.",
                "Take it out of the address or of the extra parameters in the service's file.",
            )
        present.append((name, value))
        check_encodable(name, value)
        added.append(f"{quote(name, safe='')}={quote(value, safe='')}")
    if not added:
        return url
    joined = "&".join(piece for piece in (query.strip("&"), *added) if piece)
    result = f"{path}?{joined}"
    return f"{head}#{result}" if fragment and mark else result


def parse_query(query: str, plus_is_literal: bool = False) -> list[tuple[str, str]]:
    """The parameters of `query`, in order, each decoded exactly once as UTF-8.

    A raw `+` is a space (RFC 6749 appendix B) unless `plus_is_literal`. Repeated names are
    kept: it is for the caller to refuse them. Bytes that are not UTF-8 become U+FFFD.
    """
    pairs: list[tuple[str, str]] = []
    for piece in query.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            pairs.append((_decoded(name, False), _decoded(value, plus_is_literal)))
    return pairs


def _decoded(text: str, plus_is_literal: bool) -> str:
    spaced = text if plus_is_literal else text.replace("+", " ")
    return unquote_to_bytes(spaced).decode("utf-8", "replace")


def _check(url: str, what: str, fragment: bool) -> None:
    def refuse(why: str, advice: str = "") -> UsageProblem:
        return UsageProblem(f"The {what} {neutralise(url, 100)!r} cannot be used: {why}.", advice)

    if not url:
        raise UsageProblem(f"The {what} is missing.", "Name it in the service's file.")
    if len(url) > MAX_URL_LENGTH:
        raise refuse(f"it has {len(url):,} characters, and {MAX_URL_LENGTH:,} is the most")
    if not url.isascii():
        raise refuse(
            "it has characters beyond ASCII",
            "Write an international host name in its xn-- form, and other letters as %xx.",
        )
    if not _URL_TEXT.fullmatch(url):
        raise refuse("it has a blank, a quote or another character that no address may have")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise refuse("its host or port is malformed") from None
    host = parts.hostname or ""
    if parts.scheme not in {"https", "http"}:
        raise refuse("it does not begin with https://")
    if "@" in parts.netloc:
        raise refuse("it holds a user name before the host")
    if not host or parts.netloc.endswith(":") or port == 0 or not _is_host(host):
        raise refuse("it names no proper host")
    if parts.scheme == "http" and not is_loopback(host):
        raise refuse(
            f"it would reach {neutralise(host, 80)} unencrypted",
            "Use https. Plain http is for this machine only: 127.0.0.1, [::1] or localhost.",
        )
    if "#" in url and not fragment:
        raise refuse("it has a fragment (#...)")


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            return "%" not in host and ipaddress.ip_address(host).version == 6
        except ValueError:
            return False
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        return False
    if not labels[-1].isdigit() and not re.fullmatch(r"0x[0-9a-f]*", labels[-1]):
        return True
    # A last label in digits makes the whole an IPv4 address, which some programs also read from
    # short, octal and hexadecimal forms. Only the plain one is taken.
    try:
        return ipaddress.ip_address(host).version == 4
    except ValueError:
        return False


def _host_of(url: str) -> str:
    try:
        return neutralise(urlsplit(url).netloc.rpartition("@")[2], 100) or "the provider"
    except ValueError:
        return "the provider"
