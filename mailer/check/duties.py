"""Rules about what every mailing owes its readers (CAN-SPAM, 15 U.S.C. 7704; RFC 8058 is the engine's)."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.check.finding import Severity
from mailer.check.rendered import RenderedMail
from mailer.check.rule import Remark, rule
from mailer.compose.document.traits import letters


@rule("unsubscribe-link", Severity.ERROR, "Let it print {{ unsubscribe_url }} as a link.")
def unsubscribe(mail: RenderedMail) -> Iterator[Remark]:
    """Look for the way out, in both parts."""
    where = f"(in {mail.layout})"
    if all(link.get("href") != mail.unsubscribe_url for link in mail.elements("a", "area")):
        yield Remark(f"the HTML has no unsubscribe link {where}")
    if mail.unsubscribe_url not in mail.text:
        yield Remark(f"the text part has no unsubscribe link {where}")


@rule("postal-address", Severity.ERROR, "Let it print {{ sender.postal_address }}.")
def postal_address(mail: RenderedMail) -> Iterator[Remark]:
    """Look for the sender's postal address, in both parts."""
    if not mail.postal_address:
        yield Remark(
            "there is no POSTAL_ADDRESS for the footer, which the law asks for in many countries",
            severity=None if mail.public else Severity.WARNING,
            hint="Set POSTAL_ADDRESS in .env.",
        )
        return
    wanted = letters(mail.postal_address)
    parts = {"HTML": mail.document.text_content(), "text part": mail.text}
    for name, text in parts.items():
        if wanted not in letters(text):
            yield Remark(f"the {name} has no postal address (in {mail.layout})")
