"""Addresses with placeholders: what one may look like, and where a placeholder stands in it.

`https://{subdomain}.example.com/oauth` is a template; `{subdomain}` stands in its host. What a
person may fill in depends on where it will stand, so both the loader and `resolve` ask here.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PARTS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.S
)
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
LABELS = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])")
_LOOPBACK_V4 = re.compile(r"127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}")
# Printable ASCII without the characters that RFC 3986 leaves out; braces belong to placeholders.
_FORBIDDEN = re.compile(r"[^\x21-\x7e]|[\"<>\\^`|]")
MAX_ADDRESS = 2000


def is_loopback(host: str) -> bool:
    """Whether `host` (without port) names this machine by itself, without asking a resolver."""
    bare = host.strip("[]").lower()
    return bare in {"localhost", "::1"} or _LOOPBACK_V4.fullmatch(bare) is not None


def placeholders(text: str) -> tuple[str, ...]:
    """The names of the placeholders in `text`, in order, repeated where they are."""
    return tuple(PLACEHOLDER.findall(text))


def is_malformed(text: str) -> bool:
    """Whether a brace is left over once the placeholders are taken out."""
    rest = PLACEHOLDER.sub("", text)
    return "{" in rest or "}" in rest


def is_address(text: str) -> bool:
    """Whether `text` begins as an address of the web does."""
    return text.startswith(("https://", "http://"))


def authority(url: str) -> str:
    """Host and port of a template, placeholders and all; empty where there is none."""
    match = _PARTS.fullmatch(url)
    return match["authority"] if match else ""


def problem_with(url: str, *, fragment: bool = False) -> str:
    """What is wrong with the address or template `url`, as the end of a sentence; empty if nothing.

    https everywhere, http for loopback hosts only (checklist rule 65, RFC 6749 sections 3.1 and
    3.2), no user name, and a fragment only where `fragment` says so.
    """
    if is_malformed(url):
        return "has a malformed placeholder; one is written {name}, with letters, digits and _"
    if len(url) > MAX_ADDRESS:
        return f"has {len(url):,} characters; {MAX_ADDRESS:,} is the most"
    probe = PLACEHOLDER.sub("x", url)
    bad = _FORBIDDEN.search(probe)
    if bad:
        return f"holds {bad.group()!r}, which an address cannot hold"
    match = _PARTS.fullmatch(url)
    if match is None or match["scheme"].lower() not in {"https", "http"}:
        return "has to begin with https://"
    return (
        _problem_with_host(match["authority"])
        or _problem_with_scheme(match["scheme"].lower(), match["authority"])
        or ("" if fragment or not urlsplit(probe).fragment else "must not have a fragment (#)")
    )


def _problem_with_host(authority: str) -> str:
    if "@" in authority:
        return "must not hold a user name (@)"
    host, port = split_port(authority)
    if not host:
        return "names no host"
    if not HOST.fullmatch(PLACEHOLDER.sub("x", host)):
        return f"names {host!r}, which is not a host name"
    if port is not None and not PLACEHOLDER.fullmatch(port) and not is_port(port):
        return f"has the port {port!r}; a port is a number from 1 to 65535"
    return ""


def _problem_with_scheme(scheme: str, authority: str) -> str:
    if scheme == "http" and not is_loopback(split_port(authority)[0]):
        return "uses http://, which is accepted for 127.0.0.1 and localhost only; use https://"
    return ""


def split_port(authority: str) -> tuple[str, str | None]:
    """Host (an IPv6 one with its brackets) and port, None where no colon follows the host."""
    if authority.startswith("["):
        host, bracket, rest = authority.partition("]")
        return host + bracket, rest[1:] if rest.startswith(":") else (rest or None)
    host, colon, port = authority.rpartition(":")
    return (host, port) if colon else (authority, None)


def is_port(text: str) -> bool:
    """Whether `text` is a port number."""
    return text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535
