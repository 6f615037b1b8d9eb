"""What DNS says about the sender's domain: SPF, DKIM, DMARC, MX."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mailer.doctor.dkim import examine_key
from mailer.doctor.dmarc import judge_dmarc, judge_path, judge_signature
from mailer.doctor.dmarc_record import walk_up
from mailer.doctor.result import Result, error, note, ok, skipped, unanswered, warning
from mailer.doctor.spf import examine_spf
from mailer.domain.address import Mailbox
from mailer.domain.mailbox_providers import PROVIDERS
from mailer.message.dkim.signer import Signer
from mailer.online.lookup import Absent, Answer, Found, Lookup, Unanswered


@dataclass(frozen=True, slots=True)
class Sender:
    """Who mail comes from: mailboxes by setting (MAIL_FROM is one), a preset's name, and what signs.

    `lists` are the senders of lists that have one of their own, by name.
    `tokens` is whether the return path has one for each copy.
    `loopback` is whether mail is handed to this machine; `keys_broken` whether DKIM is set but can't be used.
    """

    mailboxes: Mapping[str, Mailbox]
    provider: str = ""
    signer: Signer | None = None
    loopback: bool = False
    keys_broken: bool = False
    lists: Mapping[str, Mailbox] = field(default_factory=dict)
    tokens: bool = False

    @property
    def author(self) -> str:
        """The domain of From."""
        return self.mailboxes["MAIL_FROM"].address.domain

    @property
    def return_path(self) -> str:
        """The domain that bounces go to."""
        return self.mailboxes.get("MAIL_RETURN_PATH", self.mailboxes["MAIL_FROM"]).address.domain

    def of_lists(self) -> Iterator[Sender]:
        """Yield who the mail of lists comes from that is from other domains: the rest is alike."""
        domains: dict[str, dict[str, Mailbox]] = {}
        for name, mailbox in self.lists.items():
            domains.setdefault(mailbox.address.domain, {})[f"list {name}"] = mailbox
        path = self.mailboxes.get("MAIL_RETURN_PATH", self.mailboxes["MAIL_FROM"])
        for domain, named in domains.items():
            if domain != self.author:
                first = next(iter(named.values()))
                yield replace(self, mailboxes={"MAIL_FROM": first, "MAIL_RETURN_PATH": path}, lists=named)


async def examine_domain(sender: Sender, lookup: Lookup) -> list[Result]:
    """Ask DNS about the sender, and say what the answers mean for mail from it."""
    spf, keys, author = await asyncio.gather(
        examine_spf(sender.return_path, sender.provider, lookup),
        _examine_keys(sender, lookup),
        examine_author(sender, sender.mailboxes, lookup),
    )
    return [*spf, *keys, *author]


async def examine_author(sender: Sender, mailboxes: Mapping[str, Mailbox], lookup: Lookup) -> list[Result]:
    """Ask DNS about the domain of From, and whether mail to these `mailboxes`, by their names, arrives."""
    author, path, signer, exchangers = await asyncio.gather(
        walk_up(sender.author, lookup),
        walk_up(sender.return_path, lookup),
        walk_up(sender.signer.domain if sender.signer else sender.author, lookup),
        _examine_exchangers(mailboxes, lookup),
    )
    reports_to = sender.mailboxes.get("MAIL_REPLY_TO", sender.mailboxes["MAIL_FROM"]).address.wire
    return [
        *_judge_ownership(sender),
        judge_path(author, path, sender.provider),
        *([judge_signature(author, signer)] if sender.signer else []),
        *judge_dmarc(author, reports_to),
        *exchangers,
    ]


async def _examine_keys(sender: Sender, lookup: Lookup) -> list[Result]:
    if sender.signer is None:
        return [judge_unsigned(sender)]
    domain = sender.signer.domain
    return list(await asyncio.gather(*(examine_key(key, domain, lookup) for key in sender.signer.keys)))


def judge_unsigned(sender: Sender) -> Result:
    """Say what it means that we don't sign."""
    name = "dkim.key"
    if sender.keys_broken:
        return skipped(name, "the DKIM settings can't be used, see above")
    if sender.provider:
        return note(
            name, f"mailer signs nothing; whether {sender.provider} signs as {sender.author}, its pages show"
        )
    if sender.loopback:
        return note(name, "mailer signs nothing; whether the mail server of this machine does can't be seen")
    return warning(
        name,
        "mailer signs nothing, and whether the mail server does can't be seen",
        "Have the server sign, or sign here: docs/how-to/dkim.md.",
    )


async def _examine_exchangers(mailboxes: Mapping[str, Mailbox], lookup: Lookup) -> list[Result]:
    settings: dict[str, list[str]] = {}
    for name, mailbox in mailboxes.items():
        settings.setdefault(mailbox.address.domain, []).append(name)
    found = (examine_exchangers(domain, names, lookup) for domain, names in settings.items())
    return list(await asyncio.gather(*found))


def _judge_ownership(sender: Sender) -> list[Result]:
    owner = PROVIDERS.get(sender.author)
    if owner is None:
        return []
    return [
        warning(
            "domain.owner",
            f"{sender.author} is {owner}'s: you can publish nothing there, and mail from it through another "
            "server fails DMARC",
            "Send from a domain of your own.",
        )
    ]


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
            return unanswered(NAME, answer.words)
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
