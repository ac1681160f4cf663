"""A secret does not show itself by accident."""

import json
import pickle
import traceback

import pytest

from tui_oauth.secret import MASK, Secret

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
