"""The two themes of tui-oauth, and the choice between all that exist.

The only place where colours have values: the style sheets and widgets name theme variables.
One colour, `accent`, means focus and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from textual.theme import Theme

DARK_NAME = "tui-oauth-dark"
LIGHT_NAME = "tui-oauth-light"

DARK = Theme(
    name=DARK_NAME,
    dark=True,
    primary="#7aa2f7",
    secondary="#6b7a99",
    accent="#7dcfff",
    success="#8fce8b",
    warning="#e6b450",
    error="#f28779",
    foreground="#d5dbe6",
    background="#12161d",
    surface="#171c25",
    panel="#1e2530",
    variables={
        "border": "#7dcfff",
        "border-blurred": "#39435a",
        "block-cursor-background": "#24465c",
        "block-cursor-foreground": "#f2f6fc",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#222a37",
        "block-cursor-blurred-foreground": "#d5dbe6",
        "block-cursor-blurred-text-style": "none",
        "block-hover-background": "#1e2530",
        "input-cursor-background": "#7dcfff",
        "input-cursor-foreground": "#12161d",
        "input-selection-background": "#24465c",
        "button-focus-text-style": "none",
        "scrollbar": "#2c3546",
        "scrollbar-hover": "#39435a",
        "scrollbar-active": "#7dcfff",
        "scrollbar-background": "#12161d",
        "scrollbar-background-hover": "#12161d",
        "scrollbar-background-active": "#12161d",
        "scrollbar-corner-color": "#12161d",
        "quiet": "#8a96ab",
    },
)

LIGHT = Theme(
    name=LIGHT_NAME,
    dark=False,
    primary="#2f5fb3",
    secondary="#5b6880",
    accent="#0b6fa4",
    success="#2c7a32",
    warning="#8a5a00",
    error="#b3261e",
    foreground="#1f2733",
    background="#fafbfc",
    surface="#f2f4f7",
    panel="#e8ecf1",
    variables={
        "border": "#0b6fa4",
        "border-blurred": "#b9c2cf",
        "block-cursor-background": "#cfe5f3",
        "block-cursor-foreground": "#10202e",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#e6eaf0",
        "block-cursor-blurred-foreground": "#1f2733",
        "block-cursor-blurred-text-style": "none",
        "block-hover-background": "#eef1f5",
        "input-cursor-background": "#0b6fa4",
        "input-cursor-foreground": "#fafbfc",
        "input-selection-background": "#cfe5f3",
        "button-focus-text-style": "none",
        "scrollbar": "#ccd4de",
        "scrollbar-hover": "#b9c2cf",
        "scrollbar-active": "#0b6fa4",
        "scrollbar-background": "#fafbfc",
        "scrollbar-background-hover": "#fafbfc",
        "scrollbar-background-active": "#fafbfc",
        "scrollbar-corner-color": "#fafbfc",
        "quiet": "#5b6880",
    },
)

# Short names for the settings file.
_SHORT = {"dark": DARK_NAME, "light": LIGHT_NAME}


def variable_defaults(dark: bool) -> dict[str, str]:
    """Variables of ours that themes of others do not define."""
    return {"quiet": (DARK if dark else LIGHT).variables["quiet"]}


def choose_theme(
    setting: str, environ: Mapping[str, str], available: Collection[str]
) -> tuple[str, str]:
    """The theme to begin with, and a sentence if a wish cannot be met.

    `TEXTUAL_THEME` wins over the setting, as environment variables do everywhere here; `dark` and
    `light` are short for our own.
    """
    for where, wish in (
        ("TEXTUAL_THEME", environ.get("TEXTUAL_THEME", "")),
        ("the settings", setting),
    ):
        if not wish:
            continue
        name = _SHORT.get(wish, wish)
        if name in available:
            return name, ""
        return DARK_NAME, f"There is no theme {wish!r} (from {where}); ctrl+p lists them."
    return DARK_NAME, ""
