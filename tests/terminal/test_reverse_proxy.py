"""`public_url`: the README's configurations of nginx and Caddy, run as they stand, but for ports and files.

The browser is on another machine and knows the server by its name; the sign-in waits in a real window.
"""

from __future__ import annotations

import datetime
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.browser import Browser, browser_elsewhere
from tests.stage import Stage, free_port
from tests.terminal.person import COMMAND
from tests.terminal.pty_driver import PtyProgram
from tests.terminal.ssh_server import reachable
from tui_oauth.workspace import Workspace

pytestmark = [pytest.mark.chromium, pytest.mark.proxy]

README = (Path(__file__).parents[2] / "README.md").read_text()
PUBLIC = "https://auth.example.com/callback"
PROGRAMS = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"


class Proxy:
    """One of the two, with the configuration of the README."""

    def __init__(self, kind: str, folder: Path, port: int, behind: int) -> None:
        found = re.search(rf"```{kind}\n(.*?)```", README, re.DOTALL)
        assert found is not None
        certificate, key = _certificate(folder)
        text = found[1].replace("127.0.0.1:8976", f"127.0.0.1:{behind}")
        home = {"PATH": PROGRAMS, "HOME": str(folder)}
        if kind == "nginx":
            text = text.replace("listen 443", f"listen 127.0.0.1:{port}")
            text = re.sub(r"/etc/ssl/\S+\.pem", str(certificate), text)
            text = re.sub(r"/etc/ssl/\S+\.key", str(key), text)
            text = text.replace("/var/log/nginx/error.log", str(folder / "error.log"))
            places = "".join(
                f"{name}_temp_path {folder / name};"
                for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            text = (
                f"daemon off; master_process off; pid {folder / 'pid'}; error_log stderr;\n"
                f"events {{}}\nhttp {{ {places} access_log {folder / 'access.log'};\n{text}}}\n"
            )
            argv = ["nginx", "-p", str(folder), "-c", str(folder / "config"), "-e", "stderr"]
        else:
            text = text.replace(
                "auth.example.com {", f"auth.example.com {{\n tls {certificate} {key}"
            )
            own = f"{{\n https_port {port}\n auto_https disable_redirects\n admin off\n"
            text = text.replace("{\n", own, 1)
            argv = ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "config")]
        (folder / "config").write_text(text)
        self._log = folder / "proxy.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=home, cwd=folder
            )
        end = time.monotonic() + 20
        while not reachable("127.0.0.1", port):
            if self._process.poll() is not None or time.monotonic() > end:
                self.close()
                raise AssertionError(f"{kind} does not start:\n{self._log.read_text()}")
            time.sleep(0.02)

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Certificate and key for the server's name; signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "auth.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("auth.example.com")]), False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "server.pem", folder / "server.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def refused(browser: Browser) -> bool:
    """Whether the proxy said that nobody is behind it: with a page of words, or with the status alone."""
    return any(sign in browser.text for sign in ("502 Bad Gateway", "HTTP ERROR 502"))


@pytest.fixture
def port() -> int:
    """Where the proxy listens; the browser believes that it is 443 of the server."""
    return free_port()


@pytest.fixture
def laptop(tmp_path: Path, port: int) -> Iterator[Browser]:
    there = {"auth.example.com:443": f"127.0.0.1:{port}"}
    yield from browser_elsewhere(tmp_path / "laptop", there)


@pytest.mark.parametrize("kind", ["nginx", "caddy"])
def test_the_browser_comes_back_through_the_proxy_of_the_readme(
    kind: str, tmp_path: Path, stage: Stage, port: int, laptop: Browser
) -> None:
    if shutil.which(kind, path=PROGRAMS) is None:
        package = "nginx-light" if kind == "nginx" else kind
        pytest.skip(f"{kind} is not installed (Debian: apt-get install {package})")
    settings = stage.workspace.places.settings
    callback = f'[callback]\npublic_url = "{PUBLIC}"'
    settings.write_text(settings.read_text().replace("[callback]", callback))
    behind = stage.workspace.settings.callback.port
    public = Stage(Workspace.from_environment(dict(os.environ)), stage.provider)
    public.configured("practice")
    folder = tmp_path / "proxy"
    folder.mkdir(mode=0o700)
    proxy = Proxy(kind, folder, port, behind)
    try:
        with PtyProgram(
            [sys.executable, *COMMAND[1:]], size=(100, 40), env=dict(os.environ)
        ) as window:
            window.wait_for("practice")
            window.send("a")
            window.wait_for("/go/")
            assert PUBLIC in window.text
            short = next(word for word in window.text.split() if "/go/" in word)
            laptop.accept_any_certificate()
            laptop.navigate("https://auth.example.com/")
            laptop.wait("the probe", lambda: "reaches your terminal" in laptop.text.lower())
            laptop.navigate(f"https://auth.example.com{short[short.index('/go/') :]}")
            laptop.click_text("Authorize access")
            laptop.wait_for_text("Authorization Successful")
            assert laptop.url.startswith(PUBLIC)
            window.wait_for("Authorization Successful")
            window.wait_for("Aurora Books")
        # An answer after the end, as after a reload of the page: nobody is there, and nothing is kept.
        laptop.call("Page.navigate", url=f"{PUBLIC}?code=too-late&state=none")
        laptop.wait("the proxy's refusal", lambda: refused(laptop))
        logged = [path for path in folder.glob("*.log") if b"code=" in path.read_bytes()]
        assert logged == []
    finally:
        proxy.close()
