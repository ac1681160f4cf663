"""Every known way in which services depart from plain OAuth 2.0, and the key that declares it.

The tags are those under which such ways were collected. A tag without a key says why none is
needed: what it names is read by everybody's rules, or is a plain fact of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import pytest

from tui_oauth.services.format import Quirks, Service
from tui_oauth.services.loading import parse_service


@dataclass(frozen=True)
class Carried:
    """`key` holds `value` once `lines` are in the file; `top` are keys before the first table."""

    tag: str
    key: str
    value: Any
    lines: str = ""
    top: str = ""


def table(name: str, line: str) -> str:
    return f"[quirks.{name}]\n{line}\n"


REVOKE = 'revoke_url = "https://api.acme.example/revoke"\n'
REGION = '[[variables]]\nname = "region"\ndefault = "eu"\nchoices = [{ value = "eu" }, { value = "us" }]\n'
PROBE = '[identity_probe]\nurl = "https://api.acme.example/me"\nname_path = "name"\n'

CARRIED = [
    Carried("a_no_scope", "quirks.authorize.scope", False, table("authorize", "scope = false")),
    Carried(
        "a_no_response_type",
        "quirks.authorize.response_type",
        "",
        table("authorize", 'response_type = ""'),
    ),
    Carried(
        "a_response_type",
        "quirks.authorize.response_type",
        "code id_token",
        table("authorize", 'response_type = "code id_token"'),
    ),
    Carried(
        "a_scope_param",
        "quirks.authorize.scope_parameter",
        "user_scope",
        table("authorize", 'scope_parameter = "user_scope"'),
    ),
    Carried(
        "a_client_id_param",
        "quirks.authorize.client_id_parameter",
        "app_id",
        table("authorize", 'client_id_parameter = "app_id"'),
    ),
    Carried(
        "a_redirect_alias",
        "quirks.authorize.redirect_uri",
        "Acme-Name-1",
        table("authorize", 'redirect_uri = "Acme-Name-1"'),
    ),
    Carried(
        "a_fragment",
        "authorize_url",
        "https://acme.example/#/oauth",
        table("authorize", "fragment = true"),
        'authorize_url = "https://acme.example/#/oauth"\n',
    ),
    Carried("a_nonce", "quirks.authorize.nonce", True, table("authorize", "nonce = true")),
    Carried(
        "a_regional_host",
        "token_url",
        "https://api.{region}.acme.example/token",
        REGION,
        'token_url = "https://api.{region}.acme.example/token"\n',
    ),
    Carried(
        "a_versioned_url",
        "authorize_url",
        "https://acme.example/v21.0/oauth",
        "",
        'authorize_url = "https://acme.example/v21.0/oauth"\n',
    ),
    Carried(
        "a_variable_in_scope",
        "default_scopes",
        ("https://{region}.acme.example/all",),
        REGION,
        'default_scopes = ["https://{region}.acme.example/all"]\n',
    ),
    Carried(
        "c_code_param",
        "quirks.callback.code_parameter",
        "auth_code",
        table("callback", 'code_parameter = "auth_code"'),
    ),
    Carried(
        "c_extra_params",
        "quirks.callback.keep",
        ("realmId",),
        table("callback", 'keep = ["realmId"]'),
    ),
    Carried(
        "c_form_post", "quirks.callback.form_post", True, table("callback", "form_post = true")
    ),
    Carried(
        "c_hmac",
        "quirks.callback.hmac_parameter",
        "hmac",
        table("callback", 'hmac_parameter = "hmac"'),
    ),
    Carried(
        "c_127_not_localhost",
        "redirect_uri_rules.host",
        "127.0.0.1",
        '[redirect_uri_rules]\nhost = "127.0.0.1"\n',
    ),
    Carried(
        "c_localhost_not_127",
        "redirect_uri_rules.host",
        "localhost",
        '[redirect_uri_rules]\nhost = "localhost"\n',
    ),
    Carried(
        "t_no_grant_type", "quirks.token.grant_type", False, table("token", "grant_type = false")
    ),
    Carried(
        "t_no_redirect_uri",
        "quirks.token.redirect_uri",
        False,
        table("token", "redirect_uri = false"),
    ),
    Carried(
        "t_client_id_param",
        "quirks.token.client_secret_parameter",
        "secret",
        table("token", 'client_id_parameter = "app_id"\nclient_secret_parameter = "secret"'),
    ),
    Carried(
        "t_basic_secret_only",
        "quirks.token.basic_secret_only",
        True,
        table("token", "basic_secret_only = true"),
    ),
    Carried(
        "t_accept_json",
        "quirks.token.headers",
        {"Accept": "application/json"},
        table("token", 'headers = { Accept = "application/json" }'),
    ),
    Carried(
        "t_user_agent",
        "quirks.token.headers",
        {"User-Agent": "tui-oauth (me@acme.example)"},
        table("token", 'headers = { User-Agent = "tui-oauth (me@acme.example)" }'),
    ),
    Carried("t_state_in_token", "quirks.token.state", True, table("token", "state = true")),
    Carried(
        "t_params_in_query",
        "quirks.token.parameters_in",
        "query",
        table("token", 'parameters_in = "query"'),
    ),
    Carried(
        "t_separate_refresh_url",
        "quirks.refresh.url",
        "https://acme.example/refresh",
        table("refresh", 'url = "https://acme.example/refresh"'),
    ),
    Carried(
        "t_custom_refresh_params",
        "quirks.refresh.parameters",
        {"type": "refresh", "refresh_token": "{refresh_token}"},
        table("refresh", 'parameters = { type = "refresh", refresh_token = "{refresh_token}" }'),
    ),
    Carried(
        "t_host_from_callback",
        "quirks.callback.sets",
        {"location": "region"},
        REGION + table("callback", 'sets = { location = "region" }'),
        'token_url = "https://api.{region}.acme.example/token"\n',
    ),
    Carried(
        "t_device_same_endpoint",
        "quirks.device.parameters",
        {"response_type": "device_code"},
        table("device", 'parameters = { response_type = "device_code" }'),
        'device_authorization_url = "https://acme.example/token"\n',
    ),
    Carried(
        "t_device_uri_field",
        "quirks.device.verification_uri",
        "verification_url",
        table("device", 'verification_uri = "verification_url"'),
        'device_authorization_url = "https://acme.example/device"\n',
    ),
    Carried(
        "t_client_scopes",
        "quirks.client.scopes",
        ("https://api.acme.example/.default",),
        table("client", 'scopes = ["https://api.acme.example/.default"]'),
    ),
    Carried(
        "r_token_nested",
        "quirks.answer.access_token",
        ("data.access_token",),
        table("answer", 'access_token = ["data.access_token"]'),
    ),
    Carried(
        "r_token_field",
        "quirks.answer.access_token",
        ("token",),
        table("answer", 'access_token = ["token"]'),
    ),
    Carried(
        "r_duplicate_token_field",
        "quirks.answer.access_token",
        ("access_token", "token"),
        table("answer", 'access_token = ["access_token", "token"]'),
    ),
    Carried(
        "r_no_expiry", "refresh.access_token_lifetime_s", None
    ),  # an answer without expires_in is standard
    Carried(
        "r_no_nonce",
        "quirks.answer.id_token_nonce",
        False,
        table("answer", "id_token_nonce = false"),
    ),
    Carried(
        "r_expires_zero",
        "quirks.answer.expires_zero_is_never",
        True,
        table("answer", "expires_zero_is_never = true"),
    ),
    Carried(
        "r_expires_absolute",
        "quirks.answer.expires_at",
        "expires_at",
        table("answer", 'expires_at = "expires_at"'),
    ),
    Carried(
        "r_expires_field",
        "quirks.answer.expires_in",
        "expires",
        table("answer", 'expires_in = "expires"'),
    ),
    Carried(
        "r_scope_list", "quirks.answer.scope", "scope"
    ),  # a list is read as well as a text, everywhere
    Carried(
        "r_instance_url",
        "quirks.answer.keep",
        {"instance_url": "instance_url"},
        table("answer", 'keep = { instance_url = "instance_url" }'),
    ),
    Carried(
        "r_account_id",
        "quirks.answer.keep",
        {"account_id": "stripe_user_id"},
        table("answer", 'keep = { account_id = "stripe_user_id" }'),
    ),
    Carried(
        "r_tenant_lookup",
        "identity_probe.keep",
        {"tenant_id": "0.tenantId"},
        PROBE + 'keep = { tenant_id = "0.tenantId" }\n',
    ),
    Carried(
        "r_http200_error",
        "quirks.answer.success",
        "ok",
        table("answer", 'success = "ok"\nsuccess_value = "true"'),
    ),
    Carried(
        "r_error_shape", "quirks.answer.success", ""
    ),  # the known shapes of errors are looked for everywhere
    Carried(
        "r_long_lived_exchange",
        "quirks.answer.long_lived.url",
        "https://acme.example/long",
        table(
            "answer",
            'long_lived = { url = "https://acme.example/long", parameters = { token = "{access_token}" } }',
        ),
    ),
    Carried(
        "l_refresh_optin",
        "extra_authorize_params",
        {"access_type": "offline"},
        '[extra_authorize_params]\naccess_type = "offline"\n',
    ),
    Carried(
        "l_refresh_with_access_token",
        "quirks.refresh.with_access_token",
        True,
        table("refresh", "with_access_token = true"),
    ),
    Carried(
        "v_bearer_post",
        "quirks.revoke.auth",
        "bearer",
        table("revoke", 'auth = "bearer"\nbody = "none"'),
        REVOKE,
    ),
    Carried(
        "v_delete_bearer",
        "quirks.revoke.method",
        "DELETE",
        table("revoke", 'method = "DELETE"\nauth = "bearer"\nbody = "none"'),
        REVOKE,
    ),
    Carried(
        "v_delete_basic",
        "quirks.revoke.auth",
        "basic",
        table("revoke", 'method = "DELETE"\nauth = "basic"\nbody = "json"'),
        REVOKE,
    ),
    Carried(
        "v_custom_auth",
        "quirks.revoke.auth",
        "Client {client_secret}",
        table("revoke", 'auth = "Client {client_secret}"'),
        REVOKE,
    ),
    Carried("v_json", "quirks.revoke.body", "json", table("revoke", 'body = "json"'), REVOKE),
    Carried(
        "v_field_access_token",
        "quirks.revoke.parameters",
        {"access_token": "{access_token}"},
        table("revoke", 'parameters = { access_token = "{access_token}" }'),
        REVOKE,
    ),
    Carried(
        "v_refresh_token",
        "quirks.revoke.token",
        "refresh",
        table("revoke", 'token = "refresh"'),
        REVOKE,
    ),
    Carried(
        "v_token_in_path",
        "revoke_url",
        "https://api.acme.example/tokens/{refresh_token}",
        table("revoke", 'method = "DELETE"\nauth = "none"\nbody = "none"'),
        'revoke_url = "https://api.acme.example/tokens/{refresh_token}"\n',
    ),
    Carried(
        "v_deauthorize",
        "quirks.revoke.parameters",
        {"client_id": "{client_id}", "account": "{account_id}"},
        table("answer", 'keep = { account_id = "stripe_user_id" }')
        + table(
            "revoke",
            'auth = "Bearer {client_secret}"\nparameters = { client_id = "{client_id}", account = "{account_id}" }',
        ),
        REVOKE,
    ),
    Carried("h_auth_scheme", "quirks.api.scheme", "OAuth", table("api", 'scheme = "OAuth"')),
    Carried(
        "h_token_header",
        "quirks.api.header",
        "X-Access-Token",
        table("api", 'header = "X-Access-Token"\nscheme = ""'),
    ),
    Carried(
        "h_client_id_header",
        "quirks.api.headers",
        {"Client-Id": "{client_id}"},
        table("api", 'headers = { Client-Id = "{client_id}" }'),
    ),
    Carried(
        "h_version_header",
        "quirks.api.headers",
        {"Acme-Version": "2026-01"},
        table("api", 'headers = { Acme-Version = "2026-01" }'),
    ),
    Carried(
        "h_tenant_header",
        "quirks.api.headers",
        {"Tenant": "{tenant_id}"},
        PROBE
        + 'keep = { tenant_id = "0.tenantId" }\n'
        + table("api", 'headers = { Tenant = "{tenant_id}" }'),
    ),
    Carried(
        "h_extra_credentials",
        "quirks.api.headers",
        {"Developer-Token": "{developer_token}"},
        '[[variables]]\nname = "developer_token"\n'
        + table("api", 'headers = { Developer-Token = "{developer_token}" }'),
    ),
    Carried(
        "git_username",
        "quirks.git.username",
        "x-token-auth",
        table("git", 'origins = ["https://acme.example"]\nusername = "x-token-auth"'),
    ),
    Carried(
        "probe_post",
        "identity_probe.body",
        '{"query":"{ me { name } }"}',
        PROBE + 'method = "POST"\nbody = \'{"query":"{ me { name } }"}\'\n',
    ),
    Carried(
        "probe_token_in_path",
        "identity_probe.url",
        "https://api.acme.example/tokens/{access_token}",
        '[identity_probe]\nurl = "https://api.acme.example/tokens/{access_token}"\nname_path = "name"\n',
    ),
]


def service_of(carried: Carried) -> Service:
    top = carried.top
    for key, url in (("authorize_url", "authorize"), ("token_url", "token")):
        if key not in top:
            top += f'{key} = "https://acme.example/{url}"\n'
    return parse_service(f'id = "acme"\nname = "Acme"\n{top}{carried.lines}', "acme.toml")


@pytest.mark.parametrize("carried", CARRIED, ids=[carried.tag for carried in CARRIED])
def test_rule_5_each_known_deviation_is_carried_by_a_key(carried: Carried) -> None:
    found = reduce(getattr, carried.key.split("."), service_of(carried))
    assert found == carried.value


@pytest.mark.parametrize("carried", CARRIED, ids=[carried.tag for carried in CARRIED])
def test_rule_5_nothing_is_on_that_the_file_does_not_declare(carried: Carried) -> None:
    quirks = service_of(carried).quirks
    for name in (
        "authorize",
        "callback",
        "token",
        "refresh",
        "answer",
        "revoke",
        "api",
        "git",
        "device",
        "client",
    ):
        if f"[quirks.{name}" not in carried.lines:
            assert getattr(quirks, name) == getattr(Quirks(), name)


def test_the_vocabulary_has_each_tag_once() -> None:
    tags = [carried.tag for carried in CARRIED]
    assert len(tags) == len(set(tags)) == 66
