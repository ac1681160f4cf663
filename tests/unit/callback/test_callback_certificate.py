"""The certificate of the callback server: what is in it, how it is kept, when it is remade."""

from __future__ import annotations

import hashlib
import os
import ssl
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from tui_oauth.callback.certificate import (
    CertificatePaths,
    ensure_certificate,
    fingerprint,
    tls_context,
)
from tui_oauth.errors import InvalidSettings, StorageFailed, UnsafePath

DAY = 86_400
NOW = int(time.time())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "state" / "tui-oauth" / "callback" / "certificate.pem"


@pytest.fixture
def made(place: Path) -> CertificatePaths:
    return ensure_certificate(place, NOW)


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_rule_40_what_the_certificate_says(made: CertificatePaths) -> None:
    certificate = load(made.certificate)
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)
    extensions = certificate.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    addresses = [str(each) for each in names.get_values_for_type(x509.IPAddress)]
    assert addresses == ["127.0.0.1", "::1"]
    basic = extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical
    assert not basic.value.ca
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lifetime.total_seconds() <= 90 * DAY
    assert certificate.not_valid_before_utc.timestamp() <= NOW


def test_rule_40_openssl_agrees(made: CertificatePaths) -> None:
    path = str(made.certificate)
    for name in (
        ["-verify_hostname", "localhost"],
        ["-verify_ip", "127.0.0.1"],
        ["-verify_ip", "::1"],
    ):
        command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", *name]
        done = subprocess.run(
            [*command, "-CAfile", path, path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_rule_40_the_key_is_private_whatever_the_umask(place: Path) -> None:
    before = os.umask(0)
    try:
        made = ensure_certificate(place, NOW)
    finally:
        os.umask(before)
    assert mode(made.private_key) == 0o600
    assert mode(place.parent) == mode(place.parent.parent) == 0o700
    assert sorted(each.name for each in place.parent.iterdir()) == [
        "certificate.key",
        "certificate.pem",
    ]


def test_a_good_certificate_stays(made: CertificatePaths) -> None:
    before = (made.certificate.read_bytes(), made.private_key.read_bytes())
    for later in (0, DAY, 80 * DAY):
        assert ensure_certificate(made.certificate, NOW + later) == made
    assert (made.certificate.read_bytes(), made.private_key.read_bytes()) == before


@pytest.mark.parametrize("later", [88 * DAY + 1, 90 * DAY, 400 * DAY, -30 * DAY])
def test_rule_40_one_that_ends_or_has_not_begun_is_remade(
    later: int, made: CertificatePaths
) -> None:
    before = fingerprint(made.certificate)
    ensure_certificate(made.certificate, NOW + later)
    assert fingerprint(made.certificate) != before
    certificate = load(made.certificate)
    assert certificate.not_valid_before_utc.timestamp() <= NOW + later
    assert certificate.not_valid_after_utc.timestamp() > NOW + later + 30 * DAY


def _truncate(paths: CertificatePaths) -> None:
    paths.certificate.write_bytes(paths.certificate.read_bytes()[:100])


def _empty_key(paths: CertificatePaths) -> None:
    paths.private_key.write_bytes(b"")


def _other_key(paths: CertificatePaths) -> None:
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    paths.private_key.write_bytes(other)


def _open_key(paths: CertificatePaths) -> None:
    paths.private_key.chmod(0o644)


def _no_key(paths: CertificatePaths) -> None:
    paths.private_key.unlink()


def _no_certificate(paths: CertificatePaths) -> None:
    paths.certificate.unlink()


def _linked_key(paths: CertificatePaths) -> None:
    elsewhere = paths.private_key.with_name("elsewhere")
    paths.private_key.rename(elsewhere)
    paths.private_key.symlink_to(elsewhere)


@pytest.mark.parametrize(
    "harm", [_truncate, _empty_key, _other_key, _open_key, _no_key, _no_certificate, _linked_key]
)
def test_a_damaged_pair_is_remade(harm: object, made: CertificatePaths) -> None:
    assert callable(harm)
    before = fingerprint(made.certificate)
    harm(made)
    ensure_certificate(made.certificate, NOW)
    assert fingerprint(made.certificate) != before
    assert mode(made.private_key) == 0o600
    assert not made.private_key.is_symlink()
    assert tls_context(*made, now=NOW)


def test_a_folder_that_others_can_write_to_is_refused(place: Path) -> None:
    place.parent.mkdir(parents=True)
    place.parent.chmod(0o777)
    with pytest.raises(UnsafePath, match="nobody else can write"):
        ensure_certificate(place, NOW)
    assert list(place.parent.iterdir()) == []


def test_a_folder_that_is_a_link_is_refused(place: Path, tmp_path: Path) -> None:
    place.parent.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    place.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafePath):
        ensure_certificate(place, NOW)


def test_a_place_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="cannot be kept"):
        ensure_certificate(tmp_path / "file" / "callback" / "certificate.pem", NOW)


def test_makers_at_the_same_time_leave_one_whole_pair(place: Path) -> None:
    made: list[CertificatePaths] = []
    makers = [
        threading.Thread(target=lambda: made.append(ensure_certificate(place, NOW)))
        for _ in range(6)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert len(made) == 6
    assert tls_context(*made[0], now=NOW)
    assert len(list(place.parent.iterdir())) == 2


def test_rule_41_the_fingerprint_is_that_of_the_certificate(made: CertificatePaths) -> None:
    der = load(made.certificate).public_bytes(serialization.Encoding.DER)
    shown = fingerprint(made.certificate)
    assert shown.replace(":", "").lower() == hashlib.sha256(der).hexdigest()
    assert len(shown) == 32 * 3 - 1
    with_text = made.certificate.with_name("chain.pem")
    with_text.write_bytes(b"Subject: x\n" + made.certificate.read_bytes() * 2)
    assert fingerprint(with_text) == shown


AUDITED = """
import sys, time, pathlib
import cryptography.hazmat.primitives.asymmetric.ec, datetime, ssl
from tui_oauth.callback.certificate import ensure_certificate, fingerprint, tls_context

folder, place = sys.argv[1:]
STARTS = ("subprocess", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system")
CHANGES = ("os.chmod", "os.link", "os.mkdir", "os.rename", "os.symlink")
seen = []

def hook(event, args):
    if event == "open":
        if isinstance(args[0], str) and args[2] & 3 and not args[0].startswith(folder):
            seen.append((event, args))
    elif event.startswith(STARTS):
        seen.append((event, args))
    elif event in CHANGES and not str(args[0]).startswith(folder):
        seen.append((event, args))

sys.addaudithook(hook)
made = ensure_certificate(pathlib.Path(place), int(time.time()))
tls_context(*made)
print(fingerprint(made.certificate), seen)
"""


def test_rule_41_no_program_is_started_and_nothing_written_elsewhere(place: Path) -> None:
    """Making, loading and showing it, seen by an audit hook of the interpreter."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", AUDITED, str(place.parents[2]), str(place)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{fingerprint(place)} []\n"


def test_rule_42_the_context_is_modern(made: CertificatePaths) -> None:
    context = tls_context(*made)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_persons_own_certificate_in_one_file_is_loaded(made: CertificatePaths) -> None:
    both = made.certificate.with_name("both.pem")
    both.write_bytes(made.private_key.read_bytes() + made.certificate.read_bytes())
    assert tls_context(both, both, now=NOW)


def test_what_is_wrong_with_a_persons_own_certificate_is_said(
    made: CertificatePaths, tmp_path: Path
) -> None:
    certificate, key = made
    text = tmp_path / "text.pem"
    text.write_text("no certificate\n")
    other = ensure_certificate(tmp_path / "other" / "certificate.pem", NOW).private_key
    locked = tmp_path / "locked.pem"
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    locked.write_bytes(
        loaded.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )
    broken = tmp_path / "broken.pem"
    broken.write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    absent = tmp_path / "absent.pem"
    table = [
        (absent, key, absent, "No such file"),
        (certificate, absent, absent, "No such file"),
        (tmp_path, key, tmp_path, "directory"),
        (text, key, text, "holds no certificate"),
        (key, key, key, "holds no certificate"),
        (certificate, text, text, "is no private key"),
        (certificate, certificate, certificate, "is no private key"),
        (certificate, locked, locked, "passphrase"),
        (certificate, other, other, "does not belong to the certificate"),
        (certificate, broken, broken, "damaged"),
    ]
    for one, two, named, words in table:
        with pytest.raises(InvalidSettings) as caught:
            tls_context(one, two, now=NOW)
        assert str(named) in caught.value.message
        assert words in caught.value.message
    with pytest.raises(InvalidSettings, match="is valid from"):
        tls_context(certificate, key, now=NOW + 100 * DAY)
    for path in (absent, text):
        with pytest.raises(InvalidSettings):
            fingerprint(path)


def test_cryptography_is_loaded_only_when_it_is_needed() -> None:
    code = (
        "import sys, tui_oauth.callback.certificate\n"
        "print([m for m in ('cryptography', 'ssl', 'asyncio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
