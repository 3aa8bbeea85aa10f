"""What mail gateways make of a link, so that a click goes through them first. Every row hands the link on inside.

Those that hand on a number of their own, or the link in base64 (Mimecast, Sophos), leave nothing to find; then
the words of the link and the other carriers are what links.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from urllib.parse import quote

Rewriting = Callable[[str, random.Random], str]


def _number(chance: random.Random) -> str:
    return f"{chance.getrandbits(128):032x}"


def _proofpoint_v2(link: str, chance: random.Random) -> str:
    escaped = quote(link, safe="").replace("-", "-2D").replace("_", "-5F").replace("%", "-")
    return f"https://urldefense.proofpoint.com/v2/url?u={escaped}&d=DwMF&c={_number(chance)}&e="


def _proofpoint_v3(link: str, chance: random.Random) -> str:
    return f"https://urldefense.com/v3/__{link.replace('+', '*').replace('%', '*')}__;Kw!!{_number(chance)}$"


def _safelinks(link: str, chance: random.Random) -> str:
    return (
        f"https://eur01.safelinks.protection.outlook.com/?url={quote(link, safe='')}&data=05%7C01%7C%7C"
        f"{_number(chance)}&sdata={_number(chance)}%3D&reserved=0"
    )


def _wrapped(form: str) -> Rewriting:
    return lambda link, chance: form.format(quote(link, safe=""), _number(chance))


REWRITINGS: dict[str, Rewriting] = {
    "none": lambda link, _chance: link,
    "Proofpoint v1": _wrapped("https://urldefense.proofpoint.com/v1/url?u={}&k={}"),
    "Proofpoint v2": _proofpoint_v2,
    "Proofpoint v3": _proofpoint_v3,
    "SafeLinks": _safelinks,
    "SafeLinks twice": lambda link, chance: _safelinks(_safelinks(link, chance), chance),
    "SafeLinks around Proofpoint": lambda link, chance: _safelinks(_proofpoint_v2(link, chance), chance),
    "Barracuda": _wrapped("https://linkprotect.cudasvc.com/url?a={}&c=E,1,{}&typo=1"),
    "Cisco": _wrapped("https://secure-web.cisco.com/1{1}/{0}"),
    "Google": _wrapped("https://www.google.com/url?q={}&sa=D&ust={}"),
    "Trend Micro": _wrapped("https://imsva91-ctp.trendmicro.com/wis/clicktime/v1/query?url={}&umid={}"),
    "FireEye": _wrapped("https://protect2.fireeye.com/v1/url?k={1}&q=1&e={1}&u={0}"),
    "Symantec": _wrapped("https://clicktime.symantec.com/a/1/{1}=?d=1&u={0}"),
    "Avanan": lambda link, chance: f"https://url.avanan.click/v2/___{link}___.{_number(chance)}",
}


def links(token: str, chance: random.Random) -> str:
    """Return a link of ours with the Reference ID in it, as programs write it; a third have it in groups."""
    between = chance.choice(("", "", "-", "%20", "%C2%AD"))
    written = between.join((token[:3], token[3:11], token[11:19], token[19:]))
    return chance.choice(
        (
            f"mailto:support+{written}@support.example",
            f"mailto:support%2B{written}@support.example?subject=Re%3A",
            f"https://mail.example/compose?to=support%2B{written}%40support.example",
        )
    )
