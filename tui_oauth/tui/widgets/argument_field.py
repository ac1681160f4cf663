"""The field for what has to be known of a resource beside its name: `custom_objects:TYPE`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from textual import on
from textual.widgets import Input

from tui_oauth.errors import UsageProblem
from tui_oauth.tui.widgets.clean_input import CleanInput

if TYPE_CHECKING:
    from tui_oauth.extract.available import Offered


class ArgumentField(CleanInput):
    """Takes one word or several for the resource `one`; what it holds stays when it is hidden."""

    def __init__(self, one: Offered) -> None:
        super().__init__(id=f"argument-{one.name}", classes="field")
        self.one = one
        self.border_title = f"{one.argument.capitalize()} of {one.name}"

    @property
    def help(self) -> str:
        """What to write, for the line of help."""
        return (
            f"{self.one.argument.capitalize()} as the service calls it; several with a comma between "
            "them. Each becomes a table of its own."
        )

    def names(self) -> list[str]:
        """The resource's names with what is written here. UsageProblem, and the focus, when that is nothing."""
        one = self.one
        written = [word for word in re.split(r"[\s,]+", self.value) if word]
        self.set_class(not written, "-missing")
        if not written:
            self.focus()
            raise UsageProblem(
                f"Which {one.argument} of {one.name}?",
                f"Write it into this field, or leave {one.name} out.",
            )
        return [f"{one.name}:{word}" for word in dict.fromkeys(written)]

    @on(Input.Changed)
    def _written(self) -> None:
        self.remove_class("-missing")
