"""The steps at the provider, with the Callback URL where a person has to paste it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tui_oauth.services.addresses import placeholders
from tui_oauth.services.format import Service
from tui_oauth.services.resolve import resolve_known

_CALLBACK = "{callback_url}"


@dataclass(frozen=True, slots=True)
class GuideView:
    """What to show: `portal_url` and `docs_url` are empty where unknown or not complete yet."""

    service_name: str
    steps: tuple[str, ...]
    gotchas: tuple[str, ...]
    portal_url: str
    docs_url: str
    callback_url: str


def guide(service: Service, callback_url: str) -> GuideView:
    """The guide of `service`, resolved or not; steps made from its facts where it has none."""
    known = resolve_known(service)
    steps = known.guide.steps or tuple(_generic_steps(known))
    gotchas = known.guide.gotchas or tuple(_generic_gotchas(known))
    return GuideView(
        service_name=service.name,
        steps=tuple(step.replace(_CALLBACK, callback_url) for step in steps),
        gotchas=tuple(gotcha.replace(_CALLBACK, callback_url) for gotcha in gotchas),
        portal_url=_complete(known.developer_portal_url),
        docs_url=_complete(known.docs_url),
        callback_url=callback_url,
    )


def as_text(view: GuideView) -> str:
    """The guide as lines for a terminal or a file."""
    lines = [f"{view.service_name}: how to get the credentials", ""]
    lines += [f"{number}. {step}" for number, step in enumerate(view.steps, start=1)]
    if view.gotchas:
        lines += ["", "Good to know:", *(f"- {gotcha}" for gotcha in view.gotchas)]
    lines += ["", f"Callback URL: {view.callback_url}"]
    if view.portal_url:
        lines.append(f"Portal: {view.portal_url}")
    if view.docs_url:
        lines.append(f"Documentation: {view.docs_url}")
    return "\n".join(lines)


def _complete(url: str) -> str:
    """`url` unless a variable in it is still open: half an address is no link."""
    return "" if placeholders(url) else url


def _generic_steps(service: Service) -> Iterator[str]:
    labels = service.credential_labels
    portal = _complete(service.developer_portal_url) or f"the developer pages of {service.name}"
    yield f"Open {portal} and sign in."
    yield "Register a new OAuth application; some providers call it a client, an app or an integration."
    if "authorization_code" in service.grants:
        yield f"Where it asks for a redirect URI (or callback URL) paste this: {_CALLBACK}"
    if not service.quirks.authorize.scope:
        yield "Tick the permissions you need on the application; the authorization link asks for none."
    elif service.default_scopes:
        yield f"Allow the scopes that the entry asks for: {', '.join(service.default_scopes)}."
    if service.client_auth == ("none",):
        yield f"Copy {labels.client_id}; there is no secret."
        return
    secret = (
        f"Copy {labels.client_id} and {labels.client_secret}; a secret is often shown only once."
    )
    if "none" in service.client_auth:
        secret += " A public client has no secret: leave that field empty."
    yield secret


def _generic_gotchas(service: Service) -> Iterator[str]:
    yield (
        "These steps were made from what is known of the service and were not walked at the"
        " provider; its own documentation counts."
    )
    if service.redirect_uri_rules.note:
        yield f"Redirect URI: {service.redirect_uri_rules.note}"
    if service.refresh.issues_refresh_token is False:
        lasting = service.refresh.refresh_lifetime
        yield "There is no refresh token" + (f": {lasting}." if lasting else ".")
    elif service.refresh.refresh_lifetime:
        yield f"Refresh tokens: {service.refresh.refresh_lifetime}."
