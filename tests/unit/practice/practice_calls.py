"""How tests call the practice provider: over a connection, or without sockets."""

from __future__ import annotations

import http.client
import json
from urllib.parse import parse_qs, urlencode, urlsplit

from tui_oauth.oauth.http import Request, Response
from tui_oauth.practice.application import Application
from tui_oauth.practice.records import FIRST_PERMISSIONS, App
from tui_oauth.practice.web import Reply

CALLBACK = "http://127.0.0.1:8976/callback"


def send(request: Request) -> Response:
    """One request over a real connection, nothing followed."""
    parts = urlsplit(request.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        target = parts.path + ("?" + parts.query if parts.query else "")
        connection.request(request.method, target, request.body, dict(request.headers))
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, headers, answer.read(), parts.netloc, request.step)
    finally:
        connection.close()


class Client:
    """Calls an application without sockets, as programs and browsers would."""

    def __init__(
        self, application: Application, permissions: tuple[str, ...] = FIRST_PERMISSIONS
    ) -> None:
        self.application = application
        self.app = application.register("Tester", CALLBACK, permissions=permissions)
        self._token = ""

    def call(
        self, method: str, path: str, query: str = "", body: bytes = b"", **headers: str
    ) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.application.handle(
            method, path, query, {"Host": "127.0.0.1:8977", **named}, body
        )

    def get(self, path: str, **query: str) -> Reply:
        return self.call("GET", path, urlencode(query))

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Reply:
        form = "application/x-www-form-urlencoded"
        return self.call("POST", path, "", urlencode(fields).encode(), Content_Type=form, **headers)

    def consent(
        self, answer: str = "allow", app: App | None = None, **asked: str
    ) -> dict[str, str]:
        """Opens the consent page, answers, and gives the parameters that the callback gets."""
        asked = {"client_id": (app or self.app).client_id, **asked}
        page = self.get("/oauth", **asked)
        assert page.status == 200, page.body.decode()
        token = page.body.decode().split('name="csrf" value="')[1].split('"')[0]
        reply = self.post("/oauth", {**asked, "csrf": token, "answer": answer})
        assert reply.status == 303, reply.body.decode()
        query = parse_qs(urlsplit(reply.headers["Location"]).query, strict_parsing=True)
        return {name: values[0] for name, values in query.items()}

    def token(self, app: App | None = None, **fields: str) -> Reply:
        app = app or self.app
        known = {"client_id": app.client_id, "client_secret": app.client_secret}
        return self.post("/auth/eagle/token", {**known, **fields})

    def tokens(self) -> dict[str, str]:
        """The token answer after a whole sign-in."""
        reply = self.token(code=self.consent()["code"])
        assert reply.status == 200, reply.body
        found: dict[str, str] = json.loads(reply.body)
        return found

    def refresh(self, refresh_token: str) -> Reply:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)

    def rows(self, method: str, path: str, body: object = None, **query: str) -> Reply:
        """A call for rows, with a token that is fetched once."""
        if not self._token:
            self._token = self.tokens()["access_token"]
        text = b"" if body is None else json.dumps(body).encode()
        return self.call(
            method, path, urlencode(query), text, Authorization=f"Bearer {self._token}"
        )

    def me(self, token: str) -> Reply:
        return self.call("GET", "/me", Authorization=f"Bearer {token}")
