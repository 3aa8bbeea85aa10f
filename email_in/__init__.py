"""Bytes from the network -> an update on a case, or the triage queue.

`smtpd` and `pipe` accept a mail durably; `worker` claims it, has it read (`message`), looks for its case
(`references`), asks who wrote it (`machine`, `sender`), lets `disposition` decide, and does what was decided in
one transaction.
"""
