"""Who may be led where: metadata from outside never leads inside (checklist rule 72)."""

from __future__ import annotations

import pytest

from tui_oauth.errors import ProviderRefused
from tui_oauth.oauth.reach import Reach, check_reach, reach_of


@pytest.mark.parametrize(
    ("host", "reach"),
    [
        ("as.example", Reach.PUBLIC),
        ("AS.EXAMPLE.", Reach.PUBLIC),
        ("localhost.example.com", Reach.PUBLIC),
        ("8.8.8.8", Reach.PUBLIC),
        ("[2606:4700::1111]", Reach.PUBLIC),
        ("localhost", Reach.LOOPBACK),
        ("LOCALHOST.", Reach.LOOPBACK),
        ("a.localhost", Reach.LOOPBACK),
        ("127.0.0.1", Reach.LOOPBACK),
        ("127.8.9.10", Reach.LOOPBACK),
        ("0.0.0.0", Reach.LOOPBACK),
        ("[::1]", Reach.LOOPBACK),
        ("[::]", Reach.LOOPBACK),
        ("[::ffff:127.0.0.1]", Reach.LOOPBACK),
        ("169.254.169.254", Reach.LINK),
        ("[fe80::1]", Reach.LINK),
        ("[::ffff:169.254.169.254]", Reach.LINK),
        ("[64:ff9b::a9fe:a9fe]", Reach.LINK),
        ("10.0.0.1", Reach.PRIVATE),
        ("172.16.0.1", Reach.PRIVATE),
        ("192.168.1.1", Reach.PRIVATE),
        ("100.64.0.1", Reach.PRIVATE),
        ("[fd00::1]", Reach.PRIVATE),
        ("224.0.0.1", Reach.PRIVATE),
        ("wiki", Reach.PRIVATE),
        ("printer.local", Reach.PRIVATE),
        ("metadata.google.internal", Reach.PRIVATE),
        ("router.home.arpa", Reach.PRIVATE),
    ],
)
def test_who_can_reach_a_host(host: str, reach: Reach) -> None:
    assert reach_of(host) is reach


@pytest.mark.parametrize(
    ("url", "given"),
    [
        ("https://as.example/token", "https://api.example"),
        ("https://as.example/token", "http://127.0.0.1:9000"),
        ("http://127.0.0.1:9000/token", "http://localhost:8000/api"),
        ("https://10.0.0.5/token", "https://10.0.0.5/"),
        ("https://login.corp/token", "https://10.0.0.5/"),
        ("https://169.254.7.7/token", "https://169.254.7.7"),
    ],
)
def test_rule_72_outside_always_and_inside_for_who_typed_an_address_there(
    url: str, given: str
) -> None:
    assert check_reach(url, "token endpoint", given) == url


@pytest.mark.parametrize(
    ("url", "given"),
    [
        ("http://127.0.0.1/token", "https://as.example"),
        ("http://localhost:6379/", "https://as.example"),
        ("https://[::1]/token", "https://as.example"),
        ("https://169.254.169.254/latest", "https://as.example"),
        ("https://169.254.169.254/latest", "http://127.0.0.1:8000"),
        ("https://169.254.169.254/latest", "https://169.254.7.7"),
        ("https://10.0.0.1/token", "https://as.example"),
        ("https://10.0.0.1/token", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:6379/", "https://10.0.0.1"),
        ("https://intranet/token", "https://as.example"),
        ("https://metadata.google.internal/", "https://as.example"),
    ],
)
def test_rule_72_nobody_else_is_led_inside(url: str, given: str) -> None:
    with pytest.raises(ProviderRefused, match="no business") as caught:
        check_reach(url, "token endpoint", given)
    assert caught.value.code == "private_address"
    assert "token endpoint" in caught.value.message
