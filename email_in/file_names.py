"""Names of attachments, safe to store and to show: no path, no control signs, 150 characters. PURE."""

import re
import unicodedata

_LONGEST_NAME = 150
_LONGEST_ENDING = 20
_RESERVED = re.compile(r'[<>:"|?*]')  # on the systems on which analysts open attachments
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # Unicode's categories of signs that are not seen

_DEFAULT_NAMES = {
    "application/ms-tnef": "winmail.dat",
    "application/pdf": "document.pdf",
    "application/pgp-encrypted": "version.txt",
    "application/pgp-signature": "signature.asc",
    "application/pkcs7-mime": "smime.p7m",
    "application/pkcs7-signature": "smime.p7s",
    "application/zip": "archive.zip",
    "audio/mpeg": "sound.mp3",
    "audio/wav": "sound.wav",
    "image/gif": "image.gif",
    "image/jpeg": "image.jpg",
    "image/png": "image.png",
    "message/rfc822": "message.eml",
    "text/calendar": "invitation.ics",
    "text/csv": "table.csv",
    "text/html": "text.html",
    "text/plain": "text.txt",
    "text/vcard": "contact.vcf",
}


def file_name(given: str, content_type: str) -> str:
    """Return the name that a file of this type gets, whatever name it was given."""
    last = given.replace("\\", "/").rpartition("/")[2]
    seen = "".join(sign for sign in last if unicodedata.category(sign) not in _UNSEEN)
    name = _RESERVED.sub("_", seen).strip(" .")
    if not name:
        return _DEFAULT_NAMES.get(content_type, "attachment")
    if len(name) <= _LONGEST_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > _LONGEST_ENDING:
        return name[:_LONGEST_NAME]
    return stem[: _LONGEST_NAME - len(ending) - 1] + dot + ending
