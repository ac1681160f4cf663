"""A callback signed with the client secret, where a service declares one (`hmac_parameter`).

The signature is the hexadecimal HMAC-SHA256 of all other parameters, sorted by name and joined
as `name=value` by `&`; in values `%` and `&` are escaped, in names also `=`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from tui_oauth.secret import Secret


@dataclass(frozen=True, slots=True)
class Signature:
    """What was signed, and the signature that came with it; it may be empty."""

    message: str = field(repr=False)
    given: str = field(repr=False)

    @classmethod
    def of(cls, parameter: str, parameters: Sequence[tuple[str, str]]) -> Signature | None:
        """The signature of these callback parameters; None when `parameter` is empty."""
        if not parameter:
            return None
        given = "".join(value for name, value in parameters if name == parameter)
        signed = sorted(
            f"{_escaped(name).replace('=', '%3D')}={_escaped(value)}"
            for name, value in parameters
            if name != parameter
        )
        return cls("&".join(signed), given)

    def fits(self, secret: Secret | None) -> bool:
        """Whether whoever signed knows `secret`."""
        if not secret:
            return False
        key = secret.reveal().encode("utf-8", "replace")
        made = hmac.new(key, self.message.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        return hmac.compare_digest(made.encode(), self.given.lower().encode("utf-8", "replace"))


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("&", "%26")
