"""Runs that are ended, lists that end meanwhile, and runs that would get in each other's way."""

from __future__ import annotations

import fcntl
import threading

import duckdb
import pytest

from tests.little_api import Call, LittleApi
from tui_oauth.errors import VaultBusy
from tui_oauth.extract.calls import Calls
from tui_oauth.extract.declared import load
from tui_oauth.extract.reading import Reading, Told, Wanted, must_empty
from tui_oauth.extract.running import extract

COMPANIES = [{"id": f"c{number}"} for number in range(1, 8)]


class Scrolled:
    """Scrolls of three rows; `open` is the one there is, with the rows that it has given."""

    def __init__(self) -> None:
        self.open: tuple[str, int] | None = None
        self.begun = 0
        self.rows = [*COMPANIES]

    def __call__(self, call: Call) -> tuple[int, dict[str, str], object]:
        given = call.query.get("scroll_param", "")
        if not given:
            self.begun += 1
            self.open = (f"scroll-{self.begun}", 0)
        elif self.open is None or self.open[0] != given:
            return 404, {}, {"errors": [{"code": "not_found", "message": "no such scroll"}]}
        name, first = self.open
        self.open = (name, first + 3)
        return 200, {}, {"data": self.rows[first : first + 3], "scroll_param": name}


@pytest.mark.parametrize("gone", [False, True], ids=["still-there", "deleted-meanwhile"])
def test_a_scroll_that_has_ended_goes_on_behind_the_last_row(gone, workspace, entry_at):
    source, api_of = load("practice"), Scrolled()
    with LittleApi(api_of) as api, Calls(workspace, entry_at(api.port).name, source) as calls:
        state: dict = {}

        def read(limit: int | None) -> list[str]:
            resource = source.resource("companies")
            reading = Reading(calls, resource, Wanted(limit=limit), Told("companies"))
            return [row["id"] for page in reading.pages(state) for row in page]

        assert read(3) == ["c1", "c2", "c3"]
        api_of.open = None  # a minute has passed
        if gone:
            api_of.rows.remove({"id": "c3"})
        # Without the row to go on behind all is read once more: better twice than never.
        wanted = ["c1", "c2", "c4", "c5", "c6", "c7"] if gone else ["c4", "c5", "c6", "c7"]
        assert read(None) == wanted
        assert "run" not in state


def test_earlier_rows_make_room_only_once_there_are_new_ones():
    assert must_empty({"emptying": True, "run": {"rows": 3}})
    assert must_empty({"emptying": True}), "a run that found nothing has found that out"
    assert not must_empty({"emptying": True, "run": {"rows": 0}}), "it failed before its first row"
    assert not must_empty({"run": {"rows": 3}})


def test_one_run_at_a_time(workspace, entry_at, tmp_path):
    def answers(call: Call) -> tuple[int, dict[str, str], object]:
        return 200, {}, {"data": [{"id": "1"}]}

    with LittleApi(answers) as api:
        name, to = entry_at(api.port).name, f"duckdb:{tmp_path / 'found.duckdb'}"
        extract(workspace, name, ["tags"], to)
        (lock,) = (workspace.places.state / "extract").glob("*.lock")
        with lock.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with pytest.raises(VaultBusy, match="is being extracted"):
                extract(workspace, name, ["tags"], to)


def test_an_interrupted_command_keeps_what_it_has_and_goes_on(shell, entry_at):
    pages, reached, go_on = 8, threading.Event(), threading.Event()

    def answers(call: Call) -> tuple[int, dict[str, str], object]:
        page = int(call.query.get("starting_after", 0))
        if page == 3 and not go_on.is_set():
            reached.set()
            go_on.wait(20)
        rows = [{"id": f"{page}-{n}", "updated_at": 1_700_000_000 + page} for n in range(150)]
        more = {"next": {"starting_after": str(page + 1)}} if page + 1 < pages else {}
        return 200, {}, {"data": rows, "pages": more}

    with LittleApi(answers) as api:
        entry_at(api.port)
        with shell.start("extract", "my-intercom", "contacts") as running:
            assert reached.wait(30)
            running.interrupt()
            assert "what has been fetched is loaded" in running.said("Ending")
            go_on.set()
            done = running.end(130)
        assert "the next run goes on from here" in done.out
        before = len(api.calls)
        shell.run("extract", "my-intercom", "contacts")
        assert len(api.calls) - before == pages - 4
    with duckdb.connect(str(shell.home / "extracted.duckdb"), read_only=True) as base:
        answer = base.execute("select count(*), count(distinct id) from my_intercom.contacts")
        assert answer.fetchall() == [(150 * pages, 150 * pages)]


def test_a_package_that_was_being_removed_is_not_loaded_again(workspace, entry_at, tmp_path):
    """dlt removes file by file what the next step has taken over; a kill in the middle leaves a torso."""

    def answers(call: Call) -> tuple[int, dict[str, str], object]:
        return 200, {}, {"data": [{"id": "1"}]}

    with LittleApi(answers) as api:
        name, to = entry_at(api.port).name, f"jsonl:{tmp_path / 'out'}"
        extract(workspace, name, ["tags"], to)
        (pipeline,) = (workspace.places.state / "extract/pipelines").iterdir()
        (loaded,) = (pipeline / "load/loaded").iterdir()
        (pipeline / "normalize/extracted" / loaded.name / "completed_jobs").mkdir(parents=True)
        (pipeline / "load/new/1.2").mkdir()
        for _ in range(2):
            assert extract(workspace, name, ["tags"], to).problem is None
        left = [path.name for path in pipeline.glob("*/*/*") if path.is_dir()]
        assert len(left) == 1, "one package stays, however many runs there were"
