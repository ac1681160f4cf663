"""A sign-in whose browser is on another machine: one line there, one sealed line back.

The machine that wants the tokens (the first) keeps everything that makes tokens of an answer: client
secret, code verifier, the key that tokens are bound to, and the tokens. To the other machine goes what
a browser shows anyway, the Authorization link, with the redirect URI and a public key made for this
sign-in alone (X25519, RFC 7748). The other opens the link, receives the callback on its own loopback
interface, and seals the answer for that key: HKDF-SHA256 over the shared secret, bound to both public
keys and the state, then AES-256-GCM under that key, which is used once. Only the first machine opens it.

Threat model.

* Who reads both lines on their way has a link and a sealed text: no code, no token. Without the private
  key, which is kept with the sign-in (`tui_oauth.pending`) and goes with it, nothing opens the answer.
* An answer works once, and for its own line: the key is new for every sign-in, the state is checked as
  in any callback, and it is claimed before a code is sent.
* Who changes the first line on its way can have the answer sealed for a key of their own. They get a
  code, which is of no use without verifier and secret; only a public client without PKCE depends on the
  check code, twelve letters over the whole line that both machines show.
* Who reads the first line in time can answer it with an account of their own, as can anyone who is given
  a link. The first machine says whose account it is.
* Who talks a person into answering a line that is not theirs gets access to that person's account. This
  is what phishing with device codes does (RFC 10027), and no format helps: host, service, scopes and check code
  are shown, and one sentence, before anything is opened. Nothing opens without a word from the person.
* The line may ask the other machine for nothing but this: an https link, or http on loopback, and a
  listener on loopback for as long as the line lasts. It needs no vault there, and writes none.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tui_oauth.errors import PasteProblem
from tui_oauth.oauth.elsewhere import (
    Ask,
    Pairs,
    SealedAnswer,
    answer_line,
    key_name,
    pairs_text,
    read_answer_line,
    read_pairs,
)
from tui_oauth.oauth.encoding import base64url, from_base64url
from tui_oauth.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    from tui_oauth.oauth.authorize import Attempt
    from tui_oauth.services.format import Service

_CONTEXT = b"tui-oauth elsewhere 1|"
_NONCE = bytes(12)  # every key seals one text
_AGAIN = "Copy the whole line that the other machine printed for this sign-in."


class AskingKey:
    """The private key of one sign-in that is answered elsewhere."""

    def __init__(self, private: X25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def new(cls) -> AskingKey:
        """A key that nobody has had before."""
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        return cls(X25519PrivateKey.generate())

    @classmethod
    def of(cls, kept: Secret) -> AskingKey:
        """The key that `secret` gave; ValueError when that is none."""
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        return cls(X25519PrivateKey.from_private_bytes(from_base64url(kept.reveal())))

    @property
    def secret(self) -> Secret:
        """The private key as the record of the sign-in keeps it."""
        return Secret(base64url(self._private.private_bytes_raw()))

    @property
    def public(self) -> bytes:
        """What others seal for."""
        return self._private.public_key().public_bytes_raw()

    def open(self, text: str, state: str) -> Pairs:
        """The parameters of the answer in the line `text`, to the sign-in with `state`.

        PasteProblem where it is no such line, the answer to another one, or not to be opened.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        answer = read_answer_line(text)
        if answer.key_name != key_name(self.public):
            raise PasteProblem("That answer belongs to another line than this sign-in's.", _AGAIN)
        try:
            shared = self._private.exchange(X25519PublicKey.from_public_bytes(answer.public_key))
            key = _key(shared, answer.public_key, self.public, state)
            return read_pairs(AESGCM(key).decrypt(_NONCE, answer.sealed, _CONTEXT))
        except (InvalidTag, ValueError):
            raise PasteProblem(
                "That answer does not open with this sign-in's key.", _AGAIN
            ) from None


def asking(key: AskingKey, attempt: Attempt, service: Service) -> Ask:
    """What another machine is asked for, so that `attempt` gets its answer."""
    quirks = service.quirks
    told = attempt.scopes if quirks.authorize.scope else ()
    return Ask(
        public_key=key.public,
        url=attempt.authorization_url,
        redirect_uri=attempt.redirect_uri,
        state=attempt.state,
        expires_at=attempt.expires_at,
        service_name=service.name,
        scopes=told,
        code_parameter=quirks.callback.code_parameter,
        form_post=quirks.callback.form_post,
        plus_is_literal=quirks.callback.plus_is_literal,
        fragment=quirks.authorize.fragment,
    )


def sealed(ask: Ask, pairs: Pairs) -> str:
    """The line with the answer `pairs`, which only the machine that asked can open."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    mine = X25519PrivateKey.generate()
    public = mine.public_key().public_bytes_raw()
    try:
        shared = mine.exchange(X25519PublicKey.from_public_bytes(ask.public_key))
    except ValueError:
        raise PasteProblem(
            "The line has a key that nothing can be sealed for.", "Make a new line."
        ) from None
    key = _key(shared, public, ask.public_key, ask.state)
    text = AESGCM(key).encrypt(_NONCE, pairs_text(pairs), _CONTEXT)
    return answer_line(SealedAnswer(key_name(ask.public_key), public, text))


def _key(shared: bytes, answering: bytes, asking_key: bytes, state: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = _CONTEXT + hashlib.sha256(state.encode()).digest()
    return HKDF(SHA256(), 32, salt=answering + asking_key, info=info).derive(shared)
