"""Terminals that lack something: UTF-8, colour, room, a mouse, a cursor that moves."""

from __future__ import annotations

import base64
import os
import re
import sys
import time
from pathlib import Path

import pytest

import tui_oauth
from tests.stage import Stage, consent, redirect_of
from tests.terminal.pty_driver import PtyProgram, key

COMMAND = [sys.executable, "-m", "tui_oauth"]
SMALL, USUAL = (60, 20), (80, 24)
TRUE_COLOUR = re.compile(r"[34]8;2;(\d+);(\d+);(\d+)")
OSC52 = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)(?:\x07|\x1b\\)")
DATA = Path(tui_oauth.__file__).parent / "services" / "data"


def window(size: tuple[int, int] = USUAL, **environ: str) -> PtyProgram:
    return PtyProgram(COMMAND, size=size, env={**os.environ, "TERM": "xterm-256color", **environ})


def lines_with(words: str, text: str) -> list[str]:
    return [line for line in text.splitlines() if words in line]


def short_link(program: PtyProgram, size: tuple[int, int]) -> str:
    """The link to type by hand; in the smallest terminal it stands below the fold."""
    program.wait_for("Listening on")
    if size == SMALL:
        program.resize(size[0], 40)
    program.wait_for("/go/")
    short = next(word for word in program.text.split() if "/go/" in word)
    if size == SMALL:
        program.resize(*size)
        program.wait_for(
            "╭─ Authorization link" if not program.raw.isascii() else "+- Authorization"
        )
    return short


def walk_by_keyboard(program: PtyProgram, stage: Stage, size: tuple[int, int]) -> None:
    """From an entry that is Not Configured to Authorization Successful and back, keys alone."""
    entry = stage.created()
    client_id, client_secret = stage.credentials(entry)
    program.wait_for("Not Configured")
    program.send("g")  # the steps at the provider, and back
    program.wait_for("Developer Hub")
    program.send("esc")
    program.wait_for("Not Configured")
    program.send("enter")
    program.wait_for("Configure OAuth")
    program.wait_for("Copy it from")
    program.paste(client_id)
    program.wait_for(client_id[:20])
    program.send("tab")
    program.wait_for("It is stored encrypted")
    # In one piece, as over a slow line: ^s must not overtake what was pasted before it.
    program.type(f"\x1b[200~{client_secret}\x1b[201~{key('ctrl+s')}")
    program.wait_for("Authorization link")
    short = short_link(program, size)
    program.paste(consent(redirect_of(short)))
    program.wait_for("Authorization Successful")
    program.wait_for("Aurora Books")
    program.send("enter")
    program.wait_for("Authorized")
    program.send("?")
    program.wait_for("Create OAuth Entry: pick")
    program.send("esc")
    program.wait_for("practice")
    program.send("q")
    assert program.wait_exit() == 0


@pytest.fixture(autouse=True)
def no_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("size", "environ"),
    [(SMALL, {"LC_ALL": "C"}), (USUAL, {"LANG": "de_DE.ISO-8859-1"}), (USUAL, {"TERM": "linux"})],
)
def test_without_utf8_only_ascii_is_drawn_on_the_whole_walk(
    stage: Stage, size: tuple[int, int], environ: dict[str, str]
) -> None:
    with window(size, **environ) as program:
        program.wait_for("+- Callback URL")
        walk_by_keyboard(program, stage, size)
        assert program.raw.isascii()


def test_the_settings_say_ascii_and_the_qr_code_says_why_there_is_none(stage: Stage) -> None:
    stage.configured()
    settings = stage.workspace.places.settings
    settings.write_text("ascii = true\n" + settings.read_text())
    with window((120, 40), LANG="en_US.UTF-8") as program:
        program.wait_for("+- Callback URL")
        program.send("a")
        program.wait_for("/go/")
        program.send("ctrl+r")
        program.wait_for("this terminal is drawn in ASCII")
        assert program.raw.isascii()


@pytest.mark.parametrize("size", [SMALL, USUAL])
def test_without_colour_the_whole_walk_is_grey_and_says_the_same(
    stage: Stage, size: tuple[int, int]
) -> None:
    with window(size, NO_COLOR="1", COLORTERM="truecolor") as program:
        walk_by_keyboard(program, stage, size)
        colours = {tuple(map(int, found)) for found in TRUE_COLOUR.findall(program.raw.decode())}
        assert colours
        assert all(red == green == blue for red, green, blue in colours), colours


@pytest.mark.parametrize("wish", ["none", "full"])
def test_nothing_moves_while_it_waits_but_the_time_that_is_left(stage: Stage, wish: str) -> None:
    stage.configured()
    with window(TEXTUAL_ANIMATIONS=wish) as program:
        program.wait_for("practice")
        program.send("a")
        program.wait_for("/go/")
        program.wait_for("Listening on")
        program.wait_for("Waiting, 9:")
        seen, written = {program.text}, len(program.raw)

        def three_more() -> bool:
            seen.add(program.text)
            return len({line for text in seen for line in lines_with("Waiting,", text)}) > 3

        program.wait_until(three_more, "the countdown to go on")
        still = {re.sub(r"Waiting,.*?left", "", text) for text in seen}
        assert len(still) == 1, "\n".join(still)
        assert len(program.raw) - written < 1_500


def test_what_counts_below_another_screen_or_in_the_list_sends_little(stage: Stage) -> None:
    stage.configured()
    with window((120, 40)) as program:
        program.wait_for("practice")
        program.send("a")
        program.wait_for("Listening on")
        program.send("f1")
        program.wait_for("Leave; the sign-in goes on waiting")
        program.wait_quiet()
        written, end = len(program.raw), time.monotonic() + 2.5
        program.wait_until(lambda: time.monotonic() > end, "two ticks of what is below")
        assert len(program.raw) == written
        program.send("esc")
        program.wait_for("Waiting, 9:")
        program.send("esc")
        program.wait_for("▸ Waiting 9:")
        program.wait_quiet()
        seen, written = {program.text}, len(program.raw)

        def three_more() -> bool:
            seen.update(lines_with("▸ Waiting 9:", program.text))
            return len(seen) > 4

        program.wait_until(three_more, "the countdown of the list to go on")
        assert len(program.raw) - written < 1_200


def test_a_terminal_without_a_cursor_is_told_what_to_use_instead(stage: Stage) -> None:
    with window((500, 24), TERM="dumb") as program:
        assert program.wait_exit() == 2
        assert b"\x1b" not in program.raw
        said = " ".join(program.text.split())
        assert "TERM=dumb" in said
        assert "authorize NAME" in said
        assert "TERM=xterm-256color tui-oauth" in said


def test_the_whole_sign_in_line_by_line_on_such_a_terminal(stage: Stage) -> None:
    """What a screen reader gets: lines of words, no frames, no blocks, no cursor that jumps."""
    stage.configured()
    environ = {**os.environ, "TERM": "dumb"}
    argv = [*COMMAND, "authorize", "practice", "--qr"]
    with PtyProgram(argv, size=(2_000, 30), env=environ) as program:
        program.wait_for("^C cancels")
        (link,) = (word for word in program.text.split() if "/oauth?" in word)
        program.type("what is this\r")
        program.wait_for("Still waiting")
        program.type(consent(link) + "\r")
        program.wait_for("Authorization Successful: Aurora Books")
        assert program.wait_exit() == 0
        assert b"\x1b" not in program.raw
        assert program.raw.isascii()


def test_a_device_code_is_not_drawn_in_blocks_there(stage: Stage) -> None:
    stage.configured("practice-standard", "practice-standard")
    for term, drawn in (("dumb", False), ("xterm-256color", True)):
        argv = [*COMMAND, "authorize", "practice-standard", "--device"]
        with PtyProgram(argv, size=(120, 40), env={**os.environ, "TERM": term}) as program:
            program.wait_for("The code ends in")
            assert ("█" in program.text) is drawn
            assert re.search(r"Code +[A-Z]{4}[- ][A-Z]{4}", program.text)
            program.send("ctrl+c")
            assert program.wait_exit() == 130


# Long links


@pytest.fixture
def long_link(stage: Stage) -> Stage:
    """An entry whose Authorization link has more than 4,000 characters."""
    practice = (DATA / "practice.toml").read_text()
    service = practice.replace('id = "practice"', 'id = "practice-long"')
    service += "\n[extra_authorize_params]\n" + "".join(
        f'claims_{number} = "{"0123456789" * 100}"\n' for number in range(4)
    )
    folder = stage.workspace.places.settings.parent / "services"
    folder.mkdir(mode=0o700)
    (folder / "practice-long.toml").write_text(service)
    stage.configured("practice-long", "practice-long")
    return stage


@pytest.mark.parametrize("size", [SMALL, USUAL])
def test_a_link_of_4000_characters_can_be_copied_printed_and_answered(
    long_link: Stage, size: tuple[int, int]
) -> None:
    with window(size) as program:
        program.wait_for("practice-long")
        program.send("a")
        short = short_link(program, size)
        link = redirect_of(short)
        assert len(link) > 4_000
        # The link does not push the rest out of sight, and it says so.
        program.wait_for(f"{len(link):,} characters: ^y copies")
        program.send("ctrl+y")
        program.wait_until(lambda: bool(OSC52.search(program.raw)), "the clipboard")
        sent = OSC52.search(program.raw)
        assert sent is not None
        assert base64.b64decode(sent[1]).decode() == link
        program.send("ctrl+l")
        program.wait_for("Press enter to go back.")
        assert link.encode() in program.raw  # in one piece, with no break of ours
        program.send("enter")
        program.wait_until(lambda: program.alternate, "the full screen")
        program.send("ctrl+r")
        program.wait_for("too long for a QR code")
        program.send("esc")
        program.wait_gone("too long for a QR code")
        program.paste(consent(link))
        program.wait_for("Aurora Books")


def test_a_link_of_4000_characters_line_by_line(long_link: Stage) -> None:
    argv = [*COMMAND, "authorize", "practice-long"]
    with PtyProgram(argv, env=dict(os.environ)) as program:
        program.wait_for("^C cancels")
        found = re.search(rb"http://127\.0\.0\.1:\d+/oauth\?\S+", program.raw)
        assert found is not None
        assert len(found[0]) > 4_000
        program.type(consent(found[0].decode()) + "\r")
        program.wait_for("Authorization Successful: Aurora Books")
        assert program.wait_exit() == 0
