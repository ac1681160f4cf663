"""Values of variables as people give them: forgiven where the meaning is plain, safe afterwards.

A value must never change which host a request goes to beyond what the template leaves open, nor
add a path, a query or a header line. So what it may hold follows from where its placeholder
stands: in a host only host names, as a port only a number, in a path one segment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from tui_oauth.services.addresses import (
    HOST,
    LABELS,
    PLACEHOLDER,
    authority,
    is_address,
    is_loopback,
    is_port,
    placeholders,
    problem_with,
    split_port,
)
from tui_oauth.services.format import Variable
from tui_oauth.services.templates import Template
from tui_oauth.text import is_plain

MAX_VALUE = 500
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_PRINTABLE = re.compile(r"[\x20-\x7e]+")


def clean_variable(variable: Variable, value: str, places: Sequence[Template]) -> tuple[str, str]:
    """`value` as it goes into the texts, and what is wrong with it (empty: nothing).

    `places` are the service's templates. Forgiven are blanks around the value, `https://` pasted
    before a host, the rest of the host around a subdomain, and the label of a choice. A value
    keeps its scheme only where it has to replace that of the template: on a loopback host, and
    for variables of the kind `address`.
    """
    value = value.strip()
    if not value:
        return "", "it is missing"
    if not is_plain(value):
        return "", "it holds control or invisible characters"
    if len(value) > MAX_VALUE:
        return "", f"it has {len(value):,} characters; {MAX_VALUE} is the most"
    for choice in variable.choices:
        if value.casefold() in {choice.value.casefold(), choice.label.casefold()}:
            return choice.value, ""
    value, wrong = _clean_everywhere(variable, value, places)
    if not wrong and variable.choices and value not in {one.value for one in variable.choices}:
        wrong = f"it has to be one of {', '.join(one.value for one in variable.choices)}"
    return ("", wrong) if wrong else (value, "")


def _clean_everywhere(
    variable: Variable, value: str, places: Sequence[Template]
) -> tuple[str, str]:
    mark = f"{{{variable.name}}}"
    texts = [(key, text) for key, text, _ in places if mark in text and key != "guide"]
    if variable.kind == "address":
        after = any(not text.endswith(mark) for _, text in texts)
        return _clean_address(value, something_follows=after)
    for key, text in texts:
        value, wrong = (
            _clean_in_address(text, mark, value) if is_address(text) else _clean_in_text(key, value)
        )
        if wrong:
            return "", wrong
    return value, ""


def _clean_in_text(key: str, value: str) -> tuple[str, str]:
    if ".headers." in key and not _PRINTABLE.fullmatch(value):
        return "", "it stands in a header, so it has to be printable ASCII"
    if key == "default_scopes" and re.search(r'[\s"\\]', value):
        return "", "it stands in a scope, so it must not hold blanks, quotes or backslashes"
    return value, ""


def _clean_in_address(text: str, mark: str, value: str) -> tuple[str, str]:
    host, port = split_port(authority(text))
    if port == mark:
        return value, "" if is_port(value) else "a port is a number from 1 to 65535"
    if host == mark:
        return _clean_host(value, port_allowed=port is None)
    if mark in host:
        return _clean_part_of_host(host, mark, value)
    if any(char in value for char in "/?#\\%&=@ ") or value in {".", ".."}:
        return "", "it stands in an address, so it must not hold / ? # \\ % & = @ or blanks"
    return value, ""


def _clean_host(value: str, *, port_allowed: bool) -> tuple[str, str]:
    scheme, rest = _split_scheme(value)
    rest = rest.removesuffix("/")
    host, port = split_port(rest)
    if not HOST.fullmatch(host) or (port is not None and not (port_allowed and is_port(port))):
        also = ", with a port if need be" if port_allowed else " or a port"
        return "", f"it has to be a host name alone, without a path{also}"
    kept = f"{scheme}://{rest}" if scheme and is_loopback(host) else rest
    return kept, _wrong_scheme(scheme, host)


def _clean_part_of_host(host: str, mark: str, value: str) -> tuple[str, str]:
    scheme, rest = _split_scheme(value)
    rest = rest.removesuffix("/")
    before, _, after = host.partition(mark)
    # What people paste is often the whole host, of which only this part is asked for.
    if after and not PLACEHOLDER.search(after) and rest.lower().endswith(after.lower()):
        rest = rest[: -len(after)]
    if before and not PLACEHOLDER.search(before) and rest.lower().startswith(before.lower()):
        rest = rest[len(before) :]
    if not LABELS.fullmatch(rest):
        return (
            "",
            "it is part of a host name: only letters, digits, dashes and dots can stand there",
        )
    return rest, _wrong_scheme(scheme, "")


def _clean_address(value: str, *, something_follows: bool) -> tuple[str, str]:
    """A whole address, with its scheme: https unless the host is loopback and none was given."""
    scheme, rest = _split_scheme(value)
    host = split_port(authority(f"https://{rest}"))[0]
    if wrong := _wrong_scheme(scheme, host):
        return "", wrong
    address = f"{scheme or ('http' if is_loopback(host) else 'https')}://{rest}"
    if placeholders(address):
        return "", "it holds braces"
    if wrong := problem_with(address):
        return "", f"the address {wrong}"
    if something_follows:
        if urlsplit(address).query:
            return "", "the address must not have a query (?)"
        address = address.rstrip("/")
    return address, ""


def _split_scheme(value: str) -> tuple[str, str]:
    match = _SCHEME.match(value)
    return (match[1].lower(), value[match.end() :]) if match else ("", value)


def _wrong_scheme(scheme: str, host: str) -> str:
    if scheme not in {"", "http", "https"}:
        return f"{scheme}:// is not an address of the web"
    if scheme == "http" and host and not is_loopback(host):
        return "http:// is accepted for 127.0.0.1 and localhost only; use https://"
    return ""
