"""The words by which machines give themselves away, in the languages in which we have met them.

PURE. Names of mail systems; subjects and texts of their reports, of vacation notes and of demands to confirm. None
of these proves anything by itself: people write about bounces, and forward vacation notes. What is enough together
stands in the table of `machine`. Every pattern is linear: no repetition holds another.
"""

import re


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


DAEMON = _any(
    r"mailer[-_ ]?daemon|mail-daemon|mail delivery (?:sub)?system|delivery subsystem|\bmmdf\b",
    r"internet mail connector|internet mail delivery|\bmaildelivery",
)
"""Names that only mail systems bear."""

MAYBE_DAEMON = _any(
    r"\bpost[-_ ]?(?:master|office)\b|mail(?:er)? (?:delivery|administrator|router|server|transfer)",
    r"delivery system|email system|\bmailadmin|mdaemon|system administrator|\bbounces?@",
)
"""Names that a person in charge of mail may bear too."""

NO_REPLY = re.compile(
    r"(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|ne[-_.]?pas[-_.]?repondre|no[-_.]?responder|nao[-_.]?responda|"
    r"nicht[-_.]?antworten)(?:[+_.-][\w.+-]*)?@",
    re.IGNORECASE,
)
"""Addresses that take no replies."""

REPORT_SUBJECT = _any(
    r"undeliver|un-deliver|not (?:be )?delivered|non-?delivery|delivery (?:status|failure|report|problem|error)",
    r"delivery (?:has failed|notification|attempt|delayed|unsuccessful)|message \S{1,60} delayed",
    r"returned (?:mail|to sender|message)|return (?:mail|to sender)|fail(?:ure|ed) (?:notice|delivery|mail|message)",
    r"mail(?: delivery)? (?:failed|failure|error|system error)|could not send message",
    r"(?:mail|message) (?:could not|cannot|not|status|rejected|delivery)|couldn't be delivered|mail undeliverable",
    r"message you sent|rejected|bounce|warning: (?:message|could not)|user unknown|mailbox (?:full|unavailable)",
    r"unzustellbar|nicht zugestellt|zustellung|non remis|échec de (?:la )?remise|no se pudo entregar",
    r"no entregado|não entregue|mancato recapito|recapito non riuscito|onbestelbaar|kan inte levereras",
    r"niedostarczon|nedoručiteln|kézbesíthetetlen|teslim edilemedi",
    r"недоставлен|не доставлено|配信|配送|エラー|退信|投递失败|반송|배달",
)
"""Subjects that mail systems give to their reports."""

REPORT_TEXT = _any(
    r"\b[45]\.\d{1,3}\.\d{1,3}\b|\b55\d[ -]|\b45\d[ -]|user unknown|unknown user",
    r"no such (?:user|mailbox|person|address)|mailbox (?:is )?(?:full|unavailable|not found)|over quota",
    r"host (?:unknown|not found)|undeliver|(?:could|can) ?not be delivered|couldn't be delivered",
    r"(?:was|were) not delivered|not yet been delivered|did not reach",
    r"(?:permanent|fatal) (?:fatal )?error|delivery (?:failed|failure|to the following)",
    r"returned (?:mail|message|to sender)|copy of (?:the|your) (?:original )?message|original message follows",
    r"following (?:addresses|recipients?|address)|status: [45]\.|final-recipient|diagnostic-code",
    r"転送|配信|送信できません|届け|ユーザ",
)
"""What only a report says: enhanced codes (RFC 3463), and the phrases around a returned mail."""

VACATION_SUBJECT = re.compile(
    r"\s*(?:out of (?:the )?office|automatic reply|auto(?:matic)?[- ]?(?:reply|response|respon|answer)|away from|"
    r"on (?:vacation|holiday|leave)|i am (?:away|out)|vacation|abwesen|automatische antwort|außer haus|"
    r"nicht im büro|réponse automatique|absen[ct]|respuesta automática|fuera de (?:la )?oficina|"
    r"resposta automática|risposta automatica|fuori (?:sede|ufficio)|automatisch antwoord|afwezig|autosvar|"
    r"automatiskt? svar|automaattinen vastaus|poissa|autoodpowiedź|automatyczna odpowiedź|nieobecno|"
    r"automatická odpověď|automatikus válasz|házon kívül|răspuns automat|otomatik (?:yanıt|cevap)|"
    r"автоответ|автоматический ответ|автоматична відповідь|αυτόματη απάντηση|"
    r"自動(?:応答|返信|回覆)|自动(?:回复|答复)|자동 ?(?:회신|응답))",
    re.IGNORECASE,
)
"""How the subject of a vacation note begins."""

VACATION_LABEL = re.compile(
    VACATION_SUBJECT.pattern + r"(?:[^:：]{0,25}[:：]|\w{0,12}[ .!]{0,3}$)", re.IGNORECASE
)
"""The subject of a vacation note as a label, which a mail program writes before the subject that it answers."""

VACATION_TEXT = _any(
    r"\b(?:i am|i'm|i will be|we are) (?:currently |presently )?(?:away|out of|on (?:vacation|holiday|leave)|not in)",
    r"(?:limited|no) access to (?:my )?e-?mail|i (?:will|shall) (?:return|be back) (?:on|in|after)",
    r"automati(?:c|sche) (?:reply|response|antwort)|nicht im (?:büro|haus)|bin (?:ich )?(?:derzeit|zurzeit|abwesend)",
    r"je suis (?:actuellement )?(?:absent|en congé)|de retour le|estoy (?:fuera|de vacaciones|ausente)|regreso el",
    r"estou (?:ausente|de férias|fora)|sono (?:assente|in ferie|fuori)|ik ben (?:afwezig|niet aanwezig|met vakantie)",
    r"jag är (?:ledig|på semester|inte på)|jeg er (?:på ferie|ikke på|bortreist)|olen (?:poissa|lomalla)",
    r"jestem (?:nieobecn|na urlopie)|nejsem v kanceláři|szabadságon|sunt (?:plecat|în concediu)|ofis dışında|izinde",
    r"(?:я )?(?:в отпуске|отсутствую)|у відпустці|不在|休暇|外出|休假|부재|휴가",
)
"""What a vacation note says in its first lines."""

CHALLENGE_SUBJECT = _any(
    r"(?:please )?(?:confirm|verify|authenticate) your (?:e-?mail|message|mail|address|delivery|identity)",
    r"confirm(?:ation)? (?:required|request|needed|delivery)|\bconfirm [0-9a-f]{8,40}",
    r"(?:message|mail) (?:on hold|held|quarantined)",
    r"verification (?:required|request)|sender verification|spam ?blocker|bestätigen sie ihre (?:e-?mail|nachricht)",
)
"""Subjects of systems that deliver only once the writer has confirmed."""

CHALLENGE_TEXT = _any(
    r"(?:message|e-?mail|mail) (?:has been |was |is being )(?:held|placed (?:on hold|in)|quarantined)",
    r"(?:to|before) (?:deliver|release|complete delivery|have your)\b.{0,60}\b(?:reply|click|confirm|respond)",
    r"(?:reply|respond) to this (?:message|e-?mail|mail)\b.{0,80}\b(?:deliver|confirm|verif|released)",
    r"click (?:on )?(?:the link|here|below)\b.{0,60}\b(?:deliver|confirm|verif|authenticat|prove)",
)
"""What such a system asks for."""

COMPLAINT_SUBJECT = re.compile(r"\s*complaint about message from [\d.:a-f]{3,45}\s*$", re.IGNORECASE)
"""The subject of complaints in the old form of large mailbox providers, which is an attached mail alone."""

DMARC_SUBJECT = re.compile(r"\s*report domain:.{1,300}submitter:", re.IGNORECASE)
"""The subject of a report of what failed and passed, which goes to no person (RFC 7489 7.2.1.1)."""
