"""What a run tells the process that started it, as JSON: its progress, its end, its failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tui_oauth import errors
from tui_oauth.errors import Fix, ProviderRefused, TuiOauthError
from tui_oauth.extract.running import Extracted, Progress, Summary

Json = dict[str, Any]


def from_progress(progress: Progress) -> Json:
    """A progress as JSON."""
    return asdict(progress)


def to_progress(told: Json) -> Progress:
    """And back."""
    return Progress(**told)


def from_summary(summary: Summary) -> Json:
    """The end of a run as JSON."""
    told = {name: getattr(summary, name) for name in Summary.__slots__}
    told["resources"] = [
        {name: getattr(one, name) for name in Extracted.__slots__}
        | {"problem": _if_any(from_problem, one.problem)}
        for one in summary.resources
    ]
    return told | {"state": str(summary.state), "problem": _if_any(from_problem, summary.problem)}


def to_summary(told: Json) -> Summary:
    """And back."""
    resources = tuple(
        Extracted(**{**one, "problem": _if_any(to_problem, one["problem"])})
        for one in told["resources"]
    )
    problem = _if_any(to_problem, told["problem"])
    return Summary(
        **{**told, "resources": resources, "state": Path(told["state"]), "problem": problem}
    )


def from_problem(error: TuiOauthError) -> Json:
    """An error of ours as JSON."""
    kind = next(one for one in type(error).__mro__ if getattr(errors, one.__name__, None) is one)
    told: Json = {"kind": kind.__name__, "message": error.message, "advice": error.advice}
    if isinstance(error, ProviderRefused):
        told["more"] = {"code": error.code, "status": error.status, "fix": error.fix.value}
    return told


def to_problem(told: Json) -> TuiOauthError:
    """And back."""
    kind: type[TuiOauthError] = getattr(errors, told["kind"])
    if issubclass(kind, ProviderRefused):
        more = told["more"]
        return kind(
            told["message"],
            told["advice"],
            code=more["code"],
            status=more["status"],
            fix=Fix(more["fix"]),
        )
    return kind(told["message"], told["advice"])


def _if_any(function: Callable[[Any], Any], value: Any) -> Any:
    return None if value is None else function(value)
