"""The callback protocol without sockets: strict parsing, decisions, parameters."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_oauth.callback.page import Page
from tui_oauth.callback.protocol import (
    MAX_FORM,
    MAX_HEAD,
    MAX_PARAMETERS,
    Collect,
    Deliver,
    Follow,
    Received,
    Refused,
    RequestReader,
    Show,
    allowed_hosts,
    decide,
    has_repeats,
    read_form,
    read_parameters,
    state_of,
)

HOST = b"Host: 127.0.0.1:8976\r\n"
HOSTS = allowed_hosts(8976)


def read(data: bytes) -> Received | Refused | None:
    return RequestReader().feed(data)


def request(target: str = "/callback?state=s", method: str = "GET", extra: str = "") -> Received:
    outcome = read(f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:8976\r\n{extra}\r\n".encode())
    assert isinstance(outcome, Received)
    return outcome


def decision(
    target: str, method: str = "GET", extra: str = "", forms: frozenset[str] = frozenset()
) -> Show | Follow | Deliver | Collect:
    return decide(
        request(target, method, extra),
        hosts=HOSTS,
        callback_paths={"/callback"},
        form_paths=forms,
    )


def test_a_browsers_request_is_read() -> None:
    outcome = request("/callback?code=a%2Bb&state=s", extra="Accept: */*\r\nCookie: x=y\r\n")
    assert (outcome.method, outcome.path, outcome.query) == (
        "GET",
        "/callback",
        "code=a%2Bb&state=s",
    )
    assert outcome.host == "127.0.0.1:8976"
    assert not outcome.has_body
    assert not outcome.prefetch


def test_a_request_in_single_bytes_is_the_same_request() -> None:
    data = b"GET /callback?code=c&state=s HTTP/1.1\r\n" + HOST + b"\r\n"
    reader = RequestReader()
    assert not reader.started
    outcomes = [reader.feed(bytes([byte])) for byte in data]
    assert set(outcomes[:-1]) == {None}
    assert outcomes[-1] == read(data)


def test_what_follows_the_head_is_not_looked_at() -> None:
    data = b"GET /callback HTTP/1.1\r\n" + HOST + b"\r\n\x00\xff\nGET / HTTP/1.1"
    assert isinstance(read(data), Received)


@pytest.mark.parametrize(
    "data",
    [
        b"GET  /callback HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /callback  HTTP/1.1\r\n" + HOST + b"\r\n",
        b" GET /callback HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET\t/callback HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /callback HTTP/1.1 \r\n" + HOST + b"\r\n",
        b"GET /callback\r\n" + HOST + b"\r\n",
        b"GET /callback HTTP/2.0\r\n" + HOST + b"\r\n",
        b"GET /callback http/1.1\r\n" + HOST + b"\r\n",
        b"GET /callback?a b HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /callback HTTP/1.1\n" + HOST + b"\r\n",
        b"GET /callback HTTP/1.1\r\nHost: 127.0.0.1:8976\n\r\n",
        b"GET /callback HTTP/1.1\r" + HOST + b"\r\n",
        b"GET /callback HTTP/1.1\r\n" + HOST + b" folded\r\n\r\n",
        b"GET /callback HTTP/1.1\r\n" + HOST + b"\tfolded\r\n\r\n",
        b"GET /callback HTTP/1.1\r\n" + HOST + b": nameless\r\n\r\n",
        b"GET /callback HTTP/1.1\r\n" + HOST + b"no colon\r\n\r\n",
        b"GET /callback HTTP/1.1\r\n" + HOST + b"Spaced : x\r\n\r\n",
        b"GET /call\x00back HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /callback HTTP/1.1\r\n" + HOST + b"X: \x00\r\n\r\n",
        b"GET /callback HTTP/1.1\r\n" + HOST + b"X: \x7f\r\n\r\n",
        b"GET /callback HTTP/1.1\r\n" + HOST + b"X: \xe9\r\n\r\n",
        "GET /cällback HTTP/1.1\r\n".encode() + HOST + b"\r\n",
        b"\r\nGET /callback HTTP/1.1\r\n" + HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET /callback HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
        b"GET /callback HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /callback HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, gzip\r\n\r\n",
    ],
)
def test_rule_31_anything_but_a_plain_request_is_refused(data: bytes) -> None:
    assert read(data) == Refused(Page.BAD_REQUEST)


@pytest.mark.parametrize(
    "hosts", [b"", HOST + HOST, b"Host:\r\n", b"Host: \r\n", b"Host: a, b\r\nHost: c\r\n"]
)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_rule_25_one_host_header_is_demanded(hosts: bytes, version: bytes) -> None:
    assert read(b"GET /callback HTTP/" + version + b"\r\n" + hosts + b"\r\n") == Refused(
        Page.BAD_REQUEST
    )


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8976",
        "127.0.0.1.evil.example:8976",
        "127.0.0.1",
        "127.0.0.1:8977",
        "127.0.0.1:08976",
        "127.0.0.2:8976",
        "127.1:8976",
        "2130706433:8976",
        "x@127.0.0.1:8976",
        "LOCALHOST:8976",
        "localhost.:8976",
        "[::]:8976",
        "::1:8976",
        "0.0.0.0:8976",
    ],
)
def test_rule_25_a_host_outside_the_set_is_misdirected(host: str) -> None:
    outcome = read(f"GET /callback?state=s HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert isinstance(outcome, Received)
    assert decide(outcome, hosts=HOSTS, callback_paths={"/callback"}) == Show(Page.MISDIRECTED)


def test_rule_25_the_allowed_hosts_are_the_exact_ones() -> None:
    assert {"127.0.0.1:8976", "[::1]:8976", "localhost:8976"} == HOSTS
    assert allowed_hosts(8976, ["oauth.example.com"]) == HOSTS | {"oauth.example.com"}
    assert "localhost" in allowed_hosts(443)


def test_rule_25_an_absolute_target_is_refused() -> None:
    assert decision("http://127.0.0.1:8976/callback?state=s") == Show(Page.BAD_REQUEST)


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "get"])
def test_rule_26_other_methods_are_turned_away(method: str) -> None:
    assert decision("/callback?state=s", method) == Show(Page.METHOD)
    assert decision("/", method) == Show(Page.METHOD)


@pytest.mark.parametrize(
    "path",
    [
        "/callback/",
        "/callbackx",
        "/call",
        "//callback",
        "/./callback",
        "/x/../callback",
        "/%63allback",
        "/callback%00",
        "/callback%2e",
        "/CALLBACK",
        "/callback;x",
        "/favicon.ico",
        "/go",
        "/robots.txt",
        "/..",
    ],
)
def test_rule_26_other_paths_are_not_found(path: str) -> None:
    assert decision(path) == Show(Page.NOT_FOUND)
    assert decision(f"{path}?state=s&code=c") == Show(Page.NOT_FOUND)


def test_rule_26_the_three_paths_that_exist() -> None:
    assert decision("/callback?state=s&code=c") == Deliver("/callback", "state=s&code=c")
    assert decision("/callback") == Deliver("/callback", "")
    assert decision("/") == Show(Page.HOME)
    assert decision("/?utm=x") == Show(Page.HOME)
    assert decision("/go/k7f2qd9a") == Follow("k7f2qd9a")
    assert decision("/callback#x?state=s") == Show(Page.BAD_REQUEST)


def test_a_callback_path_of_one_slash_still_has_a_home_page() -> None:
    assert decide(request("/"), hosts=HOSTS, callback_paths={"/"}) == Show(Page.HOME)
    assert decide(request("/?state=s"), hosts=HOSTS, callback_paths={"/"}) == Deliver(
        "/", "state=s"
    )


@pytest.mark.parametrize(
    "extra", ["Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: 00\r\n"]
)
def test_rule_30_a_request_body_is_refused(extra: str) -> None:
    assert decision("/callback?state=s", extra=extra) == Show(Page.BAD_REQUEST)


FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
FORMS = frozenset({"/callback"})


def test_rule_26_a_form_is_collected_where_a_service_answers_by_post() -> None:
    extra = FORM + "Content-Length: 40\r\n"
    assert decision("/callback", "POST", extra, FORMS) == Collect("/callback", 40)
    shouted = "Content-Type: Application/X-WWW-Form-URLencoded ; charset=UTF-8\r\n"
    assert decision("/callback", "POST", shouted + "Content-Length: 0\r\n", FORMS) == Collect(
        "/callback", 0
    )
    most = f"{FORM}Content-Length: {MAX_FORM}\r\n"
    assert decision("/callback", "POST", most, FORMS) == Collect("/callback", MAX_FORM)
    assert decision("/callback?state=s", forms=FORMS) == Deliver("/callback", "state=s")


@pytest.mark.parametrize("path", ["/", "/callback/", "/go/k7f2qd9a", "/callback/other", "/nothing"])
def test_rule_26_a_form_elsewhere_is_turned_away(path: str) -> None:
    extra = FORM + "Content-Length: 40\r\n"
    assert decision(path, "POST", extra, FORMS) == Show(Page.METHOD)
    for method in ("PUT", "HEAD", "OPTIONS", "post"):
        assert decision("/callback", method, extra, FORMS) == Show(Page.METHOD)


@pytest.mark.parametrize(
    ("target", "extra"),
    [
        ("/callback", FORM),
        ("/callback", "Content-Length: 40\r\n"),
        ("/callback", "Content-Type: application/json\r\nContent-Length: 40\r\n"),
        ("/callback", "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 40\r\n"),
        ("/callback", FORM + FORM + "Content-Length: 40\r\n"),
        ("/callback", FORM + "Transfer-Encoding: chunked\r\n"),
        ("/callback", FORM + "Content-Encoding: gzip\r\nContent-Length: 40\r\n"),
        ("/callback", f"{FORM}Content-Length: {MAX_FORM + 1}\r\n"),
        ("/callback", FORM + "Content-Length: 99999999999999999999\r\n"),
        ("/callback", f"{FORM}Content-Length: {'9' * 5000}\r\n"),
        ("/callback?state=s", FORM + "Content-Length: 40\r\n"),
        ("/callback?", FORM + "Content-Length: 40\r\n"),
    ],
)
def test_rule_30_only_a_short_plain_form_is_collected(target: str, extra: str) -> None:
    outcome = read(f"POST {target} HTTP/1.1\r\n".encode() + HOST + extra.encode() + b"\r\n")
    if isinstance(outcome, Received):
        found = decide(outcome, hosts=HOSTS, callback_paths=FORMS, form_paths=FORMS)
        assert found == Show(Page.FORM)
    else:
        assert outcome == Refused(Page.BAD_REQUEST)


def test_rule_31_a_form_is_printable_ascii() -> None:
    assert read_form(b"code=a%2Bb==&state=s+") == "code=a%2Bb==&state=s+"
    assert read_form(b"") == ""
    for body in (b"state=s\r\n", b"state=\x00", "state=ä".encode(), b"state=s t", b"a\x7f", b"\n"):
        assert read_form(body) is None


def test_what_came_with_the_head_is_kept_for_the_body() -> None:
    reader = RequestReader()
    head = b"POST /callback HTTP/1.1\r\n" + HOST + b"\r\n"
    assert reader.feed(head[:9]) is None
    assert isinstance(reader.feed(head[9:] + b"state=\xff\n"), Received)
    assert reader.rest == b"state=\xff\n"


def test_rule_30_upgrade_and_expect_are_ignored() -> None:
    extra = "Connection: Upgrade\r\nUpgrade: websocket\r\nExpect: 100-continue\r\n"
    assert decision("/callback?state=s", extra=extra) == Deliver("/callback", "state=s")


def test_rule_30_a_head_beyond_16_kb_is_refused_as_soon_as_it_is_one() -> None:
    reader = RequestReader()
    start = b"GET /callback?x="
    assert reader.feed(start + b"a" * (MAX_HEAD - len(start))) is None
    assert reader.feed(b"a") == Refused(Page.TOO_LARGE)
    many = b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 3000 + b"\r\n"
    assert read(many) == Refused(Page.TOO_LARGE)


def test_rule_30_a_head_of_exactly_16_kb_is_read() -> None:
    rest = b" HTTP/1.1\r\n" + HOST + b"\r\n"
    start = b"GET /callback?x="
    assert isinstance(read(start + b"a" * (MAX_HEAD - len(start) - len(rest)) + rest), Received)


@pytest.mark.parametrize(
    "header", ["Sec-Purpose: prefetch", "Sec-Purpose: prefetch;prerender", "Purpose: Prefetch"]
)
def test_rule_35_a_prefetch_delivers_nothing(header: str) -> None:
    for target in ("/callback?state=s", "/", "/go/k7f2qd9a"):
        assert decision(target, extra=f"{header}\r\n") == Show(Page.PREFETCH)


def test_a_sub_resource_is_no_navigation() -> None:
    assert request("/", extra="Sec-Fetch-Dest: document\r\n").navigation
    assert request("/").navigation
    assert not request("/", extra="Sec-Fetch-Dest: image\r\n").navigation


def test_rule_28_repeats_of_oauths_own_parameters_are_seen() -> None:
    assert has_repeats([("code", "a"), ("code", "a")])
    assert has_repeats([("state", "a"), ("state", "b")])
    assert not has_repeats([("x", "1"), ("x", "2"), ("code", "c"), ("state", "s")])
    assert state_of([("state", "a"), ("state", "a")]) == ""
    assert state_of([("State", "a")]) == ""
    assert state_of([("code", "a"), ("state", "s")]) == "s"


def test_rule_30_at_most_a_hundred_parameters() -> None:
    assert len(read_parameters("&".join(["a=b"] * MAX_PARAMETERS)) or []) == MAX_PARAMETERS
    assert read_parameters("&".join(["a=b"] * (MAX_PARAMETERS + 1))) is None
    assert read_parameters("&" * 5000) is None


def test_rule_45_values_are_decoded_exactly_once() -> None:
    assert read_parameters("code=ab==&state=a%2526&x=a%2Bb&y=a+b&z") == [
        ("code", "ab=="),
        ("state", "a%26"),
        ("x", "a+b"),
        ("y", "a b"),
        ("z", ""),
    ]
    assert read_parameters("code=a+b", plus_is_literal=True) == [("code", "a+b")]
    assert read_parameters("error_description=%e9") == [("error_description", "\ufffd")]


def test_rule_32_what_was_asked_does_not_show_in_a_repr() -> None:
    outcome = request("/callback?code=C4nary&state=St4te")
    assert "C4nary" not in repr(outcome)
    assert "St4te" not in repr(decide(outcome, hosts=HOSTS, callback_paths={"/callback"}))


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_rule_30_any_bytes_are_a_request_a_refusal_or_unfinished(data: bytes) -> None:
    outcome = read(data)
    assert outcome is None or isinstance(outcome, Refused | Received)


def test_rule_30_cutting_a_request_anywhere_changes_nothing() -> None:
    data = b"GET /callback?code=c&state=s HTTP/1.1\r\n" + HOST + b"Accept: */*\r\n\r\n"
    whole = read(data)
    chance = random.Random(7)
    for _ in range(200):
        cuts = sorted(chance.sample(range(1, len(data)), 3))
        reader = RequestReader()
        pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        assert [reader.feed(piece) for piece in pieces][-1] == whole


def test_the_protocol_is_pure() -> None:
    code = (
        "import sys, tui_oauth.callback.protocol\n"
        "print([m for m in ('asyncio', 'ssl', 'httpx', 'textual', 'socket') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
