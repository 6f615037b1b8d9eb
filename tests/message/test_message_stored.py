"""A template outlives its process: written down, hashed, read again, and refused when it is damaged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from message_samples import EDITION, HEAD, field, names_of

from mailer.message.expression.expression import Call, Const, Expression, Field, Name
from mailer.message.filling.canonical import dump_expression, load_expression
from mailer.message.filling.residual import Branch, Hole, Place, Static
from mailer.message.mime.message import compile_message
from mailer.message.mime.template import MessageTemplate, TemplateError

REVISION = """
from message_samples import EDITION, HEAD
from mailer.message.mime.message import compile_message
print(compile_message(EDITION, HEAD).revision)
"""


@pytest.mark.peers
@pytest.mark.parametrize("seed", ["1", "2"])
def test_every_process_finds_the_same_revision(seed: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", REVISION],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        check=True,
        text=True,
    )
    assert run.stdout.strip() == compile_message(EDITION, HEAD).revision


@pytest.mark.parametrize(
    ("edition", "head"),
    [
        (replace(EDITION, subject=(Static("Thaw"),)), HEAD),
        (replace(EDITION, text=(Static("Thaw"),)), HEAD),
        (replace(EDITION, html=(*EDITION.html, Static(" "))), HEAD),
        (EDITION, replace(HEAD, one_click=False)),
        (EDITION, replace(HEAD, reply_to=None)),
    ],
)
def test_whatever_changes_the_mail_changes_the_revision(edition, head) -> None:
    assert compile_message(edition, head).revision != compile_message(EDITION, HEAD).revision


def test_a_template_read_back_fills_the_same() -> None:
    template = compile_message(EDITION, HEAD)
    names = names_of(name="Zoë", berths=["7"], paid=False)
    assert MessageTemplate.load(template.dump()).fill(names) == template.fill(names)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        1,
        1.5,
        "é",
        (),
        (1, ("a", None)),
        date(2026, 11, 22),
        datetime(2026, 11, 22, 8, tzinfo=UTC),
    ],
)
def test_constants_are_read_back(value: object) -> None:
    expression = Call("op.eq", (field("since"), Const(value)), (("key", Const("x")),))
    data = json.loads(json.dumps(dump_expression(expression)))
    (_, constant) = load_expression(data).arguments
    assert load_expression(data) == expression
    assert type(constant.value) is type(value)


def test_a_constant_that_can_not_be_written_is_refused() -> None:
    with pytest.raises(TypeError, match="set"):
        dump_expression(Const({1}))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not zlib",
        zlib.compress(b"not JSON"),
        zlib.compress(b"[]"),
        zlib.compress(b'{"version":1}'),
        zlib.compress(b'{"version":1,"slug":"a","subject":[{"what":1}],"mailto":"","pieces":[]}'),
        zlib.compress(b'{"version":1,"slug":"a","subject":[],"mailto":"","pieces":[{"slot":"cc"}]}'),
        compile_message(EDITION, HEAD).dump()[:-9],
    ],
)
def test_a_damaged_template_is_refused(data: bytes) -> None:
    with pytest.raises(TemplateError, match="damaged"):
        MessageTemplate.load(data)


def test_a_template_of_another_version_is_refused() -> None:
    with pytest.raises(TemplateError, match="version 4") as refusal:
        MessageTemplate.load(zlib.compress(b'{"version":4}'))
    assert refusal.value.next_step


def written_by_version_1(template: MessageTemplate) -> bytes:
    return zlib.compress(zlib.decompress(template.dump()).replace(b'"version":3', b'"version":1'))


def test_a_template_of_the_first_version_fills_the_same_and_stays_what_it_is() -> None:
    template = compile_message(EDITION, HEAD)
    older = MessageTemplate.load(written_by_version_1(template))
    names = names_of(name="Zoë", berths=["7"], paid=False)
    assert older.fill(names) == template.fill(names)
    assert older.revision == template.revision
    assert older.dump() == written_by_version_1(template)


@pytest.mark.parametrize("name", ["browser_url", "preferences_url"])
def test_it_is_known_whether_a_page_is_linked_to(name: str) -> None:
    assert not compile_message(EDITION, HEAD).pages
    linked = replace(EDITION, text=(Hole(Name(name), Place.ADDRESS, url_start=True),))
    assert compile_message(linked, HEAD).pages == {name}


def test_a_send_has_to_keep_the_fields_that_its_messages_use() -> None:
    template = compile_message(EDITION, HEAD)
    assert template.fields == {"email", "name", "berths", "paid"}
    assert MessageTemplate.load(template.dump()).fields == template.fields
    plain = replace(EDITION, subject=(Static("Thaw"),), html=(Static("<p>"),), text=(Static("Thaw"),))
    assert compile_message(plain, HEAD).fields == {"email", "name"}  # of the To field


@pytest.mark.parametrize(
    "expression",
    [
        Name("subscriber"),
        Call("filter.length", (Name("subscriber"),)),
        Call("op.in", (Const("berth"), Name("subscriber"))),
        Field(Name("subscriber"), field("berth")),
        Call("op.eq", (field("berth"), Field(Name("subscriber"), Const(1)))),
    ],
    ids=str,
)
def test_a_send_has_to_keep_every_field_where_a_template_may_use_any(expression: Expression) -> None:
    branch = Branch(Const(True), (Hole(expression, Place.TEXT),))
    assert compile_message(replace(EDITION, html=(*EDITION.html, branch)), HEAD).fields is None


def test_a_send_that_an_older_program_began_keeps_every_field() -> None:
    older = MessageTemplate.load(written_by_version_1(compile_message(EDITION, HEAD)))
    assert older.fields is None
    assert older.uses == {"name", "berths", "paid"}
