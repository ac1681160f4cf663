"""Whether the provider really signed an ID token: its keys fetched, the signature verified.

(RFC 7515 section 5.2, RFC 7518 section 3.) One request per sign-in and no second one: where the
keys cannot be had, the token counts as "not verified".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_oauth.errors import TuiOauthError
from tui_oauth.oauth.encoding import from_base64url
from tui_oauth.oauth.id_token import BadIdToken
from tui_oauth.oauth.jwks import Key, fitting, keys_request, read_keys
from tui_oauth.oauth.reading import Unreadable
from tui_oauth.sending import send

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    from tui_oauth.oauth.id_token import Token
    from tui_oauth.services.format import Service
    from tui_oauth.workspace import Workspace

KEYS_SECONDS = 10.0
MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192


async def is_signed(workspace: Workspace, service: Service, token: Token) -> bool:
    """Whether one of the provider's keys signed `token`; False where that cannot be learned.

    It cannot where the service has no `extensions.jwks_url` and where its keys are not to be had
    now. Raises BadIdToken where the keys are there and none of them signed it.
    """
    if not service.extensions.jwks_url:
        return False
    try:
        response = await send(workspace, keys_request(service), deadline=KEYS_SECONDS)
        keys = read_keys(service, response)
    except TuiOauthError:
        return False
    verify(token, keys)
    return True


def verify(token: Token, keys: tuple[Key, ...]) -> None:
    """Return when one of `keys` signed `token`, else raise BadIdToken.

    The key's type decides which algorithm is possible (RFC 8725 section 3.1).
    """
    if not any(_signed_by(token, key) for key in fitting(token, keys)):
        raise BadIdToken("its signature is wrong")


def _signed_by(token: Token, key: Key) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        if key["kty"] == "RSA":
            _verify_rsa(_rsa_key(key), token)
        elif key["kty"] == "EC":
            _verify_ec(_ec_key(key), token)
        else:
            _edwards_key(key).verify(token.signature, token.signed)
    except (InvalidSignature, UnsupportedAlgorithm, Unreadable, ValueError):
        return False  # the wrong key, or none at all: the next one may be it
    return True


def _verify_rsa(key: rsa.RSAPublicKey, token: Token) -> None:
    from cryptography.hazmat.primitives.asymmetric import padding

    digest = _digest(token)
    scheme: padding.AsymmetricPadding
    if token.algorithm.startswith("PS"):
        # RFC 7518 section 3.5: the salt is as long as the hash.
        scheme = padding.PSS(padding.MGF1(digest), digest.digest_size)
    else:
        scheme = padding.PKCS1v15()
    key.verify(token.signature, token.signed, scheme, digest)


def _verify_ec(key: ec.EllipticCurvePublicKey, token: Token) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    # RFC 7518 section 3.4: both numbers in full length, one after the other.
    size = (key.curve.key_size + 7) // 8
    if len(token.signature) != 2 * size:
        raise Unreadable("the signature has another length")
    r, s = (int.from_bytes(half) for half in (token.signature[:size], token.signature[size:]))
    key.verify(encode_dss_signature(r, s), token.signed, ec.ECDSA(_digest(token)))


def _digest(token: Token) -> hashes.HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    sizes = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
    return sizes[token.algorithm[-3:]]


def _rsa_key(key: Key) -> rsa.RSAPublicKey:
    from cryptography.hazmat.primitives.asymmetric import rsa

    modulus = _number(key, "n")
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS:
        raise Unreadable("the key has a size that is not used")
    return rsa.RSAPublicNumbers(_number(key, "e"), modulus).public_key()


def _ec_key(key: Key) -> ec.EllipticCurvePublicKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    curves: dict[str, ec.EllipticCurve] = {
        "P-256": ec.SECP256R1(),
        "P-384": ec.SECP384R1(),
        "P-521": ec.SECP521R1(),
    }
    numbers = ec.EllipticCurvePublicNumbers(
        _number(key, "x"), _number(key, "y"), curves[key["crv"]]
    )
    return numbers.public_key()


def _edwards_key(key: Key) -> ed25519.Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    return ed25519.Ed25519PublicKey.from_public_bytes(_bytes(key, "x"))


def _number(key: Key, name: str) -> int:
    return int.from_bytes(_bytes(key, name))


def _bytes(key: Key, name: str) -> bytes:
    value = key.get(name)
    if not isinstance(value, str) or len(value) > MAX_RSA_BITS // 4:
        raise Unreadable(f"{name} is missing or far too long")
    return from_base64url(value)
