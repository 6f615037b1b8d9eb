"""How much of the corpus is understood: what it was written with, and what was held back from it."""

from __future__ import annotations

import pytest
from returned_corpus import FRESH, HELD_OUT, LATER, WHO, Measure, Sample, measure, samples

from mailer.domain.returned import Kind
from mailer.feedback.mail import read_mail
from mailer.feedback.reading import read


@pytest.fixture(scope="module")
def corpus() -> list[Sample]:
    return samples()


def as_it_was(done: Measure) -> None:
    """All of it is right, where 95 % was asked for: what goes wrong from now on is noticed one by one."""
    assert [(sample.name, found) for sample, found in done.wrong] == []
    assert done.soft_called_hard == 0
    assert not done.harmed


def test_the_corpus_is_understood(corpus: list[Sample]) -> None:
    assert len({sample.octets for sample in corpus}) >= 700
    as_it_was(measure(corpus))


@pytest.mark.parametrize("files", [HELD_OUT, LATER, FRESH])
def test_what_was_held_back_is_understood(files: tuple[str, str, str]) -> None:
    held = samples(*files)
    assert len({sample.octets for sample in held}) >= 300
    as_it_was(measure(held))


def test_a_reader_that_is_wrong_is_noticed(corpus: list[Sample]) -> None:
    wrong = [Sample(each.name, each.octets, "soft", ((WHO, "soft"),)) for each in corpus]
    assert measure(wrong).right < 0.5
    assert measure(wrong).soft_called_hard > 100


def test_what_a_letter_should_tell_people_is_noted(corpus: list[Sample]) -> None:
    noted = [each for each in corpus if each.note]
    assert len(noted) >= 5
    for each in noted:
        assert any(each.note in note for note in read(each.octets).notes), each.name


def test_evidence_stands_beside_every_verdict(corpus: list[Sample]) -> None:
    assert all(read(each.octets).evidence for each in corpus)


def test_nothing_is_believed_without_a_token(corpus: list[Sample]) -> None:
    assert not any(read(each.octets).trusted for each in corpus)


def test_each_kind_is_in_the_corpus(corpus: list[Sample]) -> None:
    assert {each.kind for each in corpus} == set(Kind)


def test_line_ends_make_no_difference(corpus: list[Sample]) -> None:
    for each in corpus[::20]:
        old_mac = each.octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r")
        assert read_mail(old_mac).text == read_mail(each.octets).text
