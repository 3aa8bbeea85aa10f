# ruff: noqa: T201 -- a program whose purpose is what it prints
"""Smoke test of an installed gateway: `python smoke.py /path/to/intake`, standard library only.

Starts the demo and uses it as its users would, from outside: a contact answers a mail, a contact calls, a
customer is reminded until the case is closed. Prints each step that passed; the first that fails ends the
run with exit code 1, what was expected, and the end of what the demo said.
"""

import json
import os
import re
import secrets
import signal
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import make_msgid, parseaddr
from pathlib import Path
from typing import Any, TypeVar

# What the caller keys.
PHONE_KEYS = "{pin}# 2 {number}#"  # the state of a case
CRITICAL_KEYS = "{pin}# 1 1 {number}# 1# 2"  # it is critical, called back at this number, production runs
QUESTION = "Which version do you run?"
# What every reminder says, in its subject or text, and what the mail about the closing says of reopening.
REMINDER = "remind"
REOPEN = "reopen"
PROPOSAL = "Please install the patch that we sent."
SECONDS_TO_START = 60
SECONDS_FOR_AN_EFFECT = 30
SECONDS_TO_STOP = 25

T = TypeVar("T")
Json = Any


class StepFailed(Exception):
    """A step of the smoke test did not come out as it should."""


def passed(what: str) -> None:
    """Report a step."""
    print(f"  passed: {what}", flush=True)


def expect(condition: object, otherwise: str) -> None:
    """Fail with a message unless the condition holds."""
    if not condition:
        raise StepFailed(otherwise)


def wait_for(look: Callable[[], T | None], what: str, seconds: float = SECONDS_FOR_AN_EFFECT) -> T:
    """Look until there is something, and return it."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        expect(time.monotonic() < end, f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.2)


def digits(text: str) -> str:
    """Return what a telephone can key of a text."""
    return re.sub(r"\D", "", text)


class Demo:
    """A running demo: its facts, its command line, its SMTP port and its sink."""

    def __init__(self, program: Path, facts: Json, process: subprocess.Popen[bytes]) -> None:
        self.program = program
        self.facts = facts
        self.process = process
        self.sink = Path(facts["sink"]["dir"])
        self.environment = os.environ | {name: str(value) for name, value in facts["env"].items()}

    def contact(self, name: str) -> Json:
        """Return the contact whose address begins with a name."""
        for contact in self.facts["contacts"]:
            if contact["email"].startswith(name):
                return contact
        raise StepFailed(f"the facts name no contact whose address begins with {name}")

    def open_case_of(self, name: str) -> str:
        """Return the number of an Open case of a contact, rather one with reminders than a Critical one (N4)."""
        for case in sorted(self.facts["cases"], key=lambda case: "Critical" in str(case["priority"])):
            if case["status"] == "Open" and str(case["contact"]).lower().startswith(name):
                return str(case["number"])
        raise StepFailed(f"the facts name no Open case of {name}")

    def intake(self, *words: str) -> str:
        """Run a command that must succeed; return what it printed."""
        command = [str(self.program), *words]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        shown = " ".join(["intake", *words])
        said = f"{done.stdout}\n{done.stderr}".strip()
        expect(done.returncode == 0, f"`{shown}` ended with {done.returncode}:\n{said}")
        return str(done.stdout)

    def read(self, *words: str) -> Json:
        """Run a reading command and return its JSON."""
        printed = self.intake(*words, "--json")
        try:
            return json.loads(printed)
        except ValueError:
            raise StepFailed(f"`intake {' '.join(words)} --json` printed no JSON:\n{printed}") from None

    def case(self, number: str) -> Json:
        """Return a case as `intake case show` tells it."""
        shown = self.read("case", "show", number)
        return shown.get("case", shown) | {"everything": json.dumps(shown, ensure_ascii=False)}

    def send(self, mail: EmailMessage) -> None:
        """Hand a mail to the gateway, as a mail server on the Internet would."""
        smtp = self.facts["smtp"]
        with smtplib.SMTP(smtp["host"], int(smtp["port"]), timeout=30) as client:
            client.send_message(mail)

    def mails(self) -> dict[str, EmailMessage]:
        """Return the mails in the sink by file name."""
        parse = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes
        files = [path for path in self.sink.iterdir() if path.is_file() and not path.name.startswith(".")]
        return {path.name: parse(path.read_bytes()) for path in files}

    def mail_to(self, address: str, number: str, words: str, besides: set[str]) -> EmailMessage:
        """Wait for a new mail to somebody about a case that holds some words."""

        def look() -> EmailMessage | None:
            for name, mail in self.mails().items():
                said = f"{mail['Subject']} {text_of(mail)}".lower()
                is_for_them = name not in besides and address in str(mail["To"]).lower()
                if is_for_them and number in said and words.lower() in said:
                    return mail
            return None

        return wait_for(look, f"a mail to {address} about {number} that says {words!r}")


def text_of(mail: EmailMessage) -> str:
    """Return a mail's plain text, with its line breaks as single spaces."""
    body = mail.get_body(("plain", "html"))
    return " ".join(str(body.get_content()).split()) if body else ""


def reply(notice: EmailMessage, sender: str, words: str) -> EmailMessage:
    """Write what a mail program would send for `words` typed above the quoted notice."""
    body = notice.get_body(("plain",))
    quoted = str(body.get_content()).splitlines() if body else []
    message_id = str(notice["Message-ID"])
    mail = EmailMessage(policy=policy.SMTP.clone(max_line_length=998))
    mail["From"] = sender
    mail["To"] = parseaddr(str(notice["Reply-To"] or notice["From"]))[1]
    mail["Subject"] = f"Re: {notice['Subject']}"
    mail["Date"] = datetime.now(UTC)
    mail["Message-ID"] = make_msgid(domain=sender.partition("@")[2])
    mail["In-Reply-To"] = message_id
    mail["References"] = f"{notice['References'] or ''} {message_id}".strip()
    above = [words, "", f"On {notice['Date']}, {notice['From']} wrote:"]
    mail.set_content("\n".join(above + [f"> {line}" for line in quoted]) + "\n")
    return mail


def held_with_a_reason(triage: Json, sender: str) -> Json | None:
    """Return the entry of the triage list that names a sender and has a reason."""
    entries = triage if isinstance(triage, list) else next(v for v in triage.values() if isinstance(v, list))
    for entry in entries:
        reasons = [value for key, value in entry.items() if "reason" in key and value]
        if reasons and sender in json.dumps(entry).lower():
            return entry
    return None


def answer_by_mail(demo: Demo) -> None:
    """Alice's answer opens her case again; the same answer from Bob changes nothing and is held."""
    number = demo.open_case_of("alice")
    alice, bob = (demo.contact(name)["email"].lower() for name in ("alice", "bob"))
    before = set(demo.mails())
    demo.intake("case", "ask", number, QUESTION)
    asked = demo.case(number)["status"]
    expect(asked != "Open", f"case {number} is still Open after a question to the customer")
    passed(f"a question to the customer: case {number} is {asked}")

    notice = demo.mail_to(alice, number, QUESTION, besides=before)
    passed(f"its notice is in the sink: {notice['Subject']}")

    words = f"We run version 7.{secrets.randbelow(10**6):06}."
    demo.send(reply(notice, alice, words))
    wait_for(
        lambda: (case := demo.case(number))["status"] == "Open" and words in case["everything"],
        f"case {number} to be Open again, with {words!r} in its history",
    )
    passed("alice's answer is in the history and the case is Open again")

    demo.intake("case", "ask", number, QUESTION)
    status = demo.case(number)["status"]
    words = f"Let me answer: 8.{secrets.randbelow(10**6):06}."
    demo.send(reply(notice, bob, words))
    entry = wait_for(
        lambda: held_with_a_reason(demo.read("triage", "list"), bob),
        f"a mail from {bob} in `intake triage list --json`, with a reason",
    )
    case = demo.case(number)
    expect(case["status"] == status, f"bob's mail moved case {number} from {status} to {case['status']}")
    expect(words not in case["everything"], f"bob's words are in the history of case {number}")
    reason = next(value for key, value in entry.items() if "reason" in key and value)
    passed(f"bob's changed nothing and is held: {reason}")

    demo.send(reply(notice, alice, "Seven, as I said."))
    wait_for(lambda: demo.case(number)["status"] == "Open", f"case {number} to be Open once more")


def call(demo: Demo) -> None:
    """Alice keys her PIN and hears the state of her case; then she raises it, and an analyst takes the call."""
    number = demo.open_case_of("alice")
    alice = demo.contact("alice")
    keys = PHONE_KEYS.format(pin=digits(str(alice["pin"])), number=digits(number))
    transcript = demo.intake("phone", "--from", alice["phone"], "--keys", keys)
    heard = re.search(r"\bopen\b", transcript, re.IGNORECASE)
    expect(heard, f"the call does not say that case {number} is Open:\n{transcript}")
    passed(f"a call: the menu tells the state of case {number}")

    keys = CRITICAL_KEYS.format(pin=digits(str(alice["pin"])), number=digits(number))
    demo.intake("phone", "--from", alice["phone"], "--keys", keys, "--analysts", "no-answer,accept")
    told = demo.case(number)
    kinds = [line["kind"] for line in told["history"]]
    expect(told["priority"] == "1-Critical", f"after the call case {number} is {told['priority']}")
    expect("critical call taken" in kinds, f"nobody took the call about case {number}: {kinds}")
    passed(f"a critical call: case {number} is 1-Critical, and taken by {told['owner']}")


def remind(demo: Demo) -> None:
    """A proposal without an answer: two reminders, then the case is closed and the mail says how to reopen."""
    number = demo.open_case_of("alice")
    alice = demo.contact("alice")["email"].lower()
    before = set(demo.mails())
    demo.intake("case", "propose", number, PROPOSAL)
    proposed = datetime.now(UTC)
    demo.mail_to(alice, number, PROPOSAL, besides=before)
    status = demo.case(number)["status"]
    passed(f"a proposal: case {number} is {status}, its notice is in the sink")

    for days, expected, words in ((2, status, REMINDER), (5, status, REMINDER), (10, "Closed", REOPEN)):
        before = set(demo.mails())
        as_of = proposed + timedelta(days=days, minutes=1)
        demo.intake("worker", "--once", "--as-of", as_of.isoformat(timespec="seconds"))
        mail = demo.mail_to(alice, number, words, besides=before)
        now = demo.case(number)["status"]
        expect(now == expected, f"after {days} days case {number} is {now}, not {expected}")
        passed(f"after {days} days it is {now}: {mail['Subject']}")


@contextmanager
def running_demo(program: Path, folder: Path) -> Iterator[Demo]:
    """Start the demo, and end it however the test goes."""
    facts, log = folder / "facts.json", folder / "demo.log"
    command = [str(program), "demo", "--facts", str(facts), "--dir", str(folder / "demo")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def look() -> Json | None:
        expect(process.poll() is None, f"`intake demo` ended by itself with {process.returncode}")
        try:
            return json.loads(facts.read_text())
        except (FileNotFoundError, ValueError):  # not there, or not yet whole
            return None

    try:
        yield Demo(program, wait_for(look, "the facts of the demo", SECONDS_TO_START), process)
    except BaseException:
        print(f"--- the end of what the demo said\n{log.read_text(errors='replace')[-4000:]}\n---")
        raise
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def stop(demo: Demo) -> None:
    """Ask the demo to end, as a service manager would."""
    began = time.monotonic()
    demo.process.send_signal(signal.SIGTERM)
    try:
        code = demo.process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        raise StepFailed(f"the demo still runs {SECONDS_TO_STOP} s after SIGTERM") from None
    expect(code == 0, f"the demo ended with {code} after SIGTERM")
    passed(f"SIGTERM: it ended with 0 after {time.monotonic() - began:.1f} s")


def main(program: Path) -> int:
    """Run all steps; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="intake-smoke-") as folder:
        try:
            with running_demo(program, Path(folder)) as demo:
                passed("the demo has started")
                for step in (answer_by_mail, call, remind, stop):
                    step(demo)
        except (StepFailed, OSError, smtplib.SMTPException, subprocess.TimeoutExpired, KeyError) as failure:
            print(f"  FAILED: {type(failure).__name__}: {failure}")
            return 1
    print("smoke: all steps passed")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: smoke.py PATH-OF-INTAKE")
    sys.exit(main(Path(sys.argv[1]).absolute()))
