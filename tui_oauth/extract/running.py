"""One extraction, for the command and the screen alike: in parts, with everything kept between them.

A part is fetched, loaded, and committed together with the place it reached. So memory and disk stay
flat however much there is, and whatever ends a run, the next one goes on where this one stopped.
"""

from __future__ import annotations

import contextlib
import fcntl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_oauth.errors import NotFound, TuiOauthError, VaultBusy
from tui_oauth.extract import destination as destinations
from tui_oauth.extract.declared import Source, load
from tui_oauth.extract.engine import engine, installed, kept_at_home, needed
from tui_oauth.extract.leftovers import tidy
from tui_oauth.extract.reading import Part, Reading, Told, Wanted, must_empty
from tui_oauth.extract.source import chosen, make, table_name

if TYPE_CHECKING:
    from tui_oauth.extract.calls import Calls
    from tui_oauth.workspace import Workspace

PART_ROWS = 20_000
PART_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. The figures are those of `resource` in this run; `phase` says what is done now.

    Phases: `fetching`, `waiting` (`waited` counts the seconds so far), `loading`, `done`. `total` is how
    many rows there are, as far as the service says; `before` rows came with earlier runs that this one
    goes on from, and count towards it.
    """

    resource: str
    rows: int = 0
    calls: int = 0
    bytes: int = 0
    waited: float = 0.0
    phase: str = "fetching"
    total: int | None = None
    before: int = 0


@dataclass(frozen=True, slots=True)
class Extracted:
    """What has become of one resource. Moments are Unix milliseconds.

    `finished` is False where the next run goes on; `since` is from when on changes were asked for, None for
    everything; `next_since` from when on the next run asks; `problem` is what ended it.
    """

    resource: str
    table: str
    rows: int
    calls: int
    bytes: int
    waits: int
    waited: float
    finished: bool
    went_on: bool
    since: int | None
    next_since: int | None
    problem: TuiOauthError | None


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of a run. `problem` is what ended it early, `stopped` whether it was asked to end.

    `place` is the file or folder, empty for a destination elsewhere; `dataset` the schema, or the folder
    in it, that has the tables; `state` the folder with what is kept for the next run.
    """

    entry: str
    destination: str
    place: str
    dataset: str
    resources: tuple[Extracted, ...]
    seconds: float
    state: Path
    stopped: bool = False
    problem: TuiOauthError | None = None


Watch = Callable[[Progress], None]


def source_of(workspace: Workspace, name: str) -> Source:
    """What can be extracted with the entry `name`. Raises NotFound."""
    entry = workspace.vault.find(name)
    source = load(entry.service)
    if source is None:
        raise NotFound(
            f"Nothing is declared that could be extracted from {entry.service_name}.",
            "Extraction is there for Intercom and HubSpot; CONTRIBUTING.md says how to add a service.",
        )
    return source


def extract(
    workspace: Workspace,
    name: str,
    resources: Sequence[str],
    to: str = "",
    *,
    since: int | None = None,
    full: bool = False,
    limit: int | None = None,
    watch: Watch | None = None,
    stop: threading.Event | None = None,
) -> Summary:
    """Extract `resources` (all, when empty) with the entry `name` into the destination `to`.

    Blocks until the end: give it a thread of its own where a window is to stay alive. `since` (Unix
    milliseconds) asks for changes from then on instead of those since the last run, `full` for everything
    anew; at most `limit` rows of each resource are read, and the next run goes on from there. `watch` is
    told of the progress, in this thread; `stop` ends the run, with everything fetched kept. What
    ends a run early stands in the summary. Raises TuiOauthError for what cannot even begin.
    """
    source = source_of(workspace, name)
    picked = chosen(source, resources)
    if not installed():
        raise needed()
    entry = workspace.vault.find(name)
    wanted = Wanted(since, full, limit)
    run = _Run(workspace, entry.name, source, picked, destinations.parse(to), wanted)
    return run.run(watch or (lambda progress: None), stop or threading.Event())


class _Run:
    def __init__(
        self,
        workspace: Workspace,
        name: str,
        source: Source,
        picked: list[tuple[str, Any]],
        to: destinations.Destination,
        wanted: Wanted,
    ) -> None:
        self._workspace = workspace
        self._name = name
        self._source = source
        self._to = to
        self._wanted = wanted
        self._picked = picked
        self._told = {name: Told(name) for name, _ in picked}
        self._dataset = to.dataset(name)
        self._pipeline_name = f"{destinations.slug(name)}_{to.mark}"
        self._folder = workspace.places.state / "extract"
        self._watch: Watch = lambda progress: None
        self._current = picked[0][0]
        self._problem: TuiOauthError | None = None

    def run(self, watch: Watch, stop: threading.Event) -> Summary:
        from tui_oauth.extract.calls import Calls

        began = time.monotonic()
        self._watch = watch
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (
            self._alone(),
            kept_at_home(self._folder / "dlt"),
            Calls(self._workspace, self._name, self._source, stop, watched=True) as calls,
        ):
            calls.waiting = lambda seconds: self._tell(calls, "waiting")
            try:
                self._parts(calls, stop)
            except TuiOauthError as problem:
                self._problem = problem
            return self._summary(calls, time.monotonic() - began, stop.is_set())

    def _parts(self, calls: Calls, stop: threading.Event) -> None:
        with _failures(self._to):
            pipeline = self._pipeline()
            tidy(Path(pipeline.working_dir))
            self._complete(pipeline)
            pipeline.sync_destination()
        while not stop.is_set() and self._problem is None:
            part = Part(PART_ROWS, time.monotonic() + PART_SECONDS)
            readings = [
                self._reading(calls, name, resource, part) for name, resource in self._picked
            ]
            readings = [one for one in readings if not one.over]
            if not readings:
                break
            try:
                with _failures(self._to):
                    pipeline.extract(
                        make(self._source, readings, adding=self._to.kind in destinations.FILES),
                        loader_file_format=self._to.file_format,
                    )
                    self._tell(calls, "loading")
                    self._complete(pipeline)
            except TuiOauthError:
                for one in readings:
                    one.told.finished = False  # fetched, and not where it belongs
                raise
            for one in readings:
                if one.told.problem is not None and one.told.problem.exit_code != 10:
                    self._problem = one.told.problem

    def _reading(self, calls: Calls, name: str, resource: Any, part: Part) -> Reading:
        def fetched(told: Told) -> None:
            self._current = told.name
            self._tell(calls, "done" if told.finished else "fetching")

        return Reading(calls, resource, self._wanted, self._told[name], part, fetched, raises=False)

    def _pipeline(self) -> Any:
        dlt = engine()
        return dlt.pipeline(
            pipeline_name=self._pipeline_name,
            pipelines_dir=str(self._folder / "pipelines"),
            destination=destinations.connected(self._to),
            dataset_name=self._dataset,
        )

    def _complete(self, pipeline: Any) -> None:
        """Load what has been fetched; also what a run before this one was killed over."""
        if pipeline.list_extracted_load_packages():
            # What is normalized already was made room for, and may be half loaded.
            self._make_room(pipeline)
            pipeline.normalize()
        if pipeline.list_normalized_load_packages():
            pipeline.load()
            tidy(Path(pipeline.working_dir))

    def _make_room(self, pipeline: Any) -> None:
        """Empty the tables of what is read anew, now that there is something to put there."""
        states = pipeline.state.get("sources", {}).get(self._source.id, {}).get("resources", {})
        tables = [
            pipeline.default_schema.naming.normalize_table_identifier(name)
            for name, state in states.items()
            if must_empty(state)
        ]
        if not tables:
            return
        with pipeline.destination_client() as client:
            if not client.is_storage_initialized():
                return
            there = [name for name, columns in client.get_storage_tables(tables) if columns]
            if there:
                client.initialize_storage(truncate_tables=there)

    def _tell(self, calls: Calls, phase: str) -> None:
        counts, told = calls.count(self._current), self._told[self._current]
        self._watch(
            Progress(
                told.name,
                told.rows,
                counts.calls,
                counts.bytes,
                counts.waited,
                phase,
                told.total,
                told.before,
            )
        )

    def _summary(self, calls: Calls, seconds: float, stopped: bool) -> Summary:
        found = []
        for name, told in self._told.items():
            counts = calls.count(name)
            found.append(
                Extracted(
                    name,
                    table_name(name),
                    told.rows,
                    counts.calls,
                    counts.bytes,
                    counts.waits,
                    counts.waited,
                    told.finished,
                    told.went_on,
                    told.since,
                    told.next_since,
                    told.problem,
                )
            )
        problem = self._problem or next((one.problem for one in found if one.problem), None)
        return Summary(
            self._name,
            self._to.words,
            self._to.place,
            self._dataset,
            tuple(found),
            seconds,
            self._folder,
            stopped,
            problem,
        )

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else extracts for the same entry into the same destination meanwhile."""
        path = self._folder / f"{self._pipeline_name}.lock"
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise VaultBusy(
                    f"{self._name} is being extracted into {self._to.words} already.",
                    "Wait for that run to end.",
                ) from None
            yield


@contextlib.contextmanager
def _failures(to: destinations.Destination) -> Iterator[None]:
    """What goes wrong in dlt, as an error of ours."""
    from tui_oauth.extract.failures import explained

    try:
        yield
    except (TuiOauthError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise explained(error, to) from error
