"""Hooks of a running agent: which event comes when, with what, and what a bad hook can do."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agent_home import age, copy_of, entry_of, wait_for
from cli_tools import Shell

from tui_oauth.model import Entry
from tui_oauth.practice.provider import PracticeProvider

KINDS = ("refreshed", "failing", "needs_authorization", "expiring_soon")


@pytest.fixture
def events(shell: Shell, runtime: Path, tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """Hooks that write down what they get; the events so far."""
    out = tmp_path / "events"
    script = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read())"
    words = json.dumps([sys.executable, "-c", script, str(out)])
    lines = "\n".join(f"{kind} = {words}" for kind in KINDS)
    shell.configure(f"{shell.settings.read_text()}\n[hooks]\n{lines}\n")
    return lambda: (
        [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    )


def test_refreshed_failing_and_needs_authorization(
    shell: Shell,
    signed_in: Callable[..., None],
    provider: PracticeProvider,
    events: Callable[[], list[dict[str, Any]]],
) -> None:
    signed_in(refresh_tokens=True, expires_in=3600)
    copy_of(shell, "dead", provider.port, refresh_token="spent-long-ago")
    copy_of(shell, "gone", 1)
    with shell.start("agent") as agent:
        agent.said("The vault is open")
        for name in ("practice", "dead", "gone"):
            age(shell, 3580, name)
        wait_for(lambda: {event["event"] for event in events()} >= set(KINDS[:3]))
        agent.interrupt(signal.SIGTERM)
        agent.end()
    found = {(event["event"], event["entry"]["name"]): event for event in events()}
    assert set(found) == {
        ("refreshed", "practice"), ("needs_authorization", "dead"), ("failing", "gone"),
    }  # fmt: skip
    assert len(events()) == 3, "once each, however often it is tried"
    assert "could not be reached" in found["failing", "gone"]["error"]
    assert found["needs_authorization", "dead"]["entry"]["status"] == "needs_authorization"
    text = json.dumps(events())
    assert "practice_at_" not in text
    assert "spent-long-ago" not in text


def test_expiring_soon_comes_once_for_each_end(
    shell: Shell, authorized: Callable[..., Entry], events: Callable[[], list[dict[str, Any]]]
) -> None:
    authorized(ends_in=3600)
    with shell.start("agent") as agent:
        (event,) = wait_for(events)
        assert (event["event"], event["error"]) == ("expiring_soon", None)
        agent.interrupt(signal.SIGHUP)
        age(shell, 60)
        wait_for(lambda: len(events()) == 2)
        agent.interrupt(signal.SIGTERM)
        agent.end()
    assert [event["event"] for event in events()] == ["expiring_soon"] * 2


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["/no/such/program"], "cannot be started"),
        (["false"], "ended with 1"),
        (["sleep", "60"], "took longer than 1 s"),
        (["true"], ""),
    ],
)
def test_a_hook_that_fails_is_told_and_stops_nothing(
    command: list[str], words: str, shell: Shell, authorized: Callable[..., Entry], events: Any
) -> None:
    authorized(ends_in=3600)
    text = shell.settings.read_text().partition("[hooks]")[0]
    shell.configure(f"{text}[hooks]\nexpiring_soon = {json.dumps(command)}\nseconds = 1\n")
    with shell.start("agent") as agent:
        agent.said("The vault is open")
        if words:
            assert "The hook for expiring_soon" in agent.said(words)
        assert entry_of(shell)["name"] == "practice"
        agent.interrupt(signal.SIGTERM)
        said = agent.end().err
        assert "The hook" not in said


@pytest.mark.parametrize(
    "line", ['failing = "sh -c x"', "failing = [1]", 'failing = [""]', "seconds = 0", "other = []"]
)
def test_hooks_that_cannot_be_are_named(line: str, shell: Shell) -> None:
    shell.configure(f"[hooks]\n{line}\n")
    assert "hooks." in shell.run("list", code=2).err
