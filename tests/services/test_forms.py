"""The files that say what sign-up forms ask: what is wrong with one is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.domain.form import Wrong
from mailer.services.forms import FormError, read_form

TOWN = '[[field]]\nname = "town"\ntype = "choice"\nlabel = { en = "Town", pt = "Vila" }\nchoices = ["Ness"]\n'


def written(root: Path, text: str, name: str = "join") -> Path:
    (root / "forms").mkdir(exist_ok=True)
    path = root / "forms" / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_has_its_own_form_else_that_of_all_else_none(tmp_path: Path) -> None:
    assert read_form(tmp_path, "weekly").questions == ()
    written(tmp_path, TOWN)
    assert [each.name for each in read_form(tmp_path, "weekly").questions] == ["town"]
    written(tmp_path, '[[field]]\nname = "name"\n', "weekly")
    assert [each.name for each in read_form(tmp_path, "weekly").questions] == ["name"]
    assert [each.name for each in read_form(tmp_path, "tides").questions] == ["town"]


def test_a_question_is_in_the_nearest_language(tmp_path: Path) -> None:
    written(tmp_path, TOWN)
    (town,) = read_form(tmp_path).questions
    assert [town.label(each) for each in ("pt-BR", "pt", "en", "he")] == ["Vila", "Vila", "Town", "Town"]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("name = ", 1, "Invalid"),
        ("\nfields = []\n", 2, "'fields' is nothing that a form has"),
        (f"{TOWN}\n[[field]]\nnmae = 'x'\n", 7, "'nmae' is nothing that a field has"),
        (f"{TOWN}\n{TOWN}", 7, "asked for twice"),
        ("[[field]]\nname = 'First Name'\n", 1, "can't name a field"),
        ("[[field]]\nname = 'email'\n", 1, "can't name a field"),
        ("[[field]]\nname = 'a'\ntype = 'number'\n", 1, "type = 'number' is none of text, choice"),
        ("[[field]]\nname = 'name'\ntype = 'date'\n", 1, "the field name is a text"),
        ("[[field]]\nname = 'a'\ntype = 'choice'\n", 1, "a choice has choices"),
        ("[[field]]\nname = 'a'\nchoices = ['b']\n", 1, "a choice has choices"),
        ("[[field]]\nname = 'a'\nlabel = 7\n", 1, "label is a text"),
        ("[[field]]\nname = 'a'\nrequired = 'yes'\n", 1, "required = 'yes' is not true or false"),
    ],
)
def test_what_is_wrong_with_a_form_is_said_with_its_line(
    tmp_path: Path, text: str, line: int, problem: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(FormError, match=problem) as refused:
        read_form(tmp_path)
    assert str(refused.value).startswith(f"{path}:{line}: ")
    assert refused.value.next_step


def test_answers_are_bounded_and_have_no_line_ends(tmp_path: Path) -> None:
    written(tmp_path, '[[field]]\nname = "name"\nrequired = true\n')
    form = read_form(tmp_path)
    assert form.read({"name": "  Ada \r\n Quint "}) == ({"name": "Ada Quint"}, {})
    assert form.read({"name": "a" * 201})[1] == {"name": Wrong.TEXT}
    assert form.read({"name": "a\x00b"})[1] == {"name": Wrong.TEXT}
    assert form.read({})[1] == {"name": Wrong.NEEDED}
    assert form.read({"name": "Ada", "tags": "vip"}) == ({"name": "Ada"}, {})
