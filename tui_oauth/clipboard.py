"""Copying, with words that are true.

No terminal confirms that it took a text. So the answer says where it was sent, never that it
arrived. In tmux the text goes through `tmux load-buffer -w -`, which reaches tmux's own buffer and
the outer clipboard with every setting, where a bare OSC 52 is dropped silently by default.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
from collections.abc import Mapping

from tui_oauth.terminal import surroundings

TOOL_SECONDS = 3.0


def copy(text: str, environ: Mapping[str, str], platform: str = sys.platform) -> str | None:
    """Send `text` to a clipboard program fit for `environ`.

    Returns where it was sent, in words that fit after "sent to "; None when no program is at
    hand and only the terminal itself is left (OSC 52, see `osc52`). Blocks for up to
    TOOL_SECONDS: call it in a thread.
    """
    for argv, where in _tools(environ, platform):
        if shutil.which(argv[0], path=environ.get("PATH")) and _run(argv, text, environ):
            return where
    return None


def osc52(text: str) -> str:
    """The escape sequence that asks the terminal to take `text` into its clipboard."""
    return f"\x1b]52;c;{base64.b64encode(text.encode('utf-8', 'replace')).decode()}\x07"


def _tools(environ: Mapping[str, str], platform: str) -> list[tuple[list[str], str]]:
    around = surroundings(environ, platform)
    tools: list[tuple[list[str], str]] = []
    if around.in_tmux:
        tools.append((["tmux", "load-buffer", "-w", "-"], "tmux and the terminal's clipboard"))
    if around.over_ssh:
        return tools
    if platform == "darwin":
        tools.append((["pbcopy"], "the clipboard"))
    elif environ.get("WSL_DISTRO_NAME"):
        tools.append((["clip.exe"], "the Windows clipboard"))
    elif environ.get("WAYLAND_DISPLAY"):
        tools.append((["wl-copy"], "the clipboard"))
    elif environ.get("DISPLAY"):
        tools.append((["xclip", "-selection", "clipboard"], "the clipboard"))
        tools.append((["xsel", "--clipboard", "--input"], "the clipboard"))
    return tools


def _run(argv: list[str], text: str, environ: Mapping[str, str]) -> bool:
    try:
        done = subprocess.run(
            argv,
            input=text.encode("utf-8", "replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TOOL_SECONDS,
            env=dict(environ),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
