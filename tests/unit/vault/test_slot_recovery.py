"""Recovery codes: their form, tolerant reading, and slips that are noticed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_oauth.secret import Secret
from tui_oauth.vault import recovery


def test_a_known_code() -> None:
    assert recovery.code_of(bytes(16)).reveal()[:-4] == "0000-0000-0000-0000-0000-0000-0"[:-1]
    code = recovery.code_of(bytes(range(16))).reveal()
    assert code.startswith("000G-40R4-0M30-E209-185G-R38E-1")
    assert recovery.read_code(Secret(code)) == bytes(range(16))


def test_a_code_has_128_bits_from_the_system() -> None:
    secrets = {recovery.new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert {len(secret) for secret in secrets} == {16}


@settings(deadline=None)
@given(st.binary(min_size=16, max_size=16))
def test_codes_are_read_as_they_were_written(secret: bytes) -> None:
    code = recovery.code_of(secret)
    groups = code.reveal().split("-")
    assert [len(group) for group in groups] == [4] * 7
    assert not set(code.reveal()) & set("ILOU")
    assert recovery.read_code(code) == secret


@settings(deadline=None)
@given(st.binary(min_size=16, max_size=16), st.randoms())
def test_reading_is_tolerant(secret: bytes, chance: object) -> None:
    assert hasattr(chance, "choice")
    others = {"0": "0Oo", "1": "1IiLl", "-": ("-", "", " ", " - ", "\t", "–")}
    typed = "".join(
        chance.choice(others.get(char, (char, char.lower()))) for char in recovery.code_of(secret).reveal()
    )  # fmt: skip
    assert recovery.read_code(Secret(f"  {typed}\n")) == secret


def test_a_slip_of_one_symbol_or_two_swapped_is_nearly_always_noticed() -> None:
    noticed = tried = 0
    for number in range(20):
        secret = bytes([number]) * 16
        plain = recovery.code_of(secret).reveal().replace("-", "")
        for place in range(len(plain)):
            for symbol in recovery.ALPHABET:
                wrong = plain[:place] + symbol + plain[place + 1 :]
                if wrong != plain:
                    tried += 1
                    assert recovery.looks_like_code(Secret(wrong))
                    noticed += recovery.read_code(Secret(wrong)) is None
    assert tried - noticed < tried / 1000  # 1 in 4,096 is to be expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "correct horse battery staple",
        "0" * 27,
        "0" * 29,
        "U" * 28,
        "0" * 27 + "é",
        "\ud800" * 28,
    ],
)
def test_what_is_no_code(text: str) -> None:
    assert not recovery.looks_like_code(Secret(text))
    assert recovery.read_code(Secret(text)) is None


def test_a_code_does_not_show_itself() -> None:
    assert "0" not in repr(recovery.code_of(bytes(16)))
