"""The caller's side of the phone: what the telephone provider does, over real HTTP.

The simulator calls the gateway as the provider would: it signs and posts webhooks, performs the TwiML
that comes back, rings analysts, and reports how it all ended. It shares no code with the server side,
so that a misreading there shows up here.

==================  =====================================================================
``signing``         the X-Twilio-Signature of a request
``webhooks``        sends requests, refuses answers the provider could not use
``document``        reads TwiML; the table of verbs and attributes that are known
``interpreter``     performs a document: Say, Pause, Redirect, Hangup, Reject
``gather``          the Gather verb: keys, time-outs, keys typed ahead
``record``          the Record verb: a message and its webhooks
``dial``            the Dial verb: legs, whispers, the bridge
``caller``          how people behave: by script, or at a terminal
``transcript``      what happened, at which second of virtual time
``errors``          what can go wrong, one class per fact
==================  =====================================================================

``ivr.phone`` puts them together. Time is virtual: nothing here sleeps.
"""
