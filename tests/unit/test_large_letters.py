from __future__ import annotations

import string

import pytest

from tui_oauth.large_letters import HEIGHT, WIDTH, large


def test_every_letter_and_digit_has_a_shape_of_its_own() -> None:
    drawn = [large(letter) for letter in string.ascii_uppercase + string.digits + "-"]
    assert len(set(drawn)) == 37
    assert {len(rows) for rows in drawn} == {HEIGHT}
    assert {len(row) for rows in drawn for row in rows} == {WIDTH}


def test_a_code_is_drawn_in_rows_of_equal_width_with_its_groups_apart() -> None:
    rows = large("AB CD")
    assert len({len(row) for row in rows}) == 1
    gap = slice(2 * WIDTH + 1, 2 * WIDTH + 6)
    assert all(not row[gap].strip() for row in rows)


@pytest.mark.parametrize("text", ["", "ab", "Ü", "A_B", "A\x1b"])
def test_what_cannot_be_drawn_is_not_drawn(text: str) -> None:
    assert large(text) == ()
