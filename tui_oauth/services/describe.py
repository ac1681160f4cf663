"""What a person wants to know of a service before choosing it, in plain words."""

from __future__ import annotations

from tui_oauth.services.addresses import placeholders
from tui_oauth.services.format import Service
from tui_oauth.text import duration

_GRANTS = {
    "authorization_code": "sign-in in the browser",
    "device_code": "code on another device",
    "client_credentials": "without a person",
}
_PKCE = {
    "required": "PKCE required",
    "supported": "PKCE",
    "unsupported": "no PKCE",
    "unknown": "PKCE sent, not documented",
}
# The same for one line of 76 cells.
_SHORT = {
    "authorization_code": "browser sign-in",
    "device_code": "device code",
    "client_credentials": "no person",
}
NOT_VERIFIED = "not verified: found in one source only"
HINT = "a hint, not verified"


def summary(service: Service) -> str:
    """One line: how one signs in, PKCE, what refreshing is like, and how sure that is."""
    parts = [
        ", ".join(_SHORT[grant] for grant in service.grants if grant in _SHORT),
        "" if service.pkce == "unknown" else _PKCE[service.pkce],
        _refresh(service),
    ]
    if service.confidence == "single-source":
        parts.append("not verified")
    return " · ".join(part for part in parts if part)


def unverified(service: Service) -> tuple[str, ...]:
    """What of a service that comes with the program nobody has verified, as phrases.

    A person's own file says what its writer knows, and has none.
    """
    if not service.confidence:
        return ()
    rules = service.redirect_uri_rules
    phrases = (
        (service.confidence == "single-source", "the addresses, found in one source only"),
        (bool(_redirect(service)) and not rules.note, "the redirect rule"),
        (_has_lifetimes(service), "how long tokens live"),
        (bool(service.developer_portal_url or service.docs_url), "the links to portal and docs"),
    )
    return tuple(words for holds, words in phrases if holds)


def facts(service: Service) -> tuple[tuple[str, str], ...]:
    """Labels and values, the most telling first. What is a hint in the data is called one."""
    lines = [
        *([("Addresses", NOT_VERIFIED)] if service.confidence == "single-source" else []),
        ("Sign-in", ", ".join(_GRANTS[grant] for grant in service.grants if grant in _GRANTS)),
        (
            "PKCE",
            _PKCE[service.pkce].removeprefix("PKCE ") if service.pkce != "supported" else "yes",
        ),
        ("Refresh", _refresh(service) or "not known"),
    ]
    if service.refresh.access_token_lifetime_s is not None:
        span = duration(service.refresh.access_token_lifetime_s)
        lines.append(("Access token", f"lives {span} ({HINT})"))
    if service.refresh.refresh_lifetime:
        lines.append(("Refresh token", f"{service.refresh.refresh_lifetime} ({HINT})"))
    lines.append(("Scopes", _scopes(service)))
    if hints := unverified(service):  # above what may be long: a pane ends somewhere
        lines.append(("Not verified", "; ".join(hints)))
    lines.append(("Redirect rule", service.redirect_uri_rules.note or _redirect_line(service)))
    if service.revoke_url:
        lines.append(("Revoke", "at the service, by key x"))
    else:
        lines.append(("Revoke", "only in your account there"))
    if service.developer_portal_url and not placeholders(service.developer_portal_url):
        lines.append(("Portal", service.developer_portal_url))
    if service.docs_url and not placeholders(service.docs_url):
        lines.append(("Documentation", service.docs_url))
    if service.confidence == "checked":
        lines.append(("Addresses", "checked in two sources"))
    return tuple(lines)


def _refresh(service: Service) -> str:
    known = service.refresh
    if service.quirks.refresh.with_access_token:
        return "renewed with the access token"
    if known.issues_refresh_token is False:
        return "no refresh token"
    if known.issues_refresh_token is None and "refresh_token" not in service.grants:
        return ""
    if known.rotates:
        return "one-use refresh tokens"
    return "refresh tokens"


def _scopes(service: Service) -> str:
    if not service.quirks.authorize.scope:
        return "chosen at the provider"
    return " ".join(service.default_scopes) or "none by default"


def _redirect(service: Service) -> str:
    rules = service.redirect_uri_rules
    if rules.https_required:
        return "https, except loopback" if rules.loopback_http_allowed else "https only"
    if rules.loopback_http_allowed or rules.https_required is False:
        return "http or https"
    return ""


def _redirect_line(service: Service) -> str:
    words = _redirect(service)
    if not words:
        return "not known"
    return f"{words} ({HINT})" if service.confidence else words


def _has_lifetimes(service: Service) -> bool:
    known = service.refresh
    return known.access_token_lifetime_s is not None or bool(known.refresh_lifetime)
