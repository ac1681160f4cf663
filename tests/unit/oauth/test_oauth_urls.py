from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_oauth.errors import UsageProblem
from tui_oauth.oauth.templates import fill
from tui_oauth.oauth.urls import (
    check_endpoint,
    check_link,
    is_loopback,
    origin_of,
    parse_query,
    with_parameters,
)


def test_rule_6_the_query_of_an_endpoint_is_kept_and_ours_comes_after_it() -> None:
    url = with_parameters("https://as.example/a?tenant=1&x=%20", [("state", "s")])
    assert url == "https://as.example/a?tenant=1&x=%20&state=s"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://as.example/a", "https://as.example/a?p=v"),
        ("https://as.example/a?", "https://as.example/a?p=v"),
        ("https://as.example/a?q=1&", "https://as.example/a?q=1&p=v"),
        ("https://as.example/a?p=v", "https://as.example/a?p=v"),
        ("https://as.example", "https://as.example?p=v"),
    ],
)
def test_rule_6_every_form_of_endpoint_takes_a_parameter_once(url: str, expected: str) -> None:
    assert with_parameters(url, {"p": "v"}) == expected


def test_rule_6_a_parameter_that_the_endpoint_has_with_another_value_is_refused() -> None:
    with pytest.raises(UsageProblem, match="client_id would be sent twice"):
        with_parameters("https://as.example/a?client_id=other", {"client_id": "mine"})


def test_rule_6_a_fragment_is_refused_unless_the_service_routes_by_it() -> None:
    with pytest.raises(UsageProblem, match="fragment"):
        with_parameters("https://as.example/a#f", {"p": "v"})
    url = with_parameters("https://as.example/#/oauth", [("p", "v w")], fragment=True)
    assert url == "https://as.example/#/oauth?p=v%20w"


def test_rule_7_each_value_is_percent_encoded_once() -> None:
    values = [("client_id", "a b+c&d=é"), ("scope", "https://x.example/r:w mail"), ("s", "%41'\"")]
    url = with_parameters("https://as.example/a", values)
    query = urlsplit(url).query
    assert "+" not in query.replace("%2B", "")
    assert "%20" in query
    assert parse_qsl(query, keep_blank_values=True) == values
    assert check_link(url) == url


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(min_size=1), st.text()), unique_by=lambda pair: pair[0]))
def test_rule_7_whatever_the_values_they_come_back_byte_for_byte(
    pairs: list[tuple[str, str]],
) -> None:
    clean = [(a, b) for a, b in pairs if not any("\ud800" <= c <= "\udfff" for c in a + b)]
    url = with_parameters("https://as.example/a", clean)
    assert parse_query(urlsplit(url).query) == clean
    assert check_link(url) == url


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("code=ab==&state=s", [("code", "ab=="), ("state", "s")]),
        ("code=a%2Bb", [("code", "a+b")]),
        ("code=a%2526", [("code", "a%26")]),
        ("code=a+b", [("code", "a b")]),
        ("flag&&x=1", [("flag", ""), ("x", "1")]),
        ("a;b=1", [("a;b", "1")]),
        ("code=%ff", [("code", "\ufffd")]),
        ("code=%zz%4", [("code", "%zz%4")]),
    ],
)
def test_rule_45_a_query_is_decoded_exactly_once(
    query: str, expected: list[tuple[str, str]]
) -> None:
    assert parse_query(query) == expected


def test_rule_45_a_raw_plus_stays_where_the_service_declares_it() -> None:
    assert parse_query("code=a+b%20c", plus_is_literal=True) == [("code", "a+b c")]


BAD_LINKS = [
    "javascript:alert(1)",
    "file:///etc/passwd",
    "data:text/html,x",
    "vscode://x/y",
    " javascript:alert(1)",
    "--version",
    "-h",
    "$(touch x)",
    "`touch x`",
    "https://as.example/`touch x`",
    "https://as.example/a;touch x",
    "https://as.example/a|sh",
    "https://as.example/\nx",
    "https://as.example/\rx",
    "\thttps://as.example/",
    "https://as.example/\x1b]0;x\x07",
    "https://good.example@evil.example/",
    "https://user:pass@as.example/",
    "https://аpple.example/",
    "https://as.example/é",
    "https://as.example/a'b",
    'https://as.example/a"b',
    "https://as.example\\@evil.example/",
    "https://as.example/%zz",
    "https://as.example/{tenant}/x",
    "https://",
    "https:///path",
    "https:as.example/x",
    "https://as.example:99999/",
    "https://as.example:0/",
    "https://as.example:/",
    "https://as.example:80x/",
    "https://[::1/",
    "https://[fe80::1%25eth0]/",
    "https://-as.example/",
    "https://as..example/",
    "https://127.1/",
    "https://0x7f000001/",
    "https://2130706433/",
    "http://as.example/",
    "http://127.0.0.1.evil.example/",
    "http://localhost.evil.example/",
    "http://app.localhost/",
    "http://10.0.0.1/",
    "http://0.0.0.0/",
    "ftp://127.0.0.1/",
    "https://as.example/a#fragment",
    "https://as.example/" + "a" * 16_384,
    "",
]


@pytest.mark.parametrize("url", BAD_LINKS, ids=lambda url: ascii(url)[:40])
def test_rule_48_what_a_browser_or_a_shell_could_misread_is_no_link(url: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        check_link(url)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "url",
    [
        "https://as.example",
        "https://as.example:8443/a/b?x=1&y=%20",
        "https://xn--pple-43d.example/",
        "https://192.0.2.7/token",
        "https://[2001:db8::1]:444/x",
        "HTTPS://AS.example/",
        "http://127.0.0.1:8976/",
        "http://127.8.8.8/",
        "http://[::1]:8976/callback",
        "http://localhost:8976/callback",
        "https://my_tenant.as.example/",
    ],
)
def test_rule_65_https_and_loopback_http_can_be_used(url: str) -> None:
    assert check_endpoint(url, "token endpoint") == url


def test_rule_65_the_message_names_what_and_the_host() -> None:
    with pytest.raises(UsageProblem, match=r"token endpoint .*as\.example\.test unencrypted"):
        check_endpoint("http://as.example.test/token", "token endpoint")


def test_a_fragment_route_is_a_link_where_it_is_declared() -> None:
    url = "https://app.example/#/oauth/authorize?state=s"
    assert check_link(url, fragment=True) == url


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("localhost.", False),
        ("::ffff:127.0.0.1", False),
        ("example.com", False),
        ("", False),
    ],
)
def test_loopback_is_only_what_cannot_leave_the_machine(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_an_origin_leaves_the_default_port_out() -> None:
    assert origin_of("https://API.example:443/me?x") == "https://api.example"
    assert origin_of("http://[::1]:80/") == "http://[::1]"
    assert origin_of("https://api.example:8443/") == "https://api.example:8443"


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("https://a.example/t/{token}", {"token": "a/b?c#d ä"}, "a%2Fb%3Fc%23d%20%C3%A4"),
        ("https://{host}/x", {"host": "eu.a.example:444"}, "https://eu.a.example:444/x"),
        ("{base}/me", {"base": "https://x.example/"}, "https://x.example/me"),
        ("https://a.example/{a}", {"a": "{b}", "b": "no"}, "/%7Bb%7D"),
    ],
)
def test_a_template_for_an_address_gives_each_value_the_form_of_its_place(
    template: str, values: dict[str, str], expected: str
) -> None:
    assert fill(template, values, for_url=True).endswith(expected)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("https://{v}/x", "evil.example/y"),
        ("https://{v}/x", "user@evil.example"),
        ("https://{v}.as.example/x", "evil.example#"),
        ("https://a.example/{v}/x", ".."),
        ("{v}/x", "http://evil.example"),
        ("{v}/x", "javascript:alert(1)//"),
        ("https://a.example/{v}", ""),
    ],
)
def test_a_template_for_an_address_refuses_a_value_that_would_change_its_host(
    template: str, value: str
) -> None:
    with pytest.raises(UsageProblem):
        fill(template, {"v": value}, for_url=True)


def test_a_plain_template_is_filled_once() -> None:
    assert fill("{a} {x y} {a}", {"a": "{b}", "b": "!"}) == "{b} {x y} {b}"
    with pytest.raises(UsageProblem, match=r"\{missing\}"):
        fill("{missing}", {})
