"""The phone menu: provider webhooks -> the core, and back to TwiML.

`webhook` checks a request; `turns` answers each once; `dialogue` (pure) decides what is said next and what the
core is asked; `errands` does what was asked, in the transaction of the turn; `twiml` writes the answer.
`whisper` is the analyst's side. `phone` and `simulator` are a caller, over real HTTP.
"""
