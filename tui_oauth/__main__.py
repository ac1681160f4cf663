"""`python -m tui_oauth` is the same as `tui-oauth`."""

from tui_oauth.cli.main import run

run()
