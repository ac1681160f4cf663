"""Opens every screen of the installed program, away from its checkout.

A style sheet or data file that is missing from the wheel cannot be seen in the source tree. Run it
with `python -P` in an environment that has only the wheel installed. Ends with 0 and a line for
each screen, or with the screen that could not be opened.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import tui_oauth
from tui_oauth.conflicts import Difference, Version
from tui_oauth.entries import configure_entry, create_entry
from tui_oauth.errors import UsageProblem
from tui_oauth.model import Entry, EntrySecrets
from tui_oauth.secret import Secret
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.vault import create_vault
from tui_oauth.vault.health.salvage import Lost, Salvage, Saved
from tui_oauth.workspace import Workspace

SIZE = (80, 24)
VERSION = Version(Entry("0" * 32, "work", "practice", "Practice", 1, 1), EntrySecrets())
DIFFERENCE = Difference("client_id", "Client ID", "mine", "theirs", True, True)
SALVAGED = Salvage(
    Path("saved.json"),
    [Saved("work", "0" * 32, 2, mended=False)],
    [Lost("play", "1" * 32, "damaged", (Path("vault.json.bak"),))],
    proven=False,
    header_from=None,
)
PATIENCE_SECONDS = 15.0


def workspace(home: Path, *, vault: str) -> Workspace:
    environ = {"HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm-256color"}
    made = Workspace.from_environment(environ)
    if vault == "key file":
        made.use_vault(create_vault(made.places))
    elif vault == "locked":
        create_vault(made.places, passphrase=Secret("correct horse"))
    elif vault == "damaged":
        create_vault(made.places)
        made.places.vault.write_bytes(made.places.vault.read_bytes()[:-1])
    return made


async def opens(home: Path, name: str, vault: str, step: Callable[[Any], Awaitable[None]]) -> None:
    """Open the app, carry out `step`, and see that the screen called `name` is painted."""
    home.mkdir()
    space = workspace(home, vault=vault)
    if vault == "key file":
        entry = create_entry(space, "work", "intercom")
        configure_entry(space, entry, client_id="id", client_secret=Secret("secret"))
    app = ManageOAuth(space)
    async with app.run_test(size=SIZE) as pilot:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while vault == "key file" and not space.vault_is_open:
                await pilot.pause()
            await pilot.pause()
            await step(pilot)
            while type(app.screen).__name__ != name:
                await pilot.pause(0.02)
            await pilot.pause()
        widths = {len(strip.text) for strip in app.screen._compositor.render_strips()}
        painted = any(strip.text.strip() for strip in app.screen._compositor.render_strips())
        assert painted, f"{name} is empty"
        assert widths == {SIZE[0]}, f"{name} is {widths} wide"
        print(f"  {name}")


def pressing(*keys: str) -> Callable[[Any], Awaitable[None]]:
    async def step(pilot: Any) -> None:
        await pilot.press(*keys)

    return step


async def extract(pilot: Any) -> None:
    """The entry is not authorized, and the extra is not installed here: the screen says how to get it."""
    pilot.app.open_extract(pilot.app.workspace.vault.find("work"))
    while "pip install 'tui-oauth[extract]'" not in _text(pilot.app):
        await pilot.pause(0.02)


def _text(app: ManageOAuth) -> str:
    strips = app.screen._compositor.render_strips()
    return " ".join("".join(strip.text for strip in strips).split())


def calling(method: str, *more: object) -> Callable[[Any], Awaitable[None]]:
    async def step(pilot: Any) -> None:
        entry = pilot.app.workspace.vault.find("work")
        arguments = [entry.id if item == "entry" else item for item in more]
        getattr(pilot.app, method)(*arguments)

    return step


SCREENS: list[tuple[str, str, Callable[[Any], Awaitable[None]]]] = [
    ("FirstRunScreen", "none", pressing()),
    ("UnlockScreen", "locked", pressing()),
    ("ManageScreen", "key file", pressing()),
    ("CreateScreen", "key file", pressing("n")),
    ("HelpScreen", "key file", pressing("question_mark")),
    ("ConfirmScreen", "key file", pressing("d")),
    ("RenameScreen", "key file", pressing("f2")),
    ("ConfigureScreen", "key file", calling("open_configure", "entry")),
    ("AuthorizeScreen", "key file", calling("open_authorize", "entry")),
    ("VisitScreen", "key file", pressing("b")),
    ("SuccessScreen", "key file", calling("open_success", "entry")),
    ("ExtractScreen", "key file", extract),
    ("GuideScreen", "key file", calling("open_guide", "intercom", "entry")),
    ("VaultScreen", "key file", pressing("v")),
    ("FindingsScreen", "key file", pressing("v", "h")),
    ("NewKeyScreen", "key file", pressing("v", "a")),
    ("VaultFormScreen", "key file", pressing("v", "x")),
    ("RecoveryCodeScreen", "key file", calling("open_code", Secret("0000-1111"), print)),
    ("ImportScreen", "key file", calling("open_import", [], print)),
    ("ConflictScreen", "key file", calling("open_conflict", [DIFFERENCE], VERSION, print)),
    ("TrafficScreen", "key file", pressing("f3")),
    ("AuditScreen", "key file", pressing("w")),
    ("MarksScreen", "key file", pressing("p")),
    ("UnopenedScreen", "damaged", pressing()),
    ("SalvagedScreen", "key file", calling("open_salvaged", SALVAGED)),
    ("ResultScreen", "key file", calling("show_result", "A title", ["What.", "Next."])),
    ("ProblemScreen", "key file", calling("show_problem", UsageProblem("What.", "Next."), "A title")),
]  # fmt: skip


def main() -> None:
    print(f"tui-oauth {tui_oauth.__version__} from {Path(tui_oauth.__file__).parent}")
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, vault, step) in enumerate(SCREENS):
            asyncio.run(opens(Path(folder, str(number)), name, vault, step))


if __name__ == "__main__":
    main()
