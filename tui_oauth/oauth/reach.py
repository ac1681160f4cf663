"""From where an address can be reached: by everyone, in a private network, on this machine alone.

Metadata from the internet must not lead requests to the inside (checklist rule 72). Hosts are
judged by themselves, not by what their names resolve to: behind a proxy somebody else resolves
them, and the answer may change. A public name that leads inside meets TLS first, which a server
there cannot pass in that name; plain http is for loopback alone (rule 65).
"""

from __future__ import annotations

import enum
import ipaddress
from urllib.parse import urlsplit

from tui_oauth.errors import ProviderRefused
from tui_oauth.oauth.urls import origin_of
from tui_oauth.text import neutralise


class Reach(enum.StrEnum):
    """Who can reach a host."""

    PUBLIC = "public"
    PRIVATE = "private"
    LINK = "link-local"
    LOOPBACK = "loopback"


_PRIVATE_SUFFIXES = ("local", "internal", "home.arpa", "lan", "intranet", "corp", "home")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def reach_of(host: str) -> Reach:
    """Who can reach `host` (without port), as far as it says itself.

    Names of a single label and those below the suffixes of private networks (RFC 6762, RFC 8375,
    `.internal`) count as private, `localhost` and names below it as loopback.
    """
    bare = host.strip("[]").rstrip(".").lower()
    try:
        return _reach_of_address(ipaddress.ip_address(bare))
    except ValueError:
        pass
    if bare == "localhost" or bare.endswith(".localhost"):
        return Reach.LOOPBACK
    labels = bare.split(".")
    inside = len(labels) == 1 or any(bare.endswith(f".{suffix}") for suffix in _PRIVATE_SUFFIXES)
    return Reach.PRIVATE if inside else Reach.PUBLIC


def check_reach(url: str, what: str, given: str) -> str:
    """`url` when a document may name it to somebody who typed the address `given`.

    Public places always; others only where the person typed that very host, or one of the same
    kind: who looks up a server of the own network may be led within it. A link-local address has
    to be the host that was typed. Raises ProviderRefused.
    """
    host, typed = urlsplit(url).hostname or "", urlsplit(given).hostname or ""
    reach = reach_of(host)
    same_kind = reach is reach_of(typed) and reach is not Reach.LINK
    if reach is Reach.PUBLIC or host == typed or same_kind:
        return url
    raise ProviderRefused(
        f"The {what} would be {neutralise(origin_of(url), 120)}, a {reach} address that "
        f"{neutralise(typed, 100)} has no business with. Nothing was sent there.",
        "If you do mean a server in there, look it up by its own address.",
        code="private_address",
    )


def _reach_of_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Reach:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return _reach_of_address(inner)
    if address.is_loopback or address.is_unspecified:
        return Reach.LOOPBACK
    if address.is_link_local:
        return Reach.LINK
    return Reach.PUBLIC if address.is_global and not address.is_multicast else Reach.PRIVATE
