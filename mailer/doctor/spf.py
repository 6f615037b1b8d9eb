"""SPF: which machines may send for the return path's domain (RFC 7208)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mailer.doctor.result import DnsRecord, Result, error, note, ok, unanswered, warning
from mailer.doctor.spf_record import ASKING, VERSION, Spf, SpfError, is_spf, parse_spf
from mailer.online.lookup import Answer, Found, Lookup, Unanswered
from mailer.settings.presets import preset_of

MOST_LOOKUPS = 10  # RFC 7208 4.6.4
NAME = "spf.record"


@dataclass(slots=True)
class Expansion:
    """A record with all that it includes. `lookups` is what it may cost a receiver; `asked` are the domains
    whose records were read; `problems` say what is wrong below, and `open_questions` what nobody answered.
    """

    top: Spf
    text: str
    lookups: int = 0
    asked: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    open_questions: list[str] = field(default_factory=list)
    everyone: str = ""


async def expand(text: str, domain: str, lookup: Lookup) -> Expansion:
    """Return the record `text` of `domain` and all that it leads to; SpfError if it can't be read itself."""
    found = Expansion(parse_spf(text), text, asked={domain.lower()})
    found.everyone = await _count(found.top, found, lookup)
    return found


async def _count(record: Spf, found: Expansion, lookup: Lookup) -> str:
    """Add up what `record` asks for; return the sign of the `all` that ends it, maybe in a redirect."""
    for term in record.terms:
        found.lookups += term.name in ASKING
        if term.name == "include":
            await _follow(term.value, found, lookup)
    if not record.redirect:
        return record.everyone
    found.lookups += 1
    return await _follow(record.redirect, found, lookup)


async def _follow(domain: str, found: Expansion, lookup: Lookup) -> str:
    # A macro is filled from the message (7); beyond the limit nobody reads on, which also ends every loop.
    if "%" in domain or found.lookups > MOST_LOOKUPS:
        return ""
    found.asked.add(domain.lower().rstrip("."))
    answer = await lookup.texts(domain)
    if isinstance(answer, Unanswered):
        found.open_questions.append(answer.words)
        return ""
    records = [text for text in answer.records if is_spf(text)] if isinstance(answer, Found) else []
    if len(records) != 1:
        number = f"{len(records)} SPF records" if records else "no SPF record"
        found.problems.append(f"{domain}, which it names, has {number}")
        return ""
    try:
        return await _count(parse_spf(records[0]), found, lookup)
    except SpfError as problem:
        found.problems.append(f"in the record of {domain}, {problem}")
        return ""


async def examine_spf(domain: str, provider: str, lookup: Lookup) -> list[Result]:
    """Look at the SPF record of `domain`, the return path's; `provider` is a preset's name or empty."""
    answer = await lookup.texts(domain)
    records = [text for text in answer.records if is_spf(text)] if isinstance(answer, Found) else []
    if isinstance(answer, Unanswered) or len(records) != 1:
        return [judge_presence(domain, answer, records, provider)]
    try:
        return judge_expansion(domain, await expand(records[0], domain, lookup), provider)
    except SpfError as problem:
        return [
            error(
                NAME,
                f"{domain}: {problem}; receivers treat the whole record as broken",
                f"Correct that term of the record: {records[0]}",
            )
        ]


def judge_presence(domain: str, answer: Answer, records: Sequence[str], provider: str) -> Result:
    """Say what it means that there is no answer, no record, or more than one."""
    if isinstance(answer, Unanswered):
        return unanswered(NAME, answer.words)
    if len(records) > 1:
        return error(
            NAME,
            f"{domain} has {len(records)} SPF records; receivers treat that as none that is valid",
            "Make one of them, with everything that stands in both.",
            DnsRecord(domain, "TXT", merged(records)),
        )
    if preset_of(provider).own_return_path:
        return note(
            NAME,
            f"{domain} has no SPF record. {provider} has a return path of its own, whose record counts",
        )
    return error(
        NAME,
        f"{domain} has no SPF record: nothing says which machines may send for it",
        "Publish one that names the machines that send your mail"
        + ("." if preset_of(provider).spf else ", in the place of 192.0.2.1."),
        DnsRecord(domain, "TXT", suggested(provider)),
    )


def judge_expansion(domain: str, found: Expansion, provider: str) -> list[Result]:
    """Say what a record that can be read means."""
    results = [
        *_judge_problems(domain, found),
        *_judge_count(domain, found),
        *_judge_everyone(domain, found),
        *_judge_provider(domain, found, provider),
    ]
    if results:
        return results
    return [
        ok(
            NAME,
            f"{domain}: one record, {_lookups(found.lookups)} of {MOST_LOOKUPS}, ends in {found.everyone}all",
        )
    ]


def _judge_problems(domain: str, found: Expansion) -> list[Result]:
    results = [
        error(
            NAME,
            f"{domain}: {problem}",
            f"Take it out of the record, or have its owner correct it: {found.text}",
        )
        for problem in found.problems
    ]
    if found.open_questions:
        words = "; ".join(sorted(set(found.open_questions)))
        results.append(warning(NAME, f"{domain}: not all could be looked up: {words}", "Run it again."))
    return results


def _judge_count(domain: str, found: Expansion) -> list[Result]:
    if found.lookups <= MOST_LOOKUPS:
        return []
    return [
        error(
            NAME,
            f"{domain}: the record takes more than {MOST_LOOKUPS} lookups, and receivers give up (RFC 7208)",
            "Take out what sends no mail for you any more, or put ip4: and ip6: in the place of an include.",
        )
    ]


def _judge_everyone(domain: str, found: Expansion) -> list[Result]:
    if found.everyone in ("-", "~"):
        return []
    if found.everyone == "+":
        return [
            error(
                NAME,
                f"{domain}: +all allows every machine in the world to send for it",
                "End the record in ~all.",
                DnsRecord(domain, "TXT", with_end(found.text)),
            )
        ]
    ends = "?all" if found.everyone == "?" else "nothing"
    return [
        warning(
            NAME,
            f"{domain}: the record ends in {ends}, so it says nothing against mail from elsewhere",
            "End the record in ~all.",
            DnsRecord(domain, "TXT", with_end(found.text)),
        )
    ]


def _judge_provider(domain: str, found: Expansion, provider: str) -> list[Result]:
    wanted = preset_of(provider).spf
    if not wanted or wanted in found.asked or found.open_questions or found.lookups > MOST_LOOKUPS:
        return []
    return [
        error(
            NAME,
            f"{domain}: the record doesn't include {wanted}, so mail through {provider} fails SPF",
            f"Add include:{wanted} before the end.",
            DnsRecord(domain, "TXT", with_include(found.text, wanted)),
        )
    ]


def suggested(provider: str) -> str:
    """Return a first record for a domain that has none."""
    include = preset_of(provider).spf
    return f"{VERSION} include:{include} ~all" if include else f"{VERSION} ip4:192.0.2.1 ~all"


def with_include(text: str, domain: str) -> str:
    """Return the record with one include more, at the end of what may match."""
    words = text.split()
    place = next((n for n, word in enumerate(words) if _is_end(word)), len(words))
    return " ".join([*words[:place], f"include:{domain}", *words[place:]])


def with_end(text: str) -> str:
    """Return the record so that it ends in `~all`."""
    words = [word for word in text.split() if not _is_end(word)]
    return " ".join([*words, "~all"])


def merged(records: Sequence[str]) -> str:
    """Return one record with the terms of all of them, each once, ending in `~all`."""
    words = [word for text in records for word in text.split()[1:]]
    return with_end(" ".join(dict.fromkeys([VERSION, *words])))


def _is_end(word: str) -> bool:
    return word.lower().lstrip("+-~?") == "all" or word.lower().startswith("redirect=")


def _lookups(number: int) -> str:
    return f"{number} lookup{'s' if number != 1 else ''}"
