"""Answers to our own notices, as the world sends them: quoted, rewritten and damaged, and what only looks like them.

    .venv/bin/python -m bench.planting [--mails 100000] [--seed 1] [--processes 2]

A seed makes one mail, the same each time: `plant` one that must link to its case (E2), `near_miss` one that must
not. Everything in them that is ours was composed by the notifier.

    notices.py      our notices, composed by the product, and whose case each Reference ID belongs to
    clients.py      how mail programs quote them, in which languages
    damages.py      what happens to a Reference ID in a text, a subject, an address, a threading field
    gateways.py     what gateways make of links
    shells.py       the bytes of a mail: forms, charsets, transfer encodings
    carriers.py     public mail of others, and where a quote is planted into it
    answers.py      one mail that must link: which carriers are left, and how each of them was damaged
    near_misses.py  one mail that must not, and what must become of it
"""
