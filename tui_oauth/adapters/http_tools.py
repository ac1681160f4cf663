"""A token for curl and for programs that read a netrc file."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tui_oauth.errors import UsageProblem
from tui_oauth.oauth.urls import check_endpoint, host_of
from tui_oauth.services.format import Service

# Older readers of netrc know neither quotes nor escapes; `#` begins a comment in some.
_NETRC_WORD = re.compile(r"[!$-~]+")
_NOT_IN_NETRC = re.compile(r"[\"'\\#]")


def curl_config(headers: Mapping[str, str], url: str = "") -> str:
    """Lines for `curl --config` that send `headers`, and fetch `url` where one is given (curl(1), -K).

    curl takes Authorization away itself when it follows a redirect to another host (since 7.58),
    and no other header: where the service's own one carries the token, following is switched off.
    """
    lines = [f"header = {_quoted(f'{name}: {value}')}" for name, value in headers.items()]
    if any(name.lower() != "authorization" for name in headers):
        lines.append('max-redirs = "0"')
    if url:
        lines += ["globoff", f"url = {_quoted(url)}"]
    return "".join(f"{line}\n" for line in lines)


def _quoted(text: str) -> str:
    """`text` in double quotes; within them curl knows the backslash and five letters behind it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def netrc(service: Service, token: str) -> str:
    """One line for each host that takes `token` as a password with the service's user name.

    Raises UsageProblem for a service that takes none so, and for a token that netrc cannot hold.
    """
    user, origins = service.quirks.git.username, service.quirks.git.origins
    if not origins:
        raise UsageProblem(
            f"{service.name} is not known to take its tokens as a password, and netrc knows nothing else.",
            "Use: tui-oauth curl, tui-oauth header or tui-oauth exec",
        )
    if not _NETRC_WORD.fullmatch(token) or _NOT_IN_NETRC.search(token):
        raise UsageProblem(
            "The token has characters that programs read differently in a netrc file.",
            "Use: tui-oauth curl, tui-oauth header or tui-oauth exec",
        )
    # netrc knows no ports: the host is named alone.
    hosts = [host_of(check_endpoint(origin, "git")).rsplit(":", 1)[0] for origin in origins]
    lines = (f"machine {host} login {user} password {token}\n" for host in dict.fromkeys(hosts))
    return "".join(lines)
