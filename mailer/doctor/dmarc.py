"""DMARC: what the From address promises, and whether SPF and DKIM speak for it (RFC 9989)."""

from __future__ import annotations

from collections.abc import Callable

from mailer.doctor.dmarc_record import POLICIES, Level, Walk, is_aligned
from mailer.doctor.result import DnsRecord, Result, error, note, ok, unanswered, warning
from mailer.settings.presets import preset_of

RECORD = "dmarc.record"


def judge_dmarc(walk: Walk, reports_to: str) -> list[Result]:
    """Say whether there is one good policy for mail from the walk's domain; `reports_to` is an address."""
    if walk.unanswered:
        return [unanswered(RECORD, walk.unanswered)]
    starter = DnsRecord(f"_dmarc.{walk.domain}", "TXT", f"v=DMARC1; p=none; rua=mailto:{reports_to}")
    for level in walk.levels:
        if len(level.records) > 1:
            return [
                error(
                    RECORD,
                    f"_dmarc.{level.domain} has {len(level.records)} records, so none holds",
                    "Leave one.",
                )
            ]
        if level.records and not level.tags:
            return [
                error(
                    RECORD,
                    f"_dmarc.{level.domain} can't be read: {level.records[0]}",
                    "Write it anew.",
                    starter,
                )
            ]
    if walk.policy is None:
        return [
            error(
                RECORD,
                f"{walk.domain} has no DMARC policy; Gmail, Yahoo and Microsoft want one for bulk mail",
                "Publish this to begin with; it sends you reports and changes nothing else.",
                starter,
            )
        ]
    return [*_judge_policy(walk, walk.policy)]


def _judge_policy(walk: Walk, level: Level) -> list[Result]:
    tags = level.tags
    inherited = level.domain != walk.domain
    policy = (tags.get("sp") if inherited else None) or tags.get("p", "none")
    where = f"_dmarc.{level.domain}" + (f", which holds for {walk.domain} too" if inherited else "")
    if policy.lower() not in POLICIES:
        return [
            error(
                RECORD,
                f"{where}: {policy!r} is no policy",
                f"Write p=none, p=quarantine or p=reject into the record: {level.records[0]}",
            )
        ]
    testing = ", marked as a test" if tags.get("t") == "y" else ""
    reports = [] if tags.get("rua") else [_no_reports(level)]
    return [ok(RECORD, f"{where}: {policy}{testing}"), *reports]


def _no_reports(level: Level) -> Result:
    return note("dmarc.reports", f"_dmarc.{level.domain} has no rua=, so nobody tells you of mail that fails")


def judge_path(author: Walk, path: Walk, provider: str) -> Result:
    """Say whether SPF speaks for the From address: whether the return path is its domain's."""
    if preset_of(provider).own_return_path and not (author.unanswered or path.unanswered):
        return note(
            "spf.alignment",
            f"{provider} replaces the return path by its own; whether that one is aligned, its pages show",
        )
    step = f"Set MAIL_RETURN_PATH to an address at {author.domain}."
    # It is only a warning: where DKIM speaks for the address, that is enough.
    return _judge_alignment(
        "spf", "the return path's", author, path, lambda name, text: warning(name, text, step)
    )


def judge_signature(author: Walk, signer: Walk) -> Result:
    """Say whether DKIM speaks for the From address: whether our signature is its domain's."""
    step = f"Set DKIM_DOMAIN to {author.domain} and publish the key there."
    return _judge_alignment(
        "dkim", "DKIM_DOMAIN's", author, signer, lambda name, text: error(name, text, step)
    )


def _judge_alignment(
    by: str, whose: str, author: Walk, other: Walk, refuse: Callable[[str, str], Result]
) -> Result:
    name = f"{by}.alignment"
    if words := author.unanswered or other.unanswered:
        return unanswered(name, words)
    tag = f"a{by}"  # aspf or adkim, of the policy
    strict = _strict(author, tag)
    if is_aligned(other, author, strict=strict):
        kin = _kin(other, author)
        return ok(name, f"{whose} {other.domain} is aligned with From's {author.domain}{kin}")
    reason = f"{tag}=s asks for the same domain" if strict else "they are of two organisations"
    return refuse(name, f"{whose} {other.domain} isn't aligned with From's {author.domain}: {reason}")


def _strict(author: Walk, tag: str) -> bool:
    return author.policy is not None and author.policy.tags.get(tag, "r").lower() == "s"


def _kin(one: Walk, other: Walk) -> str:
    # Receivers that still go by a list of public suffixes may draw the line elsewhere than DNS does.
    return "" if one.domain == other.domain else f" by way of {other.organisation}, as RFC 9989 finds it"
