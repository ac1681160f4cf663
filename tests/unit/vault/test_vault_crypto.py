"""Known answers, and sealing as a property of any text."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_oauth.model import Entry, EntrySecrets, TokenSet
from tui_oauth.secret import Secret
from tui_oauth.vault import crypto, records, slots

VAULT_ID = "00112233445566778899aabbccddeeff"
ENTRY_ID = "ffeeddccbbaa99887766554433221100"
KEYS = crypto.Keys(bytes(range(32)), VAULT_ID)
bounded = settings(max_examples=60, deadline=None, database=None)
any_text = st.text(st.characters(codec=None), max_size=300)  # lone surrogates and NUL included
any_secret = st.builds(Secret, any_text)
time_stamp = st.integers(0, 2**40)


@pytest.mark.parametrize(
    ("secret", "salt", "info", "expected"),
    [
        (
            "0b" * 22,
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            "0b" * 22,
            "",
            "",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ],
)
def test_hkdf_gives_the_vectors_of_rfc_5869(
    secret: str, salt: str, info: str, expected: str
) -> None:
    out = crypto.hkdf(bytes.fromhex(secret), bytes.fromhex(salt), bytes.fromhex(info), 42)
    assert out.hex() == expected


def test_the_library_gives_the_argon2id_vector_of_rfc_9106() -> None:
    out = Argon2id(
        salt=b"\x02" * 16,
        length=32,
        iterations=3,
        lanes=4,
        memory_cost=32,
        ad=b"\x04" * 12,
        secret=b"\x03" * 8,
    ).derive(b"\x01" * 32)
    assert out.hex() == "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"


def test_our_argon2id_gives_the_reference_implementations_vector() -> None:
    out = crypto.argon2id(b"password", b"somesalt", memory=65_536, passes=2, lanes=1)
    assert out.hex() == "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"


def test_the_default_costs_are_the_second_choice_of_rfc_9106() -> None:
    assert (slots.MEMORY_KIB, slots.PASSES, slots.LANES) == (64 * 1024, 3, 4)


@bounded
@given(text=st.binary(max_size=2000), block=st.sampled_from([64, 256]))
def test_a_part_opens_to_what_was_sealed_and_is_padded(text: bytes, block: int) -> None:
    sealed = KEYS.seal_part("sec", ENTRY_ID, 7, "k", text, block)
    opened = KEYS.open_part("sec", ENTRY_ID, 7, "k", sealed)
    assert opened.rstrip(b" ") == text.rstrip(b" ")
    assert len(opened) % block == 0


@pytest.mark.parametrize(
    "place",
    [
        ("meta", ENTRY_ID, 7, "k"),
        ("sec", VAULT_ID, 7, "k"),
        ("sec", ENTRY_ID, 6, "k"),
        ("sec", ENTRY_ID, 7, "j"),
    ],
)
def test_rule_112_a_part_opens_in_its_own_place_only(place: tuple[str, str, int, str]) -> None:
    sealed = KEYS.seal_part("sec", ENTRY_ID, 7, "k", b"text", 64)
    with pytest.raises(crypto.DoesNotOpen):
        KEYS.open_part(*place, sealed)


@pytest.mark.parametrize("sealed", ["", "AAAA", "no base64!", "é", "AAAA\nAAAA"])
def test_what_was_never_sealed_does_not_open(sealed: str) -> None:
    with pytest.raises(crypto.DoesNotOpen):
        KEYS.open_part("sec", ENTRY_ID, 7, "k", sealed)


def test_sealing_twice_gives_two_texts() -> None:
    first, second = (KEYS.seal_part("sec", ENTRY_ID, 7, "k", b"text", 64) for _ in range(2))
    assert first != second


def test_name_keys_follow_the_names_and_hide_them() -> None:
    assert KEYS.name_key("Straße") == KEYS.name_key("STRASSE")
    assert KEYS.name_key("e\u0301tude") == KEYS.name_key("Étude")
    assert KEYS.name_key("a") != KEYS.name_key("b")
    other = crypto.Keys(bytes(32), VAULT_ID)
    assert KEYS.name_key("a") != other.name_key("a")


token_sets = st.builds(
    TokenSet,
    access_token=any_secret,
    token_type=any_text,
    issued_at=time_stamp,
    expires_at=st.none() | time_stamp,
    refresh_token=st.none() | any_secret,
    id_token=st.none() | any_secret,
    scopes=st.lists(any_text, max_size=4).map(tuple),
    extra=st.dictionaries(any_text, any_text, max_size=4),
)


@bounded
@given(client_id=any_text, client_secret=st.none() | any_secret, held=st.none() | token_sets)
def test_secrets_of_any_text_come_back(
    client_id: str, client_secret: Secret | None, held: TokenSet | None
) -> None:
    before = EntrySecrets(client_id, client_secret, held)
    sealed = KEYS.seal_part("sec", ENTRY_ID, 1, "k", records.secrets_text(before), 256)
    after = records.read_secrets(KEYS.open_part("sec", ENTRY_ID, 1, "k", sealed))
    assert after == before


@bounded
@given(
    name=any_text,
    variables=st.dictionaries(any_text, any_text, max_size=3),
    scopes=st.none() | st.lists(any_text, max_size=3).map(tuple),
    callback=st.none() | any_text,
    flags=st.tuples(*[st.booleans()] * 4),
    expires=st.none() | time_stamp,
    error=any_text,
)
def test_entries_of_any_text_come_back(
    name: str,
    variables: dict[str, str],
    scopes: tuple[str, ...] | None,
    callback: str | None,
    flags: tuple[bool, bool, bool, bool],
    expires: int | None,
    error: str,
) -> None:
    before = Entry(
        ENTRY_ID,
        name,
        "s",
        "S",
        1,
        2,
        3,
        variables,
        scopes,
        callback,
        *flags,
        expires_at=expires,
        last_error=error,
    )
    assert records.read_entry(records.entry_text(before), ENTRY_ID, 3) == before


def test_a_megabyte_of_secret_comes_back() -> None:
    before = EntrySecrets("id", Secret("ü\x00" * 500_000), None)
    sealed = KEYS.seal_part("sec", ENTRY_ID, 1, "k", records.secrets_text(before), 256)
    assert records.read_secrets(KEYS.open_part("sec", ENTRY_ID, 1, "k", sealed)) == before


def test_a_value_of_the_wrong_type_is_refused_before_it_is_sealed() -> None:
    wrong = TokenSet(Secret("a"), "Bearer", 1, expires_at=1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="another type"):
        records.secrets_text(EntrySecrets("id", None, wrong))


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"[" * 100_000, b'{"name": 3}', b'{"scopes": [1]}', b'{"unknown": "x"}', b"\xff"],
)
def test_an_authentic_record_of_another_shape_is_named_as_such(text: bytes) -> None:
    with pytest.raises(records.UnreadableRecord):
        records.read_entry(text, ENTRY_ID, 1)


def test_keys_and_secrets_do_not_show() -> None:
    assert "sub" not in repr(KEYS)
    assert bytes(range(32)).hex() not in repr(vars(KEYS)["vault_id"]) + repr(KEYS)
