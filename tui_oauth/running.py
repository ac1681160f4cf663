"""Another program run as if it had been called directly: its signals, its exit status, its terminal.

Either it takes this process's place, or this process stays behind it to clear up when it ends. Then
every signal that comes here is passed on, and this process stops, goes on and ends as the program
does, so that a shell, cron or systemd sees no difference.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, NoReturn

from tui_oauth.errors import UsageProblem
from tui_oauth.text import neutralise

# Python ignores these; a program expects them as they were (subprocess does the same).
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
# Those of a defect in this process itself, and those that cannot be held back.
_NOT_HELD = {
    signal.SIGKILL,
    signal.SIGSTOP,
    signal.SIGSEGV,
    signal.SIGBUS,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGABRT,
    signal.SIGTRAP,
    signal.SIGSYS,
    *_IGNORED_BY_PYTHON,
}
_Signals = set[int | signal.Signals]
_JOB_CONTROL = {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
_OF_THE_TERMINAL = {signal.SIGINT, signal.SIGQUIT, signal.SIGWINCH, *_JOB_CONTROL}
_SI_KERNEL = 0x80
"""`si_code` of a signal that the terminal sent, to the program as well (sigaction(2))."""


class Ended(NamedTuple):
    """How a program ended: its exit status, or the number of the signal that ended it."""

    status: int
    signal: int


def become(program: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Let `program` take the place of this process. Returns only by raising UsageProblem."""
    for number in _IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvpe(program[0], list(program), dict(environ))  # noqa: S606  # that is its purpose
    except OSError as error:
        for number in _IGNORED_BY_PYTHON:
            signal.signal(number, signal.SIG_IGN)
        raise _not_started(program, error) from error


@contextlib.contextmanager
def holding_signals() -> Iterator[Callable[[Sequence[str], Mapping[str, str]], Ended]]:
    """Hold back every signal within the block; what it gives runs a program and passes them on.

    So what the block makes for the program is cleared away before this process can be ended.
    """
    held: _Signals = {number for number in signal.valid_signals() if number not in _NOT_HELD}
    # A signal that would be ignored is not kept for us, unless something handles it.
    before = {
        number: signal.signal(number, _nothing) for number in (signal.SIGCHLD, signal.SIGCONT)
    }
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield lambda program, environ: _run(program, environ, held, mask)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)


def end_as(ended: Ended) -> int:
    """The exit status of `ended` for this process, which ends itself where a signal ended the program."""
    if not ended.signal:
        return ended.status
    import resource

    # A core file of this process would hold the tokens.
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    with contextlib.suppress(OSError, ValueError):  # SIGKILL has no handler
        signal.signal(ended.signal, signal.SIG_DFL)
    os.kill(os.getpid(), ended.signal)
    return 128 + ended.signal  # a signal that does not end a process by itself


def _run(
    program: Sequence[str],
    environ: Mapping[str, str],
    held: _Signals,
    mask: _Signals,
) -> Ended:
    try:
        child = os.posix_spawnp(
            program[0],
            list(program),
            dict(environ),
            setsigmask=mask,
            setsigdef=list(_IGNORED_BY_PYTHON),
        )
    except OSError as error:
        raise _not_started(program, error) from error
    while True:
        number, from_terminal = _next(held)
        if number != signal.SIGCHLD and not from_terminal:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)
        pid, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
        if pid == 0:
            continue
        if os.WIFSTOPPED(status):
            if os.WSTOPSIG(status) in _JOB_CONTROL:
                os.kill(os.getpid(), signal.SIGSTOP)  # ^Z: the shell waits for this process
            continue
        if os.WIFSIGNALED(status):
            return Ended(0, os.WTERMSIG(status))
        return Ended(os.WEXITSTATUS(status), 0)


def _next(held: _Signals) -> tuple[int, bool]:
    """The next signal, and whether the program has got it from the terminal itself."""
    if hasattr(signal, "sigwaitinfo"):
        info = signal.sigwaitinfo(held)
        return info.si_signo, info.si_signo in _OF_THE_TERMINAL and info.si_code == _SI_KERNEL
    number = signal.sigwait(held)  # macOS does not tell where a signal comes from
    return number, number in _OF_THE_TERMINAL


def _nothing(number: int, frame: object) -> None:
    """A handler: the signal is waited for elsewhere."""


def _not_started(program: Sequence[str], error: OSError) -> UsageProblem:
    reason = error.strerror or type(error).__name__
    return UsageProblem(
        f"{neutralise(program[0], 100) or 'The command'} could not be started: {reason}.",
        "The command stands behind the two dashes: tui-oauth exec NAME -- COMMAND",
    )
