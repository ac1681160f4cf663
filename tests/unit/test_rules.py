"""The coverage of the protocol checklist, as the command `python tests/rules.py` tells it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import rules


def test_every_rule_has_a_test_or_a_reason() -> None:
    assert rules.problems() == []


def test_the_command_lists_rules_with_their_tests() -> None:
    command = [sys.executable, str(Path(rules.__file__)), "27"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert " 27  MUST look at the state first" in done.stdout
    assert re.search(r"^ {7}tests/unit/callback/\w+\.py::test_rule_27_\w+$", done.stdout, re.M)
    assert re.search(
        r"^\d+ of 122 rules have tests \(\d+ in all\), \d+ left out\.$", done.stdout, re.M
    )
    assert done.returncode == 0


def test_the_command_fails_for_a_rule_without_a_test_and_for_a_must_that_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {**rules.tests_of_rules(), 27: [], 999: ["tests/test_x.py::test_rule_999_x"]}
    monkeypatch.setattr(rules, "tests_of_rules", lambda: found)
    monkeypatch.setattr(rules, "left_out", lambda: {28})
    assert rules.main(["--missing"]) == 1
    said = capsys.readouterr().out
    assert "Rule 27 has no test: MUST look at the state first" in said
    assert "Rule 28 is a MUST and cannot be left out" in said
    assert "There is no rule 999." in said
