"""Asking a running agent. Every `token` does, and so may any Python program:

    from tui_oauth.agent.client import ask
    token = ask(None, "token my-intercom")    # None: no agent runs

Nothing of weight is imported here, not even what most modules begin with (`typing`, `__future__`):
it would cost more than the whole talk. `_socket` is the core of `socket`, which alone costs half of
what a bare Python does, and `posix` that of `os`, which `python -S` does not load by itself.
"""

import posix
import sys

TYPE_CHECKING = False  # what checkers take for true
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tui_oauth.errors import TuiOauthError

SOCKET = "agent.sock"
FIRST_WORD_SECONDS = 3.0
"""An agent that says nothing for so long counts as none if it was stopped, else after half of the time.

Where two hundred ask at once it needs its time. Whoever gave up on it would open the vault instead, and
take from it what there is of the machine.
"""
ANSWER_SECONDS = 60.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024
_ADDRESS_BYTES = 107  # what fits into sockaddr_un (unix(7))


class Refused(Exception):
    """The agent's answer is an error; `kind` is its class, `words` and `advice` what it says."""

    def __init__(self, kind: str, fix: str, words: str, advice: str) -> None:
        super().__init__(words)
        self.kind, self.fix, self.words, self.advice = kind, fix, words, advice


def token_from_agent(
    environ: "Mapping[str, str]",
    vault: str,
    verb: str,
    name: str,
    min_ttl: int,
    note: "Callable[[str], None]",
    seconds: float = ANSWER_SECONDS,
    way: str = "",
) -> str | None:
    """What the agent of this user gives for the entry `name` of the vault at `vault`.

    `verb` is one of the protocol's (`protocol`), `way` the command that asks, where that has another
    name. None where no agent runs, where it keeps another vault, or where it cannot say: then the
    vault is to be asked. Raises what the agent found out about the entry at its provider.
    """
    if "\t" in vault + name or "\n" in vault + name:
        return None
    try:
        return ask(
            environ,
            f"{verb} {name}\tmin-ttl={min_ttl}\tvault={vault}\tvia={way or verb}",
            note,
            seconds,
        )
    except Refused as refused:
        final = _final(refused)
        if final is None:
            return None
        raise final from None


def _final(refused: Refused) -> "TuiOauthError | None":
    """The error to be raised for the agent's refusal; None where the vault has the last word.

    What the agent has found out at the provider would be found out again, at the same cost.
    """
    from tui_oauth.errors import (
        Fix,
        NeedsPerson,
        NotAllowed,
        ProviderRefused,
        ProviderUnreachable,
    )

    words, advice = refused.words, refused.advice
    if refused.kind == "NeedsPerson":
        return NeedsPerson(words, advice)
    if refused.kind == "NotAllowed":
        return NotAllowed(words, advice)
    if refused.kind == "ProviderRefused":
        fix = Fix(refused.fix) if refused.fix in set(Fix) else Fix.NONE
        return ProviderRefused(words, advice, fix=fix)
    if refused.kind == "ProviderUnreachable":
        return ProviderUnreachable(words, advice)
    return None


def ask(
    environ: "Mapping[str, str] | None",
    line: str,
    note: "Callable[[str], None]" = lambda words: None,
    seconds: float = ANSWER_SECONDS,
) -> str | None:
    """Send one line (`protocol`) and give what follows `ok` in the answer; None where no agent answers.

    `environ` is None for this process's own. Raises Refused.
    """
    base = _runtime_folder() if environ is None else environ.get("XDG_RUNTIME_DIR", "")
    if not base.startswith("/"):
        return None
    folder = f"{base}/tui-oauth"
    try:
        if posix.lstat(f"{folder}/{SOCKET}").st_uid != posix.geteuid():
            return None
        return _talk(folder, line, note, seconds)
    except (OSError, UnicodeError):
        return None


def _runtime_folder() -> str:
    loaded = sys.modules.get("os")
    if loaded is not None:
        return str(loaded.environ.get("XDG_RUNTIME_DIR", ""))
    return posix.environ.get(b"XDG_RUNTIME_DIR", b"").decode("utf-8", "surrogateescape")


def _talk(folder: str, line: str, note: "Callable[[str], None]", seconds: float) -> str | None:
    from _socket import AF_UNIX, SO_PEERCRED, SOCK_STREAM, SOL_SOCKET, socket

    connection = socket(AF_UNIX, SOCK_STREAM)
    try:
        connection.settimeout(FIRST_WORD_SECONDS)
        with_address(folder, connection.connect)
        # The user is the second of three integers (unix(7), struct ucred).
        credentials = connection.getsockopt(SOL_SOCKET, SO_PEERCRED, 12)
        if int.from_bytes(credentials[4:8], sys.byteorder) != posix.geteuid():
            return None  # somebody else's program took the place
        # `sendall` of a short line: the buffer of a fresh socket has room for it.
        connection.sendall(line.encode() + b"\n")
        pid = int.from_bytes(credentials[:4], sys.byteorder)
        rounds = int(seconds / 2 / FIRST_WORD_SECONDS)
        data = b""
        while True:
            head, end, rest = data.partition(b"\n")
            if end:
                data = rest
                word, _, words = head.decode().partition(" ")
                if word == "ok":
                    return words
                if word == "error":
                    raise Refused(*(words.split("\t") + [""] * 4)[:4])
                if word == "note":
                    note(words)
                rounds = 0
                connection.settimeout(seconds)
                continue
            try:
                piece = connection.recv(65_536)
            except TimeoutError:
                rounds -= 1
                if rounds < 1 or _is_stopped(pid):
                    return None
                continue
            if not piece or len(data) > MAX_ANSWER_BYTES:
                return None
            data += piece
    finally:
        connection.close()


def _is_stopped(pid: int) -> bool:
    """Whether the process does not run at all: stopped, traced or gone (proc(5))."""
    try:
        descriptor = posix.open(f"/proc/{pid}/stat", posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return True
    try:
        return posix.read(descriptor, 4096).rpartition(b") ")[2][:1] in b"TtZX"
    finally:
        posix.close(descriptor)


def with_address(folder: str, use: "Callable[[str], None]") -> None:
    """Call `use` with the socket's path, or with a shorter one where that is too long for an address."""
    path = f"{folder}/{SOCKET}"
    if len(path.encode("utf-8", "surrogateescape")) <= _ADDRESS_BYTES:
        use(path)
        return
    descriptor = posix.open(folder, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_CLOEXEC)
    try:
        use(f"/proc/self/fd/{descriptor}/{SOCKET}")
    finally:
        posix.close(descriptor)
