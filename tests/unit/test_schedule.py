"""When the agent refreshes what: pure functions, and an hour of a thousand entries."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tui_oauth.agent import schedule
from tui_oauth.agent.schedule import Schedule, back_off, refresh_at
from tui_oauth.model import Entry

NOW = 1_800_000_000


def entry(number: int = 1, *, life: int | None = 3600, issued: int = NOW, **more: object) -> Entry:
    values: dict[str, object] = {
        "id": f"{number:032x}",
        "name": f"entry-{number}",
        "service": f"service-{number % 20}",
        "service_name": "Service",
        "created_at": NOW,
        "updated_at": NOW,
        "configured": True,
        "authorized": True,
        "has_refresh_token": True,
        "issued_at": issued,
        "expires_at": None if life is None else issued + life,
        **more,
    }
    return Entry(**values)  # type: ignore[arg-type]


def always(one: Entry) -> bool:
    return True


@pytest.mark.parametrize("life", [20, 60, 120, 600, 3600, 86_400, 30 * 86_400])
def test_a_token_is_refreshed_in_its_later_half_and_before_its_end(life: int) -> None:
    for number in range(200):
        due = refresh_at(entry(number, life=life), renewable=True)
        assert due is not None
        assert NOW + life * 0.5 <= due < NOW + life
        if life >= 600:
            assert NOW + life - due > 60, "token would ask the provider itself"


@pytest.mark.parametrize(
    "one",
    [
        entry(life=None),
        entry(needs_authorization=True),
        entry(authorized=False),
        entry(configured=False),
    ],
)
def test_what_needs_a_person_or_does_not_end_is_left_alone(one: Entry) -> None:
    assert refresh_at(one, renewable=True) is None
    assert refresh_at(entry(), renewable=False) is None


def test_pauses_double_up_to_half_an_hour_and_differ_between_entries() -> None:
    pauses = [back_off("a" * 32, failures) for failures in range(1, 60)]
    assert 10 < pauses[0] < 20
    for number in range(6):
        assert pauses[number] * 1.1 < pauses[number + 1]
    assert max(pauses) <= schedule.LONGEST_BACK_OFF * 1.25
    assert len({back_off(f"{number:032x}", 3) for number in range(50)}) == 50


def test_a_failure_delays_only_its_own_entry_and_success_forgets_it() -> None:
    plan = Schedule()
    first, second = entry(1), entry(2)
    plan.reconcile([first, second], always, NOW)
    before = plan.courses[second.id]
    plan.failed(first.id, "no answer", NOW, entry=first, again=True)
    failed = plan.courses[first.id]
    assert failed.due is not None
    assert NOW < failed.due < NOW + 30
    assert (failed.failures, failed.error) == (1, "no answer")
    assert plan.courses[second.id] == before
    fresh = entry(1, issued=NOW + 30, revision=1)
    plan.done(fresh, True, NOW + 30)
    done = plan.courses[first.id]
    assert (done.failures, done.error, done.refreshed_at) == (0, "", NOW + 30)
    assert done.due == refresh_at(fresh, renewable=True)


def test_an_entry_that_needs_a_person_waits_for_one() -> None:
    plan = Schedule()
    one = entry()
    plan.reconcile([one], always, NOW)
    refused = one._replace(needs_authorization=True, revision=1)
    plan.failed(one.id, "refused", NOW, entry=refused, again=False)
    plan.reconcile([refused], always, NOW + 1)
    assert plan.next_due() is None
    again = entry(issued=NOW + 600, revision=2)
    plan.reconcile([again], always, NOW + 600)
    assert plan.courses[one.id].due == refresh_at(again, renewable=True)
    assert plan.courses[one.id].failures == 0


def test_what_somebody_mended_is_tried_soon() -> None:
    plan = Schedule()
    one = entry(issued=NOW - 3600)
    plan.reconcile([one], always, NOW)
    for _ in range(8):
        plan.failed(one.id, "wrong secret", NOW, entry=one, again=True)
    assert (plan.next_due() or 0) > NOW + 1000
    plan.reconcile([one._replace(revision=1)], always, NOW + 60)
    assert (plan.next_due() or 0) <= NOW + 60


def test_lanes_are_bounded_and_the_sick_do_not_fill_them() -> None:
    plan = Schedule()
    entries = [entry(number, issued=NOW - 7200) for number in range(100)]
    plan.reconcile(entries, always, NOW)
    for one in entries[:50]:
        plan.failed(one.id, "hangs", NOW, entry=one, again=True)
    taken = plan.take_due(NOW + 3600)
    assert len(taken) == schedule.LANES
    assert sum(course.failures > 0 for course in taken) <= schedule.SICK_LANES
    assert plan.take_due(NOW + 3600) == []
    per_service = Schedule()
    per_service.reconcile([one._replace(service="one") for one in entries], always, NOW)
    assert len(per_service.take_due(NOW + 3600)) == schedule.SERVICE_LANES


@pytest.mark.parametrize("own", [{"pinned": "{}"}, {"variables": {"host": "other"}}])
def test_servers_of_one_service_do_not_wait_for_each_other(own: dict[str, Any]) -> None:
    """A hundred entries from URLs at a server that hangs, and one at another."""
    plan = Schedule()
    made = [entry(number, issued=NOW - 7200)._replace(service="from-url") for number in range(100)]
    plan.reconcile(
        [*made, entry(100, issued=NOW - 7200)._replace(service="from-url", **own)], always, NOW
    )
    taken = [course.entry_id for course in plan.take_due(NOW + 3600)]
    assert len(taken) == schedule.SERVICE_LANES + 1
    assert entry(100).id in taken


def test_an_entry_that_went_is_forgotten_also_while_it_is_refreshed() -> None:
    plan = Schedule()
    one = entry(issued=NOW - 7200)
    plan.reconcile([one], always, NOW)
    assert plan.take_due(NOW + 10)
    plan.reconcile([], always, NOW + 11)
    plan.done(one, True, NOW + 12)
    plan.failed(one.id, "x", NOW + 12, entry=None, again=True)
    assert plan.courses == {}
    assert not plan.running


def test_a_thousand_overdue_entries_are_not_asked_for_in_one_second() -> None:
    plan = Schedule()
    plan.reconcile([entry(n, issued=NOW - 7200) for n in range(1000)], always, NOW)
    due = [course.due or 0 for course in plan.courses.values()]
    assert max(due) - min(due) > 40
    assert max(Counter(int(when) for when in due).values()) <= 21


def test_a_thousand_entries_for_an_hour_are_spread_and_never_end() -> None:
    """All authorized in one second, tokens of an hour, a clock that only this test moves."""
    plan = Schedule()
    entries = {one.id: one for one in (entry(number) for number in range(1000))}
    plan.reconcile(entries.values(), always, NOW)
    minutes: Counter[int] = Counter()
    now = float(NOW)
    ticks = 0
    while now < NOW + 3 * 3600:
        taken = plan.take_due(now)
        for course in taken:
            held = entries[course.entry_id]
            assert held.expires_at is not None
            assert held.expires_at - now > 60
            fresh = held._replace(
                issued_at=int(now), expires_at=int(now) + 3600, revision=held.revision + 1
            )
            entries[fresh.id] = fresh
            plan.done(fresh, True, now)
            minutes[int(now - NOW) // 60] += 1
        ticks += 1
        due = plan.next_due()
        assert due is not None
        now = max(due, now + 0.01)
    assert 3000 <= minutes.total() <= 6500, "each about every 45 minutes"
    first_round = [count for minute, count in minutes.items() if minute < 50]
    assert max(first_round) < 150, "a thousand that began together are apart"
    assert ticks < 8000, "nothing is done in between"
