"""Rules about size: what mail programs cut off or throw away."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.check.finding import Severity
from mailer.check.rendered import RenderedMail
from mailer.check.rule import Remark, Rule

# Gmail shows no more than this of a message's HTML and hides the rest, the unsubscribe link with it.
CLIPPED_AT = 102_400
WARN_FROM = 80 * 1024
# From here on Gmail throws away a style sheet, and all that follow it (hteumeuleu/email-bugs 90).
STYLE_DROPPED_AT = 16 * 1024


def html_size(mail: RenderedMail) -> Iterator[Remark]:
    """Look at the size of the HTML part."""
    text = f"the HTML is {mail.octets:,} octets; Gmail cuts it off at {CLIPPED_AT:,}"
    if mail.octets > CLIPPED_AT:
        yield Remark(f"{text}, and the footer with it")
    elif mail.octets > WARN_FROM:
        yield Remark(text, severity=Severity.WARNING)


def style_size(mail: RenderedMail) -> Iterator[Remark]:
    """Look at the size of the style sheets together."""
    octets = sum(len(text.encode()) for text in mail.style_texts)
    if octets > STYLE_DROPPED_AT:
        yield Remark(f"the style sheets are {octets:,} octets; Gmail drops what is over {STYLE_DROPPED_AT:,}")


RULES = (
    Rule("html-size", Severity.ERROR, html_size, "Shorten the issue, or link to the rest of it."),
    Rule(
        "style-size",
        Severity.WARNING,
        style_size,
        "Take rules out of the <style>; what can be inlined needs no place there.",
    ),
)
