"""The coverage of the protocol checklist, as the command `python tests/rules.py` tells it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests import rules

# Rules whose code is still being written. A number goes when its test lands; none is ever added.
TO_COME: set[int] = set()


def test_every_rule_has_a_test_or_a_reason() -> None:
    missing = {number for number in rules.RULES if not rules.tests_of_rules()[number]}
    untold = missing - rules.left_out() - TO_COME
    assert not untold, [f"{number}: {rules.RULES[number]}" for number in sorted(untold)]


def test_nothing_else_is_wrong_with_the_coverage() -> None:
    said = [sentence for sentence in rules.problems() if " has no test: " not in sentence]
    assert said == []


def test_the_command_lists_rules_with_their_tests_and_fails_while_one_is_missing() -> None:
    command = [sys.executable, str(Path(rules.__file__)), "27"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert " 27  MUST look at the state first" in done.stdout
    assert re.search(r"^ {7}tests/unit/callback/\w+\.py::test_rule_27_\w+$", done.stdout, re.M)
    assert re.search(
        r"^\d+ of 122 rules have tests \(\d+ in all\), \d+ left out\.$", done.stdout, re.M
    )
    assert done.returncode == (1 if rules.problems() else 0)
