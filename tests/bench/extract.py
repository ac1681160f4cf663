"""What an extraction costs: memory as the rows grow tenfold, and speed against dlt alone.

    python tests/bench/extract.py [ROWS] [ROUNDS]

Peak memory of `tui-oauth extract` for ROWS contacts (default 1,000,000) against a tenth of them (target: at
most 1.5 times), and rows a second against dlt's own `rest_api` source with a static token, from the same
server into the same kind of file, in turns (target: at least 0.8 times). `rest_api` runs twice: as it
comes, and with our settings (nested values as JSON, Parquet on the way), which are faster. In 1,000 rows.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from tui_oauth import entries
from tui_oauth.model import TokenSet, with_tokens
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.practice.records import Terms, Wanted
from tui_oauth.secret import Secret
from tui_oauth.vault import create_vault
from tui_oauth.workspace import Workspace

SERVER = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.bench.extract import serve
serve(int(sys.argv[2]), sys.argv[3])
"""
BARE = """
import os, sys
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["DLT_DATA_DIR"] = sys.argv[4]
import dlt
from dlt.sources.rest_api import rest_api_source
ours = sys.argv[3] == "ours"
source = rest_api_source({
    "client": {
        "base_url": sys.argv[1],
        "auth": {"type": "bearer", "token": sys.argv[2]},
        "headers": {"Intercom-Version": "2.14"},
        "paginator": {
            "type": "cursor", "cursor_path": "pages.next.starting_after",
            "cursor_param": "starting_after",
        },
    },
    "resources": [{
        "name": "contacts",
        "endpoint": {"path": "contacts", "params": {"per_page": 150}, "data_selector": "data"},
    }],
}, max_table_nesting=0 if ours else None)
pipeline = dlt.pipeline(
    "bare", pipelines_dir=sys.argv[4], destination=dlt.destinations.duckdb(sys.argv[5]),
    dataset_name="bare",
)
pipeline.run(source, loader_file_format="parquet" if ours else None)
"""


class Cost(NamedTuple):
    """Of one run: seconds, and the peak of its memory in MB."""

    seconds: float
    peak: float


def serve(rows: int, home: str) -> None:
    """A practice provider with so many contacts, until standard input ends."""
    os.environ.update(HOME=home)
    with PracticeProvider(dataset=Dataset({"contacts": rows})) as provider:
        behaviour = replace(provider.application.behaviour, rate_limit=10**9)
        provider.application.behaviour = behaviour
        app = provider.register("bench", "http://127.0.0.1:8976/callback")
        store = provider.application.store
        code = store.consent(app, app.workspace, app.redirect_links[0], "", Terms())
        issued = store.exchange(
            app, code, verifier="", redirect_uri=None, wanted=Wanted(), refresh=False
        )
        print(json.dumps({"port": provider.port, "token": issued.access_token}), flush=True)
        sys.stdin.read()


class Server:
    """`serve` in a process of its own, and a home with an entry for it."""

    def __init__(self, rows: int, folder: Path) -> None:
        root = str(Path(__file__).parents[2])
        self.home = folder / f"home-{rows}"
        self.home.mkdir()
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER, root, str(rows), str(self.home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        told = json.loads(self._process.stdout.readline())
        self.port, self.token = told["port"], told["token"]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "TUI_OAUTH_"))}
        self.environ = {**kept, "HOME": str(self.home), "PYTHONPATH": root}
        workspace = Workspace.from_environment(self.environ)
        workspace.use_vault(create_vault(workspace.places))
        entry = entries.create_entry(workspace, "bench", "practice", {"port": str(self.port)})
        entry = entries.configure_entry(
            workspace, entry, client_id="client", client_secret=Secret("secret")
        )
        tokens = TokenSet(Secret(self.token), "Bearer", workspace.now())
        workspace.vault.change(
            entry.id,
            lambda entry, held: (
                with_tokens(entry, tokens, workspace.now()),
                held._replace(tokens=tokens),
            ),
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *problem: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def run(self, which: str, number: int) -> Cost:
        """One extraction of everything, from nothing."""
        file = self.home / f"{which}-{number}.duckdb"
        if which == "tui-oauth":
            what = ["extract", "bench", "contacts", "--full", "--to", f"duckdb:{file}"]
            argv = [sys.executable, "-m", "tui_oauth", *what]
        else:
            state = str(self.home / f"dlt-{which}-{number}")
            base = f"http://127.0.0.1:{self.port}"
            argv = [sys.executable, "-c", BARE, base, self.token, which, state, str(file)]
        began = time.perf_counter()
        process = subprocess.Popen(
            argv, env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, said.decode()
        seconds = time.perf_counter() - began
        file.unlink()
        return Cost(seconds, used.ru_maxrss / 1024)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = rows // 10
        print(f"{'':24}{'rows':>12}{'seconds':>10}{'rows/s':>10}{'peak MB':>10}")
        costs: dict[str, list[Cost]] = {"tui-oauth": [], "ours": [], "default": []}
        with Server(small, folder) as server:
            for number in range(rounds):
                for which, found in costs.items():
                    found.append(server.run(which, number))
        names = {"ours": "rest_api, our settings", "default": "rest_api, as it comes"}
        for which, found in costs.items():
            line(names.get(which, "tui-oauth extract"), small, found)
        with Server(rows, folder) as server:
            large = server.run("tui-oauth", 0)
        line("tui-oauth extract", rows, [large])
    typical = {
        which: statistics.median(one.seconds for one in found) for which, found in costs.items()
    }
    for which, words in names.items():
        print(f"speed against {words}: {typical[which] / typical['tui-oauth']:.2f} (target 0.8)")
    peak = statistics.median(one.peak for one in costs["tui-oauth"])
    print(f"peak memory, {rows:,} against {small:,} rows: {large.peak / peak:.2f} (target 1.5)")


def line(words: str, rows: int, found: list[Cost]) -> None:
    seconds = statistics.median(one.seconds for one in found)
    peak = statistics.median(one.peak for one in found)
    print(f"{words:24}{rows:>12,}{seconds:>10.1f}{rows / seconds:>10,.0f}{peak:>10.0f}", flush=True)


if __name__ == "__main__":
    main()
