"""`intake demo`: what it says is true, it goes on where it was, and it keeps its PINs to itself."""

from __future__ import annotations

import base64
import json
import shlex
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.stories.gateway import ALICE, HOST, deliver
from tests.stories.program import Ended, Process, console_command, parsed, run, wait_for

USUAL_PORTS = (2525, 8080, 2526)
STATUSES = {"Open", "Awaiting Information", "Solution Proposed", "Closed"}
READS = (
    "case list",
    "case show {number}",
    "contact show alice@northwind.example",
    "inbox list",
    "inbox show 1",
    "outbox list",
    "outbox show {outbox_id}",
    "triage list",
    "triage list --all",
    "triage show 1",
    "stats",
    "settings",
    "doctor",
)


@dataclass
class Demo:
    """A demo in a folder, and how a second terminal talks to it."""

    home: Path
    process: Process | None = None

    @property
    def folder(self) -> Path:
        return self.home / "demo"

    def start(self, *options: str) -> dict[str, Any]:
        """Start it and return its facts, once it has told them."""
        facts = self.home / "facts.json"
        facts.unlink(missing_ok=True)
        words = ("demo", "--dir", str(self.folder), "--facts", str(facts), *options)
        self.process = Process(words, {"PATH": "/usr/bin:/bin"}, self.home, "demo")
        self.process.wait_until_it_says("3. A reminder.")
        told: dict[str, Any] = json.loads(facts.read_text(encoding="utf-8"))
        return told

    def ends(self, how: signal.Signals = signal.SIGTERM) -> Ended:
        """End it and return how it ended."""
        assert self.process is not None
        self.process.signal(how)
        ended, self.process = self.process.wait(), None
        return ended

    def environment(self) -> dict[str, str]:
        """Return what `. env.sh` sets."""
        text = (self.folder / "env.sh").read_text(encoding="utf-8")
        words = [line.removeprefix("export ") for line in text.splitlines()]
        return dict(shlex.split(word)[0].split("=", 1) for word in words)

    def run(self, *words: str) -> Ended:
        """Run a command as from a second terminal."""
        return run(words, self.environment(), self.home)

    def sent(self) -> list[str]:
        """Return the mails in its sink."""
        return [path.read_text(encoding="utf-8") for path in sorted((self.folder / "sent").glob("*.eml"))]


@pytest.fixture(autouse=True)
def usual_ports_are_taken() -> Iterator[None]:
    """Each demo of these tests finds ports of its own, however many tests and demos run on this machine."""
    with ExitStack() as held:
        for port in USUAL_PORTS:
            taken = held.enter_context(socket.socket())
            try:
                taken.bind((HOST, port))
                taken.listen()
            except OSError:
                continue  # somebody else has it, which is as good
        yield


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """A demo that is not started yet; it is killed if it still runs at the end."""
    own = Demo(tmp_path)
    yield own
    if own.process is not None:
        own.ends(signal.SIGKILL)


# --- what it says -----------------------------------------------------------------------------------------------


def test_the_facts_are_true(demo: Demo) -> None:
    facts = demo.start()
    assert set(facts) == {"smtp", "web", "sink", "env", "twilio", "contacts", "cases"}
    _ports_are_free_ones_and_answer(demo, facts)
    assert facts["env"] == demo.environment()
    assert facts["sink"] == {"dir": str(demo.folder / "sent")}
    twilio, settings = facts["twilio"], facts["env"]
    assert twilio["account_sid"] == settings["INTAKE_TWILIO_ACCOUNT_SID"]
    assert twilio["auth_token"] == settings["INTAKE_TWILIO_AUTH_TOKEN"]
    assert twilio["public_url"] == facts["web"]["url"] == settings["INTAKE_PUBLIC_URL"]
    assert twilio["number"] == settings["INTAKE_SUPPORT_NUMBER"]
    _contacts_are_who_they_say(demo, facts)
    _cases_are_as_they_say(demo, facts)
    assert stat.S_IMODE((demo.home / "facts.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((demo.folder / "env.sh").stat().st_mode) == 0o600


def _ports_are_free_ones_and_answer(demo: Demo, facts: dict[str, Any]) -> None:
    assert facts["smtp"]["host"] == HOST
    assert facts["smtp"]["port"] not in USUAL_PORTS
    url = facts["web"]["url"]
    assert int(url.rpartition(":")[2]) not in USUAL_PORTS
    probe = (
        f"import urllib.request as u; print(u.build_opener(u.ProxyHandler({{}})).open('{url}/readyz').read())"
    )
    done = subprocess.run(["python3", "-c", probe], capture_output=True, text=True, check=True)
    assert "ready" in done.stdout
    stranger = "sam@elsewhere.example"
    mail = f"From: {stranger}\r\nTo: support@support.example\r\nSubject: Hello\r\n\r\nHello?\r\n"
    assert deliver(facts["smtp"]["port"], mail.encode(), stranger, ["support@support.example"])
    wait_for(lambda: [one for one in demo.sent() if f"To: {stranger}" in one], "the answer to a stranger")


def _contacts_are_who_they_say(demo: Demo, facts: dict[str, Any]) -> None:
    people = {person["email"]: person for person in facts["contacts"]}
    assert len(people) == len(facts["contacts"]) == 7
    for email, person in people.items():
        assert set(person) == {"email", "name", "role", "pin", "phone"}
        assert person["role"]
        shown = parsed(demo.run("contact", "show", email, "--json"))
        assert (shown["name"], shown["phone"]) == (person["name"], person["phone"])
        assert shown["has_pin"] == bool(person["pin"])
        if person["pin"]:
            assert (len(person["pin"]), person["pin"].isdecimal()) == (12, True)
            assert demo.run("contact", "verify-pin", email, "--pin", person["pin"]).code == 0
            assert demo.run("contact", "verify-pin", email, "--pin", _wrong(person["pin"])).code == 1
    assert [email for email, person in people.items() if not person["pin"]] == ["blanche@northwind.example"]


def _wrong(pin: str) -> str:
    return pin[:6] + str((int(pin[6]) + 1) % 10) + pin[7:]


def _cases_are_as_they_say(demo: Demo, facts: dict[str, Any]) -> None:
    shown = {case["number"]: case for case in parsed(demo.run("case", "list", "--json"))}
    assert set(shown) == {case["number"] for case in facts["cases"]}
    for case in facts["cases"]:
        assert {name: shown[case["number"]][name] for name in case} == case
    assert {case["status"] for case in facts["cases"]} == STATUSES
    assert "1-Critical" in {case["priority"] for case in facts["cases"]}


def test_what_it_says_to_try_works_as_pasted(demo: Demo) -> None:
    """The three things of its guide, in a shell; with the installed command."""
    facts = demo.start()
    assert demo.process is not None
    said = demo.process.out
    # The question to Alice leaves at once, and is shown below the guide.
    guide = said[said.index("  . /") :].partition("\n--- mail to")[0]
    paths = {"PATH": f"{console_command.parent}:/usr/bin:/bin", "HOME": str(demo.home)}
    done = subprocess.run(
        ["bash", "-e", "-c", _only_the_commands(guide)],
        cwd=demo.home,
        env=paths,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr
    wait_for(lambda: "We run version 4.2." in _histories(demo, facts), "the answer of the guide in its case")
    cases = parsed(demo.run("case", "list", "--json"))
    mine = [case for case in cases if case["contact"] == ALICE.address]
    assert "1-Critical" in {case["priority"] for case in mine}
    assert len([case for case in mine if case["status"] == "Closed"]) == 2


def _only_the_commands(guide: str) -> str:
    """Leave out the sentences, which begin with a number, as a reader does."""
    return "\n".join(line for line in guide.splitlines() if not line[:3].strip().rstrip(".").isdecimal())


def _histories(demo: Demo, facts: dict[str, Any]) -> str:
    return " ".join(demo.run("case", "show", case["number"]).out for case in facts["cases"])


# --- PINs -------------------------------------------------------------------------------------------------------


def _written(pin: str) -> list[bytes]:
    """Return a PIN in each form in which it might be kept."""
    forms = [
        pin,
        f"{pin[:4]} {pin[4:8]} {pin[8:]}",
        f"{pin[:4]}-{pin[4:8]}-{pin[8:]}",
        " ".join(pin),
        ", ".join(pin),
    ]
    raw = [form.encode(encoding) for form in forms for encoding in ("utf-8", "utf-16-le")]
    return [*raw, base64.b64encode(pin.encode()), pin.encode().hex().encode()]


def test_pins_are_printed_and_stand_in_the_facts_and_nowhere_else(demo: Demo) -> None:
    """A10, I14: after a call with the PIN, a wrong one, a reissue and a check by an analyst."""
    facts = demo.start()
    alice = facts["contacts"][0]
    number = next(case["number"] for case in facts["cases"] if case["contact"] == alice["email"])
    for keys in (f"{alice['pin']}# 2 {number}#", f"{_wrong(alice['pin'])}#"):
        heard = demo.run("phone", "--from", alice["phone"], "--keys", keys, "--web-requests")
        assert heard.code == 0, heard.err
        assert alice["pin"] not in heard.out + heard.err
    demo.run("contact", "verify-pin", alice["email"], "--pin", alice["pin"])
    reissued = demo.run("contact", "pin", facts["contacts"][1]["email"], "--reissue").out
    demo.run("case", "ask", number, "Which version?")
    wait_for(lambda: len(demo.sent()) >= 2, "the question in the sink")
    exported = demo.run("case", "show", number, "--json").out + demo.run("outbox", "list", "--json").out
    while_it_runs = _everything_in(demo.folder)  # with the WAL
    ended = demo.ends()
    kept = while_it_runs | {f"{name} at the end": raw for name, raw in _everything_in(demo.folder).items()}
    kept |= {"stderr": ended.err.encode(), "export": exported.encode(), "command line": b"".join(_logs(demo))}
    assert any(name.endswith("-wal") for name in kept)
    pins = [person["pin"] for person in facts["contacts"] if person["pin"]] + ["".join(reissued.split())]
    for pin in pins:
        found = [name for name, raw in kept.items() for form in _written(pin) if form in raw]
        assert found == []
    assert all(f"{pin[:4]} {pin[4:8]} {pin[8:]}" in ended.out for pin in pins[:-1])


def _everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _logs(demo: Demo) -> list[bytes]:
    return [path.read_bytes() for path in demo.home.glob("*.err")]


# --- again, and after a crash -----------------------------------------------------------------------------------


def test_a_second_demo_in_the_same_folder_keeps_people_pins_and_cases(demo: Demo) -> None:
    first = demo.start()
    number = demo.run("case", "open", "--contact", ALICE.address, "--subject", "One more").out.split()[0]
    ended = demo.ends()
    assert (ended.code, "Traceback" in ended.err) == (0, False)
    second = demo.start()
    assert second["contacts"] == first["contacts"]
    assert second["cases"][:-1] == first["cases"]
    assert second["cases"][-1]["number"] == number
    secrets = ("INTAKE_SECRET_KEY", "INTAKE_PIN_KEY", "INTAKE_TWILIO_AUTH_TOKEN", "INTAKE_CONSOLE_PASSWORD")
    assert [second["env"][name] for name in secrets] == [first["env"][name] for name in secrets]
    assert demo.ends(signal.SIGINT).code == 0


def test_a_demo_goes_on_after_kill_9(demo: Demo) -> None:
    first = demo.start()
    demo.run("case", "open", "--contact", ALICE.address, "--subject", "Before the crash")
    assert demo.ends(signal.SIGKILL).code == -signal.SIGKILL
    second = demo.start()
    assert second["contacts"] == first["contacts"]
    assert second["cases"][-1]["subject"] == "Before the crash"
    wait_for(lambda: [one for one in demo.sent() if "Before the crash" in one], "the notice of the case")
    assert demo.ends().code == 0


def test_fresh_forgets_what_was(demo: Demo) -> None:
    first = demo.start()
    demo.ends()
    second = demo.start("--fresh")
    assert [person["pin"] for person in second["contacts"]] != [person["pin"] for person in first["contacts"]]
    assert len(second["cases"]) == len(first["cases"])


def test_fresh_removes_no_folder_that_no_demo_made(demo: Demo) -> None:
    demo.folder.mkdir()
    (demo.folder / "thesis.txt").write_text("years of work")
    ended = run(("demo", "--dir", str(demo.folder), "--fresh"), {}, demo.home)
    assert (ended.code, (demo.folder / "thesis.txt").exists()) == (2, True)
    assert str(demo.folder) in ended.err


def test_fresh_leaves_a_demo_that_runs_its_folder(demo: Demo) -> None:
    """It would go on saying 250 into files that are gone."""
    demo.start()
    ended = run(("demo", "--dir", str(demo.folder), "--fresh"), {}, demo.home)
    assert ended.code == 1
    assert "another process works on" in ended.err
    assert parsed(demo.run("case", "list", "--json"))


# --- a second terminal ------------------------------------------------------------------------------------------


def test_every_reading_command_prints_json_and_the_doctor_is_content(demo: Demo) -> None:
    facts = demo.start()
    stranger = "sam@elsewhere.example"
    mail = f"From: {stranger}\r\nTo: support@support.example\r\nSubject: Hello\r\n\r\nHello?\r\n"
    assert deliver(facts["smtp"]["port"], mail.encode(), stranger, ["support@support.example"])
    wait_for(lambda: parsed(demo.run("triage", "list", "--json")), "an entry in triage")
    [newest, *_others] = parsed(demo.run("outbox", "list", "--json"))
    gaps = {"number": facts["cases"][0]["number"], "outbox_id": newest["id"]}
    for command in READS:
        words = command.format(**gaps).split()
        assert parsed(demo.run(*words, "--json")), command
        plain = demo.run(*words)
        assert (plain.code, bool(plain.out.strip())) == (0, True), command
    findings = parsed(demo.run("doctor", "--json"))
    assert all(finding["ok"] for finding in findings)
    assert not [row for row in parsed(demo.run("settings", "--json")) if row["value"] in _secrets(facts)]


def _secrets(facts: dict[str, Any]) -> list[str]:
    names = ("SECRET_KEY", "PIN_KEY", "TWILIO_AUTH_TOKEN", "CONSOLE_PASSWORD")
    return [facts["env"][f"INTAKE_{name}"] for name in names]


def test_the_installed_command_reads_the_environment_file(demo: Demo) -> None:
    facts = demo.start()
    script = f". {demo.folder}/env.sh; exec {console_command} case list --json"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    assert [case["number"] for case in json.loads(done.stdout)] == [
        case["number"] for case in reversed(facts["cases"])
    ]
