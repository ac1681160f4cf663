"""The pages: fixed, closed to the outside, readable."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from tui_oauth.callback.page import Page, redirect, render, to_bytes


class Outline(HTMLParser):
    """Collects tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    digits = colour.lstrip("#")
    digits = "".join(each * 2 for each in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("page", Page)
def test_rule_33_every_page_has_the_headers(page: Page) -> None:
    headers = dict(render(page).headers)
    assert len(headers) == len(render(page).headers)
    policy = headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy
    assert "form-action 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Connection"] == "close"
    assert "Server" not in headers


@pytest.mark.parametrize("page", Page)
def test_rule_34_no_page_allows_another_origin_anything(page: Page) -> None:
    assert not [name for name, _ in render(page).headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("page", Page)
def test_rule_33_no_page_has_a_script_a_form_or_a_resource(page: Page) -> None:
    outline = Outline()
    outline.feed(render(page).body.decode())
    assert not {"script", "form", "link", "img", "iframe", "a", "object", "base"} & set(
        outline.tags
    )
    names = {name for name, _ in outline.attributes}
    assert not {"src", "href", "style", "action", "data", "srcset"} & names
    assert not [name for name in names if name.startswith("on")]
    assert "url(" not in render(page).body.decode()
    assert "http" not in render(page).body.decode().replace("http-equiv", "")


@pytest.mark.parametrize("page", Page)
def test_rule_33_the_hash_is_that_of_the_style(page: Page) -> None:
    styles = re.findall(r"<style>(.*?)</style>", render(page).body.decode(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
    assert len(styles) == 1
    assert f"style-src 'sha256-{digest}'" in dict(render(page).headers)["Content-Security-Policy"]


@pytest.mark.parametrize("page", Page)
def test_a_page_can_be_read_by_everyone(page: Page) -> None:
    text = render(page).body.decode()
    outline = Outline()
    outline.feed(text)
    assert ("lang", "en") in outline.attributes
    assert (
        outline.tags.count("h1") == outline.tags.count("main") == outline.tags.count("title") == 1
    )
    assert ("aria-hidden", "true") in outline.attributes
    assert "prefers-color-scheme:dark" in text
    assert len(text) < 4096


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_have_enough_contrast(scheme: str) -> None:
    rules = re.findall(r":root\{([^}]*)\}", render(Page.HOME).body.decode())
    colours = dict(re.findall(r"--(\w+):(#\w+)", rules[0 if scheme == "light" else 1]))
    assert set(colours) == {"back", "card", "line", "ink", "soft", "good", "bad", "note", "ask"}
    for name in ("ink", "soft", "good", "bad", "note", "ask"):
        assert contrast(colours[name], colours["card"]) >= 4.5, name


def test_rule_37_only_one_page_speaks_of_success() -> None:
    speaks = [page for page in Page if b"Successful" in render(page).body]
    assert speaks == [Page.SUCCESS]
    assert b"Authorization Successful" in render(Page.SUCCESS).body


def test_the_statuses() -> None:
    expected = {
        Page.HOME: 200,
        Page.SUCCESS: 200,
        Page.RECEIVED: 200,
        Page.ALREADY: 200,
        Page.UNKNOWN: 400,
        Page.NOT_FOUND: 404,
        Page.BAD_REQUEST: 400,
        Page.METHOD: 405,
        Page.FORM: 400,
        Page.TIMEOUT: 408,
        Page.MISDIRECTED: 421,
        Page.TOO_LARGE: 431,
        Page.PREFETCH: 503,
    }
    assert {page: render(page).status for page in expected} == expected
    assert ("Allow", "GET") in render(Page.METHOD).headers
    assert ("Allow", "GET, POST") in render(Page.METHOD, "GET, POST").headers


def test_a_redirect_carries_the_link_and_nothing_else() -> None:
    answer = redirect("https://provider.example/authorize?client_id=x&state=y")
    assert answer.status == 302
    assert (
        dict(answer.headers)["Location"] == "https://provider.example/authorize?client_id=x&state=y"
    )
    assert dict(answer.headers)["Cache-Control"] == "no-store"
    assert answer.body == b""


@pytest.mark.parametrize(
    "link", ["https://a.example/\r\nX: y", "https://a.example/ x", "https://é"]
)
def test_a_link_that_would_break_the_head_is_refused(link: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        redirect(link)


def test_the_answer_to_head_has_no_body() -> None:
    page = render(Page.METHOD)
    whole, head = to_bytes(page), to_bytes(page, head_only=True)
    assert head.endswith(b"\r\n\r\n")
    assert whole == head + page.body
