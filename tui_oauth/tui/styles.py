"""Where the style sheets are: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path, PurePath

from tui_oauth.errors import StorageFailed

SHEETS = ("base", "lists", "forms", "authorize", "dialogs", "narrow")
_PACKAGE = Path(__file__).resolve().parent.parent


def style_sheets(package: Path = _PACKAGE) -> list[str | PurePath]:
    """The paths of all style sheets, in the order in which later ones win.

    `package` is the folder of `tui_oauth`. A wheel has `styles` inside it, a checkout (and an
    editable installation) beside it. Raises StorageFailed naming what is missing.
    """
    folders = (package / "styles", package.parent / "styles")
    for folder in folders:
        if folder.is_dir():
            sheets = [folder / f"{name}.tcss" for name in SHEETS]
            missing = [sheet.name for sheet in sheets if not sheet.is_file()]
            if missing:
                raise StorageFailed(
                    f"The installation is incomplete: {', '.join(missing)} not found in {folder}.",
                    "Install tui-oauth again.",
                )
            return list(sheets)
    raise StorageFailed(
        f"The installation is incomplete: there are no style sheets in {folders[0]} or {folders[1]}.",
        "Install tui-oauth again.",
    )
