"""The prompts in English."""

TEXTS = {
    "welcome": "Welcome to technical support.",
    "pin": (
        "Please enter your 12 digit PIN, then press the hash key. "
        "If you have no PIN, press 0 and the hash key to speak to a person."
    ),
    "pin-right": "Thank you.",
    "pin-mistyped": "That is not a PIN as it was given to you. Please check its 12 digits.",
    "pin-refused": "This PIN was not accepted.",
    "refused": "This is not possible. {why}",
    "human": "To speak to a person, press 0. Otherwise you can hang up.",
    "main": (
        "If your case is critical, press 1. For a case that you already have, press 2. "
        "To open a new case, press 3. To speak to an analyst, press 0. To hear this again, press star."
    ),
    "critical-kind": "For a case that you already have, press 1. For a new critical case, press 2.",
    "critical-number": "Please enter the 10 digits of the case number, then press the hash key.",
    "case-number": "Please enter the 10 digits of the case number, then press the hash key.",
    "ten-digits": "A case number has exactly 10 digits, with its leading zeros.",
    "case-unknown": "There is no case of yours with this number.",
    "case-state": "Case {number}, {subject}. Its status is {status}, {sub_status}. Its priority is {priority}.",
    "case-menu": (
        "If this case has become critical, press 4. To leave an update, press 2. To hear its state again, press 1. "
        "For the main menu, press 9. To speak to an analyst, press 0."
    ),
    "case-closed-menu": (
        "To reopen this case, press 3. To hear its state again, press 1. For the main menu, press 9. "
        "To speak to an analyst, press 0."
    ),
    "update": "Please say your update after the tone, then press the hash key.",
    "update-kept": "Your update was added to the case.",
    "reopen": "Please say after the tone why the case should be reopened, then press the hash key.",
    "reopened": "The case is open again.",
    "company-choice": "For {name}, press {key}.",
    "priority": "If it is critical, press 1. For high, press 2. For medium, press 3. For low, press 4.",
    "description": "Please describe the problem after the tone, then press the hash key.",
    "opened": "Your case number is {number}. I repeat: {number}. You will also get it by mail.",
    "callback": (
        "At which number can we reach you at any time? For the number that you are calling from, press 1 and "
        "hash. For another one, enter it with its country code, then press the hash key."
    ),
    "callback-heard": "We will call you at {number}.",
    "callback-unusable": "We cannot dial that number. Please enter one with its country code.",
    "production-down": "If your production is down, press 1. If it is running, press 2.",
    "ringing": "I am putting you through to an analyst. Please stay on the line.",
    "ringing-critical": (
        "Case {number} is now critical. I am ringing the analyst on call. Please stay on the line."
    ),
    "ringing-next": "There was no answer. I am ringing the next analyst.",
    "message": (
        "No analyst could take your call. Please leave a message after the tone, then press the hash key. "
        "Everyone on call will get it at once, and you will be called back."
    ),
    "message-kept": "Your message was sent to everyone on call.",
    "no-message": "Everyone on call was told that you called.",
    "nothing-heard": "I did not get an answer.",
    "not-understood": "That key has no meaning here.",
    "goodbye": "Thank you for calling. Goodbye.",
    "apology": "We are sorry, something went wrong on our side. One moment, please.",
    "whisper": "Critical call. {company}. Case {number}. {subject}. Press 1 to take the call.",
    "whisper-case": "Support call. {company}. Case {number}. {subject}. Press 1 to take the call.",
    "whisper-known": "Support call from {company}. No case was named. Press 1 to take the call.",
    "whisper-unknown": (
        "Support call. The caller could not be identified and is not verified. Press 1 to take the call."
    ),
    "whisper-gone": "The caller has hung up. {company}. Case {number}.",
    "whisper-gone-no-case": "The caller has hung up. No case was named.",
    "whisper-late": "The call was already taken by {name}. Thank you. Goodbye.",
    "whisper-passed-on": "The call went on to somebody else. Thank you. Goodbye.",
}
