"""The steps at the provider, with the Callback URL where a person has to paste it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tui_oauth.services.addresses import placeholders
from tui_oauth.services.describe import unverified
from tui_oauth.services.format import Service
from tui_oauth.services.resolve import asked_variables, resolve_known

_CALLBACK = "{callback_url}"
_NO_TEXTS: Mapping[str, str] = {}
APP_NAME = "tui-oauth"
GENERIC = (
    "General steps: made from what is known of the service, and not walked at the provider. "
    "Its own documentation counts."
)
# Placeholders belong to it here, so that half an address is not taken for a whole one.
_LINK = re.compile(r"https?://[A-Za-z0-9\-._~:/?#@!$&*+,;=%|{}]+", re.IGNORECASE)
_SENTENCE_MARKS = ".,;:!?"
_NOWHERE = ("", "localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class GuideView:
    """What to show: `portal_url` and `docs_url` are empty where unknown or not complete yet.

    `callback_url` is empty where none has to be registered. `values` are what a person carries to
    the provider's pages besides it, each with its label. `note` says that the steps are general
    ones, `not_verified` what of the service nobody has verified; both may be empty.
    """

    service_name: str
    steps: tuple[str, ...]
    gotchas: tuple[str, ...]
    portal_url: str
    docs_url: str
    callback_url: str
    values: tuple[tuple[str, str], ...] = ()
    note: str = ""
    not_verified: tuple[str, ...] = ()


def guide(
    service: Service,
    callback_url: str,
    variables: Mapping[str, str] = _NO_TEXTS,
    scopes: tuple[str, ...] | None = None,
) -> GuideView:
    """The guide of `service`, resolved or not; steps made from its facts where it has none.

    `variables` and `scopes` are those of an entry; without, the scopes are the default ones.
    """
    known = resolve_known(service, variables)
    steps = known.guide.steps or tuple(_generic_steps(known))
    gotchas = known.guide.gotchas or tuple(_generic_gotchas(known))
    return GuideView(
        service_name=service.name,
        steps=tuple(step.replace(_CALLBACK, callback_url) for step in steps),
        gotchas=tuple(gotcha.replace(_CALLBACK, callback_url) for gotcha in gotchas),
        portal_url=_complete(known.developer_portal_url),
        docs_url=_complete(known.docs_url),
        callback_url=callback_url if "authorization_code" in service.grants else "",
        values=_values(service, variables, known.default_scopes if scopes is None else scopes),
        note="" if known.guide.steps else GENERIC,
        not_verified=unverified(service),
    )


def links_in(text: str) -> Iterator[tuple[int, int]]:
    """Where in a `text` of a guide web addresses stand, http and https only: begin and end.

    A bare loopback host, as in "https except http://localhost", tells of a rule and leads nowhere.
    """
    for found in _LINK.finditer(text):
        address = found[0].rstrip(_SENTENCE_MARKS)
        if address.rpartition("//")[2] in _NOWHERE:
            continue
        if not placeholders(address):
            yield found.start(), found.start() + len(address)


def _values(
    service: Service, variables: Mapping[str, str], scopes: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """An app's name, its scopes, and the variables that somebody has chosen."""
    named = [("App name", APP_NAME)]
    # Half a scope, of a variable that nobody has chosen yet, is nothing to paste.
    scopes = tuple(scope for scope in scopes if not placeholders(scope))
    if scopes:
        # As the provider writes them; where they are chosen there, one may have to tick them.
        named.append(("Scopes", service.scope_separator.join(scopes)))
    given = [(one.label, variables.get(one.name, "")) for one in asked_variables(service)]
    return (*named, *((label, value) for label, value in given if value))


def discovered_guide(
    service: Service,
    callback_url: str,
    name: str,
    configured: bool,
    scopes: tuple[str, ...] | None = None,
) -> GuideView:
    """The guide of an entry that was made from a URL: nobody has written steps for its server.

    `name` is the entry's, as one word of a command; `configured` whether it has a client. Without
    a `callback_url` it is an entry that no person authorizes (client credentials).
    """
    steps = _discovered_steps(service, name, configured, alone=not callback_url)
    return GuideView(
        service_name=service.name,
        steps=tuple(step.replace(_CALLBACK, callback_url) for step in steps),
        gotchas=tuple(_discovered_gotchas(service)),
        portal_url=service.docs_url,
        docs_url=service.docs_url,
        callback_url=callback_url,
        values=_values(service, _NO_TEXTS, service.default_scopes if scopes is None else scopes),
    )


def as_text(view: GuideView) -> str:
    """The guide as lines for a terminal or a file."""
    lines = [f"{view.service_name}: how to get the credentials", ""]
    if view.note:
        lines += [view.note, ""]
    lines += [f"{number}. {step}" for number, step in enumerate(view.steps, start=1)]
    if view.gotchas:
        lines += ["", "Good to know:", *(f"- {gotcha}" for gotcha in view.gotchas)]
    lines += ["", f"Callback URL: {view.callback_url or 'none needed'}"]
    lines += [f"{label}: {value}" for label, value in view.values]
    if view.portal_url:
        lines.append(f"Portal: {view.portal_url}")
    if view.docs_url:
        lines.append(f"Documentation: {view.docs_url}")
    if view.not_verified:
        lines.append(f"Not verified: {'; '.join(view.not_verified)}")
    return "\n".join(lines)


def _discovered_steps(
    service: Service, name: str, configured: bool, *, alone: bool
) -> Iterator[str]:
    host = service.issuer.partition("://")[2]
    if configured:
        next_one = "its token" if alone else "the Authorization link"
        yield f"{name} has a client ID for {host}: nothing is left to do there."
        yield f"Go on with {next_one}: a in the list, or: tui-oauth authorize {name}"
        return
    if service.extensions.registration_url:
        yield (
            f"{host} registers clients by itself. Press r here, or run: "
            f"tui-oauth discover {name} --register"
        )
        yield "That is all. Only to use a client of your own instead, go on below."
    if alone:
        yield f"Ask whoever runs {host} for an OAuth client with the grant client_credentials."
        yield "Configure the entry with its client ID and client secret."
        return
    yield f"Ask whoever runs {host} for an OAuth client, of the kind native, desktop or public app."
    if "authorization_code" in service.grants:
        yield f"Have this registered as its redirect URI, exactly as it stands: {_CALLBACK}"
    if service.default_scopes:
        yield f"Have it allowed the scopes that the entry asks for: {', '.join(service.default_scopes)}."
    secret = " A public client has no secret." if "none" in service.client_auth else ""
    yield f"Configure the entry with the client ID, and the client secret if there is one.{secret}"


def _discovered_gotchas(service: Service) -> Iterator[str]:
    where = " and ".join(service.sources) or "what it publishes"
    yield f"All that is known of this server is what it says itself: {where}"
    if service.extensions.client_id_metadata_document:
        yield (
            "Instead of a registered client ID it takes the https address of a document about the "
            "client, which you would have to publish."
        )


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
    if service.redirect_uri_rules.note:
        yield f"Redirect URI: {service.redirect_uri_rules.note}"
    if service.refresh.issues_refresh_token is False:
        lasting = service.refresh.refresh_lifetime
        yield "There is no refresh token" + (f": {lasting}." if lasting else ".")
    elif service.refresh.refresh_lifetime:
        yield f"Refresh tokens: {service.refresh.refresh_lifetime}."
