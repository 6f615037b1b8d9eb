"""MX: whether answers, unsubscribe mails and bounces can arrive (RFC 5321 5.1, RFC 7505)."""

from __future__ import annotations

from collections.abc import Sequence

from mailer.doctor.lookup import Absent, Answer, Found, Lookup, Unanswered
from mailer.doctor.result import Result, error, ok, warning

NAME = "mx.record"
NULL_MX = "0 ."


async def examine_exchangers(domain: str, settings: Sequence[str], lookup: Lookup) -> Result:
    """Look where mail to `domain` goes, whose addresses stand in `settings`."""
    answer = await lookup.exchangers(domain)
    if isinstance(answer, Found) and answer.records[0] != NULL_MX:
        host = answer.records[0].split()[1].rstrip(".")
    else:
        host = domain
    return judge_exchangers(domain, settings, answer, host, await lookup.addresses(host))


def judge_exchangers(
    domain: str, settings: Sequence[str], exchangers: Answer, host: str, addresses: Answer
) -> Result:
    """Say whether mail to `domain` arrives; `addresses` are those of `host`, the machine to go to first."""
    named = " and ".join(settings)
    move = (
        f"Have your DNS name a machine that takes mail for {domain}, or set {named} to an address that works."
    )
    for answer in (exchangers, addresses):
        if isinstance(answer, Unanswered):
            return warning(NAME, f"not looked at: {answer.words}", "Run it again when DNS answers.")
    if isinstance(exchangers, Found) and exchangers.records[0] == NULL_MX:
        return error(NAME, f"{domain} ({named}) says that it takes no mail (null MX)", move)
    if isinstance(exchangers, Absent):
        if isinstance(addresses, Absent):
            return error(NAME, f"{domain} ({named}) has neither MX nor address: no mail to it arrives", move)
        return warning(
            NAME, f"{domain} ({named}) has no MX; mail goes to its web server, if that takes any", move
        )
    if isinstance(addresses, Absent):
        return error(NAME, f"mail to {domain} ({named}) goes to {host}, which has no address", move)
    return ok(NAME, f"mail to {domain} ({named}) goes to {host}")
