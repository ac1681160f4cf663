"""The catalogue against the facts that it was made from, and against requests worked out by hand.

`expected_facts.json` holds what was collected about each service: plain facts, and the ways in
which it departs from OAuth 2.0 as tags. What a request has to look like is worked out here from
those facts alone, without the engine; what a tag leaves open (the other name of a parameter)
stands in `NAMED`.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from tui_oauth.model import TokenSet
from tui_oauth.oauth.authorize import Answer, Attempt, start
from tui_oauth.oauth.client import choose_client
from tui_oauth.oauth.identity import identity_request
from tui_oauth.oauth.token import code_request
from tui_oauth.secret import Secret
from tui_oauth.services.catalogue import Catalogue
from tui_oauth.services.format import Service
from tui_oauth.services.public import as_facts
from tui_oauth.services.resolve import asked_variables, resolve

FACTS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "expected_facts.json").read_text(encoding="utf-8")
)
BY_ID = {facts["id"]: facts for facts in FACTS}
REAL = sorted(one for one in BY_ID if not one.startswith("custom-"))
SIGN_IN = [one for one in REAL if "authorization_code" in BY_ID[one]["grants"]]

REDIRECT = "https://localhost:8976/callback"
CLIENT_ID = "an id+&=é"
CLIENT_SECRET = "p@ss:w%rd+ /é"
CODE = "code/with+signs=="

# The other names, where a tag says only that there is one.
CLIENT_ID_NAMES = {
    "tiktok": "client_key",
    "tiktok-ads": "app_id",
    "deezer": "app_id",
    "amazon-selling-partner": "",  # application_id, an extra parameter, says who asks
}
SECRET_NAMES = {"tiktok-ads": "secret", "deezer": "secret"}
CODE_NAMES = {"tiktok-ads": "auth_code"}
REDIRECT_NAMES = {"ebay": "Acme-Acme-Connect-abcdef"}
RESPONSE_TYPES = {"datev": "code id_token"}
# The tag is about answers and later calls; `expires_in` and the like are no requests.
NO_RESPONSE_TYPE = {"amazon-selling-partner"}

# Facts that are written in our files in another way, and why.
PLAIN = (
    "name", "category", "authorize_url", "token_url", "revoke_url", "device_authorization_url", "introspect_url", "issuer",
    "grants", "pkce", "client_auth", "token_request_format", "scope_separator", "default_scopes", "extra_authorize_params",
    "extra_token_params", "response_quirks", "developer_portal_url", "docs_url", "credential_labels", "confidence",
)  # fmt: skip


def resolved(service_id: str) -> Service:
    service = Catalogue().get(service_id)
    return resolve(service, {one.name: one.example for one in asked_variables(service)})


def values_of(service_id: str) -> dict[str, str]:
    """The values that `resolved` puts in place, from the facts: an example, or what follows."""
    values: dict[str, str] = {}
    for variable in BY_ID[service_id]["variables"]:
        derived = variable.get("derived")
        chosen = values[derived["from"]] if derived else variable["example"]
        values[variable["name"]] = derived["map"][chosen] if derived else chosen
    return values


def filled(service_id: str, text: str) -> str:
    """`text` of the facts with the values in place; those in a path or query are encoded."""
    values = values_of(service_id)
    head, slashes, rest = text.partition("://")
    host, slash, tail = rest.partition("/")
    tail = re.sub(r"\{(\w+)\}", lambda m: quote(values.get(m[1], m[0]), safe=""), tail)
    for name, value in values.items():
        host = host.replace(f"{{{name}}}", value)
        head = head.replace(f"{{{name}}}", value)
    return head + slashes + host + slash + tail if slashes else head


def attempt_of(service_id: str) -> Attempt:
    service = resolved(service_id)
    return start(
        service,
        entry_id="0" * 32,
        client_id=CLIENT_ID,
        redirect_uri=REDIRECT,
        scopes=service.default_scopes,
        random=lambda size: b"\x07" * size,
        now=1_700_000_000,
    )


def test_every_real_service_of_the_facts_is_there() -> None:
    ids = {listing.id for listing in Catalogue().all()}
    assert len(REAL) == 245
    assert set(REAL) <= ids


@pytest.mark.parametrize("service_id", REAL)
def test_the_plain_facts_are_those_that_were_collected(service_id: str) -> None:
    facts, expected = as_facts(Catalogue().get(service_id)), BY_ID[service_id]
    assert {key: facts[key] for key in PLAIN} == {key: expected[key] for key in PLAIN}
    refresh = {key: facts["refresh"][key] for key in expected["refresh"]}
    assert refresh == expected["refresh"]
    rules = {key: facts["redirect_uri_rules"][key] for key in expected["redirect_uri_rules"]}
    assert rules == expected["redirect_uri_rules"]
    names = [variable["name"] for variable in expected["variables"]]
    ours = [variable["name"] for variable in facts["variables"]]
    assert ours[: len(names)] == names
    for mine, theirs in zip(facts["variables"], expected["variables"], strict=False):
        assert {key: mine[key] for key in theirs} == theirs


@pytest.mark.parametrize("service_id", REAL)
def test_the_redirect_rule_of_the_tags_is_declared(service_id: str) -> None:
    tags = BY_ID[service_id]["quirks"]
    wanted = {"c_127_not_localhost": "127.0.0.1", "c_localhost_not_127": "localhost"}
    hosts = [host for tag, host in wanted.items() if tag in tags]
    if hosts:
        assert Catalogue().get(service_id).redirect_uri_rules.host == hosts[0]


@pytest.mark.parametrize("service_id", SIGN_IN)
def test_the_authorization_url_is_the_one_worked_out_by_hand(service_id: str) -> None:
    facts = BY_ID[service_id]
    tags = set(facts["quirks"])
    attempt = attempt_of(service_id)

    expected: dict[str, str] = {}
    if "a_no_response_type" not in tags and service_id not in NO_RESPONSE_TYPE:
        expected["response_type"] = RESPONSE_TYPES.get(service_id, "code")
    expected[CLIENT_ID_NAMES.get(service_id, "client_id")] = CLIENT_ID
    expected.pop("", None)
    expected["redirect_uri"] = REDIRECT_NAMES.get(service_id, REDIRECT)
    scopes = [filled(service_id, scope) for scope in facts["default_scopes"]]
    if scopes and "a_no_scope" not in tags:
        name = "user_scope" if "a_scope_param" in tags and service_id != "slack" else "scope"
        expected[name] = facts["scope_separator"].join(scopes)
    expected["state"] = attempt.state
    if facts["pkce"] != "unsupported":
        expected["code_challenge_method"] = "S256"
    if "a_nonce" in tags or "openid" in scopes:
        expected["nonce"] = attempt.nonce
    for name, value in facts["extra_authorize_params"].items():
        expected[name] = filled(service_id, value)

    address = filled(service_id, facts["authorize_url"])
    url = attempt.authorization_url
    if "a_fragment" in tags:
        assert url.startswith(address + "?")
        sent = parse_qsl(urlsplit(url).fragment.partition("?")[2], strict_parsing=True)
    else:
        base, _, fixed = address.partition("?")
        assert url.partition("?")[0] == base
        sent = parse_qsl(urlsplit(url).query, strict_parsing=True)
        expected = {**dict(parse_qsl(fixed)), **expected}
    got = dict(sent)
    assert len(got) == len(sent), "a parameter stands there twice"
    challenge = got.pop("code_challenge", "")
    assert bool(challenge) == (facts["pkce"] != "unsupported")
    assert got == expected
    assert CLIENT_SECRET not in url


@pytest.mark.parametrize("service_id", SIGN_IN)
def test_the_token_request_is_the_one_worked_out_by_hand(service_id: str) -> None:
    facts = BY_ID[service_id]
    tags = set(facts["quirks"])
    service = resolved(service_id)
    attempt = attempt_of(service_id)
    methods = facts["client_auth"]
    method = methods if isinstance(methods, str) else (methods or ["client_secret_basic"])[0]
    secret = None if method == "none" else Secret(CLIENT_SECRET)
    client = choose_client(service, CLIENT_ID, secret)
    request = code_request(service, client, attempt, Answer(code=Secret(CODE)))

    expected: dict[str, str] = {}
    if "t_no_grant_type" not in tags:
        expected["grant_type"] = "authorization_code"
    expected[CODE_NAMES.get(service_id, "code")] = CODE
    if "t_no_redirect_uri" not in tags:
        expected["redirect_uri"] = REDIRECT_NAMES.get(service_id, REDIRECT)
    if attempt.code_verifier is not None:
        expected["code_verifier"] = attempt.code_verifier.reveal()
    if "t_state_in_token" in tags:
        expected["state"] = attempt.state
    authorization = request.headers.get("Authorization")
    if method == "client_secret_basic":
        user, password = quote(CLIENT_ID, safe=""), quote(CLIENT_SECRET, safe="")
        if "t_basic_secret_only" in tags:
            user, password = password, ""
        scheme, _, given = (authorization or "").partition(" ")
        decoded = base64.b64decode(given).decode().replace("+", "%20")
        assert (scheme, decoded) == ("Basic", f"{user}:{password}")
    else:
        assert authorization is None
        name = (
            CLIENT_ID_NAMES.get(service_id, "client_id")
            if "t_client_id_param" in tags
            else "client_id"
        )
        expected[name] = CLIENT_ID
        if method == "client_secret_post":
            expected[SECRET_NAMES.get(service_id, "client_secret")] = CLIENT_SECRET
    for name, value in facts["extra_token_params"].items():
        expected[name] = filled(service_id, value)

    assert request.method == "POST"
    address = filled(service_id, facts["token_url"])
    if "t_params_in_query" in tags:
        assert request.url.partition("?")[0] == address
        assert dict(parse_qsl(urlsplit(request.url).query)) == expected
        assert request.body == b""
        return
    assert request.url == address
    if facts["token_request_format"] == "json":
        assert request.headers["Content-Type"] == "application/json"
        assert json.loads(request.body) == expected
    else:
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
        pairs = parse_qsl(request.body.decode("ascii"), strict_parsing=True)
        assert dict(pairs) == expected
        assert len(pairs) == len(expected)


@pytest.mark.parametrize("service_id", [one for one in REAL if BY_ID[one]["identity_probe"]])
def test_the_account_is_asked_for_as_the_facts_say(service_id: str) -> None:
    service, probe = resolved(service_id), BY_ID[service_id]["identity_probe"]
    token = "the-token"
    tokens = TokenSet(Secret(token), "Bearer", 0, extra={"realmId": "1"})
    request = identity_request(service, tokens, "the-client")
    assert request is not None
    assert request.method == probe["method"]
    if service_id != "atlassian":  # one request tells the site as well: the one that Jira's has
        address = filled(service_id, probe["url"])
        assert request.url == address.replace("%7Baccess_token%7D", token)
    headers = {name.lower(): value for name, value in request.headers.items()}
    for name, value in probe["headers"].items():
        wanted = value.replace("{access_token}", token).replace("{client_id}", "the-client")
        given = headers[name.lower()]
        assert given == wanted or (name == "User-Agent" and given.startswith("tui-oauth"))
    carried = [*request.headers.values(), request.url]
    assert any(token in text for text in carried)


@pytest.mark.parametrize("service_id", REAL)
def test_the_days_of_a_refresh_token_are_those_of_its_words(service_id: str) -> None:
    """What the program counts with is what the collected words begin with, and nothing where they hedge."""
    words = BY_ID[service_id]["refresh"]["refresh_lifetime"] or ""
    facts = Catalogue().get(service_id).refresh
    days = facts.refresh_idle_days or facts.refresh_fixed_days
    assert facts.refresh_idle_days is None or facts.refresh_fixed_days is None
    assert facts.refresh_testing_days == (7 if "7 days while the consent screen" in words else None)
    if days is None:
        return
    number, unit = re.match(r"(?:about )?([\d.]+) (day|week|month|year|hour)", words).groups()
    in_days = {"day": 1, "week": 7, "month": 30, "year": 365, "hour": 1 / 24}[unit]
    assert days == int(float(number) * in_days)
    assert not re.search(r"by default|\bif\b|otherwise|up to|older", words)
