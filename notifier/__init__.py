"""What the core decided to tell, as mail that leaves; and the timer that decides to remind.

    followups.py   the oldest follow-up that is due -> one step of the case (N1)
    worker.py      one row of the outbox: claim, read, compose, send, mark
    facts.py       reads what a notice is about;   words.py   facts -> subject, text, HTML, by `templates/`
    compose.py     words -> a mail whose header fields are the intended ones;   cleaning.py  foreign strings
    transport.py   the smart host;   bounded_smtp.py  its dialogue, which ends in time
    settings.py    what a site sets

A notice is sent at least once, with the same Message-ID at every attempt (I8, I9), or is visibly parked.
"""
