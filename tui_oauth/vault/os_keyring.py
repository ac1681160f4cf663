"""The system's keyring (Secret Service, KWallet, macOS Keychain) as a keeper of one slot's secret.

An optional extra: `pip install 'tui-oauth[keyring]'`. The package is imported in a child process
only, with a limit of two seconds, after which the child is killed: a keyring that is locked, or
whose daemon does not answer, never makes a command hang. Whether there is one is probed before it
is offered, and not found out after a vault depends on it.
"""

from __future__ import annotations

import binascii
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tui_oauth.text import neutralise
from tui_oauth.vault import crypto
from tui_oauth.vault.slots import Slot

LIMIT_SECONDS = 2.0
SERVICE = "tui-oauth"
_CHILD = Path(__file__).with_name("keyring_child.py")
_MAX_BYTES = 65_536


class Unavailable(Exception):
    """There is no usable keyring; the text says why, without a full stop."""


def new_parameters() -> dict[str, object]:
    """The parameters of a new slot: a random name, since the slot's id changes with the data key."""
    return {"item": crypto.random_bytes(8).hex()}


def name_of(vault_id: str, slot: Slot) -> str:
    """The name of a slot's secret in the keyring."""
    return f"{vault_id}/{slot.parameters.get('item', '')}"


def probe(environ: Mapping[str, str]) -> str:
    """The keyring that answers within the limit, by its back end's name; Unavailable if none does."""
    found = _ask(environ, "probe", ["probe"])
    return neutralise(found.get("backend", "unknown"), 60)


def read(environ: Mapping[str, str], names: Sequence[str]) -> list[bytes | None]:
    """The secrets under these names, None for each that is not there; one limit for all."""
    values = _ask(environ, "get", names).get("values")
    if not isinstance(values, list) or len(values) != len(names):
        raise Unavailable("the system's keyring gave an answer that makes no sense")
    return [_decoded(value) for value in values]


def store(environ: Mapping[str, str], name: str, secret: bytes) -> None:
    """Store the secret and read it back; Unavailable if it does not come back as it was."""
    text = crypto.to_text(secret)
    if _ask(environ, "set", [name], text).get("values") != [text]:
        raise Unavailable("the system's keyring does not give back what it was given")


def delete(environ: Mapping[str, str], name: str) -> None:
    """Remove the secret from the keyring."""
    _ask(environ, "delete", [name])


def _ask(
    environ: Mapping[str, str], what: str, names: Sequence[str], value: str = ""
) -> dict[str, Any]:
    request = {"do": what, "service": SERVICE, "names": list(names), "value": value}
    try:
        # -P: the script's folder is not searched, where our own modules would hide others.
        done = subprocess.run(
            [sys.executable, "-P", str(_CHILD)],
            input=json.dumps(request).encode("ascii"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            timeout=LIMIT_SECONDS,
            check=False,
        )
        found = json.loads(done.stdout[:_MAX_BYTES])
    except subprocess.TimeoutExpired:
        raise Unavailable(
            f"the system's keyring did not answer within {LIMIT_SECONDS:g} s; it may be locked"
        ) from None
    except OSError as error:
        raise Unavailable(
            f"the keyring's process could not be started: {error.strerror}"
        ) from error
    except ValueError as error:
        raise Unavailable("the keyring's process ended without an answer") from error
    problem = found.get("problem") if isinstance(found, dict) else "answer"
    if problem == "missing":
        raise Unavailable("the package keyring is not installed: pip install 'tui-oauth[keyring]'")
    if problem == "none":
        raise Unavailable("this system has no keyring that the package keyring can use")
    if problem:
        reason = neutralise(found.get("reason", "no answer") if isinstance(found, dict) else found)
        raise Unavailable(f"the system's keyring refused ({reason})")
    return dict(found)


def _decoded(value: object) -> bytes | None:
    if not isinstance(value, str):
        return None
    try:
        return crypto.from_text(value)
    except (ValueError, binascii.Error):
        return None
