"""What waits for a person at the standard endpoints: pushed requests and devices, in memory."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tui_oauth.practice.clients import Sent
from tui_oauth.practice.records import App, Refused, Terms

SLOWER_S = 5  # what slow_down adds to the interval (RFC 8628 section 3.5)
_REQUEST_URI = "urn:ietf:params:oauth:request_uri:"
_CONSONANTS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels, so no words (RFC 8628 section 6.1)
_EARLY_S = 0.5  # a poll that arrives this much too soon is the network's doing


@dataclass(frozen=True, slots=True)
class Pushed:
    """An authorization request that its client has sent before (RFC 9126)."""

    app: App
    sent: Sent = field(repr=False)
    jkt: str
    ends: float


@dataclass(slots=True)
class Device:
    """A device that waits. `answer` is None until the person has decided."""

    app: App
    terms: Terms
    device_code: str = field(repr=False)
    user_code: str
    ends: float
    interval: float
    workspace: str = ""
    answer: bool | None = None
    polls: int = 0
    polled_at: float | None = None


class Pending:
    """Both kinds, behind one lock. `now` gives Unix seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._pushed: dict[str, Pushed] = {}
        self._devices: dict[str, Device] = {}

    def push(self, app: App, sent: Sent, jkt: str, lifetime: int) -> str:
        """Keeps the request for `lifetime` seconds; its request_uri (RFC 9126 section 2.2)."""
        uri = _REQUEST_URI + secrets.token_urlsafe(24)
        with self._lock:
            self._pushed[uri] = Pushed(app, sent, jkt, self._now() + lifetime)
        return uri

    def pushed(self, app: App, uri: str) -> Pushed | None:
        """The request behind `uri` as long as it is good for this client."""
        with self._lock:
            found = self._pushed.get(uri)
        good = found is not None and found.app is app and self._now() < found.ends
        return found if good else None

    def use(self, uri: str) -> None:
        """The person has decided: a request_uri is good for one answer (RFC 9126 section 7.3)."""
        with self._lock:
            self._pushed.pop(uri, None)

    def add_device(self, app: App, terms: Terms, lifetime: int, interval: int) -> Device:
        """A new device code and user code (RFC 8628 section 3.2)."""
        letters = "".join(secrets.choice(_CONSONANTS) for _ in range(8))
        device = Device(
            app,
            terms,
            device_code=f"practice_dc_{secrets.token_urlsafe(32)}",
            user_code=f"{letters[:4]}-{letters[4:]}",
            ends=self._now() + lifetime,
            interval=interval,
        )
        with self._lock:
            self._devices[device.device_code] = device
        return device

    def device_of(self, user_code: str) -> Device | None:
        """The device that shows this code and still waits, however the code is typed."""
        typed = "".join(letter for letter in user_code.upper() if letter in _CONSONANTS)
        with self._lock:
            for device in self._devices.values():
                waits = device.answer is None and self._now() < device.ends
                if waits and device.user_code.replace("-", "") == typed:
                    return device
        return None

    def decide(self, device: Device, answer: bool, workspace: str) -> None:
        """What the person said."""
        with self._lock:
            device.answer = answer
            device.workspace = workspace

    def poll(self, app: App, device_code: str, *, slow_down: bool) -> Device:
        """The device when its person has consented, once; else Refused (RFC 8628 section 3.5)."""
        now = self._now()
        with self._lock:
            device = self._devices.get(device_code)
            if device is None or device.app is not app:
                raise Refused("device code not known")
            if now >= device.ends:
                raise Refused("device code too old", "expired_token")
            before, device.polled_at = device.polled_at, now
            device.polls += 1
            early = before is not None and now - before < device.interval - _EARLY_S
            if early or (slow_down and device.polls == 1):
                device.interval += SLOWER_S
                raise Refused(f"poll every {device.interval:g} seconds", "slow_down")
            if device.answer is None:
                raise Refused("the person has not decided yet", "authorization_pending")
            del self._devices[device_code]
            if not device.answer:
                raise Refused("the person said no", "access_denied")
            return device
