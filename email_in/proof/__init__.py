"""Whether a mail is from the domain that its From field names (DMARC, RFC 7489).

`own` asks the DNS about a mail that came straight from its sender's server: `dkim` checks signatures, `spf` the
sending host, and `dmarc` says what both prove about the From domain. `results` reads what a front server found
(RFC 8601). All of them answer in the words of `proven`; `dns` is the only one that touches the network.
"""
