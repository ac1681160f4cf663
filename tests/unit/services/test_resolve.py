"""Values that people give for variables: kind to what they mean, deaf to everything else."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_oauth.errors import InvalidService, ProviderRefused, UsageProblem
from tui_oauth.services.catalogue import Catalogue
from tui_oauth.services.format import Service
from tui_oauth.services.loading import parse_service
from tui_oauth.services.resolve import asked_variables, from_callback, resolve, resolve_known

TEXT = """
id = "acme"
name = "Acme"
authorize_url = "https://{host}/{tenant}/authorize?audience={audience}"
token_url = "https://{sub}.acme.example/token"
default_scopes = ["api:{tenant}"]
[[variables]]
name = "host"
label = "Host"
example = "login.acme.example"
default = "login.acme.example"
[[variables]]
name = "sub"
label = "Subdomain"
example = "mine"
[[variables]]
name = "tenant"
default = "common"
[[variables]]
name = "audience"
default = "api"
[quirks.api.headers]
X-Tenant = "{tenant}"
"""


@pytest.fixture(scope="module")
def acme() -> Service:
    return parse_service(TEXT, "acme.toml")


def test_every_variable_is_put_in_place(acme: Service) -> None:
    found = resolve(acme, {"sub": "mine", "tenant": "t1", "audience": "a+b"})
    assert found.authorize_url == "https://login.acme.example/t1/authorize?audience=a%2Bb"
    assert found.token_url == "https://mine.acme.example/token"
    assert found.default_scopes == ("api:t1",)
    assert found.quirks.api.headers == {"X-Tenant": "t1"}


def test_an_entry_comes_before_the_settings_before_the_file(acme: Service) -> None:
    defaults = {"sub": "mine", "tenant": "from-settings"}
    assert resolve(acme, {}, defaults).default_scopes == ("api:from-settings",)
    assert resolve(acme, {"tenant": "own"}, defaults).default_scopes == ("api:own",)
    assert resolve(acme, {"sub": "mine"}).default_scopes == ("api:common",)


def test_a_missing_value_is_named_with_an_example(acme: Service) -> None:
    with pytest.raises(UsageProblem, match=r"Acme needs a value for sub \(Subdomain\)") as caught:
        resolve(acme, {})
    assert "mine" in caught.value.advice


def test_a_name_that_a_newer_file_dropped_is_no_obstacle(acme: Service) -> None:
    assert resolve(acme, {"sub": "mine", "old": "x"}).token_url.startswith("https://mine.")


@pytest.mark.parametrize(
    ("name", "pasted", "url"),
    [
        ("sub", " mine\n", "https://mine.acme.example/token"),
        ("sub", "https://mine", "https://mine.acme.example/token"),
        ("sub", "https://mine.acme.example/", "https://mine.acme.example/token"),
        ("sub", "MINE.ACME.EXAMPLE", "https://MINE.acme.example/token"),
        ("sub", "a.b", "https://a.b.acme.example/token"),
        (
            "host",
            "https://sso.corp.example/",
            "https://sso.corp.example/common/authorize?audience=api",
        ),
        (
            "host",
            "sso.corp.example:8443",
            "https://sso.corp.example:8443/common/authorize?audience=api",
        ),
        ("host", "http://localhost:3000", "http://localhost:3000/common/authorize?audience=api"),
        ("host", "https://127.0.0.1:3000", "https://127.0.0.1:3000/common/authorize?audience=api"),
        ("host", "[::1]:3000", "https://[::1]:3000/common/authorize?audience=api"),
        (
            "tenant",
            "contoso.onmicrosoft.com",
            "https://login.acme.example/contoso.onmicrosoft.com/authorize?audience=api",
        ),
    ],
)
def test_what_people_paste_is_understood(acme: Service, name: str, pasted: str, url: str) -> None:
    found = resolve(acme, {"sub": "mine", name: pasted})
    assert url in {found.authorize_url, found.token_url}


ATTACKS = [
    "evil.example/x",
    "evil.example/x?",
    "evil.example#",
    "evil.example?",
    "evil.example\\",
    "user@evil.example",
    "user:pw@evil.example",
    "evil.example%2f",
    "evil\r\nHost: evil.example",
    "evil\x00",
    "evil\u202eexample",
    "..",
    ".",
    "-",
    "{client_secret}",
    "{sub}",
    "éxample",
    "ex ample",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "ftp://evil.example",
    "a" * 600,
    "//evil.example",
]


@pytest.mark.parametrize("value", ATTACKS)
@pytest.mark.parametrize("name", ["host", "sub"])
def test_a_value_cannot_break_out_of_the_host(acme: Service, name: str, value: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        resolve(acme, {"sub": "mine", name: value})
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "value", ["a/b", "a?b", "a#b", "..", ".", "a\\b", "a%2fb", "a b", "a\nb", "ü"]
)
def test_a_value_cannot_break_out_of_its_path_segment(acme: Service, value: str) -> None:
    with pytest.raises(UsageProblem):
        resolve(acme, {"sub": "mine", "tenant": value})


def test_http_to_another_machine_is_refused(acme: Service) -> None:
    with pytest.raises(UsageProblem, match=r"127\.0\.0\.1 and localhost only"):
        resolve(acme, {"sub": "mine", "host": "http://sso.corp.example"})


def test_a_port_belongs_to_a_whole_host_only(acme: Service) -> None:
    with pytest.raises(UsageProblem):
        resolve(acme, {"sub": "mine:8443"})


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(value=st.text(max_size=40))
def test_whatever_is_typed_the_host_stays_below_its_domain(acme: Service, value: str) -> None:
    try:
        found = resolve(acme, {"sub": value, "tenant": value or "x"})
    except UsageProblem:
        return
    token, authorize = urlsplit(found.token_url), urlsplit(found.authorize_url)
    assert (token.hostname or "").endswith(".acme.example")
    assert (token.path, token.query, token.fragment, token.username) == ("/token", "", "", None)
    assert authorize.netloc == "login.acme.example"
    assert authorize.path.count("/") == 2


@pytest.mark.parametrize("value", ["0", "65536", "8977/x", "x", "-1", "８９７７", "8977 "])
def test_a_port_is_a_number(value: str) -> None:
    practice = Catalogue().get("practice")
    if value.strip() == "8977":
        assert resolve(practice, {"port": value}).token_url.startswith("http://127.0.0.1:8977/")
    else:
        with pytest.raises(UsageProblem):
            resolve(practice, {"port": value})


@pytest.mark.parametrize("value", ["eu", "EU", "Europe"])
def test_a_choice_is_taken_by_value_or_label(value: str) -> None:
    found = resolve(Catalogue().get("intercom"), {"region": value})
    assert found.authorize_url == "https://app.eu.intercom.com/oauth"


def test_a_choice_that_does_not_exist_is_refused_with_the_list() -> None:
    with pytest.raises(UsageProblem, match="one of us, eu, au"):
        resolve(Catalogue().get("intercom"), {"region": "mars"})


@pytest.mark.parametrize(
    ("pasted", "url"),
    [
        ("idp.example.com/oauth/token", "https://idp.example.com/oauth/token"),
        ("https://idp.example.com/oauth/token", "https://idp.example.com/oauth/token"),
        ("https://idp.example.com/token?v=1", "https://idp.example.com/token?v=1"),
        ("127.0.0.1:9000/token", "http://127.0.0.1:9000/token"),
        ("localhost:9000/token", "http://localhost:9000/token"),
        ("http://localhost:9000/token", "http://localhost:9000/token"),
        ("https://localhost:9000/token", "https://localhost:9000/token"),
    ],
)
def test_the_custom_service_takes_addresses_as_people_have_them(pasted: str, url: str) -> None:
    custom = Catalogue().get("custom-oauth2")
    found = resolve(custom, {"authorize": "idp.example.com/authorize", "token": pasted})
    assert found.token_url == url
    assert found.authorize_url == "https://idp.example.com/authorize"


@pytest.mark.parametrize(
    "pasted",
    [
        "http://idp.example.com/token",
        "javascript:alert(1)",
        "data://x",
        "user@idp.example.com/token",
        "idp.example.com/token#x",
        "idp.example.com/{access_token}",
        "/token",
        "idp.example.com/to ken",
        "127.0.0.1.evil.example:x/token",
    ],
)
def test_the_custom_service_refuses_what_is_no_safe_address(pasted: str) -> None:
    custom = Catalogue().get("custom-oauth2")
    with pytest.raises(UsageProblem, match="Token URL cannot be"):
        resolve(custom, {"authorize": "idp.example.com/authorize", "token": pasted})


ISSUER = """
id = "oidc"
name = "An issuer"
authorize_url = "https://{issuer}/authorize"
token_url = "https://{issuer}/token"
issuer = "https://{issuer}"
[[variables]]
name = "issuer"
kind = "address"
[guide]
steps = ["Open https://{issuer}/admin and paste {callback_url}"]
"""


def test_an_address_may_go_on_after_the_placeholder() -> None:
    service = parse_service(ISSUER, "oidc.toml")
    found = resolve(service, {"issuer": "https://idp.example.com/realms/acme/"})
    assert found.token_url == "https://idp.example.com/realms/acme/token"
    local = resolve(service, {"issuer": "localhost:8080/realms/acme"})
    assert local.token_url == "http://localhost:8080/realms/acme/token"
    assert local.guide.steps[0].startswith("Open http://localhost:8080/realms/acme/admin")
    with pytest.raises(UsageProblem, match="must not have a query"):
        resolve(service, {"issuer": "idp.example.com/?x=1"})


def test_what_is_not_known_yet_stays_open_for_a_guide(acme: Service) -> None:
    found = resolve_known(acme)
    assert found.token_url == "https://{sub}.acme.example/token"
    assert found.default_scopes == ("api:common",)


def test_derived_variables_are_not_asked_for() -> None:
    names = [variable.name for variable in asked_variables(Catalogue().get("intercom"))]
    assert names == ["region"]


ZONES = """
id = "zones"
name = "Zones"
authorize_url = "https://accounts.zones.{dc}/auth"
token_url = "https://accounts.zones.{dc}/token"
[[variables]]
name = "dc"
default = "com"
choices = [{value = "com"}, {value = "eu"}, {value = "com.au"}]
[quirks.callback]
sets = { "accounts-server" = "dc" }
"""
SHARDS = """
id = "shards"
name = "Shards"
authorize_url = "https://secure.{shard}.shards.example/auth"
token_url = "https://api.{shard}.shards.example/token"
[[variables]]
name = "shard"
default = "na1"
[quirks.callback]
sets = { api_access_point = "shard" }
sets_hosts = ["*.shards.example"]
"""


@pytest.mark.parametrize("server", ["https://accounts.zones.eu", "eu", "accounts.zones.eu"])
def test_the_callback_can_choose_among_the_choices(server: str) -> None:
    service = parse_service(ZONES, "zones.toml")
    assert from_callback(service, {"accounts-server": server}) == {"dc": "eu"}
    assert from_callback(service, {}) == {}


def test_the_callback_can_name_a_host_that_is_listed() -> None:
    service = parse_service(SHARDS, "shards.toml")
    parameters = {"api_access_point": "https://api.eu2.shards.example/"}
    assert from_callback(service, parameters) == {"shard": "eu2"}
    assert resolve(service, {"shard": "eu2"}).token_url == "https://api.eu2.shards.example/token"


@pytest.mark.parametrize(
    ("text", "parameter"),
    [(ZONES, "accounts-server"), (SHARDS, "api_access_point")],
)
@pytest.mark.parametrize(
    "value",
    [
        "https://evil.example/",
        "evil.example/",
        "https://accounts.zones.evil.example/x",
        "x@evil.example",
        "eu/../..",
        "http://169.254.169.254/",
    ],
)
def test_rule_63_the_callback_cannot_lead_to_another_host(
    text: str, parameter: str, value: str
) -> None:
    service = parse_service(text, "service.toml")
    try:
        found = from_callback(service, {parameter: value})
    except ProviderRefused as error:
        found = {}
        refusal = error.message
    else:
        refusal = ""
    host = urlsplit(resolve(service, found).token_url).hostname or ""
    assert "Nothing was sent there" in refusal or host.endswith(".shards.example")
    assert host.endswith((".shards.example", "accounts.zones.com"))


WHOLE_ADDRESS = """
id = "acme"
name = "Acme"
authorize_url = "https://accounts.acme.{dc}/auth"
token_url = "https://accounts.acme.{dc}/token"
[[variables]]
name = "dc"
default = "com"
choices = [{ value = "com" }, { value = "eu" }, { value = "com.au" }]
[quirks.callback]
sets = { accounts-server = "https://accounts.acme.{dc}" }
"""


@pytest.mark.parametrize(
    ("address", "dc"),
    [
        ("https://accounts.acme.eu", "eu"),
        ("https://accounts.acme.com.au/", "com.au"),
        ("HTTPS://Accounts.ACME.eu", "eu"),
    ],
)
def test_the_callback_may_name_a_whole_address(address: str, dc: str) -> None:
    service = parse_service(WHOLE_ADDRESS, "acme.toml")
    found = from_callback(service, {"accounts-server": address})
    assert found == {"dc": dc}
    assert resolve(service, found).token_url == f"https://accounts.acme.{dc}/token"


@pytest.mark.parametrize(
    "address",
    [
        "https://accounts.acme.evil.example",
        "https://accounts.evil.eu",
        "https://accounts.acme.eu.evil.example",
        "https://accounts.acme.eu@evil.example",
        "https://accounts.acme.eu/x",
        "https://accounts.acme.eu?x",
        "http://accounts.acme.eu",
        "eu/../evil",
        "accounts.acme.eu",
    ],
)
def test_an_address_of_somebody_else_is_refused(address: str) -> None:
    service = parse_service(WHOLE_ADDRESS, "acme.toml")
    with pytest.raises(ProviderRefused, match="is not a place of Acme"):
        from_callback(service, {"accounts-server": address})


OPTIONAL = """
id = "acme"
name = "Acme"
authorize_url = "https://acme.example/auth"
token_url = "https://acme.example/token"
[[variables]]
name = "key"
optional = true
[quirks.api.headers]
Acme-Key = "{key}"
Acme-Version = "2"
"""


def test_a_header_goes_without_its_optional_value() -> None:
    service = parse_service(OPTIONAL, "acme.toml")
    assert resolve(service, {}).quirks.api.headers == {"Acme-Version": "2"}
    with_value = resolve(service, {"key": "k1"}).quirks.api.headers
    assert with_value == {"Acme-Key": "k1", "Acme-Version": "2"}


def test_an_optional_value_may_stand_in_headers_of_api_calls_only() -> None:
    text = OPTIONAL.replace("acme.example/token", "acme.example/{key}/token")
    with pytest.raises(InvalidService, match=r"token_url uses \{key\}, which is optional"):
        parse_service(text, "acme.toml")
