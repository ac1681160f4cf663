"""Entries made from a URL: created, looked up again, and never led elsewhere with their secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest

from tests.providers.authlib_server import AuthlibServer
from tests.providers.mock_server import MockServer
from tests.providers.publishing import Site, publishing
from tests.stage import make_workspace
from tui_oauth import entries
from tui_oauth.discover import look_up
from tui_oauth.discovered import (
    Rediscovery,
    accept,
    callback_url_of,
    check_name,
    create_discovered,
    guide_of,
    rediscover,
)
from tui_oauth.errors import AlreadyExists, Conflict, ProviderRefused, UsageProblem
from tui_oauth.model import Entry, EntrySecrets, Grant, Status, TokenSet, status_of, with_tokens
from tui_oauth.oauth.discovery import NamesAnother
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.secret import Secret
from tui_oauth.services.pinned import DISCOVERED, unpin
from tui_oauth.workspace import Workspace


@pytest.fixture
def workspace(home: object) -> Workspace:
    return make_workspace(8977)


@pytest.fixture
def site() -> Iterator[Site]:
    with publishing() as made:
        yield made


def created(workspace: Workspace, url: str, name: str = "api") -> Entry:
    return create_discovered(workspace, name, asyncio.run(look_up(workspace, url)))


def configured(workspace: Workspace, entry: Entry) -> Entry:
    """The entry with credentials and tokens, as after a sign-in."""
    ready = entries.configure_entry(
        workspace, entry, client_id="mine", client_secret=Secret("a secret")
    )
    now = workspace.now()
    tokens = TokenSet(Secret("token"), "Bearer", now, None, Secret("refresh"))
    return workspace.vault.change(
        ready.id,
        lambda current, held: (with_tokens(current, tokens, now), held._replace(tokens=tokens)),
    )


def again(workspace: Workspace, entry: Entry) -> Rediscovery:
    return asyncio.run(rediscover(workspace, entry))


def test_a_discovered_entry_carries_its_service(workspace: Workspace, site: Site) -> None:
    site.issuer("/t")
    entry = created(workspace, site.url + "/t")
    assert (entry.service, entry.service_name) == (DISCOVERED, site.url.removeprefix("http://"))
    assert status_of(entry, 0) is Status.NOT_CONFIGURED
    assert entry.grant == Grant.PERSON
    service = entries.entry_service(workspace, entry)
    assert service.token_url == f"{site.url}/t/token"
    url = entries.describe(workspace, entry)["callback_url"]
    assert url == callback_url_of(workspace, asyncio.run(look_up(workspace, site.url + "/t")))
    assert "/callback/127.0.0.1-" in url, "rule 55: a path apart from other servers'"


def test_scopes_that_the_person_chose_are_the_entry_s(workspace: Workspace, site: Site) -> None:
    found = asyncio.run(look_up(workspace, site.issuer()))
    chosen = create_discovered(workspace, "chosen", found, ("read  write", "read"))
    assert chosen.scopes == ("read", "write")
    assert create_discovered(workspace, "none", found, ()).scopes == ()
    assert create_discovered(workspace, "theirs", found).scopes is None


def test_a_server_without_people_makes_an_entry_without_a_person(
    workspace: Workspace, site: Site
) -> None:
    site.issuer(authorization_endpoint=None, grant_types_supported=["client_credentials"])
    assert created(workspace, site.url).grant == Grant.CLIENT


def test_a_name_is_checked_before_anything_is_asked(workspace: Workspace, site: Site) -> None:
    site.issuer()
    created(workspace, site.url, "Taken")
    assert check_name(workspace, "  free ") == "free"
    with pytest.raises(AlreadyExists, match="Taken"):
        check_name(workspace, "taken")
    with pytest.raises(UsageProblem):
        check_name(workspace, " ")


# ---- looked up again (rule 105)


def test_nothing_new_is_no_change(workspace: Workspace, site: Site) -> None:
    site.issuer()
    entry = configured(workspace, created(workspace, site.url))
    before = workspace.places.vault.read_bytes()
    found = again(workspace, entry)
    assert found.changes == ()
    assert not found.ends_credentials
    assert workspace.places.vault.read_bytes() == before


def test_rule_105_a_swapped_token_endpoint_gets_nothing_until_a_person_agrees(
    workspace: Workspace, site: Site
) -> None:
    with publishing() as evil:
        site.issuer()
        entry = configured(workspace, created(workspace, site.url))
        site.issuer(token_endpoint=f"{evil.url}/token")
        found = again(workspace, entry)
        assert [(one.what, one.before, one.after) for one in found.changes] == [
            ("token endpoint", f"{site.url}/token", f"{evil.url}/token")
        ]
        assert found.ends_credentials
        assert evil.url in found.found.warnings[0]
        assert entries.entry_service(workspace, entry).token_url == f"{site.url}/token"
        assert workspace.vault.secrets(entry).client_secret == Secret("a secret")
        taken = accept(workspace, found)
        assert entries.entry_service(workspace, taken).token_url == f"{evil.url}/token"
        assert workspace.vault.secrets(taken) == EntrySecrets(), "they were given for another place"
        assert status_of(taken, 0) is Status.NOT_CONFIGURED
        assert not taken.has_refresh_token
        assert evil.asked == []


@pytest.mark.parametrize(
    "member",
    [
        "revocation_endpoint",
        "introspection_endpoint",
        "device_authorization_endpoint",
        "pushed_authorization_request_endpoint",
        "userinfo_endpoint",
    ],
)
def test_rule_105_no_other_place_that_gets_secrets_moves_with_them(
    workspace: Workspace, site: Site, member: str
) -> None:
    site.issuer()
    entry = configured(workspace, created(workspace, site.url))
    site.issuer(**{member: f"{site.url}/new"})
    assert not again(workspace, entry).ends_credentials, "the same origin has them already"
    site.issuer(**{member: "https://elsewhere.example/new"})
    found = again(workspace, entry)
    assert found.ends_credentials
    assert workspace.vault.secrets(accept(workspace, found)) == EntrySecrets()


@pytest.mark.parametrize(
    "members",
    [
        {"authorization_endpoint": "https://pages.example/authorize"},
        {"registration_endpoint": "https://pages.example/register"},
        {"jwks_uri": "https://pages.example/keys"},
        {"grant_types_supported": ["authorization_code"]},
        {"service_documentation": "https://pages.example/"},
        {"authorization_response_iss_parameter_supported": True},
        {"client_id_metadata_document_supported": True},
        {"code_challenge_methods_supported": None},
    ],
    ids=lambda members: next(iter(members)),
)
def test_what_gets_no_secrets_is_shown_and_taken_over_with_them(
    workspace: Workspace, site: Site, members: dict[str, Any]
) -> None:
    site.issuer()
    entry = configured(workspace, created(workspace, site.url))
    site.issuer(**members)
    found = again(workspace, entry)
    assert len(found.changes) == 1
    assert not found.ends_credentials
    taken = accept(workspace, found)
    assert workspace.vault.secrets(taken).client_secret == Secret("a secret")
    assert taken.authorized
    assert again(workspace, taken).changes == ()


def test_rule_105_the_callback_url_that_was_registered_stays_when_the_link_moves(
    workspace: Workspace, site: Site
) -> None:
    site.issuer()
    entry = configured(workspace, created(workspace, site.url))
    before = entries.callback_url(workspace, entry)
    site.issuer(authorization_endpoint="https://pages.example/authorize")
    taken = accept(workspace, again(workspace, entry))
    assert entries.callback_url(workspace, taken) == before


def test_every_difference_between_two_discovered_services_is_shown(
    workspace: Workspace, site: Site
) -> None:
    """A field of a service that discovery fills in may not change unseen."""
    issuer = site.issuer(
        revocation_endpoint=f"{site.url}/revoke",
        introspection_endpoint=f"{site.url}/introspect",
        device_authorization_endpoint=f"{site.url}/device",
        pushed_authorization_request_endpoint=f"{site.url}/par",
        require_pushed_authorization_requests=True,
        registration_endpoint=f"{site.url}/register",
        userinfo_endpoint=f"{site.url}/me",
        jwks_uri=f"{site.url}/jwks",
        authorization_response_iss_parameter_supported=True,
        client_id_metadata_document_supported=True,
        service_documentation="https://docs.example/",
        scopes_supported=["openid"],
    )
    rich = entries.declared_service(workspace, created(workspace, issuer))
    plain = type(rich)(id="from-url", name=rich.name, token_url=rich.token_url)
    from tui_oauth.discovered import _changes

    unseen = {"id", "name", "sources"}
    for spec in fields(rich):
        value = getattr(rich, spec.name)
        if spec.name in unseen or value == getattr(plain, spec.name):
            continue
        if spec.name == "extensions":
            for inner in fields(value):
                changed = replace(plain.extensions, **{inner.name: getattr(value, inner.name)})
                if changed != plain.extensions:
                    assert list(_changes(plain, replace(plain, extensions=changed))), inner.name
            continue
        assert list(_changes(plain, replace(plain, **{spec.name: value}))), spec.name


def test_rule_104_another_issuer_is_refused_when_looked_up_again_too(
    workspace: Workspace, site: Site
) -> None:
    site.issuer()
    entry = configured(workspace, created(workspace, site.url))
    site.issuer(issuer="https://evil.example")
    with pytest.raises(NamesAnother):
        again(workspace, entry)


def test_rule_72_a_later_look_up_leads_nowhere_else_either(
    workspace: Workspace, site: Site
) -> None:
    site.issuer()
    entry = configured(workspace, created(workspace, site.url))
    site.issuer(token_endpoint="https://169.254.169.254/")
    with pytest.raises(ProviderRefused):
        again(workspace, entry)


def test_a_resource_is_looked_up_by_its_own_address_again(workspace: Workspace, site: Site) -> None:
    api = site.resource("/mcp", [site.issuer("/one"), site.issuer("/two")])
    entry = configured(workspace, created(workspace, api))
    site.resource("/mcp", [site.issuer("/two")])
    found = again(workspace, entry)
    assert {one.what for one in found.changes} >= {"issuer", "token endpoint"}
    assert found.ends_credentials


def test_what_a_client_was_registered_with_is_no_change(workspace: Workspace, site: Site) -> None:
    site.issuer(token_endpoint_auth_methods_supported=None)
    entry = configured(workspace, created(workspace, site.url))
    service = replace(
        unpin(entry.pinned),
        client_auth=("client_secret_post",),
        extensions=replace(unpin(entry.pinned).extensions, dpop=True),
    )
    from tui_oauth.services.pinned import pin

    narrowed = workspace.vault.change(
        entry.id, lambda current, held: (current._replace(pinned=pin(service)), held)
    )
    assert again(workspace, narrowed).changes == ()
    site.issuer(token_endpoint_auth_methods_supported=["none"])
    (change,) = again(workspace, narrowed).changes
    assert (change.what, change.after) == ("client authentication", "none")


def test_an_entry_that_changed_since_is_not_overwritten(workspace: Workspace, site: Site) -> None:
    site.issuer()
    entry = configured(workspace, created(workspace, site.url))
    site.issuer(jwks_uri=f"{site.url}/keys")
    found = again(workspace, entry)
    entries.rename_entry(workspace, entry, "renamed")
    with pytest.raises(Conflict):
        accept(workspace, found)


def test_an_entry_of_a_service_has_nowhere_to_look(workspace: Workspace) -> None:
    entry = entries.create_entry(workspace, "practice", "practice", {"port": "8977"})
    with pytest.raises(UsageProblem, match="not made from a URL"):
        again(workspace, entry)


# ---- the guide


def test_the_guide_says_that_the_server_registers_clients(workspace: Workspace, site: Site) -> None:
    site.issuer(registration_endpoint=f"{site.url}/register")
    entry = created(workspace, site.url, "my api")
    view = guide_of(workspace, entry)
    assert "registers clients by itself" in view.steps[0]
    assert "tui-oauth discover 'my api' --register" in view.steps[0]
    after = guide_of(workspace, configured(workspace, entry))
    assert "nothing is left to do there" in after.steps[0]


def test_the_guide_says_what_to_ask_for_where_it_does_not(workspace: Workspace, site: Site) -> None:
    site.issuer(
        client_id_metadata_document_supported=True, service_documentation="https://docs.example/"
    )
    entry = created(workspace, site.url)
    view = guide_of(workspace, entry)
    words = " ".join((*view.steps, *view.gotchas))
    assert entries.callback_url(workspace, entry) in words
    assert "by itself" not in words
    assert "https address of a document about the client" in words
    assert f"{site.url}/.well-known/oauth-authorization-server" in words
    assert view.docs_url == "https://docs.example/"


def test_the_guide_of_an_entry_without_a_person_names_no_callback_url(
    workspace: Workspace, site: Site
) -> None:
    site.issuer(grant_types_supported=["authorization_code", "client_credentials"])
    found = asyncio.run(look_up(workspace, site.url))
    entry = create_discovered(workspace, "api", found, without_person=True)
    view = guide_of(workspace, entry)
    assert entry.grant == Grant.CLIENT
    assert view.callback_url == ""
    assert "client_credentials" in view.steps[0]
    assert "redirect" not in " ".join(view.steps)


def test_without_a_person_only_where_the_server_offers_that(
    workspace: Workspace, site: Site
) -> None:
    found = asyncio.run(look_up(workspace, site.issuer()))
    with pytest.raises(UsageProblem, match="without a person"):
        create_discovered(workspace, "api", found, without_person=True)
    assert workspace.vault.entries() == []


# ---- the practice provider, and servers that we did not write


@pytest.mark.parametrize(
    ("odd", "error"),
    [
        ("issuer", NamesAnother),
        ("slash", NamesAnother),
        ("plain-pkce", UsageProblem),
        ("no-token-endpoint", UsageProblem),
    ],
)
def test_the_practice_provider_s_odd_metadata_makes_no_entry(
    workspace: Workspace, odd: str, error: type[Exception]
) -> None:
    with PracticeProvider(0, Behaviour(odd_metadata=odd)) as provider, pytest.raises(error):
        created(workspace, provider.url)


def test_rule_106_the_practice_provider_on_another_host_is_warned_of(workspace: Workspace) -> None:
    with PracticeProvider(0, Behaviour(odd_metadata="other-host")) as provider:
        (warning,) = asyncio.run(look_up(workspace, provider.url)).warnings
    assert "http://localhost:1" in warning


def test_rule_107_the_practice_provider_s_api(workspace: Workspace) -> None:
    with PracticeProvider(0, Behaviour(dpop_required=True)) as provider:
        found = asyncio.run(look_up(workspace, f"{provider.url}/api"))
        assert found.resource == f"{provider.url}/api"
        assert found.service.issuer == provider.url
        assert found.service.extensions.dpop


def test_rule_107_the_practice_provider_s_api_that_speaks_for_another(workspace: Workspace) -> None:
    with (
        PracticeProvider(0, Behaviour(odd_metadata="resource")) as provider,
        pytest.raises(NamesAnother, match="another resource"),
    ):
        created(workspace, f"{provider.url}/api")


def test_a_server_of_authlib_is_found_with_all_it_has(
    workspace: Workspace, authlib_server: AuthlibServer
) -> None:
    service = unpin(created(workspace, authlib_server.issuer).pinned)
    issuer = authlib_server.issuer
    assert service.token_url == f"{issuer}/token"
    assert service.revoke_url == f"{issuer}/revoke"
    assert service.introspect_url == f"{issuer}/introspect"
    assert service.device_authorization_url == f"{issuer}/device_authorization"
    assert {"authorization_code", "device_code", "refresh_token"} <= set(service.grants)
    assert service.extensions.iss_parameter
    assert service.extensions.registration_url == f"{issuer}/register"


def test_oidc_provider_mock_is_found_by_openid_connect_discovery(
    workspace: Workspace, mock_server: MockServer
) -> None:
    found = asyncio.run(look_up(workspace, mock_server.issuer))
    assert found.documents == (f"{mock_server.issuer}/.well-known/openid-configuration",)
    assert found.service.identity_probe is not None
    assert found.service.default_scopes == ("openid", "email")
    assert found.warnings == ()
