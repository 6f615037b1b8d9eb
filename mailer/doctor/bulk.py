"""What Gmail, Yahoo and Microsoft ask of whoever mails many, held against what was found."""

from __future__ import annotations

from collections.abc import Sequence

from mailer.doctor.result import Grade, Result, note, ok, skipped, warning

NAME = "bulk.rules"
# From 5,000 messages a day: https://support.google.com/a/answer/81126, https://senders.yahooinc.com/best-practices/
# and Microsoft's the same since May 2025 (else `550 5.7.515`).
ONE_CLICK = "links.one-click"
# rule: the results that show that it is kept, first the one without which nothing was seen.
RULES = {
    "SPF": ("spf.record",),
    "DKIM": ("dkim.key",),
    "DMARC": ("dmarc.record",),
    "one-click unsubscribing over HTTPS": (
        ONE_CLICK, "links.address", "links.certificate", "links.answer", "links.key",
    ),
}  # fmt: skip
ALIGNED = ("spf.alignment", "dkim.alignment")


def judge_bulk(results: Sequence[Result]) -> Result:
    """Say which of their rules are met, by the results of the other examinations."""
    by_name: dict[str, Grade] = {}
    for result in results:
        by_name[result.name] = worse(by_name.get(result.name), result.verdict)
    missing = [rule for rule, names in RULES.items() if any(_is_missing(n, by_name.get(n)) for n in names)]
    unseen = [rule for rule, names in RULES.items() if not _is_seen(by_name.get(names[0]))]
    alignment = {by_name.get(name) for name in ALIGNED}
    if Grade.OK not in alignment:
        (unseen if alignment & {None, Grade.NOTE, Grade.SKIPPED} else missing).append("DMARC alignment")
    unseen = [rule for rule in unseen if rule not in missing]
    if len(unseen) == len(RULES) + 1:
        return skipped(NAME, "nothing of what Gmail, Yahoo and Microsoft ask for could be seen")
    if missing:
        return warning(
            NAME,
            f"Gmail, Yahoo and Microsoft turn bulk mail away that lacks {_listed(missing)}",
            "Put right what is named above; the rules hold from 5,000 messages a day.",
        )
    if unseen:
        return note(
            NAME,
            f"of what Gmail, Yahoo and Microsoft ask for, this can't be seen from here: {_listed(unseen)}",
        )
    return ok(NAME, "what Gmail, Yahoo and Microsoft ask of bulk mail is there")


def worse(one: Grade | None, other: Grade) -> Grade:
    """Return the verdict that matters more."""
    order = list(Grade)
    return other if one is None or order.index(other) > order.index(one) else one


def _is_missing(name: str, verdict: Grade | None) -> bool:
    return verdict is Grade.ERROR or (name == ONE_CLICK and verdict is Grade.WARNING)


def _is_seen(verdict: Grade | None) -> bool:
    return verdict in (Grade.OK, Grade.WARNING, Grade.ERROR)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]
