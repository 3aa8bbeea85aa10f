"""What a support case is: its rules, its store, its verbs.

Knows no SMTP, no HTTP, no phone and no web; the paths (`email_in`, `ivr`, `notifier`) know it.
"""
