"""The authorization request and its response (RFC 6749 sections 4.1.1 and 4.1.2, RFC 7636).

`start` makes one `Attempt`: the record that binds a state to one entry, one redirect URI and one
code verifier (checklist rule 14). `read_answer` judges what came back, through the callback
server or by paste, and gives the code only when it belongs to this attempt.
"""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui_oauth.errors import PasteProblem, ProviderRefused, SignInEnded, UsageProblem
from tui_oauth.oauth.explain import Asked, refused_by_browser
from tui_oauth.oauth.pkce import RandomBytes, code_challenge, code_verifier, unguessable
from tui_oauth.oauth.resources import resource_parameters
from tui_oauth.oauth.signature import Signature
from tui_oauth.oauth.templates import fill
from tui_oauth.oauth.urls import check_endpoint, check_link, with_parameters
from tui_oauth.secret import Secret
from tui_oauth.text import is_plain, neutralise

if TYPE_CHECKING:
    from tui_oauth.services.format import Service

DEFAULT_LIFETIME = 600
MAX_CODE_LENGTH = 8_192
MAX_KEPT_LENGTH = 2_048

_ANSWER_NAMES = ("state", "error", "error_description", "error_uri", "iss")
# Names that only the core may set (rule 9). A service's extra parameters must not replace them.
RESERVED_PARAMETERS = frozenset(
    {
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "response_mode",
        "client_secret",
        "code_verifier",
        "request_uri",
        "dpop_jkt",
    }
)
_CODE = re.compile(r"[\x20-\x7e]+")
_ATTACK = "This can be an attack. Start again, and open only the link that is shown here."


class StateMismatch(PasteProblem):
    """The answer does not carry this attempt's state. Nothing else in it was looked at."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in that waits for its answer; times are Unix seconds.

    `redirect_uri` is where the browser ends. `code_verifier` is None where the service declares
    that it has no PKCE; `nonce` is empty unless one was sent; `issuer` is empty when not known.
    `parameters` are those of the authorization request, whichever way they go. Where they are
    pushed (RFC 9126), `authorization_url` is empty until `par.with_link` makes it.
    """

    entry_id: str
    service_id: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str = field(repr=False)
    code_verifier: Secret | None = field(repr=False)
    nonce: str = field(repr=False)
    issuer: str
    created_at: int
    expires_at: int
    parameters: tuple[tuple[str, str], ...] = field(repr=False)
    authorization_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """The code, and what else the service asks to keep of its answer.

    `extra` is stored with the tokens. `sets` are the parameters that decide variables of the
    service, such as the region of the account: give them to `services.resolve.from_callback`,
    which judges them, and resolve the service anew before the code is exchanged. `signature` is
    checked when the token request is made, where the secret is.
    """

    code: Secret
    extra: Mapping[str, str] = field(default_factory=dict)
    sets: Mapping[str, str] = field(default_factory=dict)
    signature: Signature | None = field(default=None, repr=False)


def start(
    service: Service,
    *,
    entry_id: str,
    client_id: str,
    redirect_uri: str,
    scopes: Sequence[str],
    random: RandomBytes,
    now: int,
    lifetime: int = DEFAULT_LIFETIME,
    key_thumbprint: str = "",
) -> Attempt:
    """A new attempt with its Authorization link (RFC 6749 section 4.1.1).

    PKCE with S256 is sent unless the service declares that it does not support it: a server that
    does not know it ignores it (RFC 6749 section 3.1). `key_thumbprint` binds the code to the key
    that the tokens are to be bound to (RFC 9449 section 10). Where the service wants its
    parameters pushed there is no link yet (see `oauth.par`). Raises UsageProblem when the service
    has no such grant or its data does not make a safe link.
    """
    quirks = service.quirks.authorize
    if "authorization_code" not in service.grants or not service.authorize_url:
        raise UsageProblem(
            f"{service.name} has no sign-in through the browser (authorization code grant).",
            "Choose another service, or declare its authorization address in a service file.",
        )
    if "token" in quirks.response_type.split():
        # RFC 9700 section 2.1.2: an access token must not come through the browser.
        raise UsageProblem(
            f"{service.name} asks for the implicit grant, which is not offered: it is unsafe.",
            "Use response_type code in its service file.",
        )
    check_endpoint(service.authorize_url, "authorization endpoint", fragment=quirks.fragment)
    state = unguessable(random)
    verifier = None if service.pkce == "unsupported" else Secret(code_verifier(random))
    nonce = unguessable(random) if quirks.nonce or "openid" in scopes else ""
    parameters = _request_parameters(
        service, client_id, redirect_uri, tuple(scopes), state, verifier, nonce, key_thumbprint
    )
    url = ""
    if not is_pushed(service):
        url = with_parameters(service.authorize_url, parameters, quirks.fragment)
        url = check_link(url, fragment=quirks.fragment)
    return Attempt(
        entry_id=entry_id,
        service_id=service.id,
        client_id=client_id,
        redirect_uri=redirect_uri,
        scopes=tuple(scopes),
        state=state,
        code_verifier=verifier,
        nonce=nonce,
        issuer=service.issuer,
        created_at=now,
        expires_at=now + lifetime,
        parameters=tuple(parameters),
        authorization_url=url,
    )


def is_pushed(service: Service) -> bool:
    """Whether the parameters go to the server by themselves, before the link (RFC 9126).

    They do where the server requires it, and where the service's file says that it does: the
    endpoint alone is an offer, which costs a request and gives a link that soon expires.
    """
    return service.extensions.par_required and bool(service.extensions.par_url)


def sent_redirect_uri(service: Service, attempt: Attempt) -> str:
    """The redirect_uri that the link carries: the URL, or the name that the service wants instead.

    The token request must repeat exactly this text (RFC 6749 section 4.1.3).
    """
    return service.quirks.authorize.redirect_uri or attempt.redirect_uri


def read_answer(
    attempt: Attempt,
    service: Service,
    parameters: Sequence[tuple[str, str]],
    now: int,
) -> Answer:
    """The code in the authorization response `parameters` (RFC 6749 section 4.1.2).

    The state is looked at first: without it nothing else counts (rule 27), and StateMismatch is
    raised, after which the attempt goes on. Then: SignInEnded when the time is up (rule 16),
    ProviderRefused for a repeated parameter, an issuer that is another one or missing where the
    service always names it (RFC 9207 section 2.4), an error answer, and for a code together with
    an error or neither (rule 57).
    """
    check_state(attempt, parameters)
    if now >= attempt.expires_at:
        raise SignInEnded(
            f"The answer of {service.name} came after the time for this sign-in was up.",
            "Start the sign-in again; nothing was sent with this answer.",
        )
    quirks = service.quirks.callback
    values = _single_values(service, parameters)
    named = _check_issuer(attempt, values.get("iss"))
    code = values.get(quirks.code_parameter, "")
    error = values.get("error", "")
    if code and error:
        raise _unreadable(service, "both a code and an error")
    unnamed = service.extensions.iss_parameter and not named
    if error:
        # Servers that always name themselves leave it out of errors all the same (rule 54).
        raise refused_by_browser(
            service,
            error,
            values.get("error_description", ""),
            Asked(attempt.scopes, attempt.redirect_uri),
            verified=not unnamed,
        )
    if not code:
        raise _unreadable(service, "neither a code nor an error")
    if unnamed:
        raise ProviderRefused(
            f"The answer does not say whom it comes from, which {service.name} always does (iss). "
            "The code was not used.",
            _ATTACK,
            code="issuer_missing",
        )
    if len(code) > MAX_CODE_LENGTH or not _CODE.fullmatch(code):
        raise _unreadable(service, "a code with characters that no code has")
    return Answer(
        code=Secret(code),
        extra=_kept(service, values),
        sets={name: values[name] for name in quirks.sets if values.get(name)},
        signature=Signature.of(quirks.hmac_parameter, parameters),
    )


def check_state(attempt: Attempt, parameters: Sequence[tuple[str, str]]) -> None:
    """Raise StateMismatch unless `parameters` carry this attempt's state exactly once."""
    states = [value for name, value in parameters if name == "state"]
    if not states:
        raise StateMismatch(
            "The answer carries no state, so it cannot be told which sign-in it belongs to.",
            "Use the whole address that the browser ended on after the link of this sign-in.",
        )
    mine = attempt.state.encode()
    equal = [hmac.compare_digest(state.encode("utf-8", "replace"), mine) for state in states]
    if len(states) > 1 or not equal[0]:
        raise StateMismatch(
            "The answer belongs to another sign-in, perhaps an older attempt.",
            "Open the link of this sign-in, and use the address that the browser ends on.",
        )


def _request_parameters(
    service: Service,
    client_id: str,
    redirect_uri: str,
    scopes: tuple[str, ...],
    state: str,
    verifier: Secret | None,
    nonce: str,
    key_thumbprint: str,
) -> list[tuple[str, str]]:
    quirks = service.quirks.authorize
    sent_redirect = quirks.redirect_uri or redirect_uri
    joined = service.scope_separator.join(scopes)
    parameters: list[tuple[str, str]] = []
    if quirks.response_type:
        parameters.append(("response_type", quirks.response_type))
    if quirks.client_id_parameter:
        parameters.append((quirks.client_id_parameter, client_id))
    if sent_redirect:
        parameters.append(("redirect_uri", sent_redirect))
    if quirks.scope and joined:
        parameters.append((quirks.scope_parameter, joined))
    parameters.append(("state", state))
    if verifier is not None:
        parameters.append(("code_challenge", code_challenge(verifier.reveal())))
        parameters.append(("code_challenge_method", "S256"))
    if nonce:
        parameters.append(("nonce", nonce))
    if key_thumbprint:
        parameters.append(("dpop_jkt", key_thumbprint))
    parameters += resource_parameters(service)
    taken = {name for name, _ in parameters} | RESERVED_PARAMETERS
    modes = {"query", "form_post"} if service.quirks.callback.form_post else {"query"}
    for name, value in service.extra_authorize_params.items():
        if name in taken and not (name == "response_mode" and value in modes):
            raise UsageProblem(
                f"The service {service.name} sets {neutralise(name, 60)} as an extra parameter, "
                "which only the sign-in itself may set.",
                "Take it out of extra_authorize_params.",
            )
        parameters.append((name, fill(value, {"client_id": client_id})))
    return parameters


def _check_issuer(attempt: Attempt, named: str | None) -> bool:
    """Whether the answer names its issuer; raises where that is not this attempt's (RFC 9207).

    A plain comparison of texts, as section 2.4 wants it. Where the issuer is not known there is
    nothing to compare with.
    """
    if named is not None and attempt.issuer and named != attempt.issuer:
        raise ProviderRefused(
            f"The answer says that it comes from {neutralise(named, 100) or 'nobody'}, but this "
            f"sign-in went to {attempt.issuer}. The answer was not used.",
            _ATTACK,
            code="issuer_mismatch",
        )
    return named is not None


def _single_values(service: Service, parameters: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The parameters that mean something here; unknown ones are ignored, repeated ones refused."""
    quirks = service.quirks.callback
    known = {*_ANSWER_NAMES, quirks.code_parameter, *quirks.keep, *quirks.sets}
    if quirks.hmac_parameter:
        known.add(quirks.hmac_parameter)
    counted = Counter(name for name, _ in parameters if name in known)
    repeated = sorted(name for name, count in counted.items() if count > 1)
    if repeated:
        raise _unreadable(service, f"{repeated[0]} twice")
    return {name: value for name, value in parameters if name in known}


def _kept(service: Service, values: Mapping[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name in service.quirks.callback.keep:
        value = values.get(name, "")
        if len(value) > MAX_KEPT_LENGTH or not is_plain(value):
            raise _unreadable(service, f"a value of {name} that cannot be stored")
        if value:
            kept[name] = value
    return kept


def _unreadable(service: Service, what: str) -> ProviderRefused:
    return ProviderRefused(
        f"{service.name} answered the sign-in with {what}. Nothing was sent with it.",
        "Start the sign-in again. If it happens again, check the Callback URL at the provider.",
        code="invalid_response",
    )
