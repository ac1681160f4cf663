"""Resource indicators (RFC 8707): what the token is for, in every request that leads to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_oauth.services.format import Service

PARAMETER = "resource"


def resource_parameters(service: Service) -> list[tuple[str, str]]:
    """`resource`, once for each one that the service declares (RFC 8707 section 2).

    For the authorization request and for every token request: with a code, with a refresh token,
    with the client's own credentials, and the device authorization request (section 2.2).
    """
    return [(PARAMETER, resource) for resource in dict.fromkeys(service.extensions.resource)]
