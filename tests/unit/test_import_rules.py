"""Imports point one way: the rules of CONTRIBUTING.md, held against the source.

What a fresh interpreter really loads is another question; tests/cli asks it.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "tui_oauth"
MODULES = sorted(PACKAGE.rglob("*.py"))
PURE = (
    "errors", "secret", "text", "model", "services", "oauth", "callback.protocol", "callback.page", "qr", "terminal",
)  # fmt: skip
HEAVY = {"textual", "rich", "httpx", "asyncio", "ssl", "socket"}


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> set[str]:
    """Absolute names of every import in the file, also those inside functions and for types."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where a name comes from"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(name: str, *rooms: str) -> bool:
    return any(name == room or name.startswith(room + ".") for room in rooms)


NAMES = [name_of(path) for path in MODULES]


@cache
def everything() -> dict[str, set[str]]:
    """What each module imports. Not read while tests are collected: each worker does that."""
    return {name_of(path): imported(path) for path in MODULES}


def importers_of(*packages: str) -> set[str]:
    return {
        name
        for name, names in everything().items()
        if any(within(other, *packages) for other in names)
    }


@pytest.mark.parametrize("name", [name for name in NAMES if within(name, *PURE)])
def test_the_core_does_no_input_or_output(name):
    assert not {other for other in everything()[name] if within(other, *HEAVY)}


def test_each_library_has_its_room():
    assert importers_of("tinydb") == {"vault.tables", "vault.repository"}
    assert {name for name in importers_of("cryptography") if not within(name, "vault")} <= {
        "callback.certificate",  # makes the callback server's certificate
        "elsewhere",  # seals the answer of a sign-in on another machine, and opens it
        "practice.jose",  # the practice provider signs and verifies like any other
        "proofs",  # signs proofs of possession
        "signatures",  # verifies ID tokens
    }
    assert importers_of("httpx") <= {"entry_auth", "extract.calls"}
    assert importers_of("httpcore") == {"net", "wire.connecting", "wire.streams"}
    assert importers_of("h11") == {"agent.http", "callback.protocol"}
    assert {
        name for name in importers_of("dlt", "duckdb", "pyarrow") if not within(name, "extract")
    } == set()
    assert {name for name in importers_of("textual", "rich") if not within(name, "tui")} == set()
    assert importers_of("segno") == {"qr"}


def test_rule_15_random_is_not_imported():
    assert importers_of("random") == set()


def test_commands_and_screens_do_not_reach_past_the_rooms_they_use():
    for name, names in everything().items():
        if within(name, "cli", "tui"):
            below = {
                n
                for n in names
                if within(n, "tui_oauth.net", "tui_oauth.sending", "tui_oauth.vault.storage")
            }
            assert not below, f"{name} imports {below}"


def test_rooms_below_know_nothing_of_the_rooms_above():
    for name, names in everything().items():
        if not within(name, "tui", "cli", "__main__"):
            above = {n for n in names if within(n, "tui_oauth.tui", "tui_oauth.cli")}
            assert not above, f"{name} imports {above}"
        if within(name, "wire"):
            assert not {
                n for n in names if within(n, "tui_oauth") and not within(n, "tui_oauth.wire")
            }
        if within(name, "oauth", "services", "vault", "callback", "net"):
            above = {
                n
                for n in names
                if within(n, "tui_oauth.entries", "tui_oauth.signin", "tui_oauth.tokens", "tui_oauth.workspace", "tui_oauth.practice")
            }  # fmt: skip
            assert not above, f"{name} imports {above}"


def test_widgets_do_not_import_screens_and_screens_not_each_other():
    for name, names in everything().items():
        screens = {n for n in names if within(n, "tui_oauth.tui.screens")}
        if within(name, "tui.widgets", "tui.screens"):
            assert not screens, f"{name} imports {screens}"
