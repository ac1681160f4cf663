"""Copying: what is sent where, and that the words say no more than is known (checklist rule 53)."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path

import pytest

from tui_oauth.clipboard import Sent, osc52, send

LONG = "https://app.intercom.com/oauth?state=" + "s" * 3_000
SSH = {"SSH_CONNECTION": "a b c d", "TERM": "xterm-256color"}


def program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(0o755)


def tmux(folder: Path, answer: str, *, terminal: str = " 192: Ms: [missing]") -> Path:
    """A tmux that says `answer` of its options, and keeps what it is given; where it does so."""
    taken = folder / "taken"
    body = f"""case "$1" in
        display-message) echo '{answer}';;
        show-messages) echo '{terminal}';;
        load-buffer) echo "$@" > {taken}; /bin/cat >> {taken};;
        *) exit 1;;
    esac
    """
    program(folder, "tmux", body)
    return taken


def inside_tmux(folder: Path) -> dict[str, str]:
    return {"PATH": str(folder), "TMUX": "/tmp/tmux-0/default,1,0", "TERM": "tmux-256color", **SSH}


def text_in(escape: str) -> str:
    """What a terminal would take from a bare OSC 52."""
    found = re.fullmatch("\x1b]52;c;([A-Za-z0-9+/=]*)\x07", escape)
    assert found is not None, escape
    return base64.b64decode(found[1]).decode()


def test_rule_53_osc52_carries_the_text() -> None:
    assert osc52("abc") == "\x1b]52;c;YWJj\x07"
    assert text_in(osc52(LONG)) == LONG


def test_rule_53_over_ssh_the_terminal_is_asked_and_nothing_else() -> None:
    sent = send("naïve", {**SSH, "DISPLAY": ":10", "PATH": os.environ["PATH"]}, "linux")
    assert text_in(sent.escape) == "naïve"
    assert sent.words("Link") == "Link sent to the terminal's clipboard"


@pytest.mark.parametrize("mode", ["on", "external"])
def test_trap_4_in_tmux_the_text_goes_through_tmux_itself(tmp_path: Path, mode: str) -> None:
    taken = tmux(tmp_path, f"{mode}|off|bpaste,clipboard,title")
    sent = send("the text", inside_tmux(tmp_path), "linux")
    assert sent == Sent("tmux and the terminal's clipboard")
    assert taken.read_text() == "load-buffer -w -\nthe text"


def test_rule_53_with_set_clipboard_off_the_words_say_so_and_what_to_do(tmp_path: Path) -> None:
    taken = tmux(tmp_path, "off|off|clipboard")
    sent = send("the text", inside_tmux(tmp_path), "linux")
    assert sent.words("Link") == (
        "Link sent to tmux's buffer only (prefix ] pastes it). set-clipboard is off; to reach the "
        "terminal: tmux set -s set-clipboard on"
    )
    assert taken.read_text() == "load-buffer -\nthe text"
    assert not sent.escape


def test_rule_53_passthrough_leads_to_the_terminal_where_set_clipboard_is_off(
    tmp_path: Path,
) -> None:
    tmux(tmp_path, "off|on|clipboard")
    sent = send("the text", inside_tmux(tmp_path), "linux")
    assert sent.where == "tmux's buffer and the terminal's clipboard"
    inner = sent.escape.removeprefix("\x1bPtmux;").removesuffix("\x1b\\")
    assert text_in(inner.replace("\x1b\x1b", "\x1b")) == "the text"


def test_rule_53_a_terminal_without_a_clipboard_below_tmux_is_not_claimed(tmp_path: Path) -> None:
    tmux(tmp_path, "external|off|bpaste,title")
    words = send("x", inside_tmux(tmp_path), "linux").words("Link")
    assert words.startswith("Link sent to tmux's buffer only")
    assert "tmux knows of no clipboard in this terminal." in words
    tmux(tmp_path, "external|off|bpaste,title", terminal=r" 192: Ms: (string) \033]52;")
    assert send("x", inside_tmux(tmp_path), "linux").where == "tmux and the terminal's clipboard"


def test_rule_53_a_tmux_out_of_reach_is_tried_through_the_terminal(tmp_path: Path) -> None:
    sent = send("x", inside_tmux(tmp_path), "linux")
    assert sent.escape.startswith(osc52("x"))
    assert "\x1bPtmux;" in sent.escape
    assert "only with" in sent.words("Link")


@pytest.mark.parametrize("text", ["x", LONG])
def test_rule_53_in_screen_the_pieces_make_one_whole(text: str) -> None:
    sent = send(text, {**SSH, "STY": "1.pts", "TERM": "screen.xterm"}, "linux")
    pieces = re.findall("\x1bP(.*?)\x1b\\\\", sent.escape, re.DOTALL)
    assert sent.escape == "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    assert text_in("".join(pieces)) == text
    assert max(map(len, pieces)) <= 250  # screen 4 keeps 767 bytes of a string, others 255
    assert "through screen" in sent.where


@pytest.mark.parametrize("term", ["tmux-256color", "screen-256color"])
def test_rule_53_a_tmux_on_the_laptop_is_told_of(term: str) -> None:
    sent = send("x", {**SSH, "TERM": term}, "linux")
    assert sent.escape.startswith(osc52("x"))
    assert "set-clipboard on" in sent.words("Link")


@pytest.mark.parametrize("term", ["linux", "dumb", ""])
def test_rule_53_no_clipboard_is_no_clipboard(term: str) -> None:
    sent = send("x", {"TERM": term}, "linux")
    assert not sent.escape
    assert sent.words("Link").startswith("Link was not copied.")


def test_rule_53_a_program_that_took_it_is_named_and_one_that_failed_not_believed(
    tmp_path: Path,
) -> None:
    here = {"PATH": str(tmp_path), "DISPLAY": ":0", "TERM": "xterm"}
    program(tmp_path, "xclip", "exit 1\n")
    sent = send("x", here, "linux")
    assert not sent.confirmed
    assert text_in(sent.escape) == "x"
    assert "Install wl-clipboard or xclip" in sent.words("Link")
    program(tmp_path, "xsel", f'printf "%s " "$@" > {tmp_path}/out; /bin/cat >> {tmp_path}/out\n')
    assert send("naïve", here, "linux").words("Link") == "Link copied to the clipboard (xsel)"
    assert (tmp_path / "out").read_text() == "--clipboard --input naïve"


@pytest.mark.parametrize(
    ("tool", "surroundings", "platform"),
    [
        ("wl-copy", {"WAYLAND_DISPLAY": "wayland-0"}, "linux"),
        ("xclip", {"DISPLAY": ":0"}, "linux"),
        ("pbcopy", {}, "darwin"),
        ("clip.exe", {"WSL_DISTRO_NAME": "Debian"}, "linux"),
    ],
)
def test_rule_53_each_machine_has_its_own_program(
    tmp_path: Path, tool: str, surroundings: dict[str, str], platform: str
) -> None:
    program(tmp_path, tool, f"/bin/cat > {tmp_path}/out\n")
    environ = {"PATH": str(tmp_path), "TERM": "xterm", **surroundings}
    sent = send("the link", environ, platform)
    assert sent.confirmed
    assert f"({tool})" in sent.where
    assert (tmp_path / "out").read_text() == "the link"


def test_rule_53_a_program_that_hangs_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_oauth.clipboard.TOOL_SECONDS", 0.1)
    program(tmp_path, "xclip", "exec /bin/sleep 30\n")
    sent = send("x", {"PATH": str(tmp_path), "DISPLAY": ":0", "TERM": "xterm"}, "linux")
    assert not sent.confirmed


def test_windows_gets_what_is_not_ascii_in_its_own_encoding(tmp_path: Path) -> None:
    program(tmp_path, "clip.exe", f"/bin/cat > {tmp_path}/out\n")
    send("naïve", {"PATH": str(tmp_path), "WSL_DISTRO_NAME": "D", "TERM": "xterm"}, "linux")
    assert (tmp_path / "out").read_bytes().decode("utf-16-le") == "naïve"
