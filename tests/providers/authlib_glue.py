"""Authlib's grants and endpoints, told how to reach the store.

Each class below is the library's with the methods filled in that its documentation asks for. The
one rule of ours is what reuse of a code or a refresh token means, which the library leaves open.
"""

from __future__ import annotations

import secrets
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7591 import ClientRegistrationEndpoint
from authlib.oauth2.rfc7592 import ClientConfigurationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core.grants import OpenIDCode, OpenIDToken
from joserfc.jwk import RSAKey

from tests.providers.authlib_store import (
    METHODS,
    Client,
    Code,
    Device,
    Person,
    RegistrationToken,
    Token,
)

if TYPE_CHECKING:
    from tests.providers.authlib_server import AuthlibServer


@cache
def signing_key() -> RSAKey:
    """The key of the ID tokens: one for all servers of a test session, since making it is slow."""
    return RSAKey.generate_key(2048, parameters={"kid": "authlib-1", "use": "sig", "alg": "RS256"})


def register(oauth: AuthorizationServer, server: AuthlibServer) -> None:
    """The library's grants and endpoints, told how to reach the store."""
    store = server.store

    class IdToken:
        def resolve_client_private_key(self, client: Client) -> RSAKey:
            return signing_key()

        def get_encode_header(self, client: Client) -> dict[str, str]:
            return {"alg": "RS256", "kid": "authlib-1"}

        def get_client_claims(self, client: Client) -> dict[str, object]:
            return {"iss": server.issuer, "aud": [client.client_id]}

        def generate_user_info(self, user: Person, scope: str) -> dict[str, str]:
            return {"sub": user.sub, "name": user.name}

        def exists_nonce(self, nonce: str, asked: Any) -> bool:
            return any(code.nonce == nonce for code in store.codes.values())

    class CodeIdToken(IdToken, OpenIDCode):
        pass

    class LaterIdToken(IdToken, OpenIDToken):
        pass

    class CodeGrant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = METHODS

        def save_authorization_code(self, code: str, asked: Any) -> None:
            data = asked.payload.data
            store.codes[code] = Code(
                code=code,
                client_id=asked.client.client_id,
                redirect_uri=asked.payload.redirect_uri,
                scope=asked.scope,
                person=asked.user,
                nonce=data.get("nonce"),
                code_challenge=data.get("code_challenge"),
                code_challenge_method=data.get("code_challenge_method"),
                family=secrets.token_hex(8),
            )

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            if code in store.spent_codes:
                store.end_family(store.spent_codes[code])
            found = store.codes.get(code)
            return found if found and found.client_id == client.client_id else None

        def delete_authorization_code(self, code: Code) -> None:
            store.spent_codes[code.code] = store.codes.pop(code.code).family

        def authenticate_user(self, code: Code) -> Person:
            return code.person

    class RefreshGrant(grants.RefreshTokenGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = METHODS

        @property
        def INCLUDE_NEW_REFRESH_TOKEN(self) -> bool:
            return server.rotates

        def authenticate_refresh_token(self, value: str) -> Token | None:
            found = store.by_refresh(value)
            if found is None:
                return None
            if found.refresh_revoked:
                store.end_family(found.family)
                return None
            return found

        def authenticate_user(self, token: Token) -> Person | None:
            return token.person

        def revoke_old_credential(self, token: Token) -> None:
            if server.rotates:
                token.access_revoked = token.refresh_revoked = True

    class ClientGrant(grants.ClientCredentialsGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = METHODS[:2]

    class DeviceGrant(DeviceCodeGrant):
        def query_device_credential(self, device_code: str) -> Device | None:
            return store.devices.get(device_code)

        def query_user_grant(self, user_code: str) -> tuple[Person, bool] | None:
            found = store.by_user_code(user_code)
            return None if found is None or found.answer is None else (Person(), found.answer)

        def should_slow_down(self, credential: Device) -> bool:
            now = time.monotonic()
            early = now - credential.polled_at < credential["interval"]
            credential.polled_at = now
            if early:
                credential["interval"] += 5  # RFC 8628 section 3.5
            return early

    class DeviceEndpoint(DeviceAuthorizationEndpoint):
        def create_endpoint_response(self, asked: Any) -> Any:
            self.EXPIRES_IN, self.INTERVAL = server.device_lifetime, server.interval
            return super().create_endpoint_response(asked)

        def get_verification_uri(self) -> str:
            return f"{server.issuer}/device"

        def save_device_credential(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
            store.devices[data["device_code"]] = Device(
                client_id=client_id,
                scope=scope,
                expires_at=time.time() + data["expires_in"],
                **data,
            )

    class Tokens:
        CLIENT_AUTH_METHODS = METHODS

        def query_token(self, value: str, hint: str | None) -> Token | None:
            return store.by_access(value) or store.by_refresh(value)

    class Revocation(Tokens, RevocationEndpoint):
        def revoke_token(self, token: Token, asked: Any) -> None:
            token.access_revoked = True
            if asked.form["token"] == token.refresh_token:
                store.end_family(token.family)

    class Introspection(Tokens, IntrospectionEndpoint):
        CLIENT_AUTH_METHODS = METHODS[:2]

        def check_permission(self, token: Token, client: Client, asked: Any) -> bool:
            return token.check_client(client)

        def introspect_token(self, token: Token) -> dict[str, object]:
            return {
                "active": True,
                "client_id": token.client_id,
                "token_type": "Bearer",
                "scope": token.scope,
                "iss": server.issuer,
                "iat": token.issued_at,
                "exp": token.issued_at + token.expires_in,
                **({"sub": token.person.sub} if token.person else {}),
            }

    class Registration(ClientRegistrationEndpoint):
        def authenticate_token(self, asked: Any) -> bool:
            return True  # anybody may register

        def save_client(self, info: dict[str, Any], about: dict[str, Any], asked: Any) -> Client:
            made = Client(
                info["client_id"],
                info["client_secret"],
                about,
                info["client_id_issued_at"],
                secrets.token_urlsafe(24),
            )
            store.clients[made.client_id] = made
            return made

        def generate_client_registration_info(self, client: Client, asked: Any) -> dict[str, str]:
            return _registration(server, client)

        def get_server_metadata(self) -> dict[str, Any]:
            return server.metadata()

    class Configuration(ClientConfigurationEndpoint):
        def authenticate_token(self, asked: Any) -> RegistrationToken | None:
            value = asked.headers.get("Authorization", "").removeprefix("Bearer ")
            for client in store.clients.values():
                if client.registration_token and value == client.registration_token:
                    return RegistrationToken(client.client_id)
            return None

        def authenticate_client(self, asked: Any) -> Client | None:
            return store.clients.get(asked.uri.rpartition("/")[2])

        def revoke_access_token(self, asked: Any, token: RegistrationToken) -> None:
            store.clients.pop(token.client_id, None)

        def check_permission(self, client: Client, asked: Any) -> bool:
            return True

        def delete_client(self, client: Client, asked: Any) -> None:
            del store.clients[client.client_id]

        def update_client(self, client: Client, about: dict[str, Any], asked: Any) -> Client:
            client.metadata.update(about)
            return client

        def generate_client_registration_info(self, client: Client, asked: Any) -> dict[str, str]:
            return _registration(server, client)

        def get_server_metadata(self) -> dict[str, Any]:
            return server.metadata()

    class Issuer(IssuerParameter):
        def get_issuer(self) -> str | None:
            return server.issuer if server.names_issuer else None

    oauth.register_grant(CodeGrant, [CodeIdToken(), CodeChallenge(required=True)])
    oauth.register_grant(RefreshGrant, [LaterIdToken()])
    oauth.register_grant(ClientGrant)
    oauth.register_grant(DeviceGrant, [LaterIdToken()])
    for endpoint in (DeviceEndpoint, Revocation, Introspection, Registration, Configuration):
        oauth.register_endpoint(endpoint)
    oauth.register_extension(Issuer())


def _registration(server: AuthlibServer, client: Client) -> dict[str, str]:
    return {
        "registration_client_uri": f"{server.issuer}/register/{client.client_id}",
        "registration_access_token": client.registration_token,
    }


def bearer_validator(server: AuthlibServer) -> BearerTokenValidator:
    class Validator(BearerTokenValidator):
        def authenticate_token(self, value: str) -> Token | None:
            return server.store.by_access(value)

    return Validator()
