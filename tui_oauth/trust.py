"""Which certificates are trusted, and what it means when one is not.

Reading the system's certificates takes tens of milliseconds: call `tls_context` outside the
event loop, and only when a connection is encrypted. What was read is kept until a file changes.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from pathlib import Path

from tui_oauth.errors import UsageProblem

# Verification results of OpenSSL (openssl-verification-options(1), "Diagnostics").
_NOT_YET_VALID, _EXPIRED = 9, 10
_SELF_SIGNED, _SELF_SIGNED_CHAIN, _NO_ISSUER, _NO_FIRST = 18, 19, 20, 21
_WRONG_HOST, _WRONG_ADDRESS = 62, 64


def tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """A context that verifies certificate and host name, with TLS 1.2 or later (RFC 9325).

    Raises UsageProblem when `SSL_CERT_FILE` or `SSL_CERT_DIR` is set and cannot be read.
    """
    file, folder = environ.get("SSL_CERT_FILE", ""), environ.get("SSL_CERT_DIR", "")
    with _reading:  # who comes meanwhile waits for what is being read, rather than read it too
        key = (file, folder, *map(_stamp, _places(file, folder)))
        if key not in _read:
            made = _read_anew(file, folder)
            _read.clear()  # one is enough: a process has one environment
            _read[key] = made
        return _read[key]


_reading = threading.Lock()
_read: dict[tuple[object, ...], ssl.SSLContext] = {}


def _places(file: str, folder: str) -> tuple[str, ...]:
    """Where certificates are read from."""
    if file or folder:
        return file, folder
    usual = ssl.get_default_verify_paths()
    return usual.cafile or "", usual.capath or ""


def _stamp(path: str) -> tuple[int, ...]:
    """What tells one state of a file or folder from another."""
    try:
        status = Path(path).stat() if path else None
    except OSError:
        status = None
    return (status.st_ino, status.st_mtime_ns, status.st_size) if status else ()


def _read_anew(file: str, folder: str) -> ssl.SSLContext:
    if file or folder:
        try:
            context = ssl.create_default_context(cafile=file or None, capath=folder or None)
        except (OSError, ssl.SSLError):
            named = " and ".join(
                f"{name}={value}"
                for name, value in (("SSL_CERT_FILE", file), ("SSL_CERT_DIR", folder))
                if value
            )
            raise UsageProblem(
                f"The certificates in {named} cannot be read.",
                "Set it to a file in PEM format, or unset it to use the system's certificates.",
            ) from None
    else:
        context = ssl.create_default_context()
        if not context.get_ca_certs(binary_form=True) and not _system_folder_in_use():
            import certifi

            context.load_verify_locations(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def certificate_problem(error: BaseException, host: str) -> tuple[str, str] | None:
    """What is wrong with the certificate and what to do; None when `error` is about something else."""
    inner: BaseException | None = error
    seen: set[int] = set()
    while inner is not None and id(inner) not in seen:
        seen.add(id(inner))
        if isinstance(inner, ssl.SSLCertVerificationError):
            return _explained(inner.verify_code, host)
        if isinstance(inner, ssl.SSLError):
            return (
                "no encrypted connection could be agreed on",
                "Check that the address and port in the service's file speak https.",
            )
        inner = inner.__cause__ or inner.__context__
    return None


def _explained(code: int, host: str) -> tuple[str, str]:
    clock = (
        "Check this machine's clock; if it is right, only the provider can renew the certificate."
    )
    if code in {_SELF_SIGNED, _SELF_SIGNED_CHAIN, _NO_ISSUER, _NO_FIRST}:
        kind = (
            "its certificate is self-signed"
            if code in {_SELF_SIGNED, _SELF_SIGNED_CHAIN}
            else "its certificate comes from an authority that this machine does not know"
        )
        return (
            kind,
            "If your network or a test server uses an authority of its own, set SSL_CERT_FILE to "
            "its certificate.",
        )
    if code == _EXPIRED:
        return "its certificate has expired", clock
    if code == _NOT_YET_VALID:
        return "its certificate is not valid yet", clock
    if code in {_WRONG_HOST, _WRONG_ADDRESS}:
        return (
            f"its certificate is for another host than {host}",
            "Check the address in the service's file.",
        )
    return f"its certificate was refused (OpenSSL code {code})", "Check the address."


def _system_folder_in_use() -> bool:
    """Whether the system keeps its certificates one by one in a folder, read only when needed."""
    folder = ssl.get_default_verify_paths().capath
    return bool(folder) and any(Path(str(folder)).glob("*.0"))
