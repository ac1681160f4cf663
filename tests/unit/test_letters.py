"""Which terminals are drawn in ASCII, and what stands there then."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tui_oauth.letters import ascii_only, in_ascii


@pytest.mark.parametrize(
    ("environ", "wanted", "expected"),
    [
        ({}, None, False),  # nobody has said anything
        ({"LANG": ""}, None, False),
        ({"LANG": "en_US.UTF-8"}, None, False),
        ({"LANG": "de_DE.utf8@euro"}, None, False),
        ({"LC_CTYPE": "UTF-8"}, None, False),  # macOS
        ({"LANG": "C.UTF-8"}, None, False),
        ({"LANG": "C"}, None, True),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, None, True),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, None, True),  # LC_CTYPE is by Python, PEP 538
        ({"LC_CTYPE": "C.UTF-8", "LANG": "en_US.UTF-8"}, None, False),
        ({"LC_CTYPE": "C.UTF-8"}, None, False),
        ({"LC_CTYPE": "de_DE.UTF-8", "LANG": "C"}, None, False),
        ({"LANG": "de_DE.ISO-8859-15"}, None, True),
        ({"LANG": "de_DE@euro"}, None, True),
        ({"LANG": "en_US.UTF-8", "TERM": "linux"}, None, True),
        ({"LANG": "C", "TERM": "linux"}, False, False),
        ({"LANG": "en_US.UTF-8"}, True, True),
    ],
)
def test_the_settings_then_the_locale_decide(
    environ: dict[str, str], wanted: bool | None, expected: bool
) -> None:
    assert ascii_only(environ, wanted) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("╭─ Name ─╮", "+- Name -+"),
        ("│ ● Authorized │", "| * Authorized |"),
        ("•••• ▲ ✕", "**** ! x"),
        ("Café Ångström", "Cafe Angstrom"),
        ("名前 🔑", "???? **"),
        ("e\u0301", "e"),
        ("Ж", "?"),
    ],
)
def test_ascii_is_as_wide_as_what_it_stands_for(text: str, expected: str) -> None:
    assert in_ascii(text) == expected
    assert cell_len(expected) == cell_len(text)
