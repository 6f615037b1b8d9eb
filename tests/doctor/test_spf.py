"""SPF records: read, followed through a real name server, judged."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from name_server import name_server, silent_server, txt, zone

from mailer.doctor.result import Grade, Result
from mailer.doctor.spf import examine_spf, merged, with_end, with_include
from mailer.doctor.spf_record import Spf, SpfError, Term, is_spf, parse_spf
from mailer.online.lookup import Lookup

pytestmark = pytest.mark.peers

DOMAIN = "gazette.test"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=spf1 -all", Spf((Term("-", "all"),))),
        (
            "V=SPF1  MX  a:mail.quay.test/24//64 ~ALL",
            Spf((Term("+", "mx"), Term("+", "a", "mail.quay.test"), Term("~", "all"))),
        ),
        (
            "v=spf1 ip4:192.0.2.0/24 ?ip6:2001:db8::/32 -all",
            Spf((Term("+", "ip4", "192.0.2.0/24"), Term("?", "ip6", "2001:db8::/32"), Term("-", "all"))),
        ),
        ("v=spf1 redirect=_spf.quay.test", Spf((), "_spf.quay.test")),
        # What stands after all, and redirect beside it, never counts.
        ("v=spf1 -all include:late.test redirect=late.test", Spf((Term("-", "all"),))),
        (
            "v=spf1 exists:%{i}.spf.quay.test exp=why.test future=x ~all",
            Spf((Term("+", "exists", "%{i}.spf.quay.test"), Term("~", "all"))),
        ),
        ("v=spf1", Spf(())),
    ],
)
def test_a_record_is_taken_apart(text: str, expected: Spf) -> None:
    assert parse_spf(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1 ipv4:192.0.2.1 -all",
        "v=spf1 ip4:quay.test",
        "v=spf1 ip4:2001:db8::1",
        "v=spf1 include: -all",
        "v=spf1 include -all",
        "v=spf1 -all; x",
        "v=spf1 «a»",
        "v=spf1 ip4:300.0.2.1",
    ],
)
def test_a_record_that_breaks_the_rules_is_refused(text: str) -> None:
    with pytest.raises(SpfError):
        parse_spf(text)


def test_only_spf_is_taken_for_it() -> None:
    assert is_spf("v=spf1") and is_spf("v=SPF1 -all")
    assert not is_spf("v=spf10 -all") and not is_spf("v=spf2.0/pra -all") and not is_spf(" v=spf1 -all")


def test_suggestions_are_records_that_can_be_read() -> None:
    both = merged(["v=spf1 mx -all", "v=spf1 include:a.test mx ~all"])
    assert both == "v=spf1 mx include:a.test ~all"
    assert with_include("v=spf1 mx -all", "b.test") == "v=spf1 mx include:b.test -all"
    assert with_include("v=spf1 mx redirect=x.test", "b.test") == "v=spf1 mx include:b.test redirect=x.test"
    assert with_end("v=spf1 mx +all") == "v=spf1 mx ~all"
    for text in (both, with_include("v=spf1", "b.test")):
        parse_spf(text)


TEN = "a mx ptr exists:x.test include:elsewhere.test a:b.test a:c.test a:d.test a:e.test mx:f.test"

# The record of a domain, and what it leads to.
CHAIN = zone(
    *(txt(f"hop{n}.test", f"v=spf1 include:hop{n + 1}.test -all") for n in range(1, 14)),
    txt("loop.test", "v=spf1 include:loop.test -all"),
    txt("elsewhere.test", "v=spf1 ip4:192.0.2.9 -all"),
    txt("noise.test", "google-site-verification=x", "v=spf1 mx ~all", "v=DKIM1; p="),
    txt("twice.test", "v=spf1 mx -all", "v=spf1 include:elsewhere.test ~all"),
    txt("broken.test", "v=spf1 ipv4:192.0.2.1 -all"),
    txt("usesbroken.test", "v=spf1 include:broken.test -all"),
    txt("dangling.test", "v=spf1 include:nowhere.test -all"),
    txt("open.test", "v=spf1 mx +all"),
    txt("neutral.test", "v=spf1 mx ?all"),
    txt("endless.test", "v=spf1 mx"),
    txt("redirected.test", "v=spf1 redirect=elsewhere.test"),
    txt("macro.test", "v=spf1 include:%{i}._spf.quay.test -all"),
    txt("many.test", f"v=spf1 {TEN} a:g.test -all"),
    txt("full.test", f"v=spf1 {TEN} -all"),
    txt("long.test", "v=spf1 " + " ".join(f"ip4:192.0.2.{n}" for n in range(40)) + " -all"),
    txt("fast.test", "v=spf1 include:spf.messagingengine.com ~all"),
    txt("spf.messagingengine.com", "v=spf1 ip4:192.0.2.0/24 -all"),
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with name_server(CHAIN) as where:
        yield where


def examined(server: str, domain: str, provider: str = "") -> list[Result]:
    return asyncio.run(examine_spf(domain, provider, Lookup(server)))


GOOD = {
    "elsewhere.test": "0 lookups of 10, ends in -all",
    "noise.test": "1 lookup of 10, ends in ~all",
    "redirected.test": "1 lookup of 10, ends in -all",
    "macro.test": "1 lookup of 10",
    "full.test": "10 lookups of 10",
    "long.test": "0 lookups of 10",
}


@pytest.mark.parametrize("domain", GOOD)
def test_a_good_record(server: str, domain: str) -> None:
    [result] = examined(server, domain)
    assert result.verdict is Grade.OK
    assert GOOD[domain] in result.text


@pytest.mark.parametrize(
    ("domain", "verdict", "words", "suggestion"),
    [
        ("missing.test", Grade.ERROR, "has no SPF record", "v=spf1 ip4:192.0.2.1 ~all"),
        ("twice.test", Grade.ERROR, "has 2 SPF records", "v=spf1 include:elsewhere.test mx ~all"),
        ("broken.test", Grade.ERROR, "'ipv4:192.0.2.1' is no mechanism", None),
        ("usesbroken.test", Grade.ERROR, "in the record of broken.test", None),
        ("dangling.test", Grade.ERROR, "nowhere.test, which it names, has no SPF record", None),
        ("open.test", Grade.ERROR, "every machine in the world", "v=spf1 mx ~all"),
        ("neutral.test", Grade.WARNING, "ends in ?all", "v=spf1 mx ~all"),
        ("endless.test", Grade.WARNING, "ends in nothing", "v=spf1 mx ~all"),
        ("many.test", Grade.ERROR, "more than 10 lookups", None),
        ("hop1.test", Grade.ERROR, "more than 10 lookups", None),
        ("loop.test", Grade.ERROR, "more than 10 lookups", None),
    ],
)
def test_a_bad_record(server: str, domain: str, verdict: Grade, words: str, suggestion: str | None) -> None:
    result = next(each for each in examined(server, domain) if words in each.text)
    assert result.verdict is verdict
    assert result.next_step
    if suggestion is not None:
        assert result.record is not None
        assert result.record == (domain, "TXT", suggestion)


def test_what_a_provider_asks_for_is_missed(server: str) -> None:
    assert [each.verdict for each in examined(server, "fast.test", "fastmail")] == [Grade.OK]
    [result] = examined(server, "elsewhere.test", "fastmail")
    assert result.verdict is Grade.ERROR
    assert result.record is not None
    assert result.record.text == "v=spf1 ip4:192.0.2.9 include:spf.messagingengine.com -all"
    [missing] = examined(server, "missing.test", "office365")
    assert missing.record is not None
    assert missing.record.text == "v=spf1 include:spf.protection.outlook.com ~all"


def test_a_provider_with_a_return_path_of_its_own_needs_no_record_of_ours(server: str) -> None:
    [result] = examined(server, "missing.test", "postmark")
    assert result.verdict is Grade.NOTE


def test_silence_is_waited_for_once() -> None:
    with silent_server() as where:
        lookup = Lookup(where)
        for _ in range(3):
            [result] = asyncio.run(examine_spf(DOMAIN, "", lookup))
            assert result.verdict is Grade.WARNING
            assert "no name server answered" in result.text
