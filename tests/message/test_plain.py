"""Plain values: the short way writes what the long way would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.message.encoding.transfer import encode_quoted_printable, one_line
from mailer.message.filling.escape import escape_value, plain_in
from mailer.message.filling.residual import Place

FORMS = [
    [(Place.TEXT, False), (Place.PLAIN, False), (Place.CONDITIONAL, False), (Place.ATTRIBUTE, False)],
    [(Place.HEADER, False)],
    [(Place.URL, False), (Place.PLAIN, False), (Place.CONDITIONAL, False)],
    [(Place.URL, True), (Place.URL, False), (Place.TEXT, False)],
]
NEARLY = st.text("abzAZ019@._,/:- =?~%&<>\"'\n\r\0é", max_size=80)
texts = st.one_of(
    NEARLY,
    st.builds("".join, st.tuples(st.sampled_from(["https://", "http:", "mailto:", "From ", "."]), NEARLY)),
    st.from_regex(r"[A-Za-z0-9 @.-]{70,80}", fullmatch=True),
)


@pytest.mark.parametrize("forms", FORMS, ids=str)
@given(text=texts)
def test_a_plain_value_is_written_alike_by_the_long_way(forms, text):
    if not plain_in(forms)(text):
        return
    for place, url_start in forms:
        assert escape_value(text, place, url_start) == text
        assert encode_quoted_printable(text) == one_line(text)


@pytest.mark.parametrize(
    ("forms", "text"),
    [
        (FORMS[0], "Ada Lovelace"),
        (FORMS[0], "ada@quay.example"),
        (FORMS[2], "m0054321"),
        (FORMS[2], "6f1e2a34-1f0c-4c52-9d0e-0a1b2c3d4e5f"),
        (FORMS[3], "https://gazette.example/u/AdSoAQGqk-3xLd0YpS0n6R1r2w8"),
    ],
)
def test_what_people_are_called_is_plain(forms, text):
    assert plain_in(forms)(text)


@pytest.mark.parametrize(
    ("forms", "text"),
    [
        (FORMS[0], ""),
        (FORMS[0], "From here"),
        (FORMS[0], ".well"),
        (FORMS[0], "ends in a space "),
        (FORMS[0], "a--b"),
        (FORMS[0], "x" * 76),
        (FORMS[0], "l'Étoile"),
        (FORMS[2], "two words"),
        (FORMS[3], "javascript:alert"),
        (FORMS[3], "gazette.example"),
    ],
)
def test_what_needs_a_second_look_is_not_plain(forms, text):
    assert not plain_in(forms)(text)
