"""Whole runs against the practice provider: limits, broken pages, tokens that end, runs that are killed."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.refreshing import authorized, sign_in
from tests.stage import Stage
from tui_oauth.extract.calls import Calls
from tui_oauth.extract.declared import load
from tui_oauth.extract.reading import Part, Reading, Told, Wanted
from tui_oauth.extract.running import Progress, Summary, extract
from tui_oauth.practice.behaviour import PAGE_FAULTS, Behaviour
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.provider import PracticeProvider

CONTACTS, PAGES = 1100, 8  # of 150 contacts at most
NAME = "my-intercom"
DAYS_ROWS = 4  # rows of which nothing changed, on the days that a search looks at as well


@pytest.fixture
def provider(stage: Stage) -> PracticeProvider:
    stage.provider.application.dataset = Dataset({"contacts": CONTACTS})
    return stage.provider


@pytest.fixture
def base(home: Path) -> Path:
    return home / "extracted.duckdb"


@pytest.fixture
def run(stage: Stage, provider: PracticeProvider, base: Path) -> Callable[..., Summary]:
    """Extracts in this process, as the window does, with an entry that was signed in to."""

    def run(*resources: str, **how: Any) -> Summary:
        return extract(stage.workspace, NAME, resources or ("contacts",), f"duckdb:{base}", **how)

    authorized(stage, Behaviour(), NAME)
    return run


FIGURES = """
    select count(*), count(distinct id), sum(updated_at), sum(created_at),
        sum(cast(json_extract(custom_attributes, '$.seats') as integer)),
        sum(length(name))
    from my_intercom.contacts
"""


def figures(base: Path) -> tuple[int, ...]:
    """What the database says of the contacts, added up by itself."""
    with duckdb.connect(str(base), read_only=True) as connection:
        found: tuple[int, ...] = connection.execute(FIGURES).fetchone()
        return found


def expected(provider: PracticeProvider) -> tuple[int, ...]:
    """The same of the contacts that the provider was made with."""
    rows = [*provider.application.dataset.rows("contacts")]
    return (
        len(rows),
        len(rows),
        sum(row["updated_at"] for row in rows),
        sum(row["created_at"] for row in rows),
        sum(row["custom_attributes"]["seats"] for row in rows),
        sum(len(row["name"]) for row in rows),
    )


def test_a_limit_costs_waits_and_no_rows(run, provider, base):
    provider.application.behaviour = Behaviour(rate_limit=3, rate_window=1)
    told: list[Progress] = []
    (contacts,) = run(watch=told.append).resources
    assert figures(base) == expected(provider)
    assert (contacts.rows, contacts.finished) == (CONTACTS, True)
    assert contacts.waits >= 1  # on a slow machine windows go by without one
    assert contacts.waited > 0
    assert "waiting" in {progress.phase for progress in told}
    assert provider.application.served["contacts"] == CONTACTS


def test_pages_that_fail_once_cost_calls_and_no_rows(run, provider, base):
    faults = [*PAGE_FAULTS]

    def another(progress: Progress) -> None:
        """Each page that came is followed by one that fails in the next way."""
        if progress.phase == "fetching" and faults:
            provider.application.behaviour = Behaviour(page_fault=faults.pop(), page_fault_every=1)

    (contacts,) = run(watch=another).resources
    assert not faults
    assert figures(base) == expected(provider)
    assert contacts.calls > PAGES + 3
    assert contacts.problem is None


def test_a_refresh_in_the_middle_is_harmless(stage, provider, base):
    authorized(stage, Behaviour(rotating_refresh=True, expires_in=1), NAME)
    summary = extract(stage.workspace, NAME, ["contacts"], f"duckdb:{base}")
    assert summary.problem is None
    assert figures(base) == expected(provider)
    assert provider.application.count["refresh"] >= 2


def test_a_token_that_ends_in_the_middle(shell, stage, provider, base):
    authorized(stage, Behaviour(revoke_after=3), NAME)
    done = shell.run("extract", NAME, "contacts", code=7)
    assert "Press a in Manage OAuth" in done.err
    assert f"tui-oauth authorize {NAME}" in done.err
    assert figures(base)[0] == 3 * 150, "the rows so far are kept"

    asyncio.run(sign_in(stage, stage.workspace.vault.find(NAME)))
    (contacts,) = extract(stage.workspace, NAME, ["contacts"], f"duckdb:{base}").resources
    assert (contacts.went_on, contacts.finished) == (True, True)
    assert figures(base) == expected(provider)
    assert provider.application.served["contacts"] == CONTACTS, "no row was asked for twice"


def test_a_permission_that_is_missing_is_named_and_the_rest_arrives(run, provider, base):
    summary = run("tags", "contacts")
    assert summary.problem is not None
    assert summary.problem.exit_code == 10
    assert 'the permission "Read tags"' in str(summary.problem)
    assert [one.finished for one in summary.resources] == [False, True]
    assert figures(base) == expected(provider)


def test_the_next_run_asks_for_the_changes_alone(run, provider, base):
    application = provider.application
    run()
    application.dataset.change("contacts", 40)
    application.dataset.add("contacts", 5)
    for changed in (45, 0):
        before = application.count["contacts"], application.served["contacts"]
        (contacts,) = run().resources
        assert contacts.rows == changed
        assert figures(base) == expected(provider)
        assert application.count["contacts"] - before[0] == contacts.calls == 1
        # The search looks at whole days: what changed on that day comes along, and is left out.
        assert application.served["contacts"] - before[1] <= 45 + DAYS_ROWS


WITH_SMALL_PARTS = """
import os
from tui_oauth.extract import running
from tui_oauth.workspace import Workspace
running.PART_ROWS = 150
def watch(progress):
    print(progress.phase, progress.rows, flush=True)
workspace = Workspace.from_environment(dict(os.environ))
running.extract(workspace, "my-intercom", ["contacts"], "duckdb:extracted.duckdb", watch=watch)
"""


def test_a_run_that_is_killed_again_and_again_ends_as_an_undisturbed_one(
    stage, provider, base, home
):
    authorized(stage, Behaviour(), NAME)
    served = provider.application.served
    # Each has loaded one part; one is killed with the next one fetched, one while it loads it.
    for moment in ("fetching 300", "loading 300"):
        command = [sys.executable, "-c", WITH_SMALL_PARTS]
        with subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            assert any(line.strip() == moment for line in lines), f"{moment} never came"
            process.send_signal(signal.SIGKILL)
    summary = extract(stage.workspace, NAME, ["contacts"], f"duckdb:{base}")
    assert summary.problem is None
    assert summary.resources[0].went_on
    assert figures(base) == expected(provider)
    assert served["contacts"] <= CONTACTS + 2 * 150, "at most the part under way is read again"


COMPANIES = "select count(*), count(distinct id) from my_intercom.companies"


@pytest.mark.parametrize("fault", ["cut-off", "error"])
def test_a_scroll_that_breaks_off_or_is_left_loses_no_rows(run, provider, base, fault):
    # Asked again, a scroll gives what comes next: the page that broke off is lost to it.
    provider.application.dataset = Dataset({"companies": 420})
    provider.application.behaviour = Behaviour(page_fault=fault, page_fault_every=7, scroll_idle=1)
    first = run("companies", limit=150).resources[0]
    assert (first.rows, first.finished, first.calls) == (150, False, 2)
    # It begins anew, breaks off at its fifth page, which is the seventh of all, and begins anew.
    second = run("companies").resources[0]
    assert (second.problem, second.rows, second.finished) == (None, 270, True)
    assert second.calls >= 5 + 6
    with duckdb.connect(str(base), read_only=True) as connection:
        assert connection.execute(COMPANIES).fetchone() == (420, 420)


def test_parents_by_scroll_are_found_again_in_the_middle_of_a_page(stage, provider):
    provider.application.dataset = Dataset({"companies": 130})
    authorized(stage, Behaviour(scroll_idle=1), NAME)
    source = load("practice")
    assert source is not None
    notes = source.resource("company_notes")
    assert notes is not None
    state: dict[str, Any] = {}
    told, found = Told("company_notes"), []
    for _ in range(2):  # each as another process would, from what the one before has kept
        with Calls(stage.workspace, NAME, source) as calls:
            for rows in Reading(calls, notes, Wanted(), told, Part(115)).pages(state):
                found += rows
        state = json.loads(json.dumps(state))
    assert told.finished
    made = [row for _, row in provider.application.dataset.rows_of("company_notes")]
    assert [row["id"] for row in found] == [row["id"] for row in made]
    assert len(made) > 120
