"""Without dlt the command says how to get it; with it, anyone's pipeline can take an entry."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.provider import PracticeProvider

ROOT = Path(__file__).parents[2]
EXTRA = ("dlt", "duckdb", "pyarrow", "_duckdb")


@pytest.fixture
def without(tmp_path: Path) -> dict[str, str]:
    """An environment in which everything is installed but what the extra brings."""
    import httpx

    installed, place = Path(httpx.__file__).parents[1], tmp_path / "packages"
    place.mkdir()
    for path in installed.iterdir():
        if path.name.partition("-")[0].partition(".")[0] not in EXTRA:
            (place / path.name).symlink_to(path)
    return {**os.environ, "PYTHONPATH": f"{ROOT}:{place}"}


def test_the_command_says_how_to_get_it_and_the_rest_works(without, entry_at, home):
    entry_at(9)

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        # Without `site`, whose folder has the extra.
        argv = [sys.executable, "-S", "-m", "tui_oauth", *args]
        return subprocess.run(
            argv, env=without, cwd=home, capture_output=True, text=True, check=False
        )

    done = run("extract", "my-intercom", "tags")
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'tui-oauth[extract]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert "contact_tags" in run("extract", "my-intercom", "--list").stdout
    assert run("list").returncode == 0
    code = "import tui_oauth.extract as e\ntry: e.intercom('my-intercom')\nexcept Exception as p: print(p)"
    argv = [sys.executable, "-S", "-c", code]
    done = subprocess.run(argv, env=without, cwd=home, capture_output=True, text=True, check=False)
    assert "pip install" in done.stdout


def test_the_pipeline_in_the_readme_runs(practice_entry, home):
    text = (ROOT / "README.md").read_text().split("<!-- example: extract -->")[1]
    code = text.split("```python\n")[1].split("```")[0]
    # As root dlt would keep its state outside of the home.
    ours = {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(home / "dlt")}
    environ = {**os.environ, **ours, "PYTHONPATH": str(ROOT)}
    with PracticeProvider(dataset=Dataset({"contacts": 200})) as provider:
        practice_entry(provider)
        for _ in range(2):
            subprocess.run([sys.executable, "-c", code], env=environ, cwd=home, check=True)
    with duckdb.connect(str(home / "crm.duckdb"), read_only=True) as base:
        for table, wanted in (("contacts", 200), ("tags", 10)):
            assert base.execute(f"select count(*) from intercom.{table}").fetchall() == [(wanted,)]
