"""What a file is, by its first bytes. PURE.

A sender's word for it, name and type, is as often wrong as right, and sometimes meant to be. The table has what
people send to a support desk, and what nobody should open; it says nothing about anything else, and never that a
file is harmless. Only the head is looked at, so the time does not depend on the size.
"""

import re
from dataclasses import dataclass

_HEAD = 1_024  # bytes


@dataclass(frozen=True, slots=True)
class FileType:
    """A row: the media type, the usual ending, and which other endings have the same beginning."""

    media_type: str
    ending: str
    begins: re.Pattern[bytes]
    also: frozenset[str] = frozenset()


def _row(media_type: str, ending: str, begins: bytes, also: str = "") -> FileType:
    return FileType(media_type, ending, re.compile(begins, re.DOTALL), frozenset(also.split()))


_IN_ZIP = (
    "docx xlsx pptx docm xlsm pptm dotx xltx potx vsdx odt ods odp odg epub xps war ear apk xpi ipa kmz whl"
)
_IN_OLE = "doc xls ppt dot xlt pps vsd msg msi msp mst pub mpp"

# The first that applies. What runs when it is opened comes first: a file may be two things at once.
FILE_TYPES: tuple[FileType, ...] = (
    # A text may begin with MZ; the header of a program has a zero among its first 64 bytes.
    _row("application/vnd.microsoft.portable-executable", "exe", rb"MZ(?=.{0,62}\x00)", "dll sys scr com cpl ocx"),
    # Programs and shared objects; a core dump (4) is what support asks for.
    _row("application/x-executable", "elf", rb"\x7fELF.\x01.{10}[\x02\x03]\x00|\x7fELF.\x02.{10}\x00[\x02\x03]"),
    _row("application/x-coredump", "core", rb"\x7fELF"),
    _row("application/x-mach-binary", "macho", rb"[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe\x00\x00\x00[\x01-\x14]"),
    _row("application/java-vm", "class", rb"\xca\xfe\xba\xbe\x00[\x00-\x03]\x00[\x2d-\x7f]"),
    _row("application/x-ms-shortcut", "lnk", rb"L\x00\x00\x00\x01\x14\x02\x00"),
    _row("application/vnd.ms-htmlhelp", "chm", rb"ITSF"),
    _row("application/java-archive", "jar", rb"PK\x03\x04.{26}META-INF/MANIFEST", "war ear xpi apk"),
    _row("application/pdf", "pdf", rb".{0,1000}%PDF-\d", "ai"),
    _row("application/zip", "zip", rb"PK(?:\x03\x04|\x05\x06)", _IN_ZIP),
    _row("application/x-ole-storage", "ole", rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _IN_OLE),
    _row("application/gzip", "gz", rb"\x1f\x8b\x08", "tgz svgz"),
    _row("application/x-bzip2", "bz2", rb"BZh[1-9]1AY&SY", "tbz tbz2"),
    _row("application/x-xz", "xz", rb"\xfd7zXZ\x00", "txz"),
    _row("application/zstd", "zst", rb"\x28\xb5\x2f\xfd"),
    _row("application/x-7z-compressed", "7z", rb"7z\xbc\xaf\x27\x1c"),
    _row("application/vnd.rar", "rar", rb"Rar!\x1a\x07"),
    _row("application/vnd.ms-cab-compressed", "cab", rb"MSCF\x00\x00\x00\x00"),
    _row("application/x-tar", "tar", rb".{257}ustar"),
    _row("application/vnd.tcpdump.pcap", "pcap", rb"\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4|\x4d\x3c\xb2\xa1", "cap dmp"),
    _row("application/x-pcapng", "pcapng", rb"\x0a\x0d\x0d\x0a", "ntar"),
    _row("application/x-minidump", "dmp", rb"MDMP\x93\xa7", "mdmp hdmp"),
    _row("application/x-ms-evtx", "evtx", rb"ElfFile\x00"),
    _row("application/vnd.sqlite3", "sqlite", rb"SQLite format 3\x00", "db sqlite3"),
    _row("application/rtf", "rtf", rb"\{\\rtf", "doc"),
    _row("image/png", "png", rb"\x89PNG\r\n\x1a\n"),
    _row("image/jpeg", "jpg", rb"\xff\xd8\xff", "jpeg jpe jfif"),
    _row("image/gif", "gif", rb"GIF8[79]a"),
    _row("image/webp", "webp", rb"RIFF.{4}WEBP"),
    _row("image/tiff", "tif", rb"II\x2a\x00|MM\x00\x2a", "tiff"),
    _row("image/bmp", "bmp", rb"BM.{4}\x00\x00\x00\x00", "dib"),
    _row("image/heic", "heic", rb".{4}ftyp(?:heic|heix|mif1)", "heif"),
    _row("video/mp4", "mp4", rb".{4}ftyp", "mov m4a m4v 3gp"),
    _row("audio/wav", "wav", rb"RIFF.{4}WAVE"),
    _row("audio/ogg", "ogg", rb"OggS", "oga ogv opus"),
    _row("audio/mpeg", "mp3", rb"ID3[\x02-\x04]"),
)  # fmt: skip


def sniffed(content: bytes) -> FileType | None:
    """Return what the bytes are, or None where they say nothing."""
    head = content[:_HEAD]
    return next((row for row in FILE_TYPES if row.begins.match(head)), None)


def shown_type(declared: str, ending: str, found: FileType | None) -> str:
    """Return the type that is shown: what the bytes are, unless name and bytes leave room for a closer word.

    Of a Word document in a zip, the sender's own type says more than `application/zip`.
    """
    if found is None or ending in found.also:
        return declared
    return found.media_type
