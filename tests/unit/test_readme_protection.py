"""Each row of the README's table of what is protected is proven by tests, which are named here."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECTION = (
    (ROOT / "README.md")
    .read_text()
    .split("## What the vault protects, and what it does not")[1]
    .split("\n## ")[0]
)
PROOF = {
    "a copy of the vault alone": [
        "test_plain_tinydb_sees_the_tables_and_no_secret",
        "test_a_missing_key_says_what_would_work",
    ],
    "a stolen disk or backup": [
        "test_our_argon2id_gives_the_reference_implementations_vector",
        "test_the_default_costs_are_the_second_choice_of_rfc_9106",
        "test_a_passphrase_vault_without_a_terminal_is_locked",
    ],
    "other users": [
        "test_a_file_that_others_may_use_is_refused",
        "test_trap_8_modes_do_not_depend_on_the_umask",
        "test_another_user_cannot_read_it",
    ],
    "links, FIFOs": [
        "test_a_symbolic_link_is_not_followed",
        "test_a_fifo_a_folder_and_a_device_are_refused_without_waiting",
        "test_another_users_file_is_refused",
        "test_what_stands_in_a_files_place",
    ],
    "changes to the file": [
        "test_every_bit_and_every_length",
        "test_bits_and_lengths_on_the_command_line",
        "test_records_moved_about_on_the_command_line",
        "test_one_record_rolled_back_is_noticed",
    ],
    "the whole file replaced": [
        "test_an_older_vault_is_said_once_on_standard_error_until_accepted",
        "test_an_older_vault_is_told_and_can_be_accepted",
        "test_a_fork_is_noticed",
    ],
    "a kill, a full disk": [
        "test_kills_at_random_moments",
        "test_each_call",
        "test_a_commit_whose_lasting_is_in_doubt_is_not_called_a_success",
    ],
    "command lines, logs": [
        "test_rule_113_and_114_no_secret_leaves_the_vault",
        "test_rule_113_and_114_no_secret_leaves_the_vault_through_the_window",
        "test_no_picture_shows_a_secret",
    ],
    "someone who looks at the screen": ["test_no_picture_shows_a_secret"],
    "a program that runs as you": [
        "test_another_program_of_the_same_user_reads_neither_environment_nor_memory",
        "test_while_unlocked_no_call_derives_the_key",
    ],
    "root, the hypervisor": [],
    "clipboard managers": [],
    "a key of the vault that has leaked": [
        "test_everything_is_sealed_anew_and_nothing_is_lost",
        "test_rekey_says_what_it_leaves",
    ],
    "several machines": [
        "test_a_file_system_without_locks_refuses_to_write",
        "test_a_network_file_system_is_a_note",
    ],
    "the vault being deleted": ["test_trap_7_a_missing_vault_is_not_made_by_reading"],
}
REFRESH = [
    "test_rule_84_killed_before_the_provider_got_it_the_others_make_one_request",
    "test_rule_84_killed_after_the_token_was_spent_one_more_asks_and_says_why",
    "test_rule_88_an_answer_lost_on_its_way_is_asked_for_once_more_and_the_rest_are_told",
]


def bare(name: str) -> str:
    """A test's name without the rules of the checklist that it also proves."""
    return re.sub(r"(?<=^test_)(rule_\d+_)+", "", name)


def known_tests() -> set[str]:
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(bare(node.name))
    return found


def rows() -> list[str]:
    cells = re.findall(r"^\| ([^|]+) \|.*\|$", SECTION, re.MULTILINE)
    return [cell for cell in cells if not cell.startswith("---")]


def test_each_row_has_its_proof_and_each_proof_its_row() -> None:
    of_rows = {cell: [start for start in PROOF if cell.startswith(start)] for cell in rows()}
    assert len(of_rows) == len(PROOF)
    assert {cell for cell, found in of_rows.items() if len(found) != 1} == set()


def test_the_proofs_exist() -> None:
    named = {bare(name) for names in (*PROOF.values(), REFRESH) for name in names}
    assert named - known_tests() == set()


@pytest.mark.parametrize("start", [start for start, names in PROOF.items() if not names])
def test_what_nothing_proves_is_not_promised(start: str) -> None:
    (row,) = [line for line in SECTION.splitlines() if line.startswith(f"| {start}")]
    assert row.split(" | ")[1:] == ["**not protected**", "**not protected** |"]
