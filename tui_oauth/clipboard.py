"""Copying, with words that are true.

No terminal confirms that it took a text: then the answer says where it was sent, never that it
arrived. Only a clipboard program of this machine that took the whole text counts as copied.

Inside tmux a bare OSC 52 is dropped silently with the default `set-clipboard external`, so the text goes through
`tmux load-buffer -w -`, which reaches tmux's own buffer and the outer clipboard. That would work
with `set-clipboard off` too, but whoever sets it does not want tmux to touch the clipboard: the text then stays in tmux's buffer, and the words say so. `allow-passthrough on` leads past all that. GNU
screen drops OSC 52 and passes on what is wrapped in DCS, in pieces: a string of its own has a limit.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple

from tui_oauth.terminal import surroundings

TOOL_SECONDS = 3.0
# GNU screen 4 keeps 767 bytes of one string, versions before it 255.
_SCREEN_PIECE = 250
_ASK_TMUX = "#{set-clipboard}|#{allow-passthrough}|#{client_termfeatures}"


class Sent(NamedTuple):
    """What became of a text that was to be copied.

    `where` fits after "copied to " when `confirmed`, else after "sent to "; it is empty when there
    is no clipboard to be reached from here. `advice` is a sentence for when it did not arrive, empty when
    there is nothing to say. `escape` has still to be written to the terminal, empty for nothing.
    """

    where: str
    confirmed: bool = False
    advice: str = ""
    escape: str = ""

    def words(self, what: str) -> str:
        """The sentence for a person; `what` was copied, such as "Callback URL"."""
        if not self.where:
            said = f"{what} was not copied."
        else:
            said = f"{what} {'copied' if self.confirmed else 'sent'} to {self.where}"
            said += "." if self.advice else ""
        return f"{said} {self.advice}".strip()


def send(text: str, environ: Mapping[str, str], platform: str = sys.platform) -> Sent:
    """Hand `text` to tmux or to a clipboard program fit for `environ`, else leave the terminal itself.

    The caller writes `escape` of the answer to the terminal, if it has one. Blocks for up to
    TOOL_SECONDS a program: call it in a thread. Raises nothing: what fails is not believed.
    """
    around = surroundings(environ, platform)
    if around.in_tmux:
        return _through_tmux(text, environ)
    if not around.over_ssh:
        for argv, where in _tools(environ, platform):
            if (
                _found(argv[0], environ)
                and _run(argv, _encoded(text, argv[0]), environ) is not None
            ):
                return Sent(f"{where} ({argv[0]})", confirmed=True)
    term = environ.get("TERM", "")
    if around.dumb or term == "linux":
        return Sent("", advice="This terminal has no clipboard that a program can reach.")
    sequence = osc52(text)
    if around.in_screen:
        return Sent("the terminal's clipboard, through screen", escape=_in_screen(sequence))
    if term.startswith("tmux"):  # on the machine that the person sits at
        advice = "tmux there passes it on with: tmux set -s set-clipboard on"
        return Sent("the terminal", advice=advice, escape=sequence + _in_tmux(sequence))
    if term.startswith("screen"):  # tmux calls itself that as well, and ignores what screen reads
        advice = "If that is tmux, it passes it on with: tmux set -s set-clipboard on"
        return Sent("the terminal", advice=advice, escape=sequence + _in_screen(sequence))
    advice = ""
    if around.graphical:
        advice = "Not there? Install wl-clipboard or xclip: not every terminal takes it."
    return Sent("the terminal's clipboard", advice=advice, escape=sequence)


def osc52(text: str) -> str:
    """The escape sequence that asks the terminal to take `text` into its clipboard (xterm's OSC 52)."""
    return f"\x1b]52;c;{base64.b64encode(text.encode('utf-8', 'replace')).decode()}\x07"


def _in_tmux(sequence: str) -> str:
    """`sequence` so that tmux hands it to the terminal as it is, with `allow-passthrough on`."""
    doubled = sequence.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}\x1b\\"


def _in_screen(sequence: str) -> str:
    """`sequence` in pieces that GNU screen hands to the terminal as they are."""
    pieces = range(0, len(sequence), _SCREEN_PIECE)
    return "".join(f"\x1bP{sequence[at : at + _SCREEN_PIECE]}\x1b\\" for at in pieces)


def _through_tmux(text: str, environ: Mapping[str, str]) -> Sent:
    sequence, body = osc52(text), text.encode("utf-8", "replace")
    asked = _run(["tmux", "display-message", "-p", _ASK_TMUX], b"", environ)
    mode, passes, features = (*(asked or "").strip().split("|"), "", "", "")[:3]
    # `allow-passthrough` exists from version 3.3 on, where it is 0 or 1, with words since 3.4; before,
    # tmux passed everything on.
    through = _in_tmux(sequence) if passes not in {"off", "0"} else ""
    if asked is None or (mode != "off" and _knows_clipboard(features, environ)):
        if _run(["tmux", "load-buffer", "-w", "-"], body, environ) is not None:
            return Sent("tmux and the terminal's clipboard")
        # Its socket is out of reach, as in a container, or it is older than 3.2 and has no -w.
        advice = "tmux passes it on only with: tmux set -s set-clipboard on"
        return Sent("the terminal", advice=advice, escape=sequence + through)
    kept = _run(["tmux", "load-buffer", "-"], body, environ) is not None
    if through:
        buffer = "tmux's buffer and " if kept else ""
        return Sent(f"{buffer}the terminal's clipboard", escape=through)
    why = "tmux knows of no clipboard in this terminal."
    if mode == "off":
        why = "set-clipboard is off; to reach the terminal: tmux set -s set-clipboard on"
    return Sent("tmux's buffer only (prefix ] pastes it)" if kept else "", advice=why)


def _knows_clipboard(features: str, environ: Mapping[str, str]) -> bool:
    """Whether tmux can reach the clipboard of the terminal that it is shown in (`Ms` in terminfo)."""
    if "clipboard" in features.split(","):
        return True
    known = _run(["tmux", "show-messages", "-T"], b"", environ)
    return known is None or " Ms: " not in known or " Ms: (string)" in known


def _tools(environ: Mapping[str, str], platform: str) -> list[tuple[list[str], str]]:
    """The clipboard programs of the machine that the person sits at, the best first."""
    tools: list[tuple[list[str], str]] = []
    if platform == "darwin":
        tools.append((["pbcopy"], "the clipboard"))
    if environ.get("WSL_DISTRO_NAME"):
        tools.append((["clip.exe"], "the Windows clipboard"))
    if environ.get("WAYLAND_DISPLAY"):
        tools.append((["wl-copy"], "the clipboard"))
    if environ.get("DISPLAY"):
        tools.append((["xclip", "-selection", "clipboard"], "the clipboard"))
        tools.append((["xsel", "--clipboard", "--input"], "the clipboard"))
    return tools


def _encoded(text: str, program: str) -> bytes:
    # clip.exe takes other bytes than UTF-16 for the code page of the Windows machine.
    if program == "clip.exe" and not text.isascii():
        return text.encode("utf-16-le", "replace")
    return text.encode("utf-8", "replace")


def _found(program: str, environ: Mapping[str, str]) -> bool:
    return shutil.which(program, path=environ.get("PATH")) is not None


def _run(argv: list[str], text: bytes, environ: Mapping[str, str]) -> str | None:
    """What `argv` printed after it was given `text`; None when it is missing or failed."""
    if not _found(argv[0], environ):
        return None
    printing = argv[0] == "tmux"
    try:
        done = subprocess.run(
            argv,
            input=text,
            # A clipboard program goes on in the background; with a pipe it would be waited for.
            stdout=subprocess.PIPE if printing else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TOOL_SECONDS,
            env=dict(environ),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    return done.stdout.decode("utf-8", "replace") if printing else ""
