"""Each Callback URL that can be served here, and whether the service is known to accept it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from tui_oauth.services.format import RedirectUriRules, Service
from tui_oauth.services.redirect import LOOPBACK_IP, LOOPBACK_NAME, local_url

_PLACES = (
    ("http", LOOPBACK_IP),
    ("http", LOOPBACK_NAME),
    ("https", LOOPBACK_NAME),
    ("https", LOOPBACK_IP),
)


@dataclass(frozen=True, slots=True)
class CallbackChoice:
    """One Callback URL. `accepted` is None where the service's rule is not known; `why` says more."""

    url: str
    accepted: bool | None
    why: str


def callback_choices(
    service: Service | None, *, port: int, path: str, public_url: str = ""
) -> tuple[CallbackChoice, ...]:
    """All that can be served: http and https on loopback, under both names, and the public URL.

    Loopback is `127.0.0.1` and `localhost`; https there uses the certificate made on this machine,
    or the person's own. `public_url` is the one of the settings, empty where there is none.
    """
    rules = service.redirect_uri_rules if service else RedirectUriRules()
    found = [_local(rules, scheme, host, port, path) for scheme, host in _PLACES]
    if public_url:
        found.append(_public(rules, public_url))
    return tuple(found)


def _local(rules: RedirectUriRules, scheme: str, host: str, port: int, path: str) -> CallbackChoice:
    url = local_url(scheme, host, port, path)
    if rules.host and host != rules.host:
        return CallbackChoice(url, False, f"only the host {rules.host} is accepted")
    if scheme == "http":
        if rules.loopback_http_allowed:
            return CallbackChoice(url, True, "http is fine on loopback")
        if rules.loopback_http_allowed is False:
            return CallbackChoice(url, False, "http is refused, on loopback too")
        if rules.https_required:
            return CallbackChoice(url, None, "https is wanted; http on loopback may be excepted")
        return CallbackChoice(url, True if rules.https_required is False else None, _unknown(rules))
    if rules.https_required is None and rules.loopback_http_allowed is None:
        return CallbackChoice(url, None, _unknown(rules))
    if rules.loopback_http_allowed is False:
        return CallbackChoice(url, None, "https is wanted; some refuse this machine's own names")
    return CallbackChoice(url, True, "the browser warns of its certificate")


def _public(rules: RedirectUriRules, url: str) -> CallbackChoice:
    if urlsplit(url).scheme == "https":
        return CallbackChoice(url, True, "the public URL of the settings")
    if rules.https_required:
        return CallbackChoice(url, False, "the service wants https")
    return CallbackChoice(url, None, "the public URL of the settings, without https")


def _unknown(rules: RedirectUriRules) -> str:
    return (
        "http and https are accepted" if rules.https_required is False else "the rule is not known"
    )
