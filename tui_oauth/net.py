"""One request out, one bounded answer in: the only module that sends with the HTTP library, httpcore.

Rules (the numbers are those of our protocol checklist): TLS is always verified (64); nothing is
redirected (66); the whole exchange has one deadline (68) and the decoded body a limit (69); no
cookies, no netrc, no environment but what is named here (70, 71).

Proxies: `https_proxy` or `HTTPS_PROXY` for https, `http_proxy` or `HTTP_PROXY` for http, else
`all_proxy` or `ALL_PROXY`, the lower case one first. `no_proxy` or `NO_PROXY` lists hosts that
are reached directly, separated by commas: a name stands for itself and its subdomains, an
address or a network (10.0.0.0/8) for itself, each may end in `:port`, and `*` for all. Loopback
is always reached directly.

Trust: the file in `SSL_CERT_FILE` (and the folder in `SSL_CERT_DIR`) when set, else the system's
certificates, else those of the certifi package. There is no way to turn verification off.
"""

from __future__ import annotations

import os
import sys
import time
import zlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from tui_oauth import __version__
from tui_oauth.errors import ProviderUnreachable, TuiOauthError, UsageProblem
from tui_oauth.oauth.headers import checked_value, joined_headers
from tui_oauth.oauth.http import Request, Response
from tui_oauth.oauth.urls import check_endpoint, is_loopback
from tui_oauth.text import neutralise

if TYPE_CHECKING:
    import ssl

    import httpcore

    from tui_oauth.wire.line import Line

DEFAULT_DEADLINE = 30.0
CONNECT_SECONDS = 10.0
MAX_BYTES = 1_048_576
MAX_ERROR_BYTES = 262_144
Headers = list[tuple[bytes, bytes]]
# How the library's words begin for an answer that ended before its end: it calls it no HTTP.
_TOO_SHORT = ("peer closed connection", "Server disconnected")
_WITH_LENGTH = {"POST", "PUT", "PATCH"}


async def send(
    request: Request,
    *,
    deadline: float = DEFAULT_DEADLINE,
    max_bytes: int = MAX_BYTES,
    environ: Mapping[str, str] | None = None,
) -> Response:
    """Send `request` once and give its answer, whatever its status; a redirect is an answer too.

    `deadline` in seconds covers everything from the look-up of the host's name to the last byte.
    `max_bytes` bounds the decoded body; error answers are bounded at 256 KB. `environ` stands for
    the process's environment. Raises ProviderUnreachable, whose `sent` is False when the provider
    surely received nothing, and UsageProblem for an address or a setting that cannot be used.
    Whoever cancels it breaks the exchange off; what has not gone out then never does.
    """
    from tui_oauth.wire.aside import aside
    from tui_oauth.wire.line import Line

    line = Line(time.monotonic() + deadline)
    try:
        # Loading the library and the certificates takes a tenth of a second, for which the event loop
        # of the screens should not stand still either.
        return await aside(lambda: _exchanged(request, deadline, max_bytes, environ, line))
    finally:
        line.break_off()


def fetch(
    request: Request,
    *,
    deadline: float = DEFAULT_DEADLINE,
    max_bytes: int = MAX_BYTES,
    environ: Mapping[str, str] | None = None,
) -> Response:
    """As `send`, for callers that are not coroutines. It waits, also where an event loop runs."""
    from tui_oauth.wire.line import Line

    line = Line(time.monotonic() + deadline)
    return _exchanged(request, deadline, max_bytes, environ, line)


def load_ahead() -> None:
    """Import what a request needs, before one is urgent or many threads wait for each other's imports."""
    import tui_oauth.trust
    import tui_oauth.wire.streams  # noqa: F401


def choose_proxy(url: str, environ: Mapping[str, str]) -> str | None:
    """The proxy for `url` by this module's rules, as an address with scheme; None for none."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if is_loopback(host):
        return None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if _is_excepted(host, port, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    for name in (f"{parts.scheme}_proxy", "all_proxy"):
        for spelling in (name, name.upper()):
            value = environ.get(spelling, "").strip()
            if value:
                return _proxy_address(spelling, value)
    return None


class _Route:
    """Where a request goes, and whether it has begun to go out."""

    def __init__(self, request: Request, proxy: str | None) -> None:
        self.request = request
        self.proxy = proxy
        self.sent = False

    def note(self, event: str, info: Mapping[str, Any]) -> None:
        """The library's report on its progress: from here on the provider may have the request."""
        if event.endswith(".send_request_headers.started"):
            # The CONNECT to a proxy says nothing to the provider yet.
            self.sent = self.sent or info["request"].method != b"CONNECT"

    def failed(self, what: str, advice: str = "") -> ProviderUnreachable:
        """`what` went wrong at the provider's host, with the proxy's name and what to do next."""
        through = f" (through the proxy {proxy_name(self.proxy)})" if self.proxy else ""
        if not advice:
            advice = "Check the network" + (" and the proxy." if self.proxy else ".")
            if self.sent:
                advice += " The request may have arrived all the same."
        return ProviderUnreachable(
            f"{neutralise(self.request.host, 120)}{through} {what}.", advice, sent=self.sent
        )


def proxy_name(proxy: str) -> str:
    """Host and port of a proxy, without the password that its address may hold."""
    return neutralise(urlsplit(proxy).netloc.rpartition("@")[2], 120)


def _exchanged(
    request: Request,
    deadline: float,
    max_bytes: int,
    environ: Mapping[str, str] | None,
    line: Line,
) -> Response:
    import httpcore

    from tui_oauth.wire.line import Broken

    surroundings = os.environ if environ is None else environ
    check_endpoint(request.url, f"{request.step} address")
    route = _Route(request, choose_proxy(request.url, surroundings))
    headers = _headers(request)
    try:
        return _answered(route, headers, max_bytes, surroundings, line)
    except (TimeoutError, httpcore.TimeoutException):
        if time.monotonic() < line.end:
            raise route.failed(f"did not answer the {request.step} in time") from None
        raise route.failed(
            f"gave no complete answer to the {request.step} within {deadline:g} s"
        ) from None
    except (
        httpcore.ProtocolError,
        httpcore.NetworkError,
        httpcore.ProxyError,
        OSError,
        Broken,
    ) as error:
        raise _explained(error, route) from error
    finally:
        line.release()


def _answered(
    route: _Route,
    headers: Headers,
    max_bytes: int,
    environ: Mapping[str, str],
    line: Line,
) -> Response:
    import httpcore

    from tui_oauth.wire.streams import Backend

    request = route.request
    encrypted = {urlsplit(request.url).scheme, urlsplit(route.proxy or "").scheme}
    context = _context(environ) if "https" in encrypted else None
    # A connection for each request: one that has served before may be about to be closed by the other
    # side, and a request that spends a refresh token must not get lost on it.
    with (
        httpcore.ConnectionPool(
            ssl_context=context,
            proxy=_proxy(route.proxy, context),
            max_keepalive_connections=0,
            network_backend=Backend(line, CONNECT_SECONDS),
        ) as connections,
        connections.stream(
            request.method,
            _address(request.url),
            headers=headers,
            content=request.body or None,
            extensions={"trace": route.note},
        ) as answer,
    ):
        answered = _joined(answer.headers)
        encoding = answered.get("content-encoding", "").strip().lower()
        limit = min(max_bytes, MAX_ERROR_BYTES) if answer.status >= 400 else max_bytes
        body = _bounded_body(answer.iter_stream(), encoding, route, limit)
    answered.pop("set-cookie", None)
    _log(request, answer.status)
    return Response(answer.status, answered, body, request.host, request.step)


def _address(url: str) -> httpcore.URL:
    import httpcore

    parts = urlsplit(url)
    return httpcore.URL(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=parts.port,
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )


def _log(request: Request, status: int) -> None:
    # For `--debug`. Whoever listens has loaded it; the others need not.
    logging = sys.modules.get("logging")
    if logging is not None:
        words = "%s: %s %s was answered with %d"
        logging.getLogger(__name__).debug(words, request.step, request.method, request.host, status)


def _headers(request: Request) -> Headers:
    standard = {
        "Host": request.host,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "User-Agent": f"tui-oauth/{__version__}",
    }
    if request.body or request.method in _WITH_LENGTH:
        standard["Content-Length"] = str(len(request.body))
    joined = joined_headers(standard, request.headers)
    return [
        (name.encode("ascii"), checked_value(name, value).encode("ascii"))
        for name, value in joined.items()
    ]


def _joined(headers: Headers) -> dict[str, str]:
    """Headers of an answer by name in lower case; what comes several times is joined."""
    joined: dict[str, str] = {}
    for raw_name, raw in headers:
        name = raw_name.decode("latin-1").lower()
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        joined[name] = f"{joined[name]}, {text}" if name in joined else text
    return joined


def _context(environ: Mapping[str, str]) -> ssl.SSLContext:
    from tui_oauth.trust import tls_context

    return tls_context(environ)


def _proxy(address: str | None, context: ssl.SSLContext | None) -> httpcore.Proxy | None:
    import httpcore

    if not address:
        return None
    parts = urlsplit(address)
    known = [unquote(text or "").encode("utf-8") for text in (parts.username, parts.password)]
    return httpcore.Proxy(
        httpcore.URL(scheme=parts.scheme, host=parts.hostname or "", port=parts.port, target="/"),
        auth=(known[0], known[1]) if any(known) else None,
        ssl_context=context if parts.scheme == "https" else None,
    )


def _bounded_body(pieces: Iterable[bytes], encoding: str, route: _Route, limit: int) -> bytes:
    """The body as far as `limit` decoded bytes; more is an error.

    A compressed piece may hold a thousandfold of its size if it is so made.
    """
    if encoding in {"", "identity"}:
        unpacker = None
    elif encoding in {"gzip", "x-gzip"}:
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    elif encoding == "deflate":
        unpacker = zlib.decompressobj()
    else:
        raise route.failed(
            f"answered the {route.request.step} in the encoding {neutralise(encoding, 40)}, "
            "which was not asked for"
        )
    body = bytearray()
    for piece in pieces:
        if unpacker is None:
            body += piece
        else:
            try:
                body += unpacker.decompress(piece, limit + 1 - len(body))
            except zlib.error:
                raise route.failed(
                    f"answered the {route.request.step} with a body that cannot be unpacked"
                ) from None
        if len(body) > limit:
            raise route.failed(
                f"answered the {route.request.step} with more than {limit // 1024:,} KB",
                "Check the address in the service's file: this is no answer of that kind.",
            )
    return bytes(body)


def _explained(error: BaseException, route: _Route) -> TuiOauthError:
    import httpcore

    from tui_oauth.trust import certificate_problem

    step = route.request.step
    refused = certificate_problem(error, route.request.host)
    if refused:
        return route.failed(f"was not trusted for the {step}: {refused[0]}", refused[1])
    if isinstance(error, httpcore.ProxyError):
        return route.failed(
            f"could not be reached for the {step}: the proxy refused "
            f"({neutralise(error, 100) or 'no reason given'})"
        )
    if isinstance(error, httpcore.ProtocolError) and not str(error).startswith(_TOO_SHORT):
        return route.failed(
            f"answered the {step} with something that is not HTTP ({_reason(error)})"
        )
    if not route.sent and not isinstance(error, httpcore.ProtocolError):
        return route.failed(f"could not be reached for the {step} ({_reason(error)})")
    return route.failed(f"broke the connection during the {step} ({_reason(error)})")


def _reason(error: BaseException) -> str:
    """The innermost cause in its own words, such as "Connection refused"."""
    inner: BaseException | None = error
    text = ""
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            text = inner.strerror
        inner = inner.__cause__ or inner.__context__
    return neutralise(text or error or type(error).__name__, 120)


def _proxy_address(name: str, value: str) -> str:
    address = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not address.isascii() or not address.isprintable():
        # The value is not shown: it may hold a password.
        raise UsageProblem(
            f"The proxy in {name} cannot be used.",
            f"Set {name} to http://host:port (SOCKS is not supported), or unset it.",
        )
    return address


def _is_excepted(host: str, port: int, exceptions: str) -> bool:
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    for item in exceptions.replace(" ", ",").split(","):
        entry = item.strip().lower()
        if entry == "*":
            return True
        name, colon, tail = entry.rpartition(":")
        if colon and tail.isdigit() and (":" not in name or name.endswith("]")):
            if int(tail) != port:
                continue
            entry = name
        entry = entry.strip("[]").removeprefix("*").strip(".")
        if not entry:
            continue
        if address is None:
            if host == entry or host.endswith(f".{entry}"):
                return True
            continue
        try:
            if address in ipaddress.ip_network(entry, strict=False):
                return True
        except (ValueError, TypeError):
            continue
    return False
