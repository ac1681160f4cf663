"""A real sshd on a port of loopback, with keys of its own, and sessions in it.

It runs as whoever runs the tests and lets in only them, by a key made here. Nothing of the person's
own is read or written: no `~/.ssh`, no system-wide configuration, no agent. In a session HOME is the
test's, as are all other variables that `environ` names.
"""

from __future__ import annotations

import grp
import os
import pty
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.stage import free_port
from tests.terminal.pty_driver import PtyProgram

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
PRIVILEGE_SEPARATION = Path("/run/sshd")
"""Where sshd, started as root, insists on an empty folder of root's."""
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "PYTHONPATH", "TUI_OAUTH_CONFIG")
_START_S = 20.0


def missing() -> str:
    """What these tests want and this machine lacks; empty where all is there."""
    if SSHD is None:
        return "sshd is not installed (Debian: apt-get install openssh-server)"
    for program in ("ssh", "ssh-keygen"):
        if shutil.which(program) is None:
            return f"{program} is not installed (Debian: apt-get install openssh-client)"
    if pwd.getpwuid(os.getuid()).pw_shell.endswith(("/nologin", "/false")):
        return "sshd gives this user no session: its shell in the list of users lets nobody log in"
    if os.getuid() != 0 and not _terminals_are_ours():
        return (
            "sshd, run by an ordinary user, gives no terminal here: /dev/pts is not mounted gid=tty"
        )
    return ""


def _terminals_are_ours() -> bool:
    """Whether a new pseudo-terminal has the owner and group that sshd wants, and only root can change."""
    ours, theirs = pty.openpty()
    try:
        return os.fstat(theirs).st_gid == grp.getgrnam("tty").gr_gid
    except KeyError:
        return True
    finally:
        os.close(ours)
        os.close(theirs)


class SshServer:
    """The running sshd. `folder` is empty and gets its files; `close` ends it and its connections."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        assert SSHD is not None
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.port = free_port()
        self._folder = folder
        self._log = folder / "sshd.log"
        for name in ("host_key", "user_key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)],
                check=True,
                timeout=20,
                stdin=subprocess.DEVNULL,
            )
        (folder / "authorized_keys").write_text((folder / "user_key.pub").read_text())
        (folder / "authorized_keys").chmod(0o600)
        host_key = (folder / "host_key.pub").read_text()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {host_key}")
        self._write_sshd_config(environ)
        self._write_ssh_config()
        if os.getuid() == 0:
            PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ.get("PATH", os.defpath)},
                start_new_session=True,
            )
        self._wait_listening()

    def command(self, *words: str, terminal: bool = True) -> list[str]:
        """The client's line that runs `words` in a session, with a terminal or without one."""
        ssh = ["ssh", "-F", str(self._folder / "ssh_config"), "-tt" if terminal else "-T"]
        return [*ssh, "server", "--", shlex.join(words)]

    def session(self, *words: str, size: tuple[int, int] = (80, 24)) -> PtyProgram:
        """`words` in a session, full screen, in a terminal of a laptop of ours."""
        return PtyProgram(self.command(*words), size=size, env=_client_environment())

    def tunnel(self, line: str, bind: str) -> Tunnel:
        """Run `line`, an `ssh -L` line that the program shows, on the laptop.

        Laptop and server are one machine here, and the callback server has the port already. So
        the laptop's end is bound to `bind`, another loopback address, and that alone is changed;
        the configuration with the test's keys is named besides.
        """
        words = shlex.split(line)
        assert words[0] == "ssh", line
        at = words.index("-L") + 1
        words[at] = f"{bind}:{words[at]}"
        port = int(words[at].split(":")[1])
        ssh = [words[0], "-F", str(self._folder / "ssh_config"), "-o", "ExitOnForwardFailure=yes"]
        return Tunnel([*ssh, *words[1:]], bind, port)

    @property
    def log(self) -> str:
        """What sshd has said so far."""
        return self._log.read_text(errors="replace")

    def close(self) -> None:
        """End sshd and the processes of its connections."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                break
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                continue
        self._process.wait(5)

    def _wait_listening(self) -> None:
        end = time.monotonic() + _START_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                    probe.settimeout(5)
                    if probe.recv(4) == b"SSH-":
                        return
            except OSError:
                pass
            if self._process.poll() is not None or time.monotonic() > end:
                self.close()
                raise AssertionError(f"sshd does not start:\n{self.log}")
            time.sleep(0.02)

    def _write_sshd_config(self, environ: Mapping[str, str]) -> None:
        variables = {name: environ[name] for name in _PASSED_ON if name in environ}
        variables.setdefault("LC_ALL", "C.UTF-8")
        given = " ".join(f'"{name}={value}"' for name, value in variables.items())
        lines = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self._folder / 'host_key'}",
            f"AuthorizedKeysFile {self._folder / 'authorized_keys'}",
            f"AllowUsers {self.user}",
            "AuthenticationMethods publickey",
            "PermitRootLogin prohibit-password",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "UsePAM no",
            "StrictModes no",  # the folder of temporary files belongs to everybody
            "PermitUserRC no",
            "PermitUserEnvironment no",
            "PrintMotd no",
            "PrintLastLog no",
            "PidFile none",
            "LoginGraceTime 20",
            f"SetEnv {given}",
        ]
        (self._folder / "sshd_config").write_text("\n".join(lines) + "\n")

    def _write_ssh_config(self) -> None:
        own = [
            f"IdentityFile {self._folder / 'user_key'}",
            "IdentitiesOnly yes",
            "IdentityAgent none",
            f"UserKnownHostsFile {self._folder / 'known_hosts'}",
            "GlobalKnownHostsFile none",
            "StrictHostKeyChecking yes",
            "BatchMode yes",
            "LogLevel ERROR",
            "ConnectTimeout 10",
        ]
        alias = ["Host server", "HostName 127.0.0.1", f"Port {self.port}", f"User {self.user}"]
        lines = [*alias, "Host *", *own]
        (self._folder / "ssh_config").write_text("\n".join(lines) + "\n")


class Tunnel:
    """A running `ssh -L`; a context manager that ends it."""

    def __init__(self, argv: Sequence[str], bind: str, port: int) -> None:
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_client_environment(),
        )
        self._end = (bind, port)

    def __enter__(self) -> Tunnel:
        end = time.monotonic() + _START_S
        while not reachable(*self._end):
            if self._process.poll() is not None or time.monotonic() > end:
                words = self._close()
                raise AssertionError(f"the tunnel does not open: {words}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> str:
        self._process.terminate()
        try:
            return self._process.communicate(timeout=5)[1].decode(errors="replace")
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.communicate(timeout=5)[1].decode(errors="replace")


def reachable(host: str, port: int) -> bool:
    """Whether somebody listens at this loopback address."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((host, port)) == 0


def wait_gone(host: str, port: int) -> None:
    """Until nobody listens there any more."""
    end = time.monotonic() + _START_S
    while reachable(host, port):
        assert time.monotonic() < end, f"somebody still listens on {host}:{port}"
        time.sleep(0.02)


def _client_environment() -> dict[str, str]:
    """The laptop: a terminal, and neither an agent nor a session of its own."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "TERM": "xterm-256color"
    }


def serving(folder: Path, environ: Mapping[str, str]) -> Iterator[SshServer]:
    """For a fixture: the server, or the test skipped with what is missing."""
    if reason := missing():
        pytest.skip(reason)
    folder.mkdir(mode=0o700)
    server = SshServer(folder, environ)
    try:
        yield server
    finally:
        server.close()
