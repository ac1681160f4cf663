"""One request out, one bounded answer in: the only module that knows the HTTP library.

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

import asyncio
import os
import threading
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from tui_oauth import __version__
from tui_oauth.errors import ProviderUnreachable, TuiOauthError, UsageProblem
from tui_oauth.oauth.headers import checked_value, joined_headers
from tui_oauth.oauth.http import Request, Response
from tui_oauth.oauth.urls import check_endpoint, is_loopback
from tui_oauth.text import neutralise

if TYPE_CHECKING:
    import httpx

DEFAULT_DEADLINE = 30.0
CONNECT_SECONDS = 10.0
MAX_BYTES = 1_048_576
MAX_ERROR_BYTES = 262_144

# How the library's words begin for an answer that ended before its end: it calls it no HTTP.
_TOO_SHORT = ("peer closed connection", "Server disconnected")

Given = ParamSpec("Given")
Result = TypeVar("Result")


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
    """
    surroundings = os.environ if environ is None else environ
    check_endpoint(request.url, f"{request.step} address")
    headers = _headers(request)
    route = _Route(request, choose_proxy(request.url, surroundings))
    try:
        async with asyncio.timeout(deadline):
            # Importing the library and reading hundreds of certificates takes a tenth of a
            # second, which the event loop of the screens should not stand still for.
            client = await asyncio.to_thread(_client, route, surroundings, deadline)
            async with client:
                return await _exchange(client, request, headers, route, max_bytes)
    except TimeoutError:
        raise route.failed(
            f"gave no complete answer to the {request.step} within {deadline:g} s"
        ) from None


def fetch(
    request: Request,
    *,
    deadline: float = DEFAULT_DEADLINE,
    max_bytes: int = MAX_BYTES,
    environ: Mapping[str, str] | None = None,
) -> Response:
    """As `send`, for callers that are not coroutines. It waits, also where an event loop runs."""

    async def exchange() -> Response:
        asyncio.get_running_loop().set_default_executor(_Unawaited())
        return await send(request, deadline=deadline, max_bytes=max_bytes, environ=environ)

    def run() -> Response:
        return asyncio.run(exchange())

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return run()
    outcome: list[Response | BaseException] = []

    def work() -> None:
        try:
            outcome.append(run())
        except BaseException as error:
            outcome.append(error)

    # An event loop cannot run inside another one of the same thread.
    thread = threading.Thread(target=work, name="tui-oauth-fetch", daemon=True)
    thread.start()
    thread.join()
    result = outcome[0]
    if isinstance(result, BaseException):
        raise result
    return result


def load_ahead() -> None:
    """Import what a request needs, before one is urgent or many threads wait for each other's imports.

    The library imports most of it at its first request only; each of these modules it does.
    """
    import anyio._backends._asyncio  # noqa: F401
    import httpcore  # noqa: F401
    import httpx  # noqa: F401

    import tui_oauth.trust  # noqa: F401


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


class _Unawaited(ThreadPoolExecutor):
    """A thread for each call, for which neither the event loop nor Python waits at its end.

    A look-up of a host's name cannot be ended; with the usual threads it would outlast the deadline.
    """

    def submit(
        self, fn: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs
    ) -> Future[Result]:
        future: Future[Result] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=work, name="tui-oauth-net", daemon=True).start()
        return future


@dataclass(slots=True)
class _Route:
    """Where a request goes, and whether it has begun to go out."""

    request: Request
    proxy: str | None
    sent: bool = False

    async def note(self, event: str, info: Mapping[str, Any]) -> None:
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


def _headers(request: Request) -> dict[str, str]:
    standard = {
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "User-Agent": f"tui-oauth/{__version__}",
    }
    joined = joined_headers(standard, request.headers)
    return {name: checked_value(name, value) for name, value in joined.items()}


def _client(route: _Route, environ: Mapping[str, str], deadline: float) -> httpx.AsyncClient:
    import ssl

    import anyio  # noqa: F401 - the library imports it at its first request, on the event loop
    import httpx

    from tui_oauth.trust import tls_context

    schemes = {urlsplit(route.request.url).scheme, urlsplit(route.proxy or "").scheme}
    encrypted = "https" in schemes
    # For plain http one that trusts nobody: reading the certificates would be for nothing.
    context = tls_context(environ) if encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    proxy = None
    if route.proxy:
        own = context if urlsplit(route.proxy).scheme == "https" else None
        try:
            proxy = httpx.Proxy(route.proxy, ssl_context=own)
        except (ValueError, httpx.InvalidURL):
            raise UsageProblem(
                f"The proxy {proxy_name(route.proxy)} cannot be used.",
                "Correct HTTPS_PROXY: http://host:port.",
            ) from None
    return httpx.AsyncClient(
        verify=context,
        proxy=proxy,
        trust_env=False,
        follow_redirects=False,
        http2=False,
        timeout=httpx.Timeout(deadline, connect=min(CONNECT_SECONDS, deadline)),
        limits=httpx.Limits(max_connections=1, max_keepalive_connections=0),
        event_hooks={"response": [_no_next]},
    )


async def _no_next(answer: httpx.Response) -> None:
    """Take the target of a redirect out of the library's sight: it would look at it, and stumble."""
    if "location" in answer.headers:
        answer.extensions["location"] = answer.headers.pop("location")


async def _exchange(
    client: httpx.AsyncClient,
    request: Request,
    headers: Mapping[str, str],
    route: _Route,
    max_bytes: int,
) -> Response:
    import httpx

    prepared = httpx.Request(
        request.method,
        request.url,
        headers=headers,
        content=request.body,
        extensions={"trace": route.note, "timeout": client.timeout.as_dict()},
    )
    try:
        answer = await client.send(prepared, stream=True)
        try:
            limit = min(max_bytes, MAX_ERROR_BYTES) if answer.status_code >= 400 else max_bytes
            body = await _bounded_body(answer, route, limit)
        finally:
            await answer.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise _explained(error, route) from error
    kept = {name.lower(): value for name, value in answer.headers.items()}
    kept.pop("set-cookie", None)
    if "location" in answer.extensions:
        kept["location"] = answer.extensions["location"]
    return Response(answer.status_code, kept, body, request.host, request.step)


async def _bounded_body(answer: httpx.Response, route: _Route, limit: int) -> bytes:
    """The body as far as `limit` decoded bytes; more is an error.

    The library would decode a whole piece at once, a thousandfold of its size if it is so made.
    """
    encoding = answer.headers.get("content-encoding", "").strip().lower()
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
    async for piece in answer.aiter_raw():
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
    import httpx

    from tui_oauth.trust import certificate_problem

    step = route.request.step
    refused = certificate_problem(error, route.request.host)
    if refused:
        return route.failed(f"was not trusted for the {step}: {refused[0]}", refused[1])
    if isinstance(error, httpx.ProxyError):
        return route.failed(
            f"could not be reached for the {step}: the proxy refused "
            f"({neutralise(error, 100) or 'no reason given'})"
        )
    if isinstance(error, httpx.TimeoutException):
        return route.failed(f"did not answer the {step} in time")
    if isinstance(error, httpx.ConnectError):
        return route.failed(f"could not be reached for the {step} ({_reason(error)})")
    if isinstance(error, httpx.ProtocolError) and not str(error).startswith(_TOO_SHORT):
        return route.failed(
            f"answered the {step} with something that is not HTTP ({_reason(error)})"
        )
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
