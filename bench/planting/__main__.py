"""Plant mails, read them as the gateway does, and print what linked: by carrier, by damage, by near miss."""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import reduce

from bench.planting.judging import Figures, judge

_CHUNK = 500  # mails


def main() -> int:
    """Print the figures; return 1 when a mail linked wrongly, or did not link that must."""
    parser = argparse.ArgumentParser(prog="python -m bench.planting")
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    began = time.perf_counter()
    starts = range(given.seed, given.seed + given.mails, _CHUNK)
    chunks = [range(start, min(start + _CHUNK, given.seed + given.mails)) for start in starts]
    with ProcessPoolExecutor(given.processes) as processes:
        figures = reduce(Figures.plus, processes.map(judge, chunks), Figures())
    report(figures)
    seconds = time.perf_counter() - began
    print(f"\n{given.mails} mails, {seconds:.0f} s, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    return 1 if figures.faults else 0


def report(figures: Figures) -> None:
    """Print the figures."""
    for title, table in figures.tables.items():
        print(f"\n{title}: right of all")
        for name in sorted(table):
            right, of_all = table[name]["right"], table[name].total()
            print(f"    {name:45} {right:7} of {of_all:7}{'' if right == of_all else '   <<<'}")
    print()
    for words in figures.faults[:20]:
        print(f"FAULT {words}")
    print(f"must link: {_told(figures.answers)}; must not: {_told(figures.misses)}")


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


if __name__ == "__main__":
    raise SystemExit(main())
