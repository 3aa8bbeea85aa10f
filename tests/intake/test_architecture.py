"""Imports point one way: the contracts of pyproject.toml hold."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
CHECK = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def test_the_import_contracts_hold() -> None:
    check = subprocess.run(
        [sys.executable, "-c", CHECK, "--no-cache", "--no-logo"], cwd=CHECKOUT, capture_output=True, text=True
    )
    assert check.returncode == 0, check.stdout + check.stderr
