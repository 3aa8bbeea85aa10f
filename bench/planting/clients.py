"""How mail programs quote what they answer: the introduction, the marks at each line, the HTML around it.

A row of CLIENTS is a program; a row of LANGUAGES is the words that it uses where it stands. `{own}` is what the
person writes, `{quoted}` our notice. Programs are told apart by what they leave in real mail.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

_SENDER, _ADDRESS = "Northwind Support", "support@support.example"


@dataclass(frozen=True)
class Language:
    """How people of a language introduce a quote: a sentence, or four fields and a title."""

    sentence: str
    fields: tuple[str, str, str, str]
    title: str
    date: str


LANGUAGES = {
    "en": Language(
        "On {date}, {name} <{address}> wrote:",
        ("From", "Sent", "To", "Subject"),
        "Original Message",
        "Mon, Mar 2, 2026 at 10:00 AM",
    ),
    "de": Language(
        "Am {date} schrieb {name} <{address}>:",
        ("Von", "Gesendet", "An", "Betreff"),
        "Ursprüngliche Nachricht",
        "Montag, 2. März 2026 um 10:00",
    ),
    "fr": Language(
        "Le {date}, {name} <{address}> a écrit :",
        ("De", "Envoyé", "À", "Objet"),
        "Message d'origine",
        "lun. 2 mars 2026 à 10:00",
    ),
    "es": Language(
        "El {date}, {name} (<{address}>) escribió:",
        ("De", "Enviado el", "Para", "Asunto"),
        "Mensaje original",
        "lun, 2 mar 2026 a las 10:00",
    ),
    "pl": Language(
        "W dniu {date} użytkownik {name} <{address}> napisał:",
        ("Od", "Wysłane", "Do", "Temat"),
        "Oryginalna wiadomość",
        "pon., 2 mar 2026 o 10:00",
    ),
    "ru": Language(
        "{date}, {name} <{address}> пишет:",
        ("От", "Отправлено", "Кому", "Тема"),
        "Исходное сообщение",
        "пн, 2 мар. 2026 г. в 10:00",
    ),
    "tr": Language(
        "{name} <{address}>, {date} tarihinde şunu yazdı:",
        ("Kimden", "Gönderildi", "Kime", "Konu"),
        "Orijinal Mesaj",
        "2 Mar 2026 Pzt, 10:00",
    ),
    "ja": Language(
        "{date} {name} <{address}>:",
        ("差出人", "送信日時", "宛先", "件名"),
        "元のメッセージ",
        "2026年3月2日(月) 10:00",
    ),
    "zh": Language(
        "{name} <{address}> 于{date}写道:",
        ("发件人", "发送时间", "收件人", "主题"),
        "原始邮件",
        "2026年3月2日周一 10:00",
    ),
    "he": Language(
        "‫בתאריך {date} מאת ‪{name}‬‏ <‪{address}‬‏>:‬",
        ("מאת", "נשלח", "אל", "נושא"),
        "הודעה מקורית",
        "יום ב׳, 2 במרץ 2026 ב-10:00",
    ),
}


@dataclass(frozen=True)
class Client:
    """A mail program.

    `introduction`: a sentence, fields, or fields below a title; `mark`: what stands before each quoted line;
    `html`: what it wraps a quote in, empty where it writes text only; `inline`: its users answer between lines.
    """

    name: str
    introduction: str
    mark: str
    html: str = ""
    below: bool = False
    inline: bool = False


CLIENTS: tuple[Client, ...] = (
    Client(
        "Gmail",
        "sentence",
        "> ",
        '<div dir="ltr">{own}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{introduction}'
        '<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid '
        'rgb(204,204,204);padding-left:1ex">{quoted}</blockquote></div>',
    ),
    Client(
        "Outlook desktop",
        "fields",
        "",
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- p.MsoNormal {{margin:0cm;}} '
        '--></style><!--[if gte mso 9]><xml><o:shapedefaults v:ext="edit" /></xml><![endif]--></head><body '
        'lang=EN-US><div class=WordSection1><p class=MsoNormal>{own}<o:p></o:p></p><div style="border:none;'
        'border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class=MsoNormal>{introduction}</p></div>'
        "{quoted}</div></body></html>",
    ),
    Client(
        "Outlook 365",
        "fields",
        "",
        '<html><head><style type="text/css" style="display:none;"> P {{margin-top:0;}} </style></head><body '
        'dir="ltr"><div class="elementToProof">{own}</div><div id="appendonsend"></div><hr style="width:98%">'
        '<div id="divRplyFwdMsg" dir="ltr">{introduction}</div><div>{quoted}</div></body></html>',
    ),
    Client(
        "Outlook mobile",
        "ruled fields",
        "",
        '<html><body><div dir="ltr">{own}</div><div id="ms-outlook-mobile-signature">Get <a '
        'href="https://aka.ms/o0ukef">Outlook for iOS</a></div><hr><div id="divRplyFwdMsg">{introduction}</div>'
        "{quoted}</body></html>",
    ),
    Client(
        "Apple Mail",
        "sentence",
        "> ",
        '<html><head></head><body style="overflow-wrap: break-word; -webkit-nbsp-mode: space;">{own}<br><div>'
        '<br><blockquote type="cite"><div>{introduction}</div><br class="Apple-interchange-newline"><div>{quoted}'
        "</div></blockquote></div></body></html>",
    ),
    Client(
        "Thunderbird",
        "sentence",
        "> ",
        '<html><head></head><body><div class="moz-cite-prefix">{introduction}<br></div><blockquote type="cite" '
        'cite="mid:1@support.example">{quoted}</blockquote><p>{own}</p></body></html>',
        below=True,
        inline=True,
    ),
    Client(
        "Lotus Notes",
        "fields",
        "",
        '<font size=2 face="sans-serif">{own}</font><br><br><table width=100%><tr><td><font size=1>{introduction}'
        "</font></table><br><tt><font size=2>{quoted}</font></tt>",
    ),
    Client(
        "Yahoo",
        "sentence",
        "",
        '<div class="ydp1yahoo-style-wrap">{own}</div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>'
        "{introduction}</div><div><div id=yiv1>{quoted}</div></div></div>",
    ),
    Client("mutt", "sentence", "> ", below=True, inline=True),
    Client("Usenet", "sentence", "|", below=True, inline=True),
    Client("The Bat!", "sentence", "NS> ", below=True, inline=True),
    Client(
        "K-9",
        "titled fields",
        "> ",
        "<html><body>{own}<br><br><div class='k9mail-signature'>-- sent with K-9</div><div class='gmail_quote'>"
        "{introduction}<blockquote class='gmail_quote'>{quoted}</blockquote></div></body></html>",
    ),
    Client(
        "Samsung",
        "titled fields",
        "",
        '<html><body><div dir="auto">{own}</div><div id="composer_signature"></div><div style="font-size:100%;'
        'color:#000000"><!-- originalMessage --><div>{introduction}</div></div>{quoted}</body></html>',
    ),
    Client(
        "GMX",
        "fields",
        "",
        '<html><body><div style="font-family: Verdana;"><div>{own}</div><div name="quote" style="margin:10px 5px;">'
        "{introduction}<div>{quoted}</div></div></div></body></html>",
    ),
    Client(
        "folded away",
        "sentence",
        "> ",
        '<div>{own}</div><div class="quote" style="display: none">{introduction}{quoted}</div>',
    ),
    Client("web form", "title", "| "),
)


def introduction(client: Client, language: Language, subject: str) -> list[str]:
    """Return the lines that stand above the quote."""
    sentence = language.sentence.format(date=language.date, name=_SENDER, address=_ADDRESS)
    sender, sent, to, about = language.fields
    fields = [
        f"{sender}: {_SENDER} <{_ADDRESS}>",
        f"{sent}: {language.date}",
        f"{to}: Alice Archer <alice@northwind.example>",
        f"{about}: {subject}",
    ]
    return {
        "sentence": [sentence],
        "fields": ["", *fields, ""],
        "ruled fields": ["_" * 32, *fields, ""],
        "title": [f"-----{language.title}-----"],
        "titled fields": [f"-------- {language.title} --------", *fields, ""],
    }[client.introduction]


def quoted_text(
    client: Client, language: Language, own: str, subject: str, lines: list[str], chance: random.Random
) -> str:
    """Return the text of a reply; `lines` are our notice's, damaged already."""
    depth = chance.choice((1, 1, 1, 2, 3)) if client.mark == "> " else 1
    quote = [f"{client.mark * depth}{line}" for line in lines]
    above = introduction(client, language, subject)
    if client.inline and chance.random() < 0.4:
        at = len(quote) * 2 // 3
        return "\n".join([*above, *quote[:at], "", own, "", *quote[at:]])
    if client.below and chance.random() < 0.6:
        return "\n".join([*above, *quote, "", own])
    return "\n".join([own, "", *above, *quote])


def quoted_html(client: Client, language: Language, own: str, subject: str, quoted: str) -> str:
    """Return the HTML of a reply; `own` and the introduction are escaped here."""
    above = "<br>".join(_escaped(line) for line in introduction(client, language, subject))
    return client.html.format(own=_escaped(own).replace("\n", "<br>"), introduction=above, quoted=quoted)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
