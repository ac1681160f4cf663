"""A secret does not show itself by accident."""

import json
import pickle
import threading
import traceback

import pytest

from tui_oauth.secret import MASK, Secret, held_secrets

CANARY = "canary-7f3a-secret"


@pytest.mark.parametrize(
    "show", [repr, str, "{}".format, "{:>20}".format, "%s".__mod__, "%r".__mod__]
)
def test_no_way_of_printing_shows_it(show):
    assert CANARY not in show(Secret(CANARY))


def test_the_mask_does_not_tell_the_length():
    assert repr(Secret("a")) == repr(Secret("a" * 500))
    assert str(Secret("")) == MASK


def test_a_traceback_with_the_secret_in_scope_does_not_show_it():
    held = Secret(CANARY)
    try:
        raise ValueError(f"failed with {held}")
    except ValueError as error:
        lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
        assert CANARY not in "".join(lines)


def test_it_cannot_be_serialised():
    with pytest.raises(TypeError):
        pickle.dumps(Secret(CANARY))
    with pytest.raises(TypeError):
        json.dumps({"token": Secret(CANARY)})
    with pytest.raises(TypeError):
        hash(Secret(CANARY))


def test_equality_and_truth_follow_the_text():
    assert Secret("é\ud800") == Secret("é\ud800")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("")
    assert Secret(CANARY).reveal() == CANARY


def test_those_that_are_held_can_be_found_and_those_that_are_gone_not():
    one, short = Secret("canary-held-1"), Secret("abc")
    again = Secret("canary-held-1")
    assert list(held_secrets()).count("canary-held-1") == 2
    del one
    assert list(held_secrets()).count("canary-held-1") == 1
    del again
    assert "canary-held-1" not in held_secrets()
    assert short.reveal() not in held_secrets()


def test_secrets_may_come_and_go_while_they_are_looked_for():
    end = threading.Event()

    def churn():
        while not end.is_set():
            [Secret(f"canary-churn-{number}") for number in range(50)]

    threads = [threading.Thread(target=churn) for _ in range(4)]
    for thread in threads:
        thread.start()
    kept = Secret("canary-kept-1")
    try:
        for _ in range(300):
            assert kept.reveal() in tuple(held_secrets())
    finally:
        end.set()
        for thread in threads:
            thread.join()
