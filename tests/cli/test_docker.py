"""A token in containers: a folder that is mounted, a Compose secret, a file of variables.

With a real engine where there is one. The image is a shell without anything around it, made here.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from adapter_home import needs, run
from cli_tools import Shell

IMAGE = "tui-oauth-test-shell"
SHELL = Path("/bin/busybox")


def _answers(*command: str) -> bool:
    return (
        bool(shutil.which(command[0]))
        and not subprocess.run(command, capture_output=True, timeout=20, check=False).returncode
    )


pytestmark = [
    pytest.mark.skipif(not SHELL.exists(), reason="needs busybox, linked statically"),
    pytest.mark.skipif(not _answers("docker", "info"), reason="needs a Docker engine"),
]


@pytest.fixture
def image(shell: Shell, tmp_path: Path) -> Iterator[str]:
    files = tmp_path / "image.tar"
    with tarfile.open(files, "w") as tar:
        tar.add(SHELL, "bin/busybox")
    enter = 'ENTRYPOINT ["/bin/busybox"]'
    run(shell, "docker", "import", "--change", enter, str(files), IMAGE)
    yield IMAGE
    run(shell, "docker", "image", "rm", "--force", IMAGE)


def test_a_container_reads_each_new_token_in_the_mounted_folder(shell, signed_in, image, tmp_path):
    signed_in(rotating_refresh=True, expires_in=3_600)
    folder = tmp_path / "tokens"
    folder.mkdir()
    with shell.start("write", "practice", str(folder / "crm"), "--keep") as running:
        running.said("Wrote ")
        name = run(
            shell, "docker", "run", "--detach", "--rm", "--network", "none",
            "--volume", f"{folder}:/run/tokens:ro", image, "sleep", "100",
        ).strip()  # fmt: skip
        try:
            first = shell.run("token", "practice").out.strip()
            reading = ("docker", "exec", name, "/bin/busybox", "cat", "/run/tokens/crm")
            assert run(shell, *reading) == first
            shell.run("refresh", "practice")
            running.said("Wrote ")
            assert run(shell, *reading) == shell.run("token", "practice").out.strip() != first
        finally:
            run(shell, "docker", "kill", name)
        running.interrupt(signal.SIGINT)
        running.end(130)


@needs("docker-compose")
def test_compose_takes_the_file_as_a_secret(shell, authorized, image, tmp_path):
    authorized(token="tok")
    shell.run("write", "practice", str(tmp_path / "crm"))
    project = tmp_path / "docker-compose.yml"
    project.write_text(f"""
version: "3.8"
services:
  reader:
    image: {image}
    network_mode: none
    secrets: [crm]
    command: cat /run/secrets/crm
secrets:
  crm:
    file: ./crm
""")
    compose = ("docker-compose", "--file", str(project), "--project-name", "tui-oauth-test")
    try:
        assert run(shell, *compose, "run", "--rm", "reader") == "tok"
    finally:
        run(shell, *compose, "down")


def test_docker_takes_the_file_of_variables(shell, authorized, image, tmp_path):
    authorized(token="tok")
    shell.run("write", "practice", str(tmp_path / "env"), "--format", "env")
    printed = run(
        shell, "docker", "run", "--rm", "--network", "none", "--env-file", str(tmp_path / "env"),
        image, "env",
    )  # fmt: skip
    assert "PRACTICE_ACCESS_TOKEN=tok\n" in printed
