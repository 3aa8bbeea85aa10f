"""What our own mail server in front found out about a sender (Authentication-Results, RFC 8601). Pure.

Anybody can write such a field, so only those of trusted servers count, by the name at their beginning, and only what
they say of DMARC. A trusted server takes fields of its own name out of what it lets in; should one have stayed, the
topmost that speaks of DMARC decides, for that is the one which the server wrote itself. It repeats words of the
sender's, so it proves nothing when a quote or comment in it does not end, or when it gives several results.

Microsoft 365 names nobody at the beginning; such fields count when `unnamed` is trusted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from email_in.proof.domains import as_name, organisational
from email_in.proof.proven import Proof, Proven

UNNAMED = "unnamed"

# Of a field (RFC 8601 2.2): an escaped sign, a sign that opens or ends something, a run of anything else.
_SIGN = re.compile(r'\\.|["();\\]|[^"();\\]+', re.DOTALL)
_QUOTED = '""'  # stands where a quoted string stood: what was quoted is never read
_RESULT = re.compile(r"\s*[a-z][a-z0-9-]*\s*(?:/\s*[0-9]+\s*)?=", re.IGNORECASE)
_DMARC = re.compile(r"\s*dmarc\s*(?:/\s*[0-9]+\s*)?=\s*([a-z]+)(?!\S)", re.IGNORECASE)
_HEADER_FROM = re.compile(r"(?<!\S)header\.from\s*=\s*([a-z0-9.-]+)(?!\S)", re.IGNORECASE)
_LONGEST_FIELD = 8192

_MEANINGS: Mapping[str, Proof] = {
    "pass": Proof.PASS,
    "bestguesspass": Proof.PASS,  # Microsoft's: what proves a domain is there, only its record is not
    "none": Proof.NONE,
    "temperror": Proof.TEMPERROR,
}  # whatever else: it did not pass


def found_by(trusted: Collection[str], fields: Iterable[str], domain: str) -> Proven:
    """Return what trusted servers found of the From domain.

    `trusted` are their names in lower case; `fields` the undecoded values of all Authentication-Results, topmost
    first.
    """
    for field in fields:
        pieces, is_whole = _pieces(field[:_LONGEST_FIELD])
        server, methods = _server(pieces)
        if server not in trusted:
            continue
        if not is_whole or len(field) > _LONGEST_FIELD:
            return Proven(Proof.FAIL, f"the results of {server} are damaged")
        found = [(result[1].lower(), method) for method in methods if (result := _DMARC.match(method))]
        if len(found) > 1:
            return Proven(Proof.FAIL, f"{server} gives several results for DMARC")
        if found:
            return _read(server, *found[0], domain)
    return Proven(Proof.NONE, f"no result for DMARC by {', '.join(sorted(trusted))}")


def _server(pieces: list[str]) -> tuple[str, list[str]]:
    """Return who wrote a field, in lower case, and what follows; a field that begins with a result names nobody."""
    if _RESULT.match(pieces[0]):
        return UNNAMED, pieces
    return (pieces[0].lower().split() or [""])[0], pieces[1:]


def _read(server: str, result: str, method: str, domain: str) -> Proven:
    """Return what a result means, if it is for the From domain; some servers name its organisational one."""
    name = as_name(domain) or ""
    about = [one.lower() for one in _HEADER_FROM.findall(method)]
    if len(about) != 1 or about[0] not in (name, organisational(name)):
        return Proven(Proof.NONE, f"{server} says dmarc={result[:20]} of another domain")
    return Proven(_MEANINGS.get(result, Proof.FAIL), f"{server} says dmarc={result[:20]} of {about[0]}")


def _pieces(field: str) -> tuple[list[str], bool]:
    """Cut a field at its semicolons, without its comments and quoted strings; say whether each of them ends."""
    pieces, comments, is_quoted, is_whole = [""], 0, False, True
    for sign in _SIGN.findall(field):
        if is_quoted:
            is_quoted = sign != '"'
        elif sign in ("(", ")"):
            comments += 1 if sign == "(" else -1
            is_whole = is_whole and comments >= 0
        elif comments > 0:
            continue
        elif sign == '"':
            is_quoted = True
            pieces[-1] += _QUOTED
        elif sign == ";":
            pieces.append("")
        else:
            is_whole = is_whole and not sign.startswith("\\")
            pieces[-1] += sign
    return pieces, is_whole and not is_quoted and comments == 0
