"""Environment variables that carry a token: their names, and the lines of an environment file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui_oauth.errors import UsageProblem
from tui_oauth.model import normalised_name
from tui_oauth.text import neutralise

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What a shell, systemd, Docker and Compose all read alike without quotes. All that RFC 6750 section
# 2.1 lets a Bearer token have is among it.
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9._~+/=:,@%^-]+")


def variable_of(name: str, suffix: str) -> str:
    """The variable for the entry `name`: `my-intercom` and `ACCESS_TOKEN` give `MY_INTERCOM_ACCESS_TOKEN`.

    What is no ASCII letter or digit becomes an underscore; a digit at the beginning gets one before it.
    """
    stem = "".join(char.upper() if char.isascii() and char.isalnum() else "_" for char in name)
    return f"{'_' if stem[:1].isdigit() else ''}{stem}_{suffix}"


def variables_for(names: Sequence[str], chosen: Sequence[str], suffix: str) -> list[str]:
    """The variable for each entry of `names`, in their order.

    `chosen` are the person's words: `VAR` where there is one entry, `NAME=VAR` for one of several.
    Raises UsageProblem for a word that is no such thing, and where two entries would share one.
    """
    wanted: dict[str, str] = {}
    for word in chosen:
        name, equals, variable = word.rpartition("=")
        if not equals and len(names) > 1:
            raise UsageProblem(
                f"--env {neutralise(word, 60)} does not say which of the {len(names)} entries it is for.",
                "With several entries: --env NAME=VARIABLE, once for each.",
            )
        entry = normalised_name(name if equals else names[0])
        if entry not in map(normalised_name, names):
            raise UsageProblem(
                f"--env names {neutralise(name, 60)}, which is not among the entries of this command.",
                "It is --env NAME=VARIABLE, with one of the names given.",
            )
        if entry in wanted:
            raise UsageProblem(
                f"--env names two variables for {neutralise(names[0] if not equals else name, 60)}.",
                "Give one.",
            )
        wanted[entry] = checked_variable(variable)
    found = [
        wanted.get(normalised_name(name)) or checked_variable(variable_of(name, suffix))
        for name in names
    ]
    for variable in found:
        if found.count(variable) > 1:
            raise UsageProblem(
                f"Two entries would be given to the command as {variable}.",
                "Name another variable for one of them: --env NAME=VARIABLE.",
            )
    return found


def checked_variable(variable: str) -> str:
    """`variable` if programs and shells can have one of that name (POSIX.1-2017, 8.1), else UsageProblem."""
    if not _VARIABLE.fullmatch(variable):
        raise UsageProblem(
            f"{neutralise(variable, 60)!r} cannot be the name of a variable.",
            "Letters, digits and underscores can, with no digit at the beginning: MY_TOKEN.",
        )
    return variable


def environment_line(variable: str, value: str) -> str:
    """`VARIABLE=value` and a line break, for a file that a shell, systemd, Docker and Compose read alike.

    They disagree on quotes, dollars, blanks and tildes; a value with such raises UsageProblem.
    """
    tilde = value.startswith("~") or ":~" in value  # a shell puts a home directory there
    if tilde or not _PLAIN_VALUE.fullmatch(value):
        raise UsageProblem(
            f"The value for {variable} has characters that programs read differently in an "
            "environment file.",
            "Use --format token or json, or give it to the program with: tui-oauth exec",
        )
    return f"{checked_variable(variable)}={value}\n"
