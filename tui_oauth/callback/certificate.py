"""The certificate with which the callback server speaks HTTPS on this machine.

It is made here, for this machine alone, and no trust store is touched: the browser warns once,
and the fingerprint shown in the terminal tells the person that it is the right one. A certificate
of one's own can be used instead. Sources: RFC 5280 section 4.2, CA/Browser Forum baseline
requirements section 7.1 (names belong into the subject alternative name), RFC 8446.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from tui_oauth.errors import InvalidSettings, StorageFailed, UnsafePath
from tui_oauth.text import rfc3339

if TYPE_CHECKING:
    import ssl

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

LIFETIME_SECONDS = 89 * 86_400
# A clock that goes a little slow in another place must not make a fresh certificate invalid.
_BACKDATED_SECONDS = 3_600
_RENEW_BEFORE_SECONDS = 86_400
_MAX_FILE = 262_144
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


class CertificatePaths(NamedTuple):
    """Where a certificate and its private key are."""

    certificate: Path
    private_key: Path


def ensure_certificate(cert_path: Path, now: int) -> CertificatePaths:
    """The paths of a certificate that is valid at `now` (Unix seconds), made if there is none.

    The key lies beside it, as `<name>.key` with mode 0600 in a folder of mode 0700. Both are
    remade when one is missing, damaged, open to others, about to end, or for other names. Raises
    UnsafePath for a folder that others could write to, StorageFailed when writing fails.
    """
    paths = CertificatePaths(cert_path, cert_path.with_suffix(".key"))
    try:
        _make_folder(cert_path.parent)
        with _locked(cert_path.parent):
            if not _usable(paths, now):
                _make(paths, now)
    except OSError as error:
        raise StorageFailed(
            f"The callback server's certificate cannot be kept in {cert_path.parent}: "
            f"{error.strerror or error}.",
            "Make room or correct the folder's permissions; pasting the address works meanwhile.",
        ) from error
    return paths


def tls_context(cert_path: Path, key_path: Path, now: int | None = None) -> ssl.SSLContext:
    """A server's context: TLS 1.2 or later, HTTP/1.1 only.

    With `now` an expired certificate is refused. Raises InvalidSettings saying which of the two
    files is wrong and how, since a certificate that fails is one that the person brought.
    """
    import ssl

    for path, key in ((cert_path, "certificate"), (key_path, "private_key")):
        try:
            text = _read(path)
        except OSError as error:
            _refuse(path, key, f"cannot be read: {error.strerror or error}")
        if key == "certificate":
            _check_certificate(path, text, now)
        elif b"ENCRYPTED" in text:
            _refuse(path, key, "is protected by a passphrase, and nobody is there to type it")
        elif b"PRIVATE KEY-----" not in text:
            _refuse(path, key, "is no private key in PEM form (-----BEGIN PRIVATE KEY-----)")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0  # one request per connection: there is nothing to resume
    context.set_alpn_protocols(["http/1.1"])
    try:
        # The password keeps OpenSSL from asking for one on the terminal.
        context.load_cert_chain(cert_path, key_path, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            _refuse(key_path, "private_key", f"does not belong to the certificate {cert_path}")
        _refuse(key_path, "private_key", "cannot be used: it is damaged or of an unknown kind")
    except OSError as error:
        _refuse(cert_path, "certificate", f"cannot be read: {error.strerror or error}")
    return context


def fingerprint(cert_path: Path) -> str:
    """The SHA-256 of the first certificate in the file, as browsers show it: `AB:CD:...`."""
    import ssl

    try:
        text = _read(cert_path).decode("ascii", "replace")
    except OSError as error:
        _refuse(cert_path, "certificate", f"cannot be read: {error.strerror or error}")
    begin, end = text.find(_BEGIN), text.find(_END)
    try:
        der = ssl.PEM_cert_to_DER_cert(text[max(begin, 0) : end + len(_END)])
    except ValueError:
        _refuse(cert_path, "certificate", f"holds no certificate in PEM form ({_BEGIN})")
    return hashlib.sha256(der).digest().hex(":").upper()


def _check_certificate(path: Path, text: bytes, now: int | None) -> None:
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(text)
    except ValueError:
        _refuse(path, "certificate", f"holds no certificate in PEM form ({_BEGIN})")
    begins, ends = _validity(certificate)
    if now is not None and not begins <= now < ends:
        _refuse(path, "certificate", f"is valid from {rfc3339(begins)} to {rfc3339(ends)} only")


def _refuse(path: Path, key: str, why: str) -> NoReturn:
    raise InvalidSettings(
        f"The file {path} ([callback] {key}) {why}.",
        "Correct it in the settings, or take it out to use a certificate made by tui-oauth.",
    ) from None


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MAX_FILE)


# -- keeping it


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            with contextlib.suppress(FileExistsError):
                each.mkdir(mode=0o700)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise UnsafePath(
            f"The folder {folder} must be a folder of yours that nobody else can write to.",
            f"Check it, then: chmod 700 {folder}",
        )


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Two programs that make the pair at the same time would mix theirs."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _usable(paths: CertificatePaths, now: int) -> bool:
    """Whether the pair on disk is one of ours, whole, private and good for another day."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        status = paths.private_key.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077:
            return False
        certificate = x509.load_pem_x509_certificate(_read(paths.certificate))
        key = load_pem_private_key(_read(paths.private_key), password=None)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    begins, ends = _validity(certificate)
    return (
        status.st_uid == os.getuid()
        and key.public_key() == certificate.public_key()
        and begins <= now < ends - _RENEW_BEFORE_SECONDS
        and ends - begins <= LIFETIME_SECONDS + _BACKDATED_SECONDS
        and names == _names()
    )


def _make(paths: CertificatePaths, now: int) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _sign(key, now)
    _write(
        paths.private_key,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    _write(paths.certificate, certificate.public_bytes(serialization.Encoding.PEM))


def _write(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step; it is never readable by others, not for a moment."""
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _sign(key: EllipticCurvePrivateKey, now: int) -> x509.Certificate:
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tui-oauth callback, this machine")])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(now - _BACKDATED_SECONDS, UTC))
        .not_valid_after(datetime.fromtimestamp(now + LIFETIME_SECONDS, UTC))
        .add_extension(_names(), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _names() -> x509.SubjectAlternativeName:
    from ipaddress import ip_address

    from cryptography import x509

    return x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.IPAddress(ip_address("127.0.0.1")),
            x509.IPAddress(ip_address("::1")),
        ]
    )


def _validity(certificate: x509.Certificate) -> tuple[int, int]:
    """First and last second in which it is valid (RFC 5280 section 4.1.2.5), Unix seconds."""
    return (
        int(certificate.not_valid_before_utc.timestamp()),
        int(certificate.not_valid_after_utc.timestamp()),
    )
