"""WWW-Authenticate as servers send it, and as they had better not (RFC 9110, RFC 9728 section 5.1)."""

from __future__ import annotations

import time

import pytest

from tui_oauth.oauth.challenges import Challenge, challenges, resource_metadata
from tui_oauth.oauth.reading import Unreadable

META = "https://api.example/.well-known/oauth-protected-resource/mcp"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", []),
        (" , ,", []),
        ("Bearer", [Challenge("bearer")]),
        ("Basic realm=x", [Challenge("basic", {"realm": "x"})]),
        ('bEaReR ReAlM="a, b=c"', [Challenge("bearer", {"realm": "a, b=c"})]),
        ('Bearer realm="a\\"b\\\\c"', [Challenge("bearer", {"realm": 'a"b\\c'})]),
        ('Bearer a = "1" ,\tb=2,,', [Challenge("bearer", {"a": "1", "b": "2"})]),
        ("Negotiate", [Challenge("negotiate")]),
        ("Negotiate YWJj==", [Challenge("negotiate")]),
        (
            'Negotiate YWJj==, DPoP algs="ES256", Bearer error="invalid_token", scope="a b"',
            [
                Challenge("negotiate"),
                Challenge("dpop", {"algs": "ES256"}),
                Challenge("bearer", {"error": "invalid_token", "scope": "a b"}),
            ],
        ),
    ],
)
def test_challenges_are_read_by_the_grammar(header: str, found: list[Challenge]) -> None:
    assert list(challenges(header)) == found


@pytest.mark.parametrize(
    "header",
    [
        'Bearer realm="open',
        'Bearer realm="a" scope="b"',
        "Bearer realm=https://a.example/x",
        'Bearer a="1", A="2"',
        'Bearer realm="\x00"',
        'Bearer realm="\x1b[31m"',
        '="x"',
        '"quoted"',
        "Bearer, @",
        "x" * 8_193,
        ", ".join(["Bearer"] * 17),
        "Bearer " + ", ".join(f"p{number}=1" for number in range(33)),
    ],
)
def test_anything_else_is_refused(header: str) -> None:
    with pytest.raises(Unreadable):
        challenges(header)


@pytest.mark.parametrize("start", ['Bearer a="', "Bearer a=1,", "Bearer ", "a" * 90 + " "])
@pytest.mark.parametrize("more", ["\\", "= ", " ,", '"', "a=1 "])
def test_no_header_takes_long_to_read(start: str, more: str) -> None:
    """No pattern may try the same characters again and again: that would be minutes."""
    header = (start + more * 8_192)[:8_190] + "\x00"
    began = time.perf_counter()
    with pytest.raises(Unreadable):
        challenges(header)
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("header", "address", "scopes"),
    [
        (f'Bearer resource_metadata="{META}"', META, ()),
        (f'BEARER Resource_Metadata = "{META}", scope="files read"', META, ("files", "read")),
        (f'Basic realm="x", DPoP algs="ES256", resource_metadata="{META}"', META, ()),
        (f'Bearer resource_metadata="{META}", DPoP resource_metadata="{META}"', META, ()),
        ('Bearer realm="x", scope="files"', "", ()),
        ("", "", ()),
    ],
)
def test_rule_107_the_address_of_the_metadata_is_found_in_any_case(
    header: str, address: str, scopes: tuple[str, ...]
) -> None:
    assert resource_metadata(header) == (address, scopes)


def test_rule_107_two_different_addresses_are_one_too_many() -> None:
    header = f'Bearer resource_metadata="{META}", DPoP resource_metadata="https://evil.example/"'
    with pytest.raises(Unreadable, match="two different"):
        resource_metadata(header)
