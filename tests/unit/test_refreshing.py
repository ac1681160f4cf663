"""Many entries refreshed side by side: each by itself, whatever becomes of the others."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.filled import authorized_entry
from tests.providers.misbehaving import Behaviour, Conversation, answering, serving, silence
from tui_oauth.deadline import Deadline
from tui_oauth.errors import NeedsPerson, ProviderUnreachable, VaultBusy
from tui_oauth.model import Entry
from tui_oauth.refreshing import AT_ONCE, due_entries, refresh_many
from tui_oauth.tokens import refresh_entry
from tui_oauth.vault import create_vault
from tui_oauth.workspace import Workspace

numbers = itertools.count()


def fresh(conversation: Conversation) -> None:
    """A new access token and a new refresh token, at once."""
    number = next(numbers)
    answering(
        b'{"access_token": "a%d", "refresh_token": "n%d", "token_type": "Bearer", "expires_in": 9}'
        % (number, number)
    )(conversation)


@pytest.fixture
def workspace(home: Path) -> Workspace:
    made = Workspace.from_environment()
    made.use_vault(create_vault(made.places))
    return made


def add(workspace: Workspace, name: str, port: int) -> Entry:
    entry, held = authorized_entry(name, f"old-{name}")
    entry = entry._replace(service="practice", variables={"port": str(port)})
    workspace.vault.add(entry, held)
    return entry


def kept(workspace: Workspace, entry: Entry) -> str:
    tokens = workspace.vault.secrets(entry).tokens
    assert tokens is not None
    return tokens.access_token.reveal()


def together(parties: int) -> tuple[Behaviour, list[int]]:
    """Answers once `parties` requests are there at the same time; and how many were, each time."""
    barrier = threading.Barrier(parties)
    inside = 0
    counts: list[int] = []
    counting = threading.Lock()

    def behave(conversation: Conversation) -> None:
        nonlocal inside
        with counting:
            inside += 1
            counts.append(inside)
        barrier.wait(10)
        with counting:
            inside -= 1
        fresh(conversation)

    return behave, counts


@pytest.mark.parametrize("at_once", [1, 3, AT_ONCE])
def test_as_many_as_may_be_wait_for_the_provider_side_by_side(
    workspace: Workspace, at_once: int
) -> None:
    behave, counts = together(at_once)
    with serving(behave) as server:
        entries = [add(workspace, f"e{number:02}", server.port) for number in range(at_once * 2)]
        done = list(refresh_many(workspace, entries, at_once))
    assert {one.entry.name for one in done} == {entry.name for entry in entries}
    assert [one.error for one in done] == [None] * len(entries)
    assert max(counts) == at_once
    assert len(server.requests) == len(entries)
    assert len({kept(workspace, entry) for entry in entries}) == len(entries)


def test_rule_87_dead_hanging_and_babbling_providers_keep_nothing_from_the_others(
    workspace: Workspace,
) -> None:
    dead = answering(b'{"error": "invalid_grant"}', "400 Bad Request")
    with contextlib.ExitStack() as stack:
        ports = {
            name: stack.enter_context(serving(behave)).port
            for name, behave in {
                "dead": dead, "hanging": silence, "babbling": answering(b"\x00<html>"), "good": fresh,
            }.items()
        }  # fmt: skip
        bad = [add(workspace, name, ports[name]) for name in ("hanging", "dead", "babbling")]
        good = [add(workspace, f"good-{number}", ports["good"]) for number in range(6)]
        order, errors = [], {}
        for entry, error in refresh_many(workspace, [*bad, *good], at_once=2, deadline=1.5):
            order.append(entry.name)
            if error is not None:
                errors[entry.name] = error
    assert order[-1] == "hanging"
    assert {name: type(error) for name, error in errors.items()} == {
        "dead": NeedsPerson,
        "hanging": ProviderUnreachable,
        "babbling": ProviderUnreachable,
    }
    assert [kept(workspace, entry) for entry in bad] == ["old-hanging", "old-dead", "old-babbling"]
    assert all(kept(workspace, entry).startswith("a") for entry in good)


def test_who_stops_early_leaves_the_rest_and_keeps_what_was_asked_for(workspace: Workspace) -> None:
    with serving(fresh) as server:
        entries = [add(workspace, f"e{number:02}", server.port) for number in range(30)]
        running: Iterator[object] = refresh_many(workspace, entries, at_once=2)
        next(running)
        running.close()  # type: ignore[attr-defined]
        asked = len(server.requests)
    assert asked < 30
    changed = [entry for entry in entries if not kept(workspace, entry).startswith("old-")]
    assert len(changed) == asked, "each answer is stored"


def test_only_what_renews_by_itself_is_due(workspace: Workspace) -> None:
    add(workspace, "due", 1)
    entry, held = authorized_entry("without", "t")
    assert held.tokens is not None
    tokens = held.tokens._replace(refresh_token=None)
    workspace.vault.add(entry._replace(has_refresh_token=False), held._replace(tokens=tokens))
    workspace.vault.add(entry._replace(id="0" * 32, name="bare", configured=False))
    due, others = due_entries(workspace)
    assert [entry.name for entry in due] == ["due"]
    assert others == 2


def test_all_of_it_ends_within_the_deadline(workspace: Workspace) -> None:
    """Waiting for another process included; and what is left is enough to ask the provider."""
    with serving(silence) as server:
        entry = add(workspace, "work", server.port)
        began = time.monotonic()
        with pytest.raises(ProviderUnreachable, match=r"within 0\.6 s"):
            refresh_entry(workspace, entry, deadline=0.8)
        with workspace.vault.entry_lock(entry.id, timeout=1), pytest.raises(VaultBusy):
            refresh_entry(workspace, entry, deadline=0.8)
        assert time.monotonic() - began < 4
    assert len(server.requests) == 1


def test_the_time_for_the_lock_leaves_some_for_the_provider() -> None:
    assert Deadline(20).for_the_lock() == 17
    assert Deadline(20).for_the_provider() == 14
    spent = Deadline(0)
    assert (spent.left(), spent.for_the_lock(), spent.for_the_provider()) == (0, 0, 0)
