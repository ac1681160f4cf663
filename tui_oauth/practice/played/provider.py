"""A service of the catalogue, played on a loopback port."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from tui_oauth.errors import StorageFailed
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.played.application import PlayedApplication
from tui_oauth.practice.provider import DEFAULT_PORT, HOST, STOP_SECONDS, LoopbackServer
from tui_oauth.services.format import Service


class PlayedProvider:
    """`with PlayedProvider(service) as provider: …` answers as `service` would.

    `port` 0 takes any free one. `provider.service` is the service with its addresses here, ready
    for an entry; its client is `application.CLIENT_ID` with `application.CLIENT_SECRET`.
    `behaviour` and `dataset` are for the rows of a service that has some.
    """

    def __init__(
        self,
        service: Service,
        callback_url: str,
        port: int = DEFAULT_PORT,
        *,
        behaviour: Behaviour | None = None,
        dataset: Dataset | None = None,
    ) -> None:
        self._played = service
        self._behaviour = behaviour
        self._dataset = dataset
        self.callback_url = callback_url
        self._wanted = port
        self._server: LoopbackServer | None = None
        self._thread: threading.Thread | None = None
        self._application: PlayedApplication | None = None

    @property
    def application(self) -> PlayedApplication:
        """The played service; known after `start`, since its addresses hold the port."""
        if self._application is None:
            raise RuntimeError("the provider has not been started")
        return self._application

    @property
    def service(self) -> Service:
        """The service with all its addresses here."""
        return self.application.service

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        if self._server is None:
            raise RuntimeError("the provider has not been started")
        return f"http://{HOST}:{self._server.server_port}"

    def start(self) -> None:
        """Listens from now on. StorageFailed when the port is not to be had."""
        try:
            self._server = LoopbackServer(self._wanted, self._made)
        except (OSError, OverflowError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else "no such port"
            raise StorageFailed(
                f"The practice provider cannot listen on {HOST}:{self._wanted}: {reason}.",
                "Stop the program that uses this port, or give another one with --port.",
            ) from problem
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="played provider", daemon=True
        )
        self._thread.start()

    def _made(self, port: int) -> PlayedApplication:
        base = f"http://{HOST}:{port}"
        self._application = PlayedApplication(
            self._played,
            base,
            self.callback_url,
            time.time,
            behaviour=self._behaviour,
            dataset=self._dataset,
        )
        return self._application

    def stop(self) -> None:
        """Stops listening and closes every connection."""
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is None or thread is None:
            return
        self.application.close()
        server.shutdown()
        thread.join(STOP_SECONDS)
        server.server_close()
        server.end_connections()

    def __enter__(self) -> PlayedProvider:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
