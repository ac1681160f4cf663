"""The inputs: what is pasted, what is hidden, what is never copied. One tiny host app each."""

from __future__ import annotations

from typing import Any

import pytest
from stage import until
from textual import events, on
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tui_oauth.tui.widgets.clean_input import CleanInput, Notice, cleaned
from tui_oauth.tui.widgets.paste_input import PasteInput
from tui_oauth.tui.widgets.secret_input import REVEAL_SECONDS, HiddenInput, SecretInput

CANARY = "canary-s3cr3t-0123456789"


class Host(App[None]):
    """One input, and a second thing that can take the focus."""

    def __init__(self, field: Input) -> None:
        super().__init__()
        self.field = field
        self.notices: list[str] = []
        self.messages: list[str] = []
        self.pasted: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.field
        yield Input(id="other")
        yield Static("below")

    @on(Notice)
    def _notice(self, event: Notice) -> None:
        self.notices.append(event.text)

    @on(Input.Changed)
    @on(Input.Submitted)
    @on(Input.Blurred)
    def _message(self, event: Any) -> None:
        if event.control is self.field:
            self.messages.append(repr(event))

    @on(PasteInput.Pasted)
    def _pasted(self, event: PasteInput.Pasted) -> None:
        self.pasted.append(event.field.take_text())


def shown(app: App[Any]) -> str:
    """What stands on the screen, as text."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def paste(pilot: Pilot[Any], text: str) -> None:
    """What a terminal sends for a bracketed paste."""
    await pilot.app.on_event(events.Paste(text))
    await pilot.pause()


def test_cleaned_keeps_what_belongs_to_the_value() -> None:
    assert cleaned("  abc==\r\n") == "abc=="
    assert cleaned("\nabc\ndef\n") == "abcdef"
    assert cleaned("a b") == "a b"
    assert cleaned("\x1b]0;title\x07abc\u202e\u200b") == "]0;titleabc"


async def test_trap_5_a_paste_with_line_breaks_is_kept_whole() -> None:
    field = CleanInput()
    app = Host(field)
    async with app.run_test() as pilot:
        await paste(pilot, "\n  client-id-\n0123456789  \r\n")
        assert field.value == "client-id-0123456789"
        assert app.notices == ["Blanks and line breaks were removed from what you pasted."]


async def test_a_clean_paste_says_nothing() -> None:
    field = CleanInput()
    app = Host(field)
    async with app.run_test() as pilot:
        await paste(pilot, "client-id")
        assert field.value == "client-id"
        assert app.notices == []


async def test_rule_122_a_secret_pasted_with_a_newline_is_mended_with_a_notice() -> None:
    field = SecretInput()
    app = Host(field)
    async with app.run_test() as pilot:
        await paste(pilot, f" {CANARY}\n")
        assert field.secret is not None
        assert field.secret.reveal() == CANARY
        assert len(app.notices) == 1


async def test_a_secret_is_dots_of_a_fixed_number() -> None:
    app = Host(SecretInput())
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.press("a")
        one = shown(app)
        await paste(pilot, CANARY)
        many = shown(app)
        assert "••••••••" in one
        assert one == many
        assert CANARY not in app.export_screenshot()


@pytest.mark.parametrize("keys", [("ctrl+c",), ("ctrl+x",), ("ctrl+shift+a", "ctrl+c")])
async def test_trap_6_copy_and_cut_never_give_a_secret_away(keys: tuple[str, ...]) -> None:
    field = SecretInput()
    app = Host(field)
    async with app.run_test() as pilot:
        await paste(pilot, CANARY)
        await pilot.press(*keys)
        assert app.clipboard == ""
        assert field.value == CANARY
        field.action_reveal()
        await pilot.pause()
        await pilot.press("ctrl+shift+a", "ctrl+c", "ctrl+x")
        assert app.clipboard == ""
        assert any("not copied" in notice for notice in app.notices)


async def test_trap_6_messages_and_reprs_do_not_hold_the_secret() -> None:
    field = SecretInput()
    app = Host(field)
    async with app.run_test() as pilot:
        await paste(pilot, CANARY)
        await pilot.press("enter", "tab")
        await pilot.pause()
        assert len(app.messages) >= 3
        assert CANARY not in "".join(app.messages)
        assert CANARY not in repr(field)
        assert CANARY not in repr(field.secret)


async def test_a_secret_is_shown_on_request_and_hidden_after_ten_seconds() -> None:
    field = SecretInput()
    assert field.reveal_seconds == REVEAL_SECONDS == 10.0
    field.reveal_seconds = 0.3
    app = Host(field)
    async with app.run_test(size=(60, 10)) as pilot:
        await paste(pilot, CANARY)
        await pilot.press("ctrl+t")
        assert CANARY in shown(app)
        await until(pilot, lambda: field.hidden, "the dots")
        assert CANARY not in shown(app)


async def test_a_shown_secret_is_hidden_when_the_focus_leaves() -> None:
    field = SecretInput()
    app = Host(field)
    async with app.run_test(size=(60, 10)) as pilot:
        await paste(pilot, CANARY)
        await pilot.press("ctrl+t", "tab")
        assert field.hidden
        assert CANARY not in shown(app)


async def test_a_stored_secret_is_not_filled_in() -> None:
    field = SecretInput(stored=True)
    app = Host(field)
    async with app.run_test(size=(60, 10)) as pilot:
        assert "stored, type to replace" in shown(app)
        assert field.secret is None
        await pilot.press("ctrl+t")
        assert field.hidden
        assert "not shown" in app.notices[0]


async def test_editing_a_hidden_secret_works_at_its_end() -> None:
    field = SecretInput()
    async with Host(field).run_test() as pilot:
        await pilot.press("a", "b", "c", "left", "home", "d", "backspace", "e")
        assert field.value == "abce"
        await pilot.press("ctrl+u")
        assert field.value == ""


CALLBACK = "http://127.0.0.1:8976/callback?code=" + "c" * 2900 + "%3D%3D&state=" + "s" * 43


async def test_rule_43_and_46_trap_5_a_wrapped_address_arrives_whole_and_leaves_the_field() -> None:
    field = PasteInput()
    app = Host(field)
    wrapped = (
        "\n" + "\r\n".join(CALLBACK[at : at + 80] for at in range(0, len(CALLBACK), 80)) + "\n"
    )
    async with app.run_test() as pilot:
        await paste(pilot, wrapped)
        assert app.pasted == [CALLBACK]
        assert field.value == ""


async def test_rule_46_the_pasted_code_is_not_drawn() -> None:
    field = PasteInput()
    app = Host(field)
    async with app.run_test(size=(80, 10)) as pilot:
        for char in "http://127.0.0.1:8976/callback?code=abc":
            await pilot.press({":": "colon", "/": "slash", ".": "full_stop"}.get(char, char))
        assert field.value.endswith("code=abc")
        assert "http://127.0.0.1:8976/callback?…" in shown(app)
        assert "code=abc" not in shown(app)


async def test_a_bare_code_waits_for_enter_and_shows_its_length_only() -> None:
    field = PasteInput()
    app = Host(field)
    async with app.run_test(size=(80, 10)) as pilot:
        await paste(pilot, "4/0AbCdEf==")
        assert app.pasted == []
        assert field.value == "4/0AbCdEf=="
        assert "11 characters" in shown(app)
        assert "AbCdEf" not in shown(app)


async def test_rule_119_trap_7_brackets_in_foreign_text_are_text() -> None:
    field = CleanInput(placeholder="[/]")
    app = Host(field)
    async with app.run_test(size=(60, 10)) as pilot:
        await paste(pilot, "[@click=app.quit]x[/] [/users] [link=file:///etc/passwd]")
        assert "[@click=app.quit]x[/] [/users]" in shown(app)
        assert app.is_running


async def test_hidden_input_keeps_its_cursor_at_the_end() -> None:
    field = HiddenInput()
    async with Host(field).run_test() as pilot:
        await paste(pilot, CANARY)
        await pilot.click(HiddenInput, offset=(1, 0))
        assert field.cursor_position == len(CANARY)
        assert field.selected_text == ""
