"""Delivery status notifications (RFC 3464, RFC 6533): what each recipient's group says, as it is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.domain.failures.classify import code_in, status_in
from mailer.domain.returned import Kind, RecipientVerdict
from mailer.feedback.fields import Fields, addresses_in, decoded, first, printable
from mailer.feedback.finding import ReturnFinding, failed
from mailer.feedback.groups import read_groups
from mailer.feedback.mail import Mail

TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RECIPIENT = ("final-recipient", "original-recipient", "x-actual-recipient")
# RFC 3464 2.3.3; only a failure counts. Some write more words, or others: the beginning decides.
FAILED = ("fail", "error", "reject", "undeliver", "bounce")
NOT_FAILED = {
    "delay": "only late",
    "deliver": "delivered",
    "relay": "passed on",
    "expand": "passed on to several",
}
_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")  # RFC 6533 3
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
_KIND_OF_CODE = re.compile(r"\s*[\w.-]{1,20}\s*;\s*")


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """The groups of a notification: that of the message, and one a recipient."""

    message: Fields
    recipients: list[Fields]


def find_delivery_status(mail: Mail, *, anywhere: bool) -> DeliveryStatus | None:
    """Return the delivery status in a message, if there is one.

    With `anywhere` also where the part has another type, as some mail servers, gateways and people leave it.
    """
    for part in mail.parts:
        if part.type in TYPES or (anywhere and _looks_like_one(part.text)):
            groups = read_groups(part.text, "final-recipient")
            named = [group for group in groups if any(name in group for name in _RECIPIENT)]
            recipients = named or [group for group in groups if "action" in group]
            if recipients:
                rest = [group for group in groups if group not in recipients]
                return DeliveryStatus(rest[0] if rest else recipients[0], recipients)
    return None


def read_recipient(group: Fields) -> ReturnFinding:
    """Return what a group says of its recipient."""
    final, original, actual = (_address(first(group, name)) for name in _RECIPIENT)
    # A name that only its own server knows says nothing to anybody else.
    address = next((each for each in (final, actual, original) if "." in each.partition("@")[2]), final)
    given = _STATUS.search(first(group, "status"))
    said = _KIND_OF_CODE.sub("", decoded(first(group, "diagnostic-code")), count=1)
    said = said or first(group, "status").partition("(")[2].rstrip(")")
    status = _status(given[0] if given else "", said)
    action = first(group, "action").lower().lstrip('"')
    if word := _not_failed(action, status):
        return ReturnFinding(RecipientVerdict(address, Kind.AUTO_REPLY, status, word, said, original))
    return failed(address, status, said, original)


def _looks_like_one(text: str) -> bool:
    lower = text.lower()
    return "final-recipient:" in lower and ("action:" in lower or "status:" in lower)


def _not_failed(action: str, status: str) -> str:
    """Return what became of the mail if it did not fail; of what doesn't say it the status tells."""
    for beginning, word in NOT_FAILED.items():
        if action.startswith(beginning):
            return word
    return "delivered" if status.startswith("2.") and not action.startswith(FAILED) else ""


def _status(given: str, said: str) -> str:
    """Return the status that is meant: that of the server's own words where the field says nothing definite.

    A status of 5.0.0 is what gateways write for whatever they heard, and a class that the reply's code
    contradicts is wrong: what passes is not taken for final.
    """
    own, code = status_in(said), code_in(said)
    if own and (not given or given.endswith(".0.0") or given[0] == own[0]):
        return own
    if given.startswith("5") and 400 <= code < 500:
        return f"4{given[1:]}"
    return given


def _address(value: str) -> str:
    """Return the address of a field: its type and what stands round it are left out."""
    kind, semicolon, rest = value.partition(";")
    text = rest if semicolon else kind
    if kind.strip().lower().startswith("utf-8"):
        text = _ESCAPED.sub(lambda escaped: _character(escaped[1]), text)
    found = addresses_in(decoded(text))
    return found[0] if found else ""


def _character(code: str) -> str:
    number = int(code, 16)
    return printable(chr(number)).strip() or "\ufffd" if number < 0x110000 else "\ufffd"
