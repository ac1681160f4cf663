"""The options of `agent` and what belongs to it. Nothing of weight is imported here."""

from __future__ import annotations

import argparse


def status(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def install(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--print", dest="only_print", action="store_true", help="print the unit, write nothing"
    )
