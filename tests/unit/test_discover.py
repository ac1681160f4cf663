"""Look-ups over real HTTP on loopback: what is asked in which order, what is believed, what ends it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.providers.misbehaving import answering, certificate, dripping, endless, reset, serving
from tests.providers.misbehaving import silence as silent
from tests.providers.publishing import Site, metadata, publishing
from tui_oauth import discover
from tui_oauth.discover import Asked, Found, completed, look_up
from tui_oauth.errors import ProviderRefused, ProviderUnreachable, TuiOauthError, UsageProblem
from tui_oauth.oauth.discovery import NamesAnother
from tui_oauth.workspace import Workspace

OAUTH, OPENID = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
RESOURCE = "/.well-known/oauth-protected-resource"


@pytest.fixture
def site() -> Iterator[Site]:
    with publishing() as made:
        yield made


def find(url: str, seconds: float = 20) -> Found:
    return asyncio.run(look_up(Workspace.from_environment(), url, seconds=seconds))


def refused(url: str, error: type[TuiOauthError], seconds: float = 20) -> TuiOauthError:
    with pytest.raises(error) as caught:
        find(url, seconds)
    words = str(caught.value)
    assert words.isprintable()
    assert len(words) < 800
    return caught.value


# ---- an issuer


@pytest.mark.parametrize("place", [OAUTH + "/t", OPENID + "/t", "/t" + OPENID])
def test_rule_103_each_place_is_found_though_the_others_answer_nonsense(
    site: Site, place: str
) -> None:
    issuer = site.url + "/t"
    for path in (OAUTH + "/t", OPENID + "/t"):
        site.answer(f"GET {path}", answering(b"<!doctype html>Welcome", "200 OK"))
    site.publish(place, metadata(issuer))
    found = find(issuer)
    assert found.service.issuer == issuer
    assert found.documents == (site.url + place,)
    places = [OAUTH + "/t", OPENID + "/t", "/t" + OPENID]
    asked = [f"GET {path}" for path in places[: places.index(place) + 1]]
    assert site.asked == [*asked, f"GET {RESOURCE}/t"]


def test_nothing_but_plain_get_requests_goes_out(site: Site) -> None:
    find(site.issuer())
    for head, body in zip(site.heads, site.bodies, strict=True):
        assert head.startswith(b"GET ")
        assert b"cookie" not in head.lower()
        assert b"authorization:" not in head.lower()
        assert body == b""


@pytest.mark.parametrize("tail", ["/", "/other"])
def test_rule_104_a_document_for_another_issuer_is_not_used(site: Site, tail: str) -> None:
    site.publish(OAUTH, metadata(site.url + tail))
    error = refused(site.url, NamesAnother)
    assert isinstance(error, NamesAnother)
    assert error.named == site.url + tail


def test_rule_104_another_place_may_have_the_right_one(site: Site) -> None:
    issuer = site.url + "/t"
    site.publish(OAUTH + "/t", metadata(site.url))
    site.publish("/t" + OPENID, metadata(issuer))
    assert find(issuer).documents == (site.url + "/t" + OPENID,)


@pytest.mark.parametrize(
    ("status", "where"),
    [("302 Found", "/elsewhere"), ("307 Temporary Redirect", ""), ("301 Moved Permanently", "")],
)
def test_rule_67_redirects_of_metadata_are_not_followed(
    site: Site, status: str, where: str
) -> None:
    with publishing() as other:
        target = site.url + where if where else other.issuer() + OAUTH
        site.publish("/elsewhere", metadata(site.url))
        for path in (OAUTH, OPENID):
            site.publish(path, metadata(site.url), f"Location: {target}", status=status)
        refused(site.url, UsageProblem)
        assert other.asked == []
        assert "GET /elsewhere" not in site.asked


def test_rule_13_a_server_with_plain_pkce_only_ends_the_look_up(site: Site) -> None:
    site.issuer(code_challenge_methods_supported=["plain"])
    assert "S256" in refused(site.url, UsageProblem).message


def test_rule_72_metadata_does_not_lead_to_a_neighbour(site: Site) -> None:
    site.issuer(token_endpoint="https://169.254.169.254/latest/meta-data")
    assert "169.254.169.254" in refused(site.url, ProviderRefused).message


def test_what_is_too_long_for_an_entry_is_refused_before_there_is_one(site: Site) -> None:
    site.issuer(scopes_supported=["s" * 900, "t"])
    assert find(site.url).scopes == ("s" * 900, "t")
    site.issuer(token_endpoint=f"{site.url}/{'x' * 1_000}")
    refused(site.url, ProviderUnreachable)


# ---- an API or MCP server


def test_rule_107_from_the_401_of_an_api_to_its_authorization_server(site: Site) -> None:
    with publishing() as server:
        issuer = server.issuer("/tenant", registration_endpoint=f"{server.url}/register")
        api = site.url + "/mcp"
        site.publish(
            "/meta", {"resource": api, "authorization_servers": [issuer], "scopes_supported": ["a"]}
        )
        site.answer(
            "GET /mcp",
            answering(
                b"",
                "401 Unauthorized",
                f'wWw-AuThEnTiCaTe: bEARER realm="x", Resource_Metadata="{site.url}/meta", '
                'scope="files"',
            ),
        )
        found = find(api)
    assert (found.resource, found.service.issuer) == (api, issuer)
    assert found.documents == (f"{site.url}/meta", f"{server.url}{OAUTH}/tenant")
    assert found.service.extensions.resource == (api,)
    assert found.service.quirks.api.origins == (site.url,)
    assert found.service.default_scopes == ("files",)
    assert found.registers


def test_rule_107_by_the_well_known_address_alone(site: Site) -> None:
    issuer = site.issuer()
    api = site.resource("/mcp", [issuer])
    found = find(api)
    assert (found.resource, found.service.issuer) == (api, issuer)
    assert "GET /mcp" not in site.asked


def test_rule_107_the_host_as_a_whole_may_be_the_resource(site: Site) -> None:
    site.resource("", [site.issuer()])
    found = find(site.url + "/deep/path")
    assert found.resource == site.url
    assert found.service.extensions.resource == (site.url,)


@pytest.mark.parametrize("other", ["https://evil.example/mcp", "/", "/mcp/", "/MCP"])
def test_rule_107_metadata_of_another_resource_is_not_used(site: Site, other: str) -> None:
    named = other if other.startswith("https") else site.url + other
    issuer = site.issuer("/as")
    for where in (RESOURCE + "/mcp", "/meta"):
        site.publish(where, {"resource": named, "authorization_servers": [issuer]})
    site.answer(
        "GET /mcp",
        answering(
            b"",
            "401 Unauthorized",
            f'WWW-Authenticate: Bearer resource_metadata="{site.url}/meta"',
        ),
    )
    error = refused(site.url + "/mcp", NamesAnother)
    assert isinstance(error, NamesAnother)
    assert error.named == named
    assert f"GET {OAUTH}/as" not in site.asked


@pytest.mark.parametrize(
    "header",
    [
        "Bearer resource_metadata=https://api.example/meta",
        'Bearer resource_metadata="javascript:alert(1)"',
        'Bearer resource_metadata="file:///etc/passwd"',
        'Bearer resource_metadata="http://api.example/meta"',
        'Bearer resource_metadata=""',
        'Bearer resource_metadata="https://169.254.169.254/latest"',
        'Bearer resource_metadata="https://10.0.0.1/meta"',
        'Bearer resource_metadata="http://127.0.0.1:1/a", DPoP resource_metadata="http://127.0.0.1:1/b"',
        "Bearer " + "x" * 9_000,
        "Bearer realm=",
        "\x1b[31m",
    ],
    ids=lambda header: header[:60],
)
def test_rule_107_a_malformed_or_misleading_challenge_leads_nowhere(
    site: Site, header: str
) -> None:
    site.answer("GET /mcp", answering(b"", "401 Unauthorized", f"WWW-Authenticate: {header}"))
    refused(site.url + "/mcp", TuiOauthError)
    assert all(asked.startswith(("GET /.well-known/", "GET /mcp")) for asked in site.asked)


@pytest.mark.parametrize(
    "servers",
    [
        [],
        None,
        ["http://as.example"],
        ["https://as.example#f"],
        ["https://169.254.169.254"],
        ["https://10.0.0.1/", "https://[fe80::1]/"],
        ["javascript:alert(1)"],
        "https://as.example",
        [17],
    ],
    ids=repr,
)
def test_rule_72_authorization_servers_that_may_not_be_asked(site: Site, servers: object) -> None:
    site.publish(
        RESOURCE + "/mcp", {"resource": site.url + "/mcp", "authorization_servers": servers}
    )
    refused(site.url + "/mcp", TuiOauthError)


def test_the_first_authorization_server_that_answers_is_taken_and_the_others_named(
    site: Site,
) -> None:
    second, third = site.issuer("/second"), site.issuer("/third")
    api = site.resource("/mcp", [site.url + "/gone", second, third])
    found = find(api)
    assert found.service.issuer == second
    (warning,) = found.warnings
    assert third in warning
    assert "several authorization servers" in warning


def test_an_issuer_that_is_also_a_resource_is_asked_for_by_name(site: Site) -> None:
    issuer = site.issuer()
    site.resource("", [issuer])
    assert find(issuer).resource == issuer


def test_an_issuer_whose_api_speaks_for_another_stays_an_issuer_and_says_so(site: Site) -> None:
    issuer = site.issuer()
    site.publish(RESOURCE, {"resource": "https://other.example", "authorization_servers": [issuer]})
    found = find(issuer)
    assert found.resource == ""
    assert "https://other.example" in found.warnings[0]


def test_a_malformed_document_of_an_api_does_not_spoil_the_issuer(site: Site) -> None:
    issuer = site.issuer()
    site.publish(RESOURCE, {"resource": 5})
    assert find(issuer).service.issuer == issuer


# ---- nothing, nobody, for ever


def test_where_nothing_is_published_it_says_what_to_try(site: Site) -> None:
    error = refused(site.url + "/v1/things", UsageProblem)
    assert "publishes nothing about signing in" in error.message
    assert f"Try the host alone: {site.url}." in error.advice
    assert "Try the host" not in refused(site.url, UsageProblem).advice


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://as.example",
        "ftp://as.example",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://user:pass@as.example",
        "https://as.example/#x",
        "https://as.example/a b",
        "https://as.exämple",
        "--help",
    ],
)
def test_an_address_that_cannot_be_looked_up_is_refused_before_anything_is_sent(url: str) -> None:
    refused(url, UsageProblem)


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("  as.example ", "https://as.example"),
        ("as.example:8443/t", "https://as.example:8443/t"),
        ("localhost:8080/mcp", "http://localhost:8080/mcp"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("[::1]:9", "http://[::1]:9"),
        ("https://as.example", "https://as.example"),
        ("ftp://as.example", "ftp://as.example"),
    ],
)
def test_what_is_typed_without_a_scheme_is_completed(typed: str, whole: str) -> None:
    assert completed(typed) == whole


@pytest.mark.parametrize(
    "behaviour",
    [
        reset,
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"),
        endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536),
        answering(b'{"issuer": ' * 90_000),
        answering(b"\x1f\x8b" + b"0" * 400, "200 OK", "Content-Encoding: gzip"),
        answering(b"x" * 400, "200 OK", "Content-Encoding: br"),
        answering(b"oops", "503 Service Unavailable"),
    ],
    ids=["reset", "dripping", "endless", "deep", "broken gzip", "br", "503"],
)
def test_a_server_that_misbehaves_ends_in_one_error(
    behaviour: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discover, "EACH_SECONDS", 0.3)
    with serving(behaviour) as server:  # type: ignore[arg-type]
        refused(server.url, TuiOauthError)


def test_rule_68_the_whole_look_up_has_one_deadline() -> None:
    with serving(silent) as server:
        began = time.monotonic()
        error = refused(server.url, ProviderUnreachable, seconds=0.5)
        assert time.monotonic() - began < 5
    assert "within 0.5 s" in error.message


def test_it_can_be_cancelled_while_a_server_is_silent() -> None:
    async def search(url: str) -> None:
        asked = asyncio.Event()
        task = asyncio.create_task(
            look_up(Workspace.from_environment(), url, lambda _: asked.set())
        )
        await asyncio.wait_for(asked.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 5)

    with serving(silent) as server:
        asyncio.run(search(server.url))


def test_a_host_that_cannot_be_reached_is_asked_once_only(free_port: int) -> None:
    heard: list[Asked] = []
    with pytest.raises(ProviderUnreachable, match="could not be reached"):
        asyncio.run(
            look_up(Workspace.from_environment(), f"http://127.0.0.1:{free_port}", heard.append)
        )
    assert [asked.outcome for asked in heard] == ["", "no answer"]


def test_rule_64_a_certificate_that_is_not_trusted_ends_it(tmp_path: Path) -> None:
    with serving(answering(b"{}"), certificate(tmp_path).context) as server:
        error = refused(server.url, ProviderUnreachable)
    assert "was not trusted" in error.message


def test_each_step_is_told_with_its_outcome(site: Site) -> None:
    heard: list[Asked] = []
    site.publish(OAUTH, {}, "Location: https://other.example/", status="302 Found")
    site.answer(f"GET {OPENID}", answering(json.dumps(metadata(site.url)).encode()))
    asyncio.run(look_up(Workspace.from_environment(), site.url, heard.append))
    assert heard == [
        Asked(site.url + OAUTH),
        Asked(site.url + OAUTH, "leads on to other.example, not followed"),
        Asked(site.url + OPENID),
        Asked(site.url + OPENID, "found"),
        Asked(site.url + RESOURCE),
        Asked(site.url + RESOURCE, "nothing there (HTTP 404)"),
    ]
