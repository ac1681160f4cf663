"""How long `refresh --all` takes for 200 entries whose provider answers after 100 ms.

    python tests/bench/refresh_all.py [ROUNDS]

The floor is one start of the command with nothing to refresh (`refresh --all` with no entries).
Target: at most 2 s beyond that. The processor time of both is told too: on a machine that others use
at the same time it says what the command itself takes. The provider's is not in it.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from tests.bench.filled import authorized_entry
from tui_oauth.paths import places
from tui_oauth.vault import create_vault

COUNT, LATENCY = 200, 0.1


class Provider(threading.Thread):
    """A token endpoint that gives every refresh token a new access token, after LATENCY seconds."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.port = 0
        self.asked = 0
        self.ready = threading.Event()

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode().lower().splitlines()
        length = next(int(line[16:]) for line in lines if line.startswith("content-length: "))
        await reader.readexactly(length)
        self.asked += 1
        await asyncio.sleep(LATENCY)
        answer = {
            "access_token": f"a{self.asked}",
            "refresh_token": f"r{self.asked}",
            "token_type": "Bearer",
            "expires_in": 3600,
        }
        body = json.dumps(answer).encode()
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        )
        writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


def seconds(environ: dict[str, str]) -> tuple[float, float]:
    """How long the command took, and the processor time of it."""
    started, used = time.perf_counter(), processor()
    argv = [sys.executable, "-P", "-m", "tui_oauth", "refresh", "--all"]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-400:])
    return time.perf_counter() - started, processor() - used


def processor() -> float:
    """Processor seconds of the commands so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(rounds: int) -> None:
    provider = Provider()
    provider.start()
    provider.ready.wait(5)
    full: list[tuple[float, float]] = []
    empty: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        environs = []
        for name, count in (("full", COUNT), ("empty", 0)):
            environ = {"HOME": f"{folder}/{name}", "PATH": os.environ["PATH"]}
            environ["PYTHONPATH"] = str(Path(__file__).parent.parent.parent)
            Path(environ["HOME"]).mkdir()
            vault = create_vault(places(environ))
            for number in range(count):
                entry, held = authorized_entry(f"entry-{number:03}", f"t{number}")
                variables = {"port": str(provider.port)}
                vault.add(entry._replace(service="practice", variables=variables), held)
            environs.append(environ)
        for _ in range(rounds + 1):
            full.append(seconds(environs[0]))
            empty.append(seconds(environs[1]))
    if provider.asked != COUNT * (rounds + 1):
        raise SystemExit(f"{provider.asked} requests for {COUNT} entries a round")
    whole, worked = map(statistics.median, zip(*full[1:], strict=True))
    start, least = map(statistics.median, zip(*empty[1:], strict=True))
    print(f"refresh --all, {COUNT} entries, {LATENCY * 1000:.0f} ms each, {rounds} rounds, medians")
    print(f"  nothing to refresh   {start:.2f} s, processor {least:.2f} s")
    print(f"  {COUNT} entries          {whole:.2f} s, processor {worked:.2f} s")
    print(
        f"  the difference       {whole - start:.2f} s (target 2), processor {worked - least:.2f} s"
    )
    print(f"  one after the other  {COUNT * LATENCY:.0f} s of waiting alone")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
