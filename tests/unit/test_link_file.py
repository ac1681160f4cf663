"""The link in a file: for the person alone, where nobody can have prepared something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stage import Stage
from tui_oauth.errors import StorageFailed
from tui_oauth.link_file import remove_link, write_link
from tui_oauth.workspace import Workspace

ENTRY = "0123456789abcdef"


def at(stage: Stage, runtime: Path | str) -> Workspace:
    made = stage.workspace
    environ = {**made.environ, "XDG_RUNTIME_DIR": str(runtime)}
    return Workspace(environ, made.places, made.settings)


def test_it_lies_in_the_runtime_folder_and_only_the_person_can_read_it(
    stage: Stage, tmp_path: Path
) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    file = write_link(at(stage, runtime), ENTRY, "https://a.example/?x=1")
    assert file.parent == runtime
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == "https://a.example/?x=1\n"
    assert write_link(at(stage, runtime), ENTRY, "https://b.example/") == file
    assert file.read_text() == "https://b.example/\n"
    remove_link(file)
    remove_link(file)
    assert list(runtime.iterdir()) == []


@pytest.mark.parametrize("kind", ["open to others", "missing", "relative", "a file"])
def test_a_runtime_folder_that_is_not_ours_alone_is_not_used(
    stage: Stage, tmp_path: Path, kind: str
) -> None:
    runtime: Path | str = tmp_path / "run"
    if kind == "open to others":
        Path(runtime).mkdir()
        Path(runtime).chmod(0o755)
    elif kind == "a file":
        Path(runtime).touch(mode=0o700)
    elif kind == "relative":
        runtime = "run"
    file = write_link(at(stage, runtime), ENTRY, "https://a.example/")
    assert file.parent == stage.workspace.places.state


def test_a_link_that_somebody_laid_there_is_not_followed(stage: Stage, tmp_path: Path) -> None:
    workspace = at(stage, "")
    file = write_link(workspace, ENTRY, "https://a.example/")
    victim = tmp_path / "victim"
    victim.write_text("precious")
    file.unlink()
    file.symlink_to(victim)
    write_link(workspace, ENTRY, "https://a.example/")
    assert victim.read_text() == "precious"
    assert not file.is_symlink()


def test_a_folder_that_cannot_be_had_is_told(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    made = stage.workspace
    places = made.places._replace(state=tmp_path / "file" / "state")
    with pytest.raises(StorageFailed, match="could not be written"):
        write_link(Workspace(made.environ, places, made.settings), ENTRY, "https://a.example/")
