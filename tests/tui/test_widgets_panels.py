"""The address panel, the QR code, the countdown and the lines of facts, each in a tiny host app."""

from __future__ import annotations

from typing import Any

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.widget import Widget
from textual.widgets import Label

from tui_oauth.errors import UsageProblem
from tui_oauth.oauth.urls import check_link
from tui_oauth.qr import qr_code
from tui_oauth.tui.widgets.countdown import Countdown, clock_words
from tui_oauth.tui.widgets.facts import Facts
from tui_oauth.tui.widgets.qr_view import QrPicture, QrView
from tui_oauth.tui.widgets.url_panel import UrlPanel, true_host

LONG = "https://accounts.example.com/oauth?client_id=" + "0123456789" * 30 + "&state=end"
NASTY = "[/] [bold [@click=app.quit]x[/] [link=file:///etc/passwd]y[/] [0]"


class Host(App[None]):
    CSS = "#url { height: auto; } .url-text { height: auto; } QrView { height: 1fr; } .fact { height: auto; } .fact-label { width: 15; }"

    def __init__(self, *widgets: Widget) -> None:
        super().__init__()
        self.widgets = widgets

    def compose(self) -> ComposeResult:
        yield from self.widgets


def rows(app: App[Any]) -> list[str]:
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip) for strip in strips]


def styles(app: App[Any]) -> list[tuple[str, Style]]:
    strips = app.screen._compositor.render_strips()
    return [(part.text, part.style) for strip in strips for part in strip if part.style]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
async def test_trap_9_a_long_link_is_wrapped_and_whole(width: int) -> None:
    panel = UrlPanel("Authorization link", LONG, id="url")
    app = Host(panel)
    async with app.run_test(size=(width, 24)):
        text = "".join(row.strip() for row in rows(app))
        assert LONG in text


async def test_trap_9_shows_why_a_label_will_not_do() -> None:
    app = Host(Label(LONG))
    async with app.run_test(size=(80, 24)):
        assert LONG not in "".join(row.strip() for row in rows(app))


async def test_the_hyperlink_is_short_and_carries_the_whole_address() -> None:
    panel = UrlPanel("Authorization link", id="url")
    app = Host(panel)
    async with app.run_test(size=(80, 24)) as pilot:
        panel.show(LONG, "Open accounts.example.com")
        await pilot.pause()
        linked = [(text, style.link) for text, style in styles(app) if style.link]
        assert linked == [("Open accounts.example.com", LONG)]


def test_rule_52_the_true_host_is_named() -> None:
    assert true_host("https://accounts.google.com/o?x=evil.example") == "accounts.google.com"
    assert true_host("https://accounts.google.com@evil.example/") == "evil.example"
    assert true_host("http://127.0.0.1:8977/oauth") == "127.0.0.1:8977"
    with pytest.raises(UsageProblem, match="user name"):  # and it is never shown as a link at all
        check_link("https://accounts.google.com@evil.example/")


async def test_a_qr_code_is_black_on_white_whatever_the_theme() -> None:
    for theme in ("textual-dark", "textual-light"):
        view = QrView()
        app = Host(view)
        async with app.run_test(size=(80, 40)) as pilot:
            app.theme = theme
            view.show("https://example.com/activate?user_code=WDJB-MJHT")
            await pilot.pause()
            picture = app.query_one(QrPicture)
            inked = {
                (style.color.name, style.bgcolor.name)
                for y in range(picture.code.height)
                for _text, style, _ in picture.render_line(y)
                if style is not None and style.color is not None and style.bgcolor is not None
            }
            assert inked == {("#000000", "#ffffff")}
            assert picture.code.rows[3].strip() in "\n".join(rows(app))


async def test_a_qr_code_too_large_says_how_large_the_terminal_would_have_to_be() -> None:
    view = QrView()
    app = Host(view)
    code = qr_code(LONG, 1)  # the smallest that is drawn
    async with app.run_test(size=(60, 20)) as pilot:
        view.show(LONG)
        await pilot.pause()
        assert not app.query(QrPicture)
        text = " ".join("\n".join(rows(app)).split())
        assert f"needs a terminal of {code.width}x{code.height}; this one has 60x20" in text
        await pilot.resize_terminal(code.width, code.height)
        await pilot.pause()
        await pilot.pause()
        assert len(app.query(QrPicture)) == 1


async def test_a_text_no_qr_code_can_hold_is_said() -> None:
    view = QrView()
    app = Host(view)
    async with app.run_test(size=(80, 24)) as pilot:
        view.show("https://example.com/?" + "x" * 4000)
        await pilot.pause()
        assert "too long for a QR code" in "\n".join(rows(app))


def test_clock_words() -> None:
    assert [clock_words(n) for n in (-3, 0, 7, 581, 3720)] == [
        "0:00",
        "0:00",
        "0:07",
        "9:41",
        "1:02:00",
    ]


async def test_a_countdown_counts_and_stops() -> None:
    clock = [1000]
    down = Countdown("Waiting, {} left", lambda: clock[0])
    app = Host(down)
    async with app.run_test(size=(40, 5)) as pilot:
        assert "Waiting" not in rows(app)[0]
        down.count_to(1600)
        await pilot.pause()
        assert "Waiting, 10:00 left" in rows(app)[0]
        clock[0] = 1019
        for _ in range(200):
            await pilot.pause(0.02)
            if "9:41" in rows(app)[0]:
                break
        assert "Waiting, 9:41 left" in rows(app)[0]
        down.count_to(None)
        await pilot.pause()
        assert "Waiting" not in rows(app)[0]


async def test_rule_119_trap_7_facts_show_foreign_text_as_text() -> None:
    facts = Facts()
    app = Host(facts)
    async with app.run_test(size=(100, 10)) as pilot:
        facts.show((("Account", NASTY), ("Empty", ""), ("Escape", "a\x1b]0;owned\x07b\u202ec")))
        await pilot.pause()
        text = "\n".join(rows(app))
        assert NASTY in text
        assert "Empty" not in text
        assert "a\\x1b]0;owned\\x07bc" in text
        facts.show((("Account", "Acme"),))
        await pilot.pause()
        assert "Acme" in rows(app)[0]
        assert "Escape" not in "\n".join(rows(app))


async def test_facts_that_change_twice_at_once_show_what_came_last() -> None:
    """The rows of before are still there then, and were taken for those of now."""
    facts = Facts()
    app = Host(facts)
    async with app.run_test(size=(100, 10)) as pilot:
        facts.show((("Account", "Acme"),))
        await pilot.pause()
        facts.show((("Unlocked", "no"), ("Entries", "1")))
        facts.show((("Unlocked", "no"), ("Entries", "2")))
        await pilot.pause()
        assert [row.split() for row in rows(app)[:3]] == [["Unlocked", "no"], ["Entries", "2"], []]
