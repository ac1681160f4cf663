"""Opening a link in the person's own browser: no shell, never a text browser, never waited for.

`webbrowser` of the standard library is not used: on a server it falls back to text browsers, which
take over the terminal, and older versions let an address become an option (CVE-2026-4519).
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from tui_oauth.errors import StorageFailed
from tui_oauth.oauth.urls import check_link
from tui_oauth.terminal import surroundings

FAILS_WITHIN_SECONDS = 1.0
# `sensible-browser` and `www-browser` are whatever the machine has, a text browser among it.
TEXT_BROWSERS = {
    *("www-browser", "sensible-browser", "links", "links2", "elinks", "lynx", "lynx-cur", "w3m"),
    *("browsh", "carbonyl"),
}
# xdg-open tries these where nothing else is set, and after them text browsers, unless BROWSER is.
_GRAPHICAL = "x-www-browser:firefox:firefox-esr:chromium:chromium-browser:google-chrome:epiphany"


def opener(environ: Mapping[str, str], platform: str = sys.platform) -> list[str] | None:
    """The program that would open a link here, or None where there is no graphical session.

    The first usable word list in `BROWSER` comes first (split like a shell does, run without
    one), then what the system provides.
    """
    if not surroundings(environ, platform).graphical:
        return None
    for candidate in _candidates(environ, platform):
        program = shutil.which(candidate[0], path=environ.get("PATH"))
        if program and not _is_text_browser(program):
            return [program, *candidate[1:]]
    return None


def can_open(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether `open_link` has a program to start."""
    return opener(environ, platform) is not None


def open_link(
    url: str,
    environ: Mapping[str, str],
    platform: str = sys.platform,
    *,
    fragment: bool = False,
) -> None:
    """Start the browser with `url` and come back at once.

    `fragment`: whether this address may have one, as a service can declare of its own.

    The program is detached and cannot write into our terminal. Blocks for up to
    FAILS_WITHIN_SECONDS to see whether it fails at once: call it in a thread. Raises UsageProblem for an
    address that must not be opened, StorageFailed when the program cannot be started.
    """
    link = check_link(url, fragment=fragment)
    argv = opener(environ, platform)
    if argv is None:
        raise StorageFailed(
            "There is no browser to open here.", "Copy the link and open it where your browser is."
        )
    argv = [part.replace("%s", link) for part in argv] if "%s" in argv[1:] else [*argv, link]
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=_without_text_browsers(environ),
        )
    except OSError as error:
        raise StorageFailed(
            f"{argv[0]} could not be started: {error.strerror}.",
            "Copy the link and open it in your browser.",
        ) from error
    try:
        code = process.wait(FAILS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        # It runs, as a browser does. Somebody has to collect it once it ends.
        threading.Thread(target=process.wait, daemon=True).start()
        return
    if code != 0:
        raise StorageFailed(
            f"{argv[0]} ended with status {code}.", "Copy the link and open it in your browser."
        )


def _is_text_browser(program: str) -> bool:
    """Whether `program` is one by its own name or by that of what it is a link to."""
    names = {Path(program).name, Path(program).resolve().name}
    return not names.isdisjoint(TEXT_BROWSERS)


def _without_text_browsers(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` for what starts a browser itself: xdg-open obeys BROWSER too."""
    path, kept = environ.get("PATH"), []
    for part in environ.get("BROWSER", "").split(":"):
        try:
            words = shlex.split(part)
        except ValueError:
            continue
        program = shutil.which(words[0], path=path) if words else None
        if program and not _is_text_browser(program):
            kept.append(part)
    return {**environ, "BROWSER": ":".join(kept) or _GRAPHICAL}


def _candidates(environ: Mapping[str, str], platform: str) -> list[list[str]]:
    out: list[list[str]] = []
    for part in environ.get("BROWSER", "").split(":"):
        try:
            words = shlex.split(part)
        except ValueError:
            continue
        if words:
            out.append(words)
    if platform == "darwin":
        out.append(["open"])
    elif environ.get("WSL_DISTRO_NAME"):
        out.append(["wslview"])
    out += [["xdg-open"], ["gio", "open"]]
    return out
