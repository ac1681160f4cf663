"""The real command in a real process, and a browser that is an HTTP client."""

from __future__ import annotations

import http.client
import json
import os
import pty
import select
import signal
import ssl
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping
from fcntl import ioctl
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

SECONDS = 30.0  # after this a process of a test is killed: nothing here takes so long
COMMAND = (sys.executable, "-m", "tui_oauth")


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs commands in the home directory of the test."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.vault = home / ".local/share/tui-oauth/vault.json"
        self.state = home / ".local/state/tui-oauth"
        self.settings = home / ".config/tui-oauth/config.toml"
        self.more: dict[str, str] = {}

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, **self.more}

    def configure(self, text: str) -> None:
        """Write the settings file."""
        self.settings.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.settings.write_text(text)

    def run(
        self,
        *args: str | bytes,
        stdin: str | bytes | None = None,
        environ: Mapping[str, str] | None = None,
        code: int | None = 0,
    ) -> Done:
        """Run one command without a terminal. `code` is the exit code wanted, None for any."""
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [*COMMAND, *args],
            env={**self.environ, **(environ or {})},
            capture_output=True,
            timeout=SECONDS,
            check=False,
            **({"stdin": subprocess.DEVNULL} if raw is None else {"input": raw}),
        )
        result = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
        if code is not None:
            assert result.code == code, result
        assert "Traceback" not in result.err
        return result

    def start(self, *args: str, stdin: int = subprocess.DEVNULL) -> Running:
        """Start a command that goes on."""
        return Running(
            subprocess.Popen(
                [*COMMAND, *args],
                env=self.environ,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )

    def terminal(self, *args: str, environ: Mapping[str, str] | None = None) -> Terminal:
        """Start a command on a terminal of its own."""
        return Terminal([*COMMAND, *args], {**self.environ, "TERM": "xterm", **(environ or {})})


class Running:
    """A command that runs. It is killed when it takes far too long."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._watch = threading.Timer(SECONDS, process.kill)
        self._watch.start()

    def allow(self, seconds: float) -> None:
        """Let it run for longer, for a test that keeps the machine busy."""
        self._watch.cancel()
        self._watch = threading.Timer(seconds, self.process.kill)
        self._watch.start()

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *problem: object) -> None:
        self._watch.cancel()
        self.process.kill()
        self.process.communicate()

    def line(self) -> str:
        """The next line of standard output."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert line, self.process.communicate()
        return line.rstrip("\n")

    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.line())
        return found

    def said(self, words: str) -> str:
        """Standard error up to the line that holds `words`."""
        assert self.process.stderr is not None
        out = ""
        while words not in out:
            line = self.process.stderr.readline().decode()
            assert line, f"{words!r} never came: {out}"
            out += line
        return out

    def write(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def interrupt(self, number: int = signal.SIGINT) -> None:
        self.process.send_signal(number)

    def end(self, code: int | None = 0) -> Done:
        """Wait for the end."""
        out, err = self.process.communicate()
        self._watch.cancel()
        done = Done(self.process.returncode, out.decode(), err.decode())
        if code is not None:
            assert done.code == code, done
        return done


class Terminal:
    """A command on a pseudo-terminal, which is also its controlling terminal."""

    def __init__(self, argv: list[str], environ: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self.seen = ""
        self.process = subprocess.Popen(
            argv,
            env=environ,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *problem: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def wait_for(self, words: str) -> None:
        """Read until `words` stand on the terminal."""
        deadline = time.monotonic() + SECONDS
        while words not in self.seen:
            assert self._more(deadline), f"{words!r} never came: {self.seen!r}"

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self._ours)[3] & termios.ECHO)

    def end(self, code: int = 0) -> str:
        """Read to the end; all that stood on the terminal."""
        deadline = time.monotonic() + SECONDS
        while self._more(deadline):
            pass
        assert self.process.wait(SECONDS) == code, self.seen
        return self.seen

    def _more(self, deadline: float) -> bool:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self._ours], [], [], left)[0]:
            raise AssertionError(f"the command does not end: {self.seen!r}")
        try:
            piece = os.read(self._ours, 65_536)
        except OSError:  # Linux says EIO when the last one left the terminal
            return False
        self.seen += piece.decode("utf-8", "replace")
        return bool(piece)


def _take_terminal() -> None:
    ioctl(0, termios.TIOCSCTTY, 0)


class Page(NamedTuple):
    """What the browser got."""

    status: int
    headers: http.client.HTTPMessage
    text: str


class Browser:
    """Plays the person's browser: no scripts, forms by hand, redirects on request.

    `proxy` (host, port) is asked for every address that is not on loopback; `authorities` are PEM
    files whose certificates it trusts.
    """

    def __init__(self, proxy: tuple[str, int] | None = None, *authorities: Path) -> None:
        self._proxy = proxy
        self._authorities = authorities

    def get(self, url: str) -> Page:
        return self._ask("GET", url)

    def post(self, url: str, fields: Mapping[str, str]) -> Page:
        return self._ask("POST", url, urlencode(fields))

    def consent(self, link: str, answer: str = "allow", **changes: str) -> str:
        """Open an Authorization link, press a button; the address that the provider sends to."""
        shown = self.get(link)
        assert shown.status == 200, shown.text
        form = _Form(shown.text)
        sent = self.post(urljoin(link, form.action), {**form.fields, "answer": answer, **changes})
        assert sent.status == 303, sent.text
        return sent.headers["Location"]

    def _ask(self, method: str, url: str, body: str | None = None) -> Page:
        parts = urlsplit(url)
        connection = self._connection(parts.scheme, parts.hostname or "", parts.port)
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        try:
            target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            return Page(answer.status, answer.headers, answer.read().decode())
        finally:
            connection.close()

    def _connection(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=SECONDS)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for authority in self._authorities:
            context.load_verify_locations(authority)
        if self._proxy is None or host in {"localhost", "127.0.0.1"}:
            return http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context)
        tunnel = http.client.HTTPSConnection(*self._proxy, timeout=SECONDS, context=context)
        tunnel.set_tunnel(host, port or 443)
        return tunnel


class _Form(HTMLParser):
    """Action and hidden fields of the form on a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = values.get("action", "")
        if tag == "input" and values.get("name"):
            self.fields[values["name"]] = values.get("value", "")
