"""DMARC: the walk up the tree, the policy, alignment."""

from __future__ import annotations

import pytest

from mailer.doctor.dmarc import judge_dmarc, judge_path, judge_signature
from mailer.doctor.dmarc_record import Level, Walk, ancestors, is_aligned
from mailer.doctor.result import Grade


def walk(domain: str, **records: str | tuple[str, ...]) -> Walk:
    """A walk in which the domain that begins with a label (dots as `_`) has these records."""
    levels = []
    for name in ancestors(domain):
        found = records.get(name.replace(".", "_"), ())
        levels.append(Level(name, (found,) if isinstance(found, str) else found))
        if levels[-1].tags.get("psd"):
            break
    return Walk(tuple(levels))


NONE = "v=DMARC1; p=none; rua=mailto:dmarc@gazette.test"


def test_the_way_up_is_eight_steps_at_most() -> None:
    assert list(ancestors("news.gazette.test")) == ["news.gazette.test", "gazette.test", "test"]
    assert list(ancestors("test")) == ["test"]
    deep = list(ancestors("a.b.c.d.e.f.g.h.i.j.test"))
    assert len(deep) == 8
    assert deep[:2] == ["a.b.c.d.e.f.g.h.i.j.test", "e.f.g.h.i.j.test"]


@pytest.mark.parametrize(
    ("domain", "records", "organisation"),
    [
        ("news.gazette.test", {}, "news.gazette.test"),
        ("news.gazette.test", {"gazette_test": NONE}, "gazette.test"),
        ("news.gazette.test", {"news_gazette_test": NONE}, "news.gazette.test"),
        ("a.news.gazette.test", {"news_gazette_test": NONE, "gazette_test": NONE}, "gazette.test"),
        (
            "a.news.gazette.test",
            {"news_gazette_test": NONE + "; psd=n", "gazette_test": NONE},
            "news.gazette.test",
        ),
        ("news.gazette.test", {"test": "v=DMARC1; p=reject; psd=y"}, "gazette.test"),
        ("news.gazette.test", {"gazette_test": NONE, "test": "v=DMARC1; p=reject; psd=y"}, "gazette.test"),
        ("news.gazette.test", {"gazette_test": (NONE, NONE)}, "news.gazette.test"),
    ],
)
def test_the_organisation(domain: str, records: dict[str, str], organisation: str) -> None:
    assert walk(domain, **records).organisation == organisation


@pytest.mark.parametrize(
    ("domain", "records", "verdict", "words"),
    [
        ("gazette.test", {}, Grade.ERROR, "has no DMARC policy"),
        ("gazette.test", {"gazette_test": NONE}, Grade.OK, "_dmarc.gazette.test: none"),
        ("gazette.test", {"gazette_test": "v=DMARC1; rua=mailto:x@gazette.test"}, Grade.OK, "none"),
        (
            "gazette.test",
            {"gazette_test": "v=DMARC1; p=maybe; rua=mailto:x@gazette.test"},
            Grade.ERROR,
            "'maybe' is no policy",
        ),
        ("gazette.test", {"gazette_test": (NONE, NONE)}, Grade.ERROR, "has 2 records"),
        ("gazette.test", {"gazette_test": "v=DMARC1; p=none; p=reject"}, Grade.ERROR, "can't be read"),
        (
            "news.gazette.test",
            {"gazette_test": NONE + "; sp=quarantine"},
            Grade.OK,
            "which holds for news.gazette.test too: quarantine",
        ),
        ("gazette.test", {"gazette_test": NONE + "; t=y"}, Grade.OK, "marked as a test"),
        (
            "gazette.test",
            {"test": "v=DMARC1; p=reject; psd=y; rua=mailto:x@y.test"},
            Grade.OK,
            "_dmarc.test",
        ),
    ],
)
def test_the_policy(domain: str, records: dict[str, str], verdict: Grade, words: str) -> None:
    [result] = judge_dmarc(walk(domain, **records), "editor@gazette.test")
    assert result.verdict is verdict
    assert words in result.text
    assert bool(result.next_step) is (verdict is Grade.ERROR)


def test_a_policy_without_reports_is_noted() -> None:
    policy, reports = judge_dmarc(walk("gazette.test", gazette_test="v=DMARC1; p=reject"), "x@gazette.test")
    assert (policy.verdict, reports.verdict) == (Grade.OK, Grade.NOTE)
    assert "rua=" in reports.text


def test_without_a_policy_a_first_one_is_offered() -> None:
    [result] = judge_dmarc(walk("gazette.test"), "editor@gazette.test")
    assert result.record == ("_dmarc.gazette.test", "TXT", "v=DMARC1; p=none; rua=mailto:editor@gazette.test")


@pytest.mark.parametrize(
    ("one", "other", "strict", "aligned"),
    [
        ("gazette.test", "gazette.test", True, True),
        ("bounce.gazette.test", "gazette.test", False, True),
        ("bounce.gazette.test", "gazette.test", True, False),
        ("bounce.gazette.test", "news.gazette.test", False, True),
        ("quay.test", "gazette.test", False, False),
    ],
)
def test_alignment(one: str, other: str, strict: bool, aligned: bool) -> None:
    records = {"gazette_test": NONE}
    assert is_aligned(walk(one, **records), walk(other, **records), strict=strict) is aligned


def test_what_is_not_aligned_is_named_with_the_reason() -> None:
    author = walk("gazette.test", gazette_test=NONE + "; aspf=s; adkim=s")
    below = walk("news.gazette.test", gazette_test=NONE)
    assert judge_path(author, author, "").verdict is Grade.OK
    path = judge_path(author, below, "")
    assert path.verdict is Grade.WARNING
    assert "aspf=s" in path.text
    assert judge_path(author, below, "ses").verdict is Grade.NOTE
    signature = judge_signature(author, below)
    assert signature.verdict is Grade.ERROR
    assert "adkim=s" in signature.text
    other = judge_signature(walk("gazette.test", gazette_test=NONE), walk("quay.test"))
    assert "two organisations" in other.text
    kin = judge_path(walk("gazette.test", gazette_test=NONE), below, "")
    assert "by way of gazette.test" in kin.text


def test_no_answer_is_no_verdict() -> None:
    silent = Walk((Level("gazette.test", unanswered="silence"),))
    assert judge_dmarc(silent, "x@gazette.test")[0].verdict is Grade.WARNING
    assert judge_path(silent, silent, "").verdict is Grade.WARNING
    assert judge_signature(silent, silent).verdict is Grade.WARNING
