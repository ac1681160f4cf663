"""Recovery codes: 128 random bits in a form that a person can write down and type again.

    7K2M-9XQF-04TD-HB6W-R3ZV-5NJC-8PYA

Twenty-eight symbols of Crockford's Base32 (the digits, and the letters without I, L, O and U):
128 bits of secret, then 12 bits of checksum, so that a slip of the pen is told from a wrong code.
Reading is tolerant: case, blanks and hyphens do not matter, O is 0, I and L are 1. The bits are
random, so the code needs no slow derivation; nobody can try 2^128 of them.
"""

from __future__ import annotations

from tui_oauth.secret import Secret
from tui_oauth.vault import crypto

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SECRET_BYTES = 16
SYMBOLS = 28
_GROUP = 4
_CHECK_BITS = 12
_READ = {symbol: value for value, symbol in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_BETWEEN = str.maketrans("", "", " -\t\r\n\u00a0\u2010\u2011\u2013")


def new_secret() -> bytes:
    """The 16 bytes of a new code."""
    return crypto.random_bytes(SECRET_BYTES)


def code_of(secret: bytes) -> Secret:
    """The code for these 16 bytes, in groups of four."""
    number = int.from_bytes(secret, "big") << _CHECK_BITS | _check(secret)
    symbols = [ALPHABET[number >> 5 * place & 31] for place in reversed(range(SYMBOLS))]
    text = "".join(symbols)
    groups = [text[start : start + _GROUP] for start in range(0, SYMBOLS, _GROUP)]
    return Secret("-".join(groups))


def looks_like_code(text: Secret) -> bool:
    """Whether the text has the length and the symbols of a code, mistyped or not."""
    plain = _plain(text)
    return len(plain) == SYMBOLS and all(symbol in _READ for symbol in plain)


def read_code(text: Secret) -> bytes | None:
    """The 16 bytes behind a code; None if the text is none, or its checksum does not fit."""
    if not looks_like_code(text):
        return None
    number = 0
    for symbol in _plain(text):
        number = number << 5 | _READ[symbol]
    secret = (number >> _CHECK_BITS).to_bytes(SECRET_BYTES, "big")
    return secret if number & (1 << _CHECK_BITS) - 1 == _check(secret) else None


def _plain(text: Secret) -> str:
    return text.reveal().translate(_BETWEEN).upper()


def _check(secret: bytes) -> int:
    digest = crypto.sha256(b"tui-oauth recovery code" + secret)
    return int.from_bytes(digest[:2], "big") >> 16 - _CHECK_BITS
