"""Passphrases from a command or an open descriptor: one line, bounded, never from an argument."""

from __future__ import annotations

import os
from collections.abc import Mapping

from tui_oauth.errors import UsageProblem, VaultLocked
from tui_oauth.secret import Secret
from tui_oauth.text import neutralise

MAX_BYTES = 8192
# A password manager may ask its own question in a window, which takes a person some time.
COMMAND_SECONDS = 120


def from_command(command: str, environ: Mapping[str, str], name: str) -> Secret:
    """The first line that `command` prints. It runs without a shell; `name` is the option's.

    VaultLocked if it cannot run, fails or prints nothing; UsageProblem if it cannot be split.
    """
    import shlex
    import subprocess

    try:
        arguments = shlex.split(command)
    except ValueError as error:
        raise UsageProblem(
            f"{name} cannot be split into words: {error}.", "Check its quotes."
        ) from error
    if not arguments:
        raise UsageProblem(f"{name} names no command.")
    program = neutralise(arguments[0], 60)
    try:
        done = subprocess.run(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=dict(environ),
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise VaultLocked(
            f"{program} ({name}) gave no passphrase within {COMMAND_SECONDS} s."
        ) from None
    except (OSError, ValueError) as error:
        reason = neutralise(getattr(error, "strerror", None) or error)
        raise VaultLocked(f"{program} ({name}) could not be started: {reason}.") from error
    if done.returncode != 0:
        raise VaultLocked(
            f"{program} ({name}) ended with status {done.returncode}.", "Run it by hand to see why."
        )
    return _first_line(done.stdout, f"{program} ({name})")


def from_descriptor(number: str, name: str) -> Secret:
    """The first line that can be read from the open descriptor `number`."""
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise UsageProblem(
            f"{name} is not the number of a descriptor.", "For instance: --passphrase-fd 3 3<FILE"
        )
    data = b""
    try:
        while b"\n" not in data and len(data) <= MAX_BYTES:
            chunk = os.read(int(number), MAX_BYTES)
            if not chunk:
                break
            data += chunk
    except OSError as error:
        raise VaultLocked(
            f"Descriptor {number} ({name}) cannot be read: {os.strerror(error.errno or 0)}."
        ) from error
    return _first_line(data, f"Descriptor {number} ({name})")


def _first_line(data: bytes, source: str) -> Secret:
    line = data.split(b"\n", 1)[0].removesuffix(b"\r")
    if not line:
        raise VaultLocked(f"{source} gave no passphrase.")
    if len(line) > MAX_BYTES:
        raise VaultLocked(f"{source} gave more than {MAX_BYTES:,} bytes.")
    return Secret(line.decode("utf-8", "surrogateescape"))
