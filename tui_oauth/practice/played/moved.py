"""A service of the catalogue with all its addresses on this machine.

`https://accounts.example.com/token` becomes `http://127.0.0.1:8977/accounts.example.com/token`: the
host stands in the path, so that a service with many hosts needs one port, and variables in a host
keep their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tui_oauth.services.format import Service

_SCHEME = "https://"


def playable(service: Service) -> bool:
    """Whether `service` has addresses of its own, and is not on this machine anyway."""
    given = any(variable.kind == "address" for variable in service.variables)
    return service.token_url.startswith(_SCHEME) and not given


def moved(service: Service, base: str) -> Service:
    """`service` as it would be at `base` (`http://127.0.0.1:8977`), under an id of its own."""
    quirks, extensions = service.quirks, service.extensions
    probe, long_lived = service.identity_probe, quirks.answer.long_lived

    def to(address: str) -> str:
        if not address.startswith(_SCHEME):
            return address
        return f"{base}/{address.removeprefix(_SCHEME)}"

    def origin(address: str) -> str:
        return base if address.startswith(_SCHEME) else address

    def each(texts: Mapping[str, str]) -> dict[str, str]:
        return {name: to(text) for name, text in texts.items()}

    return replace(
        service,
        id=f"{service.id}-sandbox",
        name=f"{service.name} (sandbox)",
        aliases=(),
        own=False,
        authorize_url=to(service.authorize_url),
        token_url=to(service.token_url),
        revoke_url=to(service.revoke_url),
        device_authorization_url=to(service.device_authorization_url),
        introspect_url=to(service.introspect_url),
        issuer=to(service.issuer),
        identity_probe=None if probe is None else replace(probe, url=to(probe.url)),
        extensions=replace(
            extensions,
            par_url=to(extensions.par_url),
            jwks_url=to(extensions.jwks_url),
            registration_url=to(extensions.registration_url),
            resource=tuple(to(one) for one in extensions.resource),
        ),
        quirks=replace(
            quirks,
            callback=replace(quirks.callback, sets=each(quirks.callback.sets)),
            refresh=replace(quirks.refresh, url=to(quirks.refresh.url)),
            answer=replace(
                quirks.answer,
                long_lived=None
                if long_lived is None
                else replace(long_lived, url=to(long_lived.url)),
            ),
            api=replace(
                quirks.api, origins=tuple(dict.fromkeys(origin(one) for one in quirks.api.origins))
            ),
            git=replace(
                quirks.git, origins=tuple(dict.fromkeys(origin(one) for one in quirks.git.origins))
            ),
        ),
    )
