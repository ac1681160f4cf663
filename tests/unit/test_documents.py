"""What the documents say is so: commands, keys, exit codes, files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tui_oauth import errors
from tui_oauth.cli.commands import COMMANDS
from tui_oauth.services.loading import parse_service
from tui_oauth.settings import load
from tui_oauth.tui.keys import GROUPS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_command_that_is_named_exists(text: str) -> None:
    known = {command.name.split()[0] for command in COMMANDS}
    code = "\n".join(re.findall(r"`([^`\n]+)`", text) + fenced(text, "sh"))
    named = set(re.findall(r"tui-oauth ([a-z][a-z-]+)\b", code))
    assert named
    assert named <= known, named - known


def test_every_exit_code_is_in_the_table_and_the_other_way_round() -> None:
    rows = {int(code) for code in re.findall(r"^\| (\d+) \| ", README, re.MULTILINE)}
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    raised = {kind.exit_code for kind in classes if issubclass(kind, errors.TuiOauthError)}
    assert rows == raised | {0, 1, 2, 130}


def test_the_keys_of_the_walk_are_in_the_registry() -> None:
    walk = README.split("## The walk")[1].split("The same without the window")[0]
    shown = {name for key in GROUPS["manage"].keys for name in key.keys.split(",")}
    shown |= {name for key in GROUPS["create"].keys for name in key.keys.split(",")}
    for key in re.findall(r"`(ctrl\+\w|enter|\w|\+)`", walk):
        assert {"+": "plus"}.get(key, key) in shown, key


def test_the_settings_example_is_valid(tmp_path: Path) -> None:
    (example,) = fenced(README, "toml")
    path = tmp_path / "config.toml"
    path.write_text(example)
    assert load(path).defaults == {"zendesk": {"subdomain": "acme"}}


def test_the_service_example_is_valid() -> None:
    (example,) = fenced(CONTRIBUTING.split("## Add a source of data")[0], "toml")
    assert parse_service(example, "example.toml").id == "example"


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_file_that_is_named_is_there(text: str) -> None:
    linked = re.findall(r"\]\(([^)#]+)\)", text)
    named = re.findall(r"`((?:tests|tui_oauth|styles)/[\w/.]*)`", text)
    named += re.findall(r"python (tests/[\w/.]+)", text)
    for name in linked + named:
        assert (ROOT / name).exists(), name


def test_the_map_of_the_rooms_is_whole() -> None:
    table = CONTRIBUTING.split("## A map of the rooms")[1].split("## Rules of the house")[0]
    for path in (ROOT / "tui_oauth").iterdir():
        name = f"{path.name}/" if path.is_dir() else path.name
        if name.startswith("__") or name in {"py.typed", "styles/"}:
            continue
        assert f"`{name}`" in table, f"{name} is not on the map"


def test_the_pictures_hold_no_address_of_others() -> None:
    for picture in (ROOT / "tests" / "pictures").glob("*.svg"):
        assert "@font-face" not in picture.read_text(), picture.name
