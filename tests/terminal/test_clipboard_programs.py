"""Copying with the clipboard programs themselves, each with a display of its own that nobody sees."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tui_oauth.clipboard import send

LINK = "https://app.intercom.com/oauth?client_id=a&state=" + "s" * 3_000
TEXTS = [LINK, "名前 ✓ \n\tline two\r\n", "-version"]


def needs(*programs: str, packages: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        words = f"{' and '.join(missing)} for the clipboard"
        pytest.skip(f"{words} not installed (Debian: apt-get install {packages})")


def ended(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def pasted(argv: list[str], environ: dict[str, str], text: str) -> str:
    """What is in the clipboard: `text` in a moment, where the program goes on in the background."""
    end = time.monotonic() + 10
    while True:
        done = subprocess.run(argv, env=environ, capture_output=True, timeout=10, check=False)
        if done.stdout.decode() == text or time.monotonic() > end:
            return done.stdout.decode()
        time.sleep(0.02)


@pytest.fixture
def x_display(tmp_path: Path) -> Iterator[dict[str, str]]:
    needs("Xvfb", packages="xvfb")
    known, number = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(number), "-nolisten", "tcp", "-screen", "0", "64x64x24"],
        pass_fds=[number],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(number)
    try:
        with os.fdopen(known) as told:
            display = told.readline().strip()
        assert display, "Xvfb does not start"
        yield {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DISPLAY": f":{display}"}
    finally:
        ended(process)  # with it ends the program that holds the selection


@pytest.mark.parametrize("program", ["xclip", "xsel"])
def test_rule_53_an_x_clipboard_has_the_whole_text(
    program: str, x_display: dict[str, str], tmp_path: Path
) -> None:
    needs(program, packages=program)
    only = tmp_path / "bin"  # where both are there, the first one is taken
    only.mkdir()
    found = shutil.which(program)
    assert found is not None
    (only / program).symlink_to(found)
    environ = {**x_display, "PATH": str(only), "TERM": "xterm"}
    paste = {
        "xclip": ["xclip", "-selection", "clipboard", "-o"],
        "xsel": ["xsel", "--clipboard", "--output"],
    }
    for text in TEXTS:
        sent = send(text, environ, "linux")
        assert sent.confirmed
        assert sent.words("Link") == f"Link copied to the clipboard ({program})"
        assert pasted(paste[program], x_display, text) == text


@pytest.mark.parametrize("program", ["xclip", "xsel"])
def test_rule_53_without_its_display_nothing_is_said_to_be_copied(
    program: str, tmp_path: Path
) -> None:
    needs(program, packages=program)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DISPLAY": ":4711"}
    sent = send(LINK, {**environ, "TERM": "xterm"}, "linux")
    assert not sent.confirmed
    assert sent.escape
    assert "sent to the terminal's clipboard" in sent.words("Link")


@pytest.fixture
def wayland_display(tmp_path: Path) -> Iterator[dict[str, str]]:
    needs("sway", "wl-copy", packages="sway wl-clipboard")
    home = Path(tempfile.mkdtemp())
    (home / "config").write_text("xwayland disable\n")
    somebody: dict[str, Any] = {}
    if os.geteuid() == 0:  # sway refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        somebody = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    headless = {
        "WLR_BACKENDS": "headless",
        "WLR_RENDERER": "pixman",
        "WLR_LIBINPUT_NO_DEVICES": "1",
    }
    log = tmp_path / "sway.log"
    with log.open("wb") as writing:
        process = subprocess.Popen(
            ["sway", "-c", str(home / "config")],
            env={**environ, **headless},
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            **somebody,
        )
    try:
        end = time.monotonic() + 20
        while not (found := [path for path in home.glob("wayland-*") if path.is_socket()]):
            said = log.read_text(errors="replace")
            assert process.poll() is None, f"sway does not start:\n{said}"
            assert time.monotonic() < end, f"sway opens no display:\n{said}"
            time.sleep(0.02)
        yield {**environ, "WAYLAND_DISPLAY": found[0].name}
    finally:
        ended(process)
        shutil.rmtree(home)


def test_rule_53_a_wayland_clipboard_has_the_whole_text(wayland_display: dict[str, str]) -> None:
    for text in TEXTS:
        sent = send(text, {**wayland_display, "TERM": "xterm"}, "linux")
        assert sent.confirmed
        assert sent.words("Link") == "Link copied to the clipboard (wl-copy)"
        assert pasted(["wl-paste", "--no-newline"], wayland_display, text) == text
