"""Our patterns find what SpamAssassin's rules of the same names find: asked of SpamAssassin itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from spamassassin import reports

from mailer.check.spam import PHRASES, Phrase, SpamPart

# (rule of SpamAssassin's, what it finds)
FOUND = {
    "SUBJ_ALL_CAPS": "THE CLOCK GOES AGAIN",
    "PLING_QUERY": "Is the clock going again? Yes!",
    "GAPPY_SUBJECT": "Buoys for s a l e, cheap",
    "SUBJ_YOUR_FAMILY": "A day out for your family",
    "SUBJ_AS_SEEN": "Knots as seen on the pier",
    "SUBJECT_DIET": "Lose ten pounds by rowing",
    "SUBJ_BUY": "Buy a boat",
    "SUBJ_DOLLARS": "$99.50 for a boat",
    "DEAR_FRIEND": "Dear Friend of the harbour, the tide is low.",
    "GUARANTEED_100_PERCENT": "The paint is 100% guaranteed to hold.",
    "MONEY_BACK": "With every boat comes a money back guarantee for a year.",
    "BANG_GUAR": "It will float, guaranteed! So we hope.",
    "BILLION_DOLLARS": "The pier costs a MILLION DOLLARS this year.",
    "EXCUSE_4": "To be removed, please write to us.",
    "EXCUSE_REMOVE": "To be removed from our mailings, write to us.",
    "FIN_FREE": "He became financially free by mending nets.",
    "ACT_NOW_CAPS": "Act Now before the tide turns.",
}
HARMLESS = {
    SpamPart.SUBJECT: [
        "The clock on the ice house goes again",
        "NATO",
        "At last: the U.S. buoy",
        "Who buys a boat?",
        "A dollar, $9",
    ],
    SpamPart.BODY: ["My dear friends, act now: it is guaranteed to rain, and freedom is not financial."],
}


def message(phrase: Phrase, text: str) -> str:
    subject, body = (text, "Tides.") if phrase.part is SpamPart.SUBJECT else ("Tides", text)
    return (
        f"From: Gazette <editor@gazette.example>\nTo: ada@quay.example\nSubject: {subject}\n"
        "Date: Sun, 22 Nov 2026 08:00:00 +0000\nMessage-ID: <1@gazette.example>\n"
        f"Content-Type: text/plain; charset=utf-8\n\n{body}\n"
    )


def test_every_phrase_has_an_example() -> None:
    assert [phrase.name for phrase in PHRASES] == list(FOUND)


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.name)
def test_the_example_is_found_and_the_harmless_is_not(phrase: Phrase) -> None:
    assert phrase.found_in(FOUND[phrase.name])
    assert [text for text in HARMLESS[phrase.part] if phrase.found_in(text)] == []


@pytest.mark.peers
def test_spamassassin_finds_the_same(tmp_path: Path) -> None:
    judged = reports([message(each, FOUND[each.name]).encode() for each in PHRASES], tmp_path)
    missed = {
        each.name: rules for each, (_, rules) in zip(PHRASES, judged, strict=True) if each.name not in rules
    }
    assert missed == {}
