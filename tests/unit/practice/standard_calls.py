"""How tests call the standard endpoints of the practice provider, without sockets."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

from tui_oauth.practice import jose
from tui_oauth.practice.application import Application
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.records import App
from tui_oauth.practice.web import Reply

ORIGIN = "http://127.0.0.1:8977"
CALLBACK = "http://127.0.0.1:8976/callback"
VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Clock:
    """Unix seconds that stand still until a test moves them."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Caller:
    """A client of the provider, `app`, with the way it authenticates."""

    def __init__(self, behaviour: Behaviour | None = None, auth_method: str = "") -> None:
        self.clock = Clock()
        self.application = Application(behaviour, now=self.clock)
        self.app = self.application.register("Tester", CALLBACK, auth_method=auth_method)
        self.key = jose.SigningKey()

    @property
    def count(self) -> dict[str, int]:
        return dict(self.application.count)

    def behave(self, **switches: Any) -> None:
        self.application.behaviour = Behaviour(**switches)

    def call(
        self, method: str, path: str, query: str = "", body: bytes = b"", **headers: str
    ) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.application.handle(
            method, path, query, {"Host": "127.0.0.1:8977", **named}, body
        )

    def get(self, path: str, query: dict[str, str] | None = None, **headers: str) -> Reply:
        return self.call("GET", path, urlencode(query or {}), **headers)

    def form(self, path: str, fields: Any, **headers: str) -> Reply:
        media = "application/x-www-form-urlencoded"
        return self.call(
            "POST", path, "", urlencode(fields).encode(), Content_Type=media, **headers
        )

    def asking(
        self, path: str, *pairs: tuple[str, str], app: App | None = None, **fields: str
    ) -> Reply:
        """A request with the app's client authentication in it."""
        app = app or self.app
        headers = {name[1:]: fields.pop(name) for name in list(fields) if name.startswith("_")}
        everything = [*fields.items(), *pairs]
        match app.auth_method or "client_secret_basic":
            case "client_secret_basic":
                headers["Authorization"] = basic(app.client_id, app.client_secret)
            case "client_secret_post":
                everything += [("client_id", app.client_id), ("client_secret", app.client_secret)]
            case "none":
                everything.append(("client_id", app.client_id))
        return self.form(path, everything, **headers)

    def request(self, app: App | None = None, **more: str) -> dict[str, str]:
        """The parameters of an authorization request."""
        asked = {
            "response_type": "code",
            "client_id": (app or self.app).client_id,
            "redirect_uri": CALLBACK,
            "scope": "openid read",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**asked, **more}.items() if value}

    def consent(self, asked: dict[str, str], answer: str = "allow") -> dict[str, str]:
        """Opens the consent page, answers, and gives what the callback gets."""
        page = self.get("/oauth/authorize", asked)
        if page.status != 303:
            assert page.status == 200, page.body.decode()
            token = page.body.decode().split('name="csrf" value="')[1].split('"')[0]
            page = self.form("/oauth/authorize", {**asked, "csrf": token, "answer": answer})
        return redirected(page)

    def exchange(self, code: str, **more: str) -> Reply:
        known = {"redirect_uri": CALLBACK, "code_verifier": VERIFIER, **more}
        return self.asking("/oauth/token", grant_type="authorization_code", code=code, **known)

    def tokens(self, headers: dict[str, str] | None = None, **asked: str) -> dict[str, Any]:
        """The token answer after a whole sign-in."""
        code = self.consent(self.request(**asked))["code"]
        return good(self.exchange(code, **(headers or {})))

    def refresh(self, token: str, **more: str) -> Reply:
        return self.asking("/oauth/token", grant_type="refresh_token", refresh_token=token, **more)

    def api(self, token: str, scheme: str = "Bearer", **headers: str) -> Reply:
        return self.call("GET", "/api", Authorization=f"{scheme} {token}", **headers)

    def proof(self, method: str, path: str, token: str = "", **claims: Any) -> str:
        """A DPoP proof of the caller's key (RFC 9449 section 4.2)."""
        made: dict[str, Any] = {
            "jti": uuid.uuid4().hex,
            "htm": method,
            "htu": ORIGIN + path,
            "iat": int(self.clock.now),
            **({"ath": jose.encoded(hashlib.sha256(token.encode()).digest())} if token else {}),
            **claims,
        }
        return sign_proof(
            self.key, {name: value for name, value in made.items() if value is not None}
        )


def sign_proof(key: jose.SigningKey, claims: dict[str, Any], **header: Any) -> str:
    """A token signed by `key`, with the public key in its header."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    jwk = {name: key.jwk[name] for name in ("kty", "crv", "x", "y")}
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk, **header}
    body = ".".join(
        jose.encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims)
    )
    r, s = decode_dss_signature(key._key.sign(body.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{body}.{jose.encoded(r.to_bytes(32) + s.to_bytes(32))}"


def basic(client_id: str, secret: str) -> str:
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def redirected(reply: Reply) -> dict[str, str]:
    """The parameters with which the browser is sent to the callback."""
    assert reply.status == 303, (reply.status, reply.body.decode())
    target = urlsplit(reply.headers["Location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == CALLBACK
    return dict(parse_qsl(target.query, strict_parsing=True))


def good(reply: Reply) -> dict[str, Any]:
    assert reply.status == 200, (reply.status, reply.body.decode())
    assert reply.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = json.loads(reply.body)
    return found


def error(reply: Reply) -> tuple[int, str]:
    return reply.status, json.loads(reply.body)["error"]
