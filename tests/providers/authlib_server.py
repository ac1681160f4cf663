"""An authorization server made of Authlib's classes (PyPI: authlib) behind Flask, in a thread.

The protocol is the library's: which request is valid, who is authenticated, what is answered.
Ours are the store, a consent that is a plain POST, and the counting.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7591 import ClientRegistrationEndpoint
from authlib.oauth2.rfc7592 import ClientConfigurationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint
from authlib.oidc.discovery import OpenIDProviderMetadata
from flask import Flask, jsonify, request
from joserfc.jwk import KeySet
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.providers.authlib_glue import bearer_validator, register, signing_key
from tests.providers.authlib_store import (
    GRANTS,
    METHODS,
    SCOPES,
    Client,
    Person,
    Store,
    Token,
)
from tests.providers.independent import CALLBACK, Registered, http


class AuthlibServer:
    """The running server. Its attributes may be changed at any time and hold from then on.

    `count` says how often each endpoint was called, by its path. `access_lifetime`,
    `device_lifetime` and `interval` are seconds; `rotates` False leaves refresh tokens as they are.
    `names_issuer` False leaves `iss` out of the answers (RFC 9207).
    """

    def __init__(self) -> None:
        self.store = Store()
        self.count: Counter[str] = Counter()
        self.access_lifetime = 3600
        self.device_lifetime = 600
        self.interval = 5
        self.rotates = True
        self.names_issuer = True
        self.issuer = ""

    def client(
        self,
        method: str = "client_secret_basic",
        *,
        redirect_uri: str = CALLBACK,
        grant_types: tuple[str, ...] = GRANTS,
        client_id: str = "",
        client_secret: str = "",
    ) -> Registered:
        """A client as a person would register it on the server's pages."""
        made = Client(
            client_id or f"client-{secrets.token_hex(6)}",
            "" if method == "none" else client_secret or secrets.token_urlsafe(24),
            {
                "redirect_uris": [redirect_uri],
                "token_endpoint_auth_method": method,
                "grant_types": list(grant_types),
                "response_types": ["code"],
            },
        )
        self.store.clients[made.client_id] = made
        return Registered(made.client_id, made.client_secret, method, redirect_uri)

    def consent(self, link: str, *, allow: bool = True) -> str:
        """The person opens the link and decides; where the browser is sent then."""
        page = http.get(link)
        assert page.status_code == 200, page.text
        answer = http.post(link, data={"answer": "allow" if allow else "deny"})
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def decide(self, user_code: str, *, allow: bool = True) -> None:
        """The person enters the code of a device and decides (RFC 8628 section 3.3)."""
        answer = http.post(
            f"{self.issuer}/device",
            data={"user_code": user_code, "answer": "allow" if allow else "deny"},
        )
        assert answer.status_code == 200, answer.text

    def metadata(self) -> dict[str, Any]:
        """RFC 8414 section 2, checked by the library."""
        at = self.issuer
        found = {
            "issuer": at,
            "authorization_endpoint": f"{at}/authorize",
            "token_endpoint": f"{at}/token",
            "revocation_endpoint": f"{at}/revoke",
            "revocation_endpoint_auth_methods_supported": METHODS,
            "introspection_endpoint": f"{at}/introspect",
            "introspection_endpoint_auth_methods_supported": METHODS[:2],
            "device_authorization_endpoint": f"{at}/device_authorization",
            "registration_endpoint": f"{at}/register",
            "userinfo_endpoint": f"{at}/userinfo",
            "jwks_uri": f"{at}/jwks",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": list(GRANTS),
            "token_endpoint_auth_methods_supported": METHODS,
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": self.names_issuer,
        }
        AuthorizationServerMetadata(found).validate()
        OpenIDProviderMetadata(found).validate()
        return found


@contextmanager
def authlib_server() -> Iterator[AuthlibServer]:
    """The server on a loopback port of its own, until the block ends."""
    server = AuthlibServer()
    listening = make_server(
        "127.0.0.1", 0, _app(server), threaded=True, request_handler=_SilentHandler
    )
    listening.daemon_threads = True
    server.issuer = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, args=(0.02,), name="authlib server")
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


class _SilentHandler(WSGIRequestHandler):
    def log(self, *words: object) -> None:
        """Nothing: the addresses hold codes."""


def _app(server: AuthlibServer) -> Flask:
    """The routes, each a call of the library."""
    app = Flask(__name__)
    app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
    store = server.store

    def save_token(token: dict[str, Any], asked: Any) -> None:
        earlier = asked.authorization_code or asked.refresh_token
        store.tokens.append(
            Token(
                access_token=token["access_token"],
                refresh_token=token.get("refresh_token", ""),
                client_id=asked.client.client_id,
                scope=token.get("scope", ""),
                expires_in=token["expires_in"],
                person=asked.user,
                family=earlier.family if earlier else secrets.token_hex(8),
            )
        )

    oauth = AuthorizationServer(app, store.clients.get, save_token)
    bearer = oauth.create_bearer_token_generator(app.config)
    bearer.expires_generator = lambda client, grant_type: server.access_lifetime
    oauth.register_token_generator("default", bearer)
    oauth.scopes_supported = SCOPES
    register(oauth, server)
    protected = ResourceProtector()
    protected.register_token_validator(bearer_validator(server))

    @app.before_request
    def counted() -> None:
        server.count[request.path] += 1

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Any:
        try:
            grant = oauth.get_consent_grant(end_user=Person())
        except OAuth2Error as error:
            return oauth.handle_error_response(request, error)
        if request.method == "GET":
            return f"{len(grant.client.client_id)} characters ask for consent"
        person = Person() if request.form.get("answer") == "allow" else None
        return oauth.create_authorization_response(grant_user=person, grant=grant)

    @app.post("/token")
    def token() -> Any:
        with store.lock:
            return oauth.create_token_response()

    @app.post("/device")
    def device() -> Any:
        found = store.by_user_code(request.form["user_code"])
        if found is None:
            return "no such code", 404
        found.answer = request.form.get("answer") == "allow"
        return "decided"

    @app.get("/device")
    def device_page() -> str:
        return "Enter the code"

    @app.get("/userinfo")
    @protected(["openid"])
    def userinfo() -> Any:
        return jsonify(sub=current_token.person.sub, name=current_token.person.name)

    @app.get("/api/read")
    @protected(["read"])
    def read() -> Any:
        return jsonify(read=True)

    @app.get("/jwks")
    def jwks() -> Any:
        return jsonify(KeySet([signing_key()]).as_dict(private=False))

    @app.get("/.well-known/openid-configuration")
    @app.get("/.well-known/oauth-authorization-server")
    def metadata() -> Any:
        return jsonify(server.metadata())

    endpoints = {
        "/revoke": RevocationEndpoint.ENDPOINT_NAME,
        "/introspect": IntrospectionEndpoint.ENDPOINT_NAME,
        "/device_authorization": DeviceAuthorizationEndpoint.ENDPOINT_NAME,
        "/register": ClientRegistrationEndpoint.ENDPOINT_NAME,
    }
    for path, name in endpoints.items():
        app.add_url_rule(
            path, name, lambda name=name: oauth.create_endpoint_response(name), methods=["POST"]
        )
    app.add_url_rule(
        "/register/<client_id>",
        "configuration",
        lambda client_id: oauth.create_endpoint_response(ClientConfigurationEndpoint.ENDPOINT_NAME),
        methods=["GET", "PUT", "DELETE"],
    )
    return app
