"""Fields: what a column holds, and what a value is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.domain.field import FieldError, FieldType, convert, field_name, infer, to_text
from mailer.domain.yes_no import WORDS


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["yes", "no", ""], FieldType.BOOLEAN),
        (["TRUE", "false"], FieldType.BOOLEAN),
        (["ja", "Nein", "WAHR"], FieldType.BOOLEAN),
        (["oui", "non"], FieldType.BOOLEAN),
        (["Sí", "no"], FieldType.BOOLEAN),
        (["HAYIR", "evet"], FieldType.BOOLEAN),
        (["да", "нет"], FieldType.BOOLEAN),
        (["はい", "いいえ"], FieldType.BOOLEAN),
        (["예", "아니요"], FieldType.BOOLEAN),
        (["ja", "no"], FieldType.TEXT),  # of two languages: codes, say
        (["yes", "maybe"], FieldType.TEXT),
        (["1", "0"], FieldType.NUMBER),
        (["12", "-3", "4.5"], FieldType.NUMBER),
        (["04109", "10115"], FieldType.TEXT),
        (["1.50"], FieldType.TEXT),
        (["+351210000000"], FieldType.TEXT),
        (["1e5"], FieldType.TEXT),
        (["nan"], FieldType.TEXT),
        (["٣"], FieldType.TEXT),
        (["2026-11-23", "2024-02-29"], FieldType.DATE),
        (["2026-11-23", "2026-02-30"], FieldType.TEXT),
        (["20261123"], FieldType.NUMBER),
        (["2026-W48-1"], FieldType.TEXT),
        (['["red", "green"]', "[]"], FieldType.LIST),
        (["[1, 2]"], FieldType.TEXT),
        (["red; green"], FieldType.TEXT),
        (["", ""], FieldType.TEXT),
        ([], FieldType.TEXT),
    ],
)
def test_a_column_is_inferred_from_all_of_its_values(values: list[str], kind: FieldType) -> None:
    assert infer(values) is kind


@pytest.mark.parametrize(
    "name",
    ["lang", "language", "user_lang", "sprache", "langue", "country", "cc", "surname", "last_name", "iso"],
)
def test_codes_and_names_are_never_true_or_false(name: str) -> None:
    assert infer(["no", "No"], name) is FieldType.TEXT
    assert infer(["no", "No"], "paid") is FieldType.BOOLEAN


def test_no_word_is_true_in_one_language_and_false_in_another() -> None:
    true = {word for yes, _ in WORDS.languages for word in yes}
    false = {word for _, no in WORDS.languages for word in no}
    assert not true & false


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("nein", FieldType.BOOLEAN, False),
        ("kyllä", FieldType.BOOLEAN, True),
        ('"vip","press, local"', FieldType.LIST, ["vip", "press, local"]),
        ('"vip"; "a; b"', FieldType.LIST, ["vip", "a; b"]),
        ("no", FieldType.BOOLEAN, False),
        ("Yes", FieldType.BOOLEAN, True),
        ("0", FieldType.BOOLEAN, False),
        ("007", FieldType.NUMBER, 7),
        ("1.50", FieldType.NUMBER, 1.5),
        ("2026-11-23", FieldType.DATE, "2026-11-23"),
        ("red; green, blue", FieldType.LIST, ["red", "green, blue"]),
        ("red, green,,", FieldType.LIST, ["red", "green"]),
        ('["red; green"]', FieldType.LIST, ["red; green"]),
        ("007", FieldType.TEXT, "007"),
    ],
)
def test_a_value_of_a_declared_type(text: str, kind: FieldType, value: object) -> None:
    found = convert(text, kind)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("abc", FieldType.NUMBER, "'abc' is not a number"),
        ("1,5", FieldType.NUMBER, "12.5"),
        ("9" * 5000, FieldType.NUMBER, "not a number"),
        ("perhaps", FieldType.BOOLEAN, "yes or no"),
        ("23.11.2026", FieldType.DATE, "2026-11-23"),
        ("[1]", FieldType.LIST, "not a list"),
        ("[", FieldType.LIST, "not a list"),
    ],
)
def test_a_value_of_another_type_is_refused_with_the_way_to_write_it(
    text: str, kind: FieldType, says: str
) -> None:
    with pytest.raises(FieldError, match=says):
        convert(text, kind)


@given(st.lists(st.text(), min_size=1))
def test_an_inferred_value_reads_back_as_it_was_typed(values: list[str]) -> None:
    kind = infer(values)
    for text in filter(None, values):
        again = to_text(convert(text, kind))
        assert again == text or kind in (FieldType.BOOLEAN, FieldType.LIST)


@settings(deadline=None)
@given(st.one_of(st.booleans(), st.integers(), st.dates().map(str), st.lists(st.text())))
def test_what_is_written_for_a_value_converts_back_to_it(value: object) -> None:
    kinds = {bool: FieldType.BOOLEAN, int: FieldType.NUMBER, str: FieldType.DATE, list: FieldType.LIST}
    text = to_text(value)
    if text and len(text) < 300:
        assert convert(text, kinds[type(value)]) == value


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("First Name", "first_name"),
        (" E-Mail ", "e_mail"),
        ("Größe (cm)", "grösse_cm"),
        ("*", ""),
        ("名前", "名前"),
    ],
)
def test_a_heading_becomes_a_name_that_templates_can_say(heading: str, name: str) -> None:
    assert field_name(heading) == name
