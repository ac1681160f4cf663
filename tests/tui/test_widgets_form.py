"""The form and its fields, in a tiny host app."""

from __future__ import annotations

from typing import Any

from stage import paste, shown
from textual import on
from textual.app import App, ComposeResult
from textual.widgets import Input

from tui_oauth.services.fields import Field
from tui_oauth.services.format import Choice
from tui_oauth.tui.styles import style_sheets
from tui_oauth.tui.theme import DARK
from tui_oauth.tui.widgets.choice_field import ChoiceField
from tui_oauth.tui.widgets.field_form import FieldForm, ListArea
from tui_oauth.tui.widgets.secret_input import SecretInput

FIELDS = (
    Field("client_id", "App [/key]", help="Copy it."),
    Field("client_secret", "App secret", secret=True, help="Keep it."),
    Field("region", "Region", choices=(Choice("us", "United [/] States"), Choice("eu", "Europe"))),
    Field("tenant", "Tenant", default="common", required=False, help="For instance: contoso"),
    Field("scopes", "Scopes", required=False, help="Divided by blanks."),
)


class Host(App[None]):
    def __init__(self, form: FieldForm) -> None:
        super().__init__(css_path=style_sheets())
        self.register_theme(DARK)
        self.theme = DARK.name
        self.form = form
        self.helped: list[str] = []
        self.edits = 0

    def compose(self) -> ComposeResult:
        yield self.form

    @on(FieldForm.Help)
    def _help(self, event: FieldForm.Help) -> None:
        self.helped.append(event.text)

    @on(FieldForm.Edited)
    def _edited(self) -> None:
        self.edits += 1


def form(**more: Any) -> FieldForm:
    return FieldForm(FIELDS, {"region": "eu"}, words=("read", "write"), **more)


async def test_each_field_becomes_the_input_that_fits_it() -> None:
    made = form()
    app = Host(made)
    async with app.run_test(size=(80, 24)):
        kinds = [type(child) for child in made.children]
        assert kinds[1:3] == [SecretInput, ChoiceField]
        assert kinds[4] is ListArea
        text = shown(app)
        for part in ("App [/key]", "App secret", "Europe", "2 of 2", "common", "read", "optional"):
            assert part in text
        assert made.texts() == {"client_id": "", "region": "eu", "tenant": "common"}
        assert made.words() is None
        assert made.secret("client_secret") is None
        assert not made.changed


async def test_rule_119_trap_7_labels_and_choices_are_text() -> None:
    app = Host(form())
    async with app.run_test(size=(80, 24)) as pilot:
        app.form.query_one(ChoiceField).focus()
        await pilot.press("left")
        assert "United [/] States" in shown(app)
        assert "App [/key]" in shown(app)


async def test_the_focused_field_s_help_is_announced() -> None:
    app = Host(form())
    async with app.run_test(size=(80, 24)) as pilot:
        app.form.focus_first_empty()
        await pilot.press("tab", "tab", "tab")
        await pilot.pause()
        assert app.helped == ["Copy it.", "Keep it.", "", "For instance: contoso"]


async def test_missing_marks_and_focuses_the_first_required_field() -> None:
    app = Host(form(stored=("client_secret",)))
    async with app.run_test(size=(80, 24)) as pilot:
        missing = app.form.missing()
        assert missing is not None
        assert missing.name == "client_id"
        await pilot.pause()
        assert isinstance(app.focused, Input)
        assert app.focused.has_class("-missing")
        await pilot.press("x")
        await pilot.pause()
        assert not app.focused.has_class("-missing")
        assert app.form.missing() is None


async def test_enter_goes_from_field_to_field() -> None:
    app = Host(form())
    async with app.run_test(size=(80, 24)) as pilot:
        app.form.focus_first_empty()
        await pilot.press("a", "enter")
        await pilot.pause()
        assert isinstance(app.focused, SecretInput)


async def test_a_list_takes_blanks_commas_and_lines_each_word_once() -> None:
    app = Host(form())
    async with app.run_test(size=(80, 24)) as pilot:
        area = app.form.query_one(ListArea)
        area.focus()
        await pilot.pause()
        await paste(pilot, " admin,read\n\n  ex\x1bport ")
        assert app.form.words() == ("read", "write", "admin", "export")
        assert app.form.changed
        assert app.edits > 0


async def test_what_is_typed_or_pasted_into_a_list_never_goes_on_with_another_word() -> None:
    app = Host(form())
    async with app.run_test(size=(80, 30)) as pilot:
        area = app.form.query_one(ListArea)
        area.focus()
        await pilot.press(*"admin", "shift+tab")
        await pilot.pause()
        assert area.text == "read\nwrite\nadmin", "no empty row without the focus"
        area.focus()
        await pilot.pause()
        area.move_cursor((0, 0))
        await paste(pilot, "first,second")
        assert app.form.words() == ("first", "second", "read", "write", "admin")
        area.move_cursor((4, 5))
        await pilot.press("x", "shift+tab")
        await pilot.pause()
        assert app.form.words() == ("first", "second", "read", "write", "adminx"), "still mended"


async def test_looking_at_a_list_changes_nothing() -> None:
    app = Host(form())
    async with app.run_test(size=(80, 24)) as pilot:
        app.form.query_one(ListArea).focus()
        await pilot.press("shift+tab")
        await pilot.pause()
        assert not app.form.changed
        assert app.form.words() is None


async def test_secrets_can_be_forgotten() -> None:
    app = Host(form())
    async with app.run_test(size=(80, 24)) as pilot:
        field = app.form.query_one(SecretInput)
        field.focus()
        await pilot.press("a", "b")
        assert app.form.secret("client_secret") is not None
        app.form.forget_secrets()
        assert app.form.secret("client_secret") is None
