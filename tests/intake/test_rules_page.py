"""The rules as people read them: every one is shown by a test, and the tables are what the code decides."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.rules.terms import Rulebook
from intake.rules_page import rules_page

HERE = Path(__file__).parents[2]
RULE = re.compile(r"^\| ([ACEPN]\d+) \|", re.MULTILINE)
RULES = RULE.findall((HERE / "docs" / "rules.md").read_text(encoding="utf-8"))


def _ids_named_by_tests() -> Iterator[str]:
    for file in (HERE / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield from re.findall(r"\b[ACEPN]\d+\b", ast.get_docstring(node) or "")


NAMED = frozenset(_ids_named_by_tests())


def test_the_page_has_every_rule():
    """A1 to A10, C1 to C15, and those of mail and phone."""
    counts = {"A": 10, "C": 15, "E": 7, "P": 7, "N": 7}
    assert [f"{letter}{number}" for letter, last in counts.items() for number in range(1, last + 1)] == RULES


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_named_by_a_test(rule):
    """A rule that no test names is one that nobody shows."""
    assert rule in NAMED


def test_the_printed_tables_are_what_the_code_decides():
    """Mend it with: .venv/bin/intake rules > docs/policy.md"""
    assert (HERE / "docs" / "policy.md").read_text(encoding="utf-8") == rules_page(Rulebook())


def test_the_command_prints_the_figures_of_the_site():
    """C9, N1, P6: a manager reads what holds here."""
    intake = Path(sys.executable).with_name("intake")
    env = {"INTAKE_REOPEN_DAYS": "14", "INTAKE_RESPONSE_MINUTES": "[10,20,30,40]", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([intake, "rules"], env=env, capture_output=True, text=True, check=True)
    assert "can be reopened within 14 days" in done.stdout
    assert "| Business Care | 10 min | 20 min | 30 min | 40 min |" in done.stdout
