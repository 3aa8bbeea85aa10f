"""The sender's own words, and the history that was quoted with them.

PURE. This is a view: both halves are kept, and together they hold every word.
The first line that begins quoted history is looked for, in this order: our own
marker and Reference line (certain), then the forms in which mail programs
introduce a quote, in many languages. Each line is looked at once, anchored and
up to a bound, so the time is linear.

When in doubt it shows more. Answers between or below quoted lines, a text that
is nothing but a quote, a phrase that only resembles an introduction: `own` then
holds all of it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

REPLY_MARKER = "-- Please reply above this line --"

_LINE_LOOKED_AT = 1_000  # characters of a line
_LINES_LOOKED_AT = 20_000  # for the forms of mail programs; below so much text of one's own all is shown
_MOST_LINES = 200_000  # what has more is a log and no letter: it is shown whole
_INTRODUCTION_LINES = 4  # how many lines the introduction of a quote may be wrapped over
_HEADER_BLOCK_LINES = 10  # lines in which the block of an original's headers must be complete
_SIGNATURE_LINES = 15  # a longer text below `-- ` is more than a signature


@dataclass(frozen=True, slots=True)
class OwnWords:
    """A text in two halves, the sender's own words first."""

    own: str
    quoted: str


def own_words(text: str) -> OwnWords:
    """Part a text into what its sender wrote and what the sender quoted below it."""
    if text.count("\n") > _MOST_LINES:
        return OwnWords(text, "")
    lines = text.split("\n")
    cut = _cut(lines)
    if cut is None or _says_nothing(lines[:cut]):
        return OwnWords(text, "")
    return OwnWords("\n".join(lines[:cut]).rstrip(), "\n".join(lines[cut:]))


def _cut(lines: list[str]) -> int | None:
    """Return the line with which quoted history begins, or None where nothing is sure."""
    for find in (_our_lines, _introduction):
        found = find(lines)
        if found is not None:
            return None if _is_answered_below(lines, found) else found
    return _trailing_quote(lines)


def _says_nothing(lines: list[str]) -> bool:
    """Whether no line but quotes and rules is left: then the quote is the message."""
    return all(_is_blank(line) or _is_quoted(line) or _RULE.match(_head(line)) for line in lines)


# Lines and what they look like

_PREFIX = re.compile(r"[ \t\xa0]*(?:>[> \t\xa0]*)?")
_RULE = re.compile(r"[*\s]*[_\-=–—]{5,}[*\s]*\Z")


def _head(line: str) -> str:
    return line[:_LINE_LOOKED_AT].rstrip()


def _bare(line: str) -> str:
    """Return the beginning of a line without its quote marks."""
    return _PREFIX.sub("", line[:_LINE_LOOKED_AT], count=1).rstrip()


def _is_quoted(line: str) -> bool:
    return line[:_LINE_LOOKED_AT].lstrip(" \t\xa0").startswith(">")


def _is_blank(line: str) -> bool:
    return not line.strip()


# 1. Our own lines: what the gateway puts on top of each mail that it sends

_MARKER = re.compile(r"[-\s*]*please reply above this line\b", re.IGNORECASE)
_REFERENCE_LINE = re.compile(r"\**Reference ID:", re.IGNORECASE)
_KEEP_THIS_LINE = re.compile(r"\bkeep this line\b", re.IGNORECASE)


def _our_lines(lines: list[str]) -> int | None:
    for index, line in enumerate(lines):
        if _is_ours(line, lines[index + 1] if index + 1 < len(lines) else ""):
            return _introduced_at(lines, index)
    return None


def _is_ours(line: str, following: str) -> bool:
    """Tell our Reference line from one that the sender typed: ours is quoted or says its phrase."""
    bare = _bare(line)
    if _MARKER.match(bare):
        return True
    if not _REFERENCE_LINE.match(bare):
        return False
    return _is_quoted(line) or bool(_KEEP_THIS_LINE.search(f"{bare} {_bare(following)}"))


def _introduced_at(lines: list[str], ours: int) -> int:
    """Step back from our line over the introduction that stands directly above it."""
    first = max(0, ours - _HEADER_BLOCK_LINES - _INTRODUCTION_LINES)
    for index in range(first, ours):
        begins = _history_begins(lines, index)
        if begins is not None and _only_introduction(lines, index, ours):
            return begins
    return _above_rules(lines, ours)


def _only_introduction(lines: list[str], start: int, end: int) -> bool:
    """Whether no paragraph of the sender stands between an introduction and our line."""
    paragraphs, was_blank = 0, False
    for line in lines[start:end]:
        blank = not _bare(line)
        paragraphs += was_blank and not blank and not _RULE.match(_head(line))
        was_blank = blank
    return paragraphs == 0


# 2. What mail programs write above a quote


def _introduction(lines: list[str]) -> int | None:
    for index in range(min(len(lines), _LINES_LOOKED_AT)):
        begins = _history_begins(lines, index)
        if begins is not None:
            return begins
    return None


def _history_begins(lines: list[str], index: int) -> int | None:
    """Return where history begins if the line at `index` introduces it."""
    line = lines[index]
    if _is_blank(line) or _is_quoted(line):
        return None
    for is_introduction in _INTRODUCTIONS:
        if is_introduction(lines, index):
            return _above_rules(lines, index)
    return None


def _above_rules(lines: list[str], index: int) -> int:
    """Step back over the separators directly above a line; they belong to the quote."""
    place = index
    while place > 0 and index - place < _INTRODUCTION_LINES:
        above = lines[place - 1]
        if not (_is_blank(above) or _RULE.match(_head(above))):
            break
        place -= 1
    return place


_TITLES = "|".join(
    (
        r"original (?:message|appointment|mail)", r"forwarded (?:message|by)", r"begin forwarded message",
        r"urspr(?:ü|ue)ngliche (?:nachricht|mail)", r"originalnachricht", r"weitergeleitete nachricht",
        r"message (?:d'origine|original|transféré|d’origine)", r"courriel original", r"message transféré",
        r"mensaje (?:original|reenviado)", r"mensagem (?:original|encaminhada)", r"messaggio (?:originale|inoltrato)",
        r"oorspronkelijk bericht", r"doorgestuurd bericht", r"original(?:meddelelse|melding|meddelande)",
        r"oprindelig meddelelse", r"opprinnelig melding", r"ursprungligt meddelande", r"vidarebefordrat meddelande",
        r"videresendt (?:meddelelse|melding)", r"alkuperäinen viesti", r"wiadomość oryginalna",
        r"oryginalna wiadomość", r"treść oryginalnej wiadomości", r"původní (?:zpráva|e-mail)", r"pôvodná správa",
        r"eredeti üzenet", r"mesaj original", r"mesajul original", r"orijinal (?:mesaj|ileti)", r"özgün ileti",
        r"исходное сообщение", r"пересылаемое сообщение", r"оригинальное сообщение", r"початкове повідомлення",
        r"αρχικό μήνυμα", r"izvorna poruka", r"originalna poruka", r"оригинално съобщение",
        r"元のメッセージ", r"転送メッセージ", r"原始邮件", r"原始郵件", r"转发邮件", r"轉寄郵件",
        r"원본 ?메시지", r"전달된 메시지",
        r"הודעה מקורית", r"الرسالة الأصلية", r"thư gốc", r"pesan asli",
    )
)  # fmt: skip
_TITLE = re.compile(rf"[*\s]*[-_]{{2,}}\s*(?:{_TITLES})[^\n]{{0,60}}?[-_:]{{1,}}[*\s]*\Z", re.IGNORECASE)


def _is_title(lines: list[str], index: int) -> bool:
    """Match `-----Original Message-----` and its like."""
    head = _head(lines[index])
    return len(head) < 200 and bool(_TITLE.match(head))


# One row a language: how the introduction begins, and its verb, which may stand before the name.
_LANGUAGES: tuple[tuple[str, str], ...] = (
    (r"on|at", r"wrote|writes"),
    (r"am|den", r"schrieb|geschrieben"),
    (r"le|el", r"a écrit|écrivait|a ecrit"),
    (r"el|en fecha", r"escribió|escribio|ha escrito"),
    (r"il|in data|alle", r"ha scritto|scrive"),
    (r"em|no dia", r"escreveu"),
    (r"op", r"schreef|geschreven"),
    (r"den|d\.|på", r"skrev|skreiv"),
    (r"", r"kirjoitti"),
    (r"w dniu|dnia|", r"napisał(?:\(a\)|a)?|pisze"),
    (r"dne|dňa", r"napsal(?:\(a\)|a)?|napísal(?:\(a\)|a)?|píše"),
    (r"", r"ezt írta|írta"),
    (r"în|pe", r"a scris"),
    (r"", r"şunu yazdı|şunları yazdı|yazdı|tarihinde"),
    (r"", r"написал(?:\(а\)|а)?|пишет|писал(?:\(а\)|а)?"),
    (r"", r"пише|написав(?:\(ла\)|ла)?|написала"),
    (r"на", r"написа"),
    (r"στις", r"έγραψε"),
    (r"dana", r"(?:je )?napisao(?:/la)?|(?:je )?napisala|piše|je napisal(?:\(a\)|a)?"),
    (r"el|en data", r"va escriure"),
    (r"", r"rašė|parašė|rakstīja|kirjutas"),
    (r"vào|lúc", r"đã viết|viết"),
    (r"pada", r"menulis"),
    (r"", r"写道|寫道|写到|のメール|さんは書きました|님이 작성|작성"),
    (r"בתאריך", r"כתב(?:ה)?|מאת"),
    (r"في", r"كتب"),
)
_OPENING = re.compile(
    r"(?:" + "|".join(sorted({word for openers, _ in _LANGUAGES for word in openers.split("|") if word})) + r")\b",
    re.IGNORECASE,
)  # fmt: skip
_VERB = re.compile(r"(?<!\w)(?:" + "|".join(verbs for _, verbs in _LANGUAGES) + r")(?!\w)", re.IGNORECASE)
_CJK_VERB = re.compile(r"写道|寫道|写到|のメール|さんは書きました|작성|כתב|كتب")
_ADDRESS = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,255}")
_DATE = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.h]\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\d年|\d월", re.IGNORECASE
)
_FULL_DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\d年|\d월")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d{1,2}:\d\d (?:GMT|UTC)?[+-]\d\d:?\d\d\b")
_BEGINS_WITH_DATE = re.compile(r"(?:\w{2,14}[.,]{0,2} )?\d{1,4}[年./\- ]")
_NAME_AND_ADDRESS = re.compile(r"[\"'*]?[^\s\"'*<>][^<>:]{0,100}<[^<>\s]{1,64}@[^<>]{1,255}>")
_LONGEST_INTRODUCTION = 400  # characters


def _is_attribution(lines: list[str], index: int) -> bool:
    """Match `On …, somebody wrote:`, also wrapped over a few lines."""
    first = _head(lines[index]).strip()
    if _STAMP.match(first):
        return True
    end = _sentence_end(lines, index)
    if end is None or not (
        _OPENING.match(first) or _BEGINS_WITH_DATE.match(first) or "<" in first or _VERB.search(first)
    ):
        return False
    sentence = " ".join([first, *(_bare(line) for line in lines[index + 1 : end])])
    return len(sentence) <= _LONGEST_INTRODUCTION and _introduces(sentence, _quote_follows(lines, end))


def _sentence_end(lines: list[str], index: int) -> int | None:
    """Return the line behind the first colon that ends a line, if it comes soon and in this paragraph."""
    for place in range(index, min(index + _INTRODUCTION_LINES, len(lines))):
        if _is_blank(lines[place]):
            return None
        if _head(lines[place]).endswith((":", "：")):
            return place + 1
    return None


def _quote_follows(lines: list[str], start: int) -> bool:
    following = next((line for line in lines[start : start + _INTRODUCTION_LINES] if not _is_blank(line)), "")
    return _is_quoted(following)


def _introduces(sentence: str, quote_follows: bool) -> bool:
    """Ask for two proofs: a verb of writing or a dated address, and who or when.

    `At 10:32 the server wrote:` introduces a log as well as a quote, so without
    `>` below it a time of day is not enough.
    """
    has_address = bool(_ADDRESS.search(sentence))
    has_date = bool((_DATE if quote_follows or has_address else _FULL_DATE).search(sentence))
    dated = bool(_OPENING.match(sentence) or _BEGINS_WITH_DATE.match(sentence)) and has_date
    if not (_VERB.search(sentence) or _CJK_VERB.search(sentence)):
        return dated and has_address and sentence.endswith((">:", ">："))
    return dated or bool(_NAME_AND_ADDRESS.match(sentence)) or (has_address and has_date)


# One row a language, as Outlook writes the head of an original: From, Sent or Date, Subject.
_LABELS: tuple[tuple[str, str, str], ...] = (
    ("From", "Sent|Date", "Subject"),
    ("Von", "Gesendet|Datum|Gesendet am", "Betreff"),
    ("De|Expéditeur", "Envoyé|Date|Envoyé le", "Objet|Sujet"),
    ("De", "Enviado|Enviado el|Fecha", "Asunto"),
    ("De", "Enviado|Enviada|Enviada em|Data", "Assunto"),
    ("Da", "Inviato|Data", "Oggetto"),
    ("Van", "Verzonden|Datum", "Onderwerp"),
    ("Fra", "Sendt|Dato", "Emne"),
    ("Från", "Skickat|Datum", "Ämne"),
    ("Lähettäjä", "Lähetetty|Päivämäärä", "Aihe"),
    ("Od", "Wysłano|Data|Wysłane", "Temat"),
    ("Od", "Odesláno|Datum|Odoslané|Dátum", "Předmět|Predmet"),
    ("Od|Šalje", "Poslano|Poslato|Datum", "Predmet|Zadeva"),
    ("Feladó", "Elküldve|Küldve|Dátum", "Tárgy"),
    ("De la|Expeditor", "Trimis|Data", "Subiect"),
    ("Kimden|Gönderen", "Gönderildi|Tarih|Gönderme Tarihi", "Konu"),
    ("От|От кого", "Отправлено|Дата", "Тема|Относно"),
    ("От", "Изпратено|Дата", "Относно"),
    ("Від|Від кого", "Надіслано|Відправлено|Дата", "Тема"),
    ("Από", "Στάλθηκε|Ημερομηνία", "Θέμα"),
    ("差出人|送信者", "送信日時|日時|日付", "件名"),
    ("发件人|寄件者|寄件人", "发送时间|寄件日期|傳送時間|日期|时间", "主题|主旨"),
    ("보낸 사람|보낸사람", "보낸 날짜|날짜|보낸날짜", "제목"),
    ("מאת", "נשלח|תאריך", "נושא"),
    ("من", "تاريخ الإرسال|أرسلت|التاريخ", "الموضوع"),
    ("Từ", "Đã gửi|Ngày|Gửi", "Chủ đề"),
)


def _label(column: int) -> re.Pattern[str]:
    words = sorted({re.escape(word) for row in _LABELS for word in row[column].split("|")})
    return re.compile(rf"\*?(?:{'|'.join(words)})[ \xa0]?\*?[ \xa0]?[:：]", re.IGNORECASE)


_FROM, _SENT, _SUBJECT = (_label(column) for column in range(3))
_PROTOCOL = re.compile(r"<?sips?:|;tag=", re.IGNORECASE)


def _is_header_block(lines: list[str], index: int) -> bool:
    """Match the head of an original: who, when and what about, in one paragraph of lines.

    A trace of a call has From and Date as well; it names them as `sip:` addresses.
    """
    first = _bare(lines[index])
    if not _FROM.match(first) or "sip:" in first.lower() or _PROTOCOL.search(first):
        return False
    block = [_bare(line) for line in lines[index + 1 : index + _HEADER_BLOCK_LINES]]
    return any(map(_SENT.match, block)) and any(map(_SUBJECT.match, block))


_INTRODUCTIONS: tuple[Callable[[list[str], int], bool], ...] = (_is_title, _is_attribution, _is_header_block)


# 3. Quoted lines at the end, and answers among them


def _trailing_quote(lines: list[str]) -> int | None:
    """Return where a last block of `>` lines begins, if no other stands above it."""
    end = _signature(lines, len(lines))
    place = end
    while place > 0 and (_is_blank(lines[place - 1]) or _is_quoted(lines[place - 1])):
        place -= 1
    if not any(map(_is_quoted, lines[place:end])) or any(map(_is_quoted, lines[:place])):
        return None
    return place


def _is_answered_below(lines: list[str], cut: int) -> bool:
    """Whether the sender goes on between or below the quoted lines that follow the cut."""
    if any(map(_is_quoted, lines[:cut])):
        return True
    start, is_sentence = _behind_introduction(lines, cut)
    rest = [line for line in lines[start : _signature(lines, len(lines))] if not _is_blank(line)]
    if not is_sentence and rest and not _is_quoted(rest[0]):
        return False  # a history without `>` marks; those further down were quoted in it
    return any(map(_is_quoted, rest)) and not all(map(_is_quoted, rest))


def _behind_introduction(lines: list[str], cut: int) -> tuple[int, bool]:
    """Return the line behind the introduction at the cut, and whether that is a sentence (On … wrote:)."""
    place = cut
    while place < len(lines) and (_is_blank(lines[place]) or _RULE.match(_head(lines[place]))):
        place += 1
    if place < len(lines) and _is_attribution(lines, place):
        return _sentence_end(lines, place) or place + 1, True
    while place < len(lines) and not (_is_blank(lines[place]) or _is_quoted(lines[place])):
        place += 1
    return place, False


def _signature(lines: list[str], end: int) -> int:
    """Return where a signature at the end begins (RFC 3676 4.3), or the end."""
    for index in range(end - 1, max(-1, end - _SIGNATURE_LINES - 1), -1):
        if lines[index].rstrip() == "--":
            return index
    return end
