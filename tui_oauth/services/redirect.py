"""The Callback URL (redirect URI): by the service's rule and the person's settings, always the same.

It is registered at the provider before the first sign-in, so nothing that may change from one run
to the next goes into it (checklist rules 19 and 20; RFC 8252 sections 7.3 and 8.3).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tui_oauth.services.format import RedirectUriRules, Service

LOOPBACK_IP = "127.0.0.1"
LOOPBACK_NAME = "localhost"
SERVICE = "{service}"
"""In the path of the settings: the place of what keeps the services apart."""

_NO_SEGMENT = re.compile(r"[^a-z0-9.-]")


def callback_path(path: str, service: Service | None, *, pinned: bool = False) -> str:
    """The path of the Callback URL for `service`, by the settings' `path`.

    A code that an honest server gives out must not be taken to another one's token endpoint (the
    mix-up attack, RFC 9700 section 4.4; checklist rule 55), so a server that anybody may have
    named has a path of its own: that of a person's own file or of the custom service, by its id,
    and that of an entry made from a URL (`pinned`), by its host. The services that come with the
    program share `path`, which a person can register before choosing one; their endpoints are
    fixed. With `{service}` in `path` every service has its own.
    """
    if service is None:
        return path
    host = urlsplit(service.authorize_url).netloc.lower() if pinned else ""
    segment = _NO_SEGMENT.sub("-", host).strip(".-") or service.id
    if SERVICE in path:
        return path.replace(SERVICE, segment)
    apart = pinned or service.own or service.category == "generic"
    return f"{path}/{segment}" if apart else path


def callback_url(
    service: Service | None, *, port: int, path: str, host: str = "", public_url: str = ""
) -> str:
    """The Callback URL for `service`, or the plain one where no service is chosen yet.

    `public_url` is shown and sent as it stands. Otherwise the service's rule decides on scheme
    and host; `host` (settings) takes the place of the usual host where the service has no wish.
    """
    if public_url:
        return public_url
    rules = service.redirect_uri_rules if service else RedirectUriRules()
    scheme = "https" if needs_https(rules) else "http"
    usual = LOOPBACK_NAME if scheme == "https" else LOOPBACK_IP
    return local_url(scheme, rules.host or host or usual, port, path)


def needs_https(rules: RedirectUriRules) -> bool:
    """Whether a loopback Callback URL has to be https, as far as is known."""
    if rules.https_required:
        return rules.loopback_http_allowed is not True
    return rules.loopback_http_allowed is False


def candidates(
    service: Service | None, *, port: int, path: str, host: str = "", public_url: str = ""
) -> tuple[str, ...]:
    """All Callback URLs that can be served here and that the rules do not rule out, best first.

    For a person whose provider's form refuses the first one: what is not known may work.
    """
    first = callback_url(service, port=port, path=path, host=host, public_url=public_url)
    rules = service.redirect_uri_rules if service else RedirectUriRules()
    schemes = ["https"]
    if rules.loopback_http_allowed is not False:
        schemes.insert(0 if not needs_https(rules) else 1, "http")
    hosts = [rules.host] if rules.host else [LOOPBACK_IP, LOOPBACK_NAME]
    found = [first, *(local_url(scheme, name, port, path) for scheme in schemes for name in hosts)]
    return tuple(dict.fromkeys(found))


def local_url(scheme: str, host: str, port: int, path: str) -> str:
    """The Callback URL at this host and port of this machine."""
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"{scheme}://{host}:{port}{path if path.startswith('/') else '/' + path}"
