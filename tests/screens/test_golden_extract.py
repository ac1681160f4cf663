"""Extract as text: the resources with what each needs, the first rows, and how a run ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.refreshing import sign_in
from tests.screens.golden import same_as_file
from tests.tui.stage import Stage, at, shown, until
from tui_oauth.entries import callback_url, configure_entry
from tui_oauth.errors import ProviderRefused
from tui_oauth.extract.apart import Outcome
from tui_oauth.extract.running import Extracted, Summary
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.records import PERMISSIONS
from tui_oauth.secret import Secret
from tui_oauth.tui.extracting import Wanted
from tui_oauth.tui.screens.extracting import ExtractingScreen

SIZES = [(80, 24), (120, 40), (60, 20)]
REFUSED = ProviderRefused("Intercom gives no tags.", code="permission_missing", status=401)


@pytest.fixture
def stage(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.chdir(home)
    with Stage(home) as made:
        made.provider.application.dataset = Dataset({"contacts": 40})
        yield made


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_screens_are_as_they_were_reviewed(stage: Stage, size: tuple[int, int]) -> None:
    entry = stage.created()
    link = callback_url(stage.workspace, entry)
    allowed = tuple(one for one in PERMISSIONS if one != "Read tickets")
    made = stage.provider.register(entry.name, link, permissions=allowed)
    secret = Secret(made.client_secret)
    entry = configure_entry(stage.workspace, entry, client_id=made.client_id, client_secret=secret)
    entry = await sign_in(stage, entry)
    app = stage.app()
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "Authorized" in shown(app), "the list")
        await pilot.press("e")
        await until(pilot, lambda: at(app, "extract"), "the resources")
        await until(pilot, lambda: "asking" not in shown(app), "what may be read")
        await pilot.press("space")
        await pilot.pause()
        same_as_file(app, f"extract-{size[0]}x{size[1]}")
        await pilot.press("p")
        await until(pilot, lambda: "20 rows" in shown(app), "the first rows")
        await pilot.pause()
        same_as_file(app, f"extract-rows-{size[0]}x{size[1]}")
        wanted = Wanted(("contacts", "tags"), "duckdb:crm.duckdb", None, False, None)
        ended = ExtractingScreen(entry, wanted)
        app.push_screen(ended)
        await until(pilot, lambda: at(app, "extracting") and ended.running, "the run")
        ended._run.leave()  # type: ignore[union-attr]
        await until(pilot, lambda: not ended.running, "its end")
        resources = (
            Extracted("contacts", "contacts", 40, 1, 57_300, 1, 2.4, True, False, None, None, None),
            Extracted("tags", "tags", 0, 1, 120, 0, 0.0, False, False, None, None, REFUSED),
        )
        place = str(Path.home() / "crm.duckdb")
        summary = Summary(
            entry.name,
            f"DuckDB in {place}",
            place,
            "practice",
            resources,
            3.25,
            stage.workspace.places.state / "extract",
            problem=REFUSED,
        )
        dataset = stage.provider.application.dataset
        ended._ended(Outcome(summary, {"contacts": [*dataset.rows("contacts")][:5]}))
        await until(pilot, lambda: "Ended early" in shown(app), "the end")
        await pilot.pause()
        same_as_file(app, f"extract-end-{size[0]}x{size[1]}")
