"""A defect of ours: one line on the terminal, the traceback in the log, no secret in either.

A traceback is written without local variables. What it may still carry is an exception's own
text, so every secret that the process holds is searched for in it, in the forms in which secrets
travel, and long unbroken texts and queries of addresses are masked on top of that.
"""

from __future__ import annotations

import os
import re
import time
import traceback
from pathlib import Path

from tui_oauth.secret import MASK, held_secrets, spellings
from tui_oauth.text import neutralise, rfc3339

MAX_LOG_BYTES = 1_048_576
_QUERY = re.compile(r"\?[^\s'\"]+")
_LONG = re.compile(r"[^\s'\"/\\]{20,}")


def redact(text: str) -> str:
    """`text` without the secrets that this process holds and without queries of addresses."""
    forms = {form for held in held_secrets() for form in spellings(held)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    return _QUERY.sub(f"?{MASK}", text)


def describe(error: BaseException) -> str:
    """The traceback of `error` and of what led to it, redacted. Frames hold code, never values."""
    out: list[str] = []
    for part in traceback.TracebackException.from_exception(error).format():
        is_frame = part.lstrip().startswith("File ")
        out.append(part if is_frame else _LONG.sub(MASK, part))
    return redact("".join(out))


def record(error: BaseException, log: Path, command: str, version: str) -> str:
    """Append `error` to the log at `log`. Returns words on where it is, or why it is not there."""
    stamp = rfc3339(int(time.time()))
    text = f"{stamp} tui-oauth {version} {command}\n{describe(error)}\n"
    try:
        _append(log, text)
    except OSError as problem:
        return f"The log {neutralise(log)} could not be written: {problem.strerror}."
    return f"The log is {neutralise(log)}."


def _append(log: Path, text: str) -> None:
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(log, flags, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
        if os.fstat(descriptor).st_size > MAX_LOG_BYTES:
            os.ftruncate(descriptor, 0)
        os.write(descriptor, text.encode("utf-8", "backslashreplace"))
    finally:
        os.close(descriptor)
