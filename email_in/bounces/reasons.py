"""Why a mail did not arrive, and whether that will pass: one ordered table, the first row that fits decides.

PURE. Mail systems share some thirty phrases, and disagree about codes: 5.1.1 is said of full mailboxes, 5.7.1 of
unknown users. So the words decide before the code does, but for what calls itself temporary. Addresses and links
are taken out first: `user-unknown@` and `/help/mailbox-full` say nothing. Hard is what is said of the address or of
its host; what is said of the sender, the mail or the mailbox may pass, however final it sounds.
"""

import re
from dataclasses import dataclass

from email_in.bounces import stages
from email_in.bounces.facts import Delivery, Entry, Verdict
from email_in.bounces.stages import DATA, GREETING, MAIL, RCPT

_HARD, _SOFT = Verdict.HARD, Verdict.SOFT
_LOOKED_AT = 2_000  # characters
_KEPT = 500  # characters

_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d]|\.\d)")
_CODE = re.compile(r"(?<![\d.\w])[45]\d\d(?=[ :,-])")
_NO_WORDS = re.compile(r"https?://\S{0,300}|<?[^\s<>:]{1,64}@[^\s<>:]{1,255}>?")


@dataclass(frozen=True, slots=True)
class Reason:
    """A row: what is said where this is so, and the stages at which it says nothing about the recipient."""

    name: str
    verdict: Verdict
    sign: re.Pattern[str]
    not_at: tuple[str, ...]


def _row(name: str, verdict: Verdict, *phrases: str, not_at: tuple[str, ...] = ()) -> Reason:
    return Reason(name, verdict, re.compile("|".join(phrases), re.IGNORECASE), not_at)


REASONS: tuple[Reason, ...] = (
    # First, because many systems call a full mailbox unknown or rejected as well.
    _row(
        "mailbox full",
        _SOFT,
        r"quota|(?:mailbox|mailfolder|mail box|inbox|account)(?: is| size)? (?:full|exceed)|mailbox size",
        r"(?:is|too|over) full\b|exceeded the (?:local )?limit|storage (?:limit|space)|メールボックスが一杯|容量",
    ),
    # The sender's name, host and habits are no word about the recipient.
    _row(
        "sender refused",
        _SOFT,
        r"sender (?:address )?(?:rejected|denied|unknown|verif)|(?:invalid|unroutable|unknown|bad) sender",
        r"domain of sender|\bspf\b|\bdkim\b|\bdmarc\b|reverse dns|\bptr\b|\brdns\b|unauthenticated",
        r"authentication (?:required|information|checks)|sending (?:ip|domain)|provide a valid from",
    ),
    # Where the address should stand there is nothing: it is the mail that was refused.
    _row("refused by a filter", _SOFT, r"\b55\d[ :]{1,3}: {1,3}user unknown", not_at=(RCPT,)),
    _row("relaying refused", _SOFT, r"\brelay"),
    _row(
        "blocked",
        _SOFT,
        r"black ?list|block(?:ed|list)|\bbanned\b|\bspam|unsolicited|\bvirus|reputation|\babuse",
        r"client host rejected",
    ),
    _row(
        "mailbox disabled",
        _SOFT,
        r"(?:account|recipient|mailbox|user)\b.{0,40}\b(?:disabled|suspended|inactive|on hold)",
        r"disabled recipient|: on hold",
    ),
    _row(
        "unknown user",
        _HARD,
        r"(?:user|recipient|account|alias|mailbox|address|person)(?: name)?(?: is)? ?"
        r"(?:unknown|not (?:found|known|recogni|listed))",
        r"unknown (?:user|recipient|account|mailbox|local|or illegal)",
        r"(?:invalid|no valid|illegal) (?:recipient|user|mailbox)",
        r"no (?:such |mailbox )(?:user|mailbox|person|account|recipient|address|here)|user\s{1,4}not listed",
        r"(?:mailbox|recipient|address|account|user)\b.{0,60}\b"
        r"(?:does ?n.?t exist|does not exist|not exist|unavailable|wasn.t found|couldn.t be found)",
        r"doesn't have a|recipnotfound|recipientnotfound|name is not recogni|destinataire invalide",
        r"recipient address rejected: access denied|見つかりません|ディレクトリのリストにありません",
        not_at=(GREETING, MAIL, DATA),
    ),
    _row(
        "trouble on the way",
        _SOFT,
        r"try again later|not found, try again|malformed or unexpected|timed? ?out|connection (?:refused|reset)",
        r"temporar|\bexpired",
    ),
    _row(
        "unknown host",
        _HARD,
        r"host \S{1,253} not found|(?:host|domain)(?: name)? (?:is )?(?:unknown|not (?:found|reachable))",
        r"unknown (?:host|domain)|no such (?:host|domain)|invalid domain$|any host (?:named )?|does not exist",
        r"bad destination (?:host|mailbox)",
        not_at=(GREETING, MAIL),
    ),
    _row(
        "takes no mail",
        _HARD,
        r"does not accept mail|not accepting network messages|no mx|null mx|(?:no|find a) mail exchanger",
        not_at=(GREETING, MAIL),
    ),
)

# RFC 3463 3.2: the subject 1 is the address, but for three details that are of the sender or unclear. 5.4.4 is a host
# without a route; 5.3.2 and 5.7.27 (RFC 7505) one that takes no mail.
_HARD_STATUS = re.compile(r"5\.1\.(?!(?:0|7|8)\b)\d{1,3}|5\.4\.4|5\.3\.2|5\.7\.27")
# A status about the mailbox, the system, the mail or a policy (RFC 3463 3.3-3.8): stronger than "user unknown", but
# not where that was the answer to RCPT TO.
_OTHER_SUBJECT = re.compile(r"5\.(?:2\.|3\.(?!2\b)|6\.|7\.(?!27\b))")
_ACTIONS = {
    "delayed": Verdict.DELAYED,
    "delivered": Verdict.DELIVERED,
    "relayed": Verdict.DELIVERED,
    "expanded": Verdict.DELIVERED,
}


def judge(entry: Entry) -> Delivery:
    """Return what an entry comes to."""
    words = entry.words[:_LOOKED_AT]
    status = _first(_STATUS, words) or _first(_STATUS, entry.status)
    code = _first(_CODE, words)
    verdict, why = _verdict(entry, words, status, code)
    return Delivery(_shown(entry.recipient), verdict, why, status, code, _shown(words[:_KEPT]))


def _shown(text: str) -> str:
    """Return a text in one line, without signs that a database or a terminal would choke on."""
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()


def _verdict(entry: Entry, words: str, status: str, code: str) -> tuple[Verdict, str]:
    action = next((verdict for name, verdict in _ACTIONS.items() if entry.action.startswith(name)), None)
    if action is not None:
        return action, action.value
    if (status[:1] or code[:1]) == "4":
        return _SOFT, "given up after a temporary refusal"
    return _refusal(entry, words, status)


def _refusal(entry: Entry, words: str, status: str) -> tuple[Verdict, str]:
    stage = _stage(entry, words, status)
    reason = _reason(words, stage) or _reason(entry.around, stage)
    if reason is not None and reason.verdict is _HARD and stage != RCPT and _OTHER_SUBJECT.match(status):
        return _SOFT, "refused"
    if reason is not None:
        return reason.verdict, reason.name
    if _HARD_STATUS.fullmatch(status) and stage not in (GREETING, MAIL):
        return _HARD, "refused for good"
    return _SOFT, "refused"


def _stage(entry: Entry, words: str, status: str) -> str:
    """Return the stage, but for a status that is about the address all the same: commands may be sent together."""
    stage = entry.stage or stages.stage(words)
    return "" if stage == DATA and _HARD_STATUS.fullmatch(status) else stage


def _reason(words: str, stage: str) -> Reason | None:
    said = _NO_WORDS.sub(" @ ", words[:_LOOKED_AT])
    fitting = (row for row in REASONS if stage not in row.not_at and row.sign.search(said))
    return next(fitting, None)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0] if found else ""
