"""Service files that are wrong: each one is refused with the file, the key and the reason."""

from __future__ import annotations

import pytest

from tui_oauth.errors import InvalidService
from tui_oauth.services.loading import parse_service

GOOD = {
    "id": '"acme"',
    "name": '"Acme"',
    "authorize_url": '"https://acme.example/oauth/authorize"',
    "token_url": '"https://acme.example/oauth/token"',
}


def file_of(tables: str = "", **keys: str | None) -> str:
    """A service file: the good keys, those given instead or besides (None leaves one out), tables."""
    lines = {**GOOD, **keys}
    top = "".join(f"{key} = {value}\n" for key, value in lines.items() if value is not None)
    return f"{top}\n{tables}\n"


def test_the_smallest_file_is_a_standard_service() -> None:
    service = parse_service(file_of(), "acme.toml", own=True)
    assert service.own
    assert service.grants == ("authorization_code", "refresh_token")
    assert service.client_auth == ("client_secret_basic",)
    assert service.quirks == type(service.quirks)()


def test_a_service_without_people_needs_no_authorize_url() -> None:
    text = file_of(authorize_url=None, grants='["client_credentials"]')
    assert parse_service(text, "acme.toml").authorize_url == ""


def test_a_byte_order_mark_is_forgiven() -> None:
    assert parse_service("\ufeff" + file_of(), "acme.toml").id == "acme"


BROKEN = [
    # what the file says, and what the message has to say
    ("not = = toml", "not valid TOML"),
    ("x = " + "[" * 5000, "not valid TOML"),
    ("id = " + "9" * 5000, "not valid TOML"),
    (file_of(id='"acme"\nid = "again"'), "not valid TOML"),
    (file_of(id=None), "id is missing"),
    (file_of(name=None), "name is missing"),
    (file_of(name='"  "'), "name is empty"),
    (file_of(token_url=None), "token_url is missing"),
    (
        file_of(authorize_url=None),
        "authorize_url is missing; the authorization code grant needs it",
    ),
    (file_of(id='"../etc"'), "id is '../etc'"),
    (file_of(id='"Acme"'), "small letters"),
    (file_of(id="7"), "id is a number; it has to be a text in quotes"),
    (file_of(tokn_url='"x"'), "tokn_url is not a key of the format; did you mean token_url?"),
    (file_of("[quirks.token]\ngrant_typ = false"), "quirks.token.grant_typ is not a key"),
    (file_of("[quirks.tokens]\nstate = true"), "quirks.tokens is not a key of the format"),
    (file_of(quirks='["a_no_scope"]'), "quirks is a list; it has to be a table"),
    (
        file_of('[quirks.authorize]\nscope = "no"'),
        "quirks.authorize.scope is a text; it has to be true or false",
    ),
    (file_of(default_scopes='"read"'), "default_scopes is a text; it has to be a list of texts"),
    (file_of(default_scopes="[1]"), "default_scopes holds a number"),
    (file_of(default_scopes='["a b"]'), "a scope has no blanks"),
    (file_of(default_scopes='["a", "a"]'), "names something twice"),
    (file_of(pkce='"maybe"'), 'pkce is "maybe"; it has to be one of "required", "supported"'),
    (
        file_of(client_auth='"private_key_jwt"'),
        "known are client_secret_basic, client_secret_post, none",
    ),
    (file_of(token_request_format='"xml"'), 'it has to be one of "form", "json"'),
    (file_of(scope_separator='";"'), "scope_separator"),
    (file_of(grants='["magic"]'), 'grants lists "magic"'),
    (file_of(grants="[]"), "grants is empty"),
    (file_of(grants='["device_code"]', authorize_url=None), "device_authorization_url is missing"),
    (file_of(grants='["client_credentials"]'), "leaves out authorization_code"),
    (
        file_of(token_url='"http://acme.example/token"'),
        "token_url uses http://, which is accepted for 127.0.0.1 and localhost only",
    ),
    (file_of(token_url='"http://127.0.0.1.evil.example/token"'), "uses http://"),
    (file_of(token_url='"ftp://acme.example/token"'), "has to begin with https://"),
    (file_of(authorize_url='"javascript:alert(1)"'), "has to begin with https://"),
    (file_of(token_url='"https://user:pw@acme.example/token"'), "must not hold a user name"),
    (file_of(token_url='"https:///token"'), "names no host"),
    (file_of(token_url='"https://acme.example:99999/token"'), "port"),
    (file_of(token_url='"https://acme.example/to ken"'), "holds ' '"),
    (file_of(token_url='"https://äcme.example/token"'), "holds 'ä'"),
    (
        file_of(authorize_url='"https://acme.example/#/authorize"'),
        "authorize_url must not have a fragment",
    ),
    (file_of("[quirks.authorize]\nfragment = true"), "authorize_url has no fragment"),
    (
        file_of(token_url='"https://{region}.acme.example/token"'),
        "uses {region}, which is not declared",
    ),
    (file_of(token_url='"https://{reg ion}.acme.example/token"'), "malformed placeholder"),
    (file_of(token_url='"https://acme.example/{token"'), "malformed placeholder"),
    (
        file_of(token_url='"https://{access_token}.acme.example/token"'),
        "uses {access_token}, whose value is not known there",
    ),
    (
        file_of(revoke_url='"https://{access_token}.acme.example/r"'),
        "in its host, where only variables may stand",
    ),
    (
        file_of('[quirks.api.headers]\nX-Key = "{client_secret}"'),
        "uses {client_secret}, whose value is not known there",
    ),
    (file_of('[[variables]]\nname = "region"'), "is declared and used nowhere"),
    (file_of('[[variables]]\nname = "client_id"'), "is taken"),
    (
        file_of('[extra_authorize_params]\nstate = "x"'),
        "extra_authorize_params.state is a parameter that the program sets itself",
    ),
    (
        file_of('[extra_authorize_params]\nresponse_mode = "form_post"'),
        'only "query" reaches the callback server',
    ),
    (file_of('[extra_token_params]\ncode_verifier = "x"'), "sets itself"),
    (file_of('[extra_token_params]\nusername = "x"'), "password grant"),
    (
        file_of("[quirks.authorize]\nscope = false", default_scopes='["read"]'),
        "no scope would be sent",
    ),
    (file_of('[quirks.revoke]\nauth = "bearer"'), "revoke_url is missing"),
    (
        file_of('[quirks.revoke]\nauth = "magic"', revoke_url='"https://acme.example/r"'),
        "quirks.revoke.auth has to be",
    ),
    (
        file_of('[quirks.revoke]\nmethod = "PUT"', revoke_url='"https://acme.example/r"'),
        'one of "DELETE", "POST"',
    ),
    (file_of('[quirks.token.headers]\nCookie = "x"'), "not a header that a service can set"),
    (file_of('[quirks.api.headers]\nAuthorization = "x"'), "holds Authorization"),
    (
        file_of('[quirks.api]\norigins = ["https://acme.example/api"]'),
        "an origin is scheme and host, without path",
    ),
    (file_of('[quirks.callback.sets]\nhost = "nothing"'), "is not a variable"),
    (file_of('[quirks.answer]\naccess_token = ["a..b"]'), "a path is names with dots"),
    (
        file_of('[identity_probe]\nurl = "https://acme.example/me"'),
        "identity_probe.name_path is missing",
    ),
    (
        file_of(
            '[identity_probe]\nurl = "https://acme.example/me"\nname_path = "name"\nmethod = "POST"\nbody = "{"'
        ),
        "is not JSON",
    ),
    (
        file_of(
            "[refresh]\nissues_refresh_token = false",
            grants='["authorization_code", "refresh_token"]',
        ),
        "lists refresh_token",
    ),
    (file_of('[redirect_uri_rules]\nhost = "0.0.0.0"'), "redirect_uri_rules.host"),
    (
        file_of(
            "[redirect_uri_rules]\nloopback_http_allowed = false\nloopback_port_wildcard = true"
        ),
        "allow any loopback port, and no loopback",
    ),
    (file_of(name=r'"Ac\u001b[2Jme"'), r"holds control or invisible characters"),
    (file_of(name=r'"Ac\u202eme"'), "invisible"),
    (
        file_of('[guide]\nsteps = ["Paste {callback_uri}"]'),
        "uses {callback_uri}, which is not declared",
    ),
    (file_of(name='"' + "x" * 5000 + '"'), "characters; 1,000 is the most"),
    ("# " + "x" * 300_000, "too large"),
]


@pytest.mark.parametrize(("text", "words"), BROKEN, ids=[words[:50] for _, words in BROKEN])
def test_a_broken_file_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(InvalidService) as caught:
        parse_service(text, "broken.toml")
    assert words in str(caught.value)
    assert caught.value.message.startswith("broken.toml: ")
    assert caught.value.message.isprintable()
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "rfc"),
    [
        (file_of(grants='["implicit"]'), "RFC 9700 section 2.1.2"),
        (file_of(grants='["password"]'), "RFC 9700 section 2.4"),
        (file_of('[quirks.authorize]\nresponse_type = "token"'), "RFC 9700 section 2.1.2"),
        (file_of('[quirks.authorize]\nresponse_type = "id_token token"'), "RFC 9700 section 2.1.2"),
        (
            file_of(authorize_url='"https://acme.example/a?response_type=token"'),
            "RFC 9700 section 2.1.2",
        ),
        (file_of('[extra_token_params]\ngrant_type = "password"'), "RFC 9700 section 2.4"),
        (file_of('[quirks.refresh.parameters]\ngrant_type = "password"'), "RFC 9700 section 2.4"),
    ],
)
def test_rule_2_implicit_and_password_grants_are_refused_with_the_reason(
    text: str, rfc: str
) -> None:
    with pytest.raises(InvalidService, match=rfc):
        parse_service(text, "old.toml")


@pytest.mark.parametrize(
    "name",
    [
        "response_type",
        "client_id",
        "redirect_uri",
        "state",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "scope",
    ],
)
def test_rule_9_reserved_parameters_cannot_be_extras(name: str) -> None:
    with pytest.raises(InvalidService, match=f"extra_authorize_params.{name}"):
        parse_service(file_of(f'[extra_authorize_params]\n{name} = "x"'), "acme.toml")


def test_rule_8_a_response_mode_is_one_that_the_callback_server_takes() -> None:
    text = file_of('[extra_authorize_params]\nresponse_mode = "query"')
    assert parse_service(text, "acme.toml").extra_authorize_params == {"response_mode": "query"}
    posted = file_of(
        '[extra_authorize_params]\nresponse_mode = "form_post"\n[quirks.callback]\nform_post = true'
    )
    found = parse_service(posted, "acme.toml").extra_authorize_params
    assert found == {"response_mode": "form_post"}


def test_rule_65_http_is_accepted_for_loopback() -> None:
    text = file_of(
        token_url='"http://127.0.0.1:9000/token"', authorize_url='"http://localhost:9000/a"'
    )
    assert parse_service(text, "acme.toml").token_url == "http://127.0.0.1:9000/token"


def test_all_mistakes_are_reported_at_once() -> None:
    with pytest.raises(InvalidService) as caught:
        parse_service(file_of(pkce='"maybe"', nmae='"x"', category="1"), "acme.toml")
    for words in ("pkce", "nmae", "category"):
        assert words in str(caught.value)


def test_a_file_name_with_escapes_is_shown_harmlessly() -> None:
    with pytest.raises(InvalidService) as caught:
        parse_service("", "\x1b[2Jevil.toml")
    assert "\x1b" not in str(caught.value)


VARIABLES = [
    ('name = "region"\ndefault = "xx"\nchoices = [{value = "eu"}]', "not among the choices"),
    ('name = "region"\nchoices = [{value = "eu"}, {value = "eu"}]', "names a value twice"),
    ('name = "region"\nchoices = [{valu = "eu"}]', "choices[1].value is missing"),
    ('name = "region"\nchoices = ["eu"]', "every item has to be a table"),
    ('name = "region"\nchoices = [{value = "evil.example/x"}]', "part of a host name"),
    ('name = "region"\nchoices = [{value = "eu/"}]', "it has to be bare, as in eu"),
    ('name = "region"\ndefault = "a/b"', "part of a host name"),
    ('name = "region"\nkind = "url"', 'one of "address", "text"'),
    ('name = "region"\nkind = "address"', "right after https://"),
    ('name = "region"\nderived = {from = "dc", map = {}}', "has to name a variable"),
    ('name = "region"\nlable = "x"', "did you mean label?"),
    ('name = "region"\n[[variables]]\nname = "region"', "a second time"),
    ('name = "Region"', "small letters"),
]


@pytest.mark.parametrize(("table", "words"), VARIABLES, ids=[words for _, words in VARIABLES])
def test_a_broken_variable_is_refused_in_words(table: str, words: str) -> None:
    text = file_of(f"[[variables]]\n{table}", token_url='"https://{region}.acme.example/token"')
    with pytest.raises(InvalidService) as caught:
        parse_service(text, "acme.toml")
    assert words in str(caught.value)


def test_a_derived_map_covers_every_choice() -> None:
    tables = """
[[variables]]
name = "dc"
choices = [{value = "eu"}, {value = "us"}]
[[variables]]
name = "region"
derived = {from = "dc", map = {eu = "e"}}
"""
    text = file_of(tables, token_url='"https://{region}.acme.example/token"')
    with pytest.raises(InvalidService, match="one value for each choice of dc"):
        parse_service(text, "acme.toml")
