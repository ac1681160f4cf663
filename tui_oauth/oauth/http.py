"""An HTTP request and its answer as plain values: what the protocol core builds and reads.

The core does no input or output; `tui_oauth.net` sends a `Request` and gives back a `Response`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `step` names it for the person: "token request", "account check".

    Its `repr` shows neither headers, nor body, nor the query: they carry secrets.
    """

    method: str
    url: str = field(repr=False)
    step: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def host(self) -> str:
        """Host and, where it is given, port: what messages name."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Response:
    """One bounded answer. Header names are lower case. The body may hold secrets: not in `repr`."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    host: str = ""
    step: str = ""
