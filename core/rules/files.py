"""Which files that a customer sends are kept, and in which words the others are refused (E4). PURE.

A file is judged by its size, by what its name ends in, by the type that it was sent as, and by what its bytes are:
one that is called `report.pdf` and is a program is a program. Programs are refused because an analyst who opens one
runs it; a trace, a core dump or a library's log is what support lives on, and is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

_PROGRAM = "a program of Windows"
_SCRIPT = "a script that Windows runs when it is opened"
_INSTALLER = "an installer"
_SHORTCUT = "a shortcut, which can start anything"

# What it is called, and why it is not taken.
_BLOCKED: dict[str, str] = {
    "exe": _PROGRAM, "com": _PROGRAM, "scr": _PROGRAM, "pif": _PROGRAM, "cpl": _PROGRAM, "dll": _PROGRAM,
    "sys": _PROGRAM, "ocx": _PROGRAM, "xll": "a program that Excel loads", "gadget": _PROGRAM,
    "bat": _SCRIPT, "cmd": _SCRIPT, "js": _SCRIPT, "jse": _SCRIPT, "vb": _SCRIPT, "vbs": _SCRIPT, "vbe": _SCRIPT,
    "wsf": _SCRIPT, "wsh": _SCRIPT, "wsc": _SCRIPT, "sct": _SCRIPT, "hta": _SCRIPT, "ps1": _SCRIPT, "psm1": _SCRIPT,
    "msi": _INSTALLER, "msp": _INSTALLER, "mst": _INSTALLER, "msix": _INSTALLER, "appx": _INSTALLER,
    "appinstaller": _INSTALLER, "apk": _INSTALLER, "pkg": _INSTALLER, "dmg": _INSTALLER,
    "lnk": _SHORTCUT, "url": _SHORTCUT, "scf": _SHORTCUT, "library-ms": _SHORTCUT, "settingcontent-ms": _SHORTCUT,
    "reg": "a change of the registry", "inf": "instructions of an installer",
    "chm": "a help file, which runs scripts", "jar": "a program of Java", "jnlp": "a program of Java",
    "iso": "a disk, which hides where a program came from", "img": "a disk, which hides where a program came from",
    "vhd": "a disk, which hides where a program came from", "vhdx": "a disk, which hides where a program came from",
    "application/x-executable": "a program of Linux", "application/x-mach-binary": "a program of macOS",
    "application/x-msdownload": _PROGRAM, "application/x-dosexec": _PROGRAM,
}  # fmt: skip
BLOCKED = frozenset(_BLOCKED)
"""Endings without their dot, and types, of files that are not kept: the default of the setting."""

MAX_BYTES = 26_214_400
_WRAPPINGS = frozenset(
    {"gz", "bz2", "xz", "lzma", "zst", "br", "z", "b64", "uu", "uue"}
)  # hold one file each


@dataclass(frozen=True)
class Sent:
    """A file as it was sent. `size` is in bytes; `kind` and `kind_ending`: what its bytes are, empty if unknown."""

    name: str
    size: int
    declared: str = ""
    kind: str = ""
    kind_ending: str = ""


@dataclass(frozen=True)
class FileRules:
    """What a site takes: up to so many bytes, and none of these endings (`exe`) and types (`application/…`)."""

    max_bytes: int = MAX_BYTES
    blocked: frozenset[str] = BLOCKED

    def why_refused(self, file: Sent) -> str:
        """Return why the file is not kept, in words that go on after its name; empty for one that is kept."""
        if file.size > self.max_bytes:
            return f"it is larger than {self.max_bytes:,} bytes"
        for ending in endings(file.name):
            if ending in self.blocked:
                return f"files that end in .{ending} are not taken{self._because(ending)}"
        if file.declared in self.blocked:
            return f"files of the type {file.declared} are not taken"
        for sign in (file.kind, file.kind_ending):
            if sign and sign in self.blocked:
                return f"its bytes are {_BLOCKED.get(sign, f'of the kind {sign}')}, whatever its name says"
        return ""

    @staticmethod
    def _because(ending: str) -> str:
        return f": {_BLOCKED[ending]}" if ending in _BLOCKED else ""


def endings(name: str) -> tuple[str, ...]:
    """Return what a file's name ends in, in lower case: `exe`; with what is inside a wrapping, `gz` and `exe`.

    Only the last one says what opening does: `app.exe.dmp` is a dump, and `invoice.pdf.exe` is a program.
    """
    pieces = name.lower().rstrip(" .").split(".")[1:]
    if not pieces:
        return ()
    return tuple(reversed(pieces[-2:])) if pieces[-1] in _WRAPPINGS else (pieces[-1],)
