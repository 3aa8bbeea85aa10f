"""How long a Reference ID is looked for in usual mails, beside how long they are read.

    .venv/bin/python -m bench.planting.speed [--rounds 50]

Answers of 2 to 20 kB of text, as text, as HTML of Outlook's kind, and as both; the medians of the rounds, in
microseconds of this thread's own time.
"""

from __future__ import annotations

import argparse
import html
import os
import random
import statistics
import time
from collections.abc import Callable

from bench.planting.notices import MINT, notice
from bench.planting.shells import Letter
from email_in.message import InboundMail, read_mail
from email_in.references import found_references

_SENTENCES = (
    "We restarted the switch on Monday, and since then the control panel shows nothing.",
    "Die Störung besteht weiter; im Anhang steht das Protokoll von heute früh.",
    "Could you tell us whether version 4.2.1 would help? Our maintenance window is on Friday, 22:00-23:30.",
    "[2026-03-02 09:14:07] ERROR net.core: link 7 lost (code=0x80004005), retry in 30 s",
)
_KINDS = ("text", "html", "both")
_SIZES = (2_000, 8_000, 20_000)  # characters of text


def usual_mail(kind: str, size: int) -> bytes:
    """Return an answer above a long quoted history."""
    chance = random.Random(size)
    told = notice(0)
    history = "".join(f"> {chance.choice(_SENTENCES)}\n" for _line in range(size // 90))
    text = f"{chance.choice(_SENTENCES)}\n\n> " + told.text.replace("\n", "\n> ") + history
    letter = Letter(
        [
            ("From", "alice@northwind.example"),
            ("To", told.reply_to),
            ("Subject", f"Re: {told.subject}"),
            ("References", told.references),
        ]
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in letter.fields)
    plain, page = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}", _page(text)
    alternative = "Content-Type: multipart/alternative; boundary=b"
    body = {
        "text": plain,
        "html": page,
        "both": f"{alternative}\r\n\r\n--b\r\n{plain}\r\n--b\r\n{page}\r\n--b--\r\n",
    }[kind]
    return f"{head}{body}".encode()


def _page(text: str) -> str:
    span = '<span style="font-size:11.0pt;font-family:Calibri">'
    lines = "".join(
        f'<p class="MsoNormal">{span}{html.escape(line)}&nbsp;</span></p>\n' for line in text.split("\n")
    )
    style = "<style><!-- p.MsoNormal {margin:0cm;} --></style>"
    return (
        f"Content-Type: text/html; charset=utf-8\r\n\r\n<html><head>{style}</head><body>{lines}</body></html>"
    )


def _median(act: Callable[[], object], rounds: int) -> float:
    seconds = []
    for _round in range(rounds):
        began = time.thread_time()
        act()
        seconds.append(time.thread_time() - began)
    return statistics.median(seconds) * 1e6


def main() -> None:
    """Print a line for each kind and size."""
    parser = argparse.ArgumentParser(prog="python -m bench.planting.speed")
    parser.add_argument("--rounds", type=int, default=50)
    given = parser.parse_args()
    for kind in _KINDS:
        for size in _SIZES:
            raw = usual_mail(kind, size)
            mail: InboundMail = read_mail(raw)
            reading = _median(lambda raw=raw: read_mail(raw), given.rounds)
            looking = _median(lambda mail=mail: found_references(mail, (), MINT.find), given.rounds)
            print(f"{kind:5} {len(raw) / 1000:5.1f} kB   read {reading:6.0f} µs   look {looking:6.0f} µs")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
