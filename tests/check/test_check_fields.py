"""The subscribers' fields: which must have a value, and how many have one."""

from __future__ import annotations

from pathlib import Path

import pytest
from members import join
from proofs import READER, Workshop

from mailer.bootstrap import App
from mailer.check.finding import Severity
from mailer.compose.issue.source import load_issue
from mailer.domain.audience import Audience
from mailer.domain.subscriber import SubscriberList
from mailer.errors import PlanRefused, UsageError
from mailer.message.expression.operations import MissingValue
from mailer.proof.proofread import proofread
from mailer.proof.readers import first_reader
from mailer.services.check import CheckRequest, check
from mailer.services.preview import PreviewRequest, preview


@pytest.mark.parametrize(
    ("written", "needed"),
    [
        ("{{ subscriber.boat }}", True),
        ("{{ subscriber.boat|title|trim }}", True),
        ("{{ 'My ' ~ subscriber.boat }}", True),
        ("{{ subscriber.boat|default('none') }}", False),
        ("{{ subscriber.boat|title|default('none') }}", True),
        ("{{ subscriber.boat or 'none' }}", True),
        ("{{ 'none' if subscriber.name else subscriber.boat }}", False),
        ("{{ 'a' if subscriber.boat is defined else 'b' }}", False),
        ("{% if subscriber.boat %}Ahoy{% endif %}", True),
        ("{% if subscriber.name %}Ahoy{% else %}{{ subscriber.boat }}{% endif %}", False),
        ("{% if subscriber.boat is defined %}{{ subscriber.boat }}{% endif %}", False),
    ],
)
def test_a_field_must_have_a_value_where_filling_fails_without(
    workshop: Workshop, written: str, needed: bool
) -> None:
    assert workshop.mail(f"{written}\n").uses["boat"] is needed
    issue, _ = load_issue(workshop.folder / "issue.md")
    compiler = workshop.compiler()
    template = compiler.compile(issue, [SubscriberList(1, "weekly", "Weekly")])
    names = compiler.personaliser(1, 1, "x").names(READER._replace(fields={}), 0)
    if needed:
        with pytest.raises(MissingValue):
            template.fillings(names)
    else:
        template.fillings(names)


def test_where_there_is_nobody_a_reader_is_made_up_whom_the_issue_fits(workshop: Workshop) -> None:
    file = workshop.folder / "issue.md"
    loop = "{% for boat in subscriber.boats %}{{ boat }}{% endfor %}"
    file.write_text(f"# Boats\n\n{loop} {{{{ subscriber.berth + 1 }}}} {{{{ subscriber.rank|title }}}}\n")
    compiler = workshop.compiler()
    template = compiler.compile(load_issue(file)[0], [SubscriberList(1, "weekly", "Weekly")])
    personaliser = compiler.personaliser(0, 1, "x")
    reader = first_reader(template, personaliser, [READER])
    assert reader is not None
    assert reader.email == "ada@mail.example"
    assert "Ada 8 Ada" in template.text(personaliser.names(reader, 0))


def test_what_check_finds_of_fields_is_what_a_send_says(tmp_path: Path) -> None:
    """In the same words, whatever the issue does with them; a warning for one is a warning for the other."""
    app = workspace(tmp_path)
    file = tmp_path / "issues" / "boats.md"
    issues = {
        "{{ subscriber.name }}": {"subscriber.name has no value: 1 of 3"},
        "{{ subscriber.town }}": {"subscriber.town has no value: 3 of 3"},
        "{{ subscriber.town|default('here') }}": {"nobody of the 3 has a town"},
        "{% if subscriber.boat is defined %}{{ subscriber.town }}{% endif %}": {
            "subscriber.town has no value: 2 of 3"
        },
        "{% if subscriber.boat is defined %}{{ subscriber.boat }}{% endif %} {{ subscriber.email }}": set(),
    }
    for body, expected in issues.items():
        file.write_text(f"---\ntitle: Boats\nlist: weekly\n---\nAhoy {body}\n", encoding="utf-8")
        (proof,) = check(app, CheckRequest([file]))
        found = {each.text: each for each in proof.findings if each.rule.startswith("field-")}
        assert found.keys() == expected
        assert [each.line for each in found.values()] == [5] * len(found)
        sending, issue = app.sending(), load_issue(file)[0]
        lists = [app.lists.named("weekly")]
        job = sending.compiler.prepare(issue, Audience(("weekly",)), lists)
        refused = False
        try:
            sending.plan(job)
        except PlanRefused as error:
            refused = True
            assert all(text in error.problem for text in expected)
            assert {error.next_step} == {each.hint for each in found.values()}
        assert refused == any(each.severity is Severity.ERROR for each in found.values())
        said = [each for each in proofread(sending, job) if each.severity is not Severity.ERROR]
        assert said == [each for each in proof.findings if each.severity is not Severity.ERROR]
        try:
            previewed = preview(app, PreviewRequest(file, "bo@quay.example"))
        except PlanRefused as error:
            assert any(text.partition(":")[0] in error.problem for text in expected)
        else:
            assert list(previewed.findings) == proof.findings


# Whether a field is asked for its truth (True), or only whether there is one (False).
ASKED = {
    "a": ("{% if subscriber.a %}x{% endif %}", True),
    "b": ("{% if not subscriber.b %}x{% endif %}", True),
    "c": ("{% if subscriber.c|default(false) %}x{% endif %}", True),
    "d": ("{% if subscriber.d|trim|lower %}x{% endif %}", True),
    "e": ("{{ 'x' if subscriber.e else 'y' }}", True),
    "f": ("{{ subscriber.f and 'x' }}", True),
    "g": ("{% if subscriber.a %}{% if subscriber.g %}x{% endif %}{% endif %}", True),
    "h": ("{% if subscriber.a or subscriber.h %}x{% endif %}", True),
    "i": ("{% if subscriber.a == 'x' and subscriber.i %}x{% endif %}", True),
    "j": ("{% if subscriber.a %}x{% elif subscriber.j %}y{% endif %}", True),
    "k": ("{% if subscriber.k|default('') %}x{% endif %}", False),
    "l": ("{% if subscriber.l is defined and subscriber.l %}x{% endif %}", False),
    "m": ("{{ subscriber.m|default('') or 'x' }}", False),
    "n": ("{% if subscriber.n == 'x' %}x{% endif %}", None),
    "o": ("{% if subscriber.o is defined %}x{% endif %}", None),
    "p": ("{% if subscriber.p|length %}x{% endif %}", None),
    "q": ("{{ subscriber.q|default('x') }}", None),
}


def test_what_hangs_on_a_fields_own_truth_is_known(workshop: Workshop) -> None:
    file = workshop.folder / "issue.md"
    file.write_text("# Boats\n\n" + "\n\n".join(written for written, _ in ASKED.values()) + "\n")
    template = workshop.compiler().compile(load_issue(file)[0], [SubscriberList(1, "weekly", "Weekly")])
    assert template.decides == {name: asked for name, (_, asked) in ASKED.items() if asked is not None}


def test_an_if_over_text_is_an_error_with_the_values_in_check_and_send_alike(tmp_path: Path) -> None:
    app = workspace(tmp_path)
    for email, paid in (("ada", "vielleicht"), ("bo", "nein"), ("cy", "nein")):
        texts = {"paid": paid, "member": "yes", "boat": "Heron", "visits": "3", "name": "Ada"}
        join(app.database, f"{email}@quay.example", "weekly", fields=texts)
    names = ("paid", "member", "visits", "name")
    bare = "".join(f"{{% if subscriber.{name} %}}P{{% endif %}}\n\n" for name in names)
    # Asked only whether there is one: wrong where a no is among them.
    there = "".join(f"{{{{ subscriber.{name}|default('') or 'none' }}}}\n\n" for name in ("boat", "paid"))
    file, sending = tmp_path / "issues" / "boats.md", app.sending()
    lists = [app.lists.named("weekly")]
    for body in (bare, there):
        file.write_text(f"---\ntitle: Boats\nlist: weekly\n---\n{body}", encoding="utf-8")
        (proof,) = check(app, CheckRequest([file]))
        (error,) = (each for each in proof.findings if each.rule == "field-text")
        assert error.text == (
            "subscriber.paid is text, and an `if` takes any text for true: 'nein' 2, 'vielleicht' 1"
        )
        assert (error.severity, error.line) == (Severity.ERROR, 5 if body is bare else 7)
        job = sending.compiler.prepare(load_issue(file)[0], Audience(("weekly",)), lists)
        assert [each for each in proofread(sending, job) if each.rule == "field-text"] == [error]


def test_a_text_that_a_field_can_never_equal_is_an_error_that_says_what_to_write(tmp_path: Path) -> None:
    app = workspace(tmp_path)
    texts = {"paid": "ja", "visits": "3", "boats": '["Heron"]', "town": "Port", "since": "2026-01-02"}
    join(app.database, "ada@quay.example", "weekly", fields=texts)
    conditions = {
        "subscriber.paid == 'ja'": "Write {% if subscriber.paid %} or {% if not subscriber.paid %}.",
        "'3' != subscriber.visits|default('')": (
            "Write it without quotes, like {% if subscriber.visits == 3 %}."
        ),
        "subscriber.boats == 'Heron'": 'Write {% if "Heron" in subscriber.boats %}.',
        "subscriber.tags == 'vip'": 'Write {% if "vip" in subscriber.tags %}.',
        "subscriber.town == 'Port'": None,
        "subscriber.since == '2026-01-02'": None,
        "subscriber.visits == 3": None,
    }
    file = tmp_path / "issues" / "boats.md"
    body = "".join(f"{{% if {each} %}}P{{% endif %}}\n\n" for each in conditions)
    file.write_text(f"---\ntitle: Boats\nlist: weekly\n---\n{body}", encoding="utf-8")
    (proof,) = check(app, CheckRequest([file]))
    found = {each.hint: each.severity for each in proof.findings if each.rule == "field-compare"}
    assert found == dict.fromkeys(filter(None, conditions.values()), Severity.ERROR)


def workspace(root: Path) -> App:
    (root / "issues").mkdir()
    (root / ".env").write_text("POSTAL_ADDRESS=1 Quay Street, Port Example\nSECRET_KEY=not-so-secret\n")
    app = App(root, {})
    app.lists.create("weekly", app.now())
    for email, texts in (
        ("ada@quay.example", {"name": "Ada", "boat": "Gannet"}),
        ("bo@quay.example", {"name": "Bo", "boat": "Heron"}),
        ("cy@quay.example", {}),
    ):
        join(app.database, email, "weekly", fields=texts)
    return app


def test_readers_are_those_in_the_segment_that_the_issue_or_an_option_names(tmp_path: Path) -> None:
    app = workspace(tmp_path)
    file = tmp_path / "issues" / "boats.md"
    front = "---\ntitle: Boats\nlist: weekly\nsegment: boat is known\n---\n"
    file.write_text(f"{front}{{{{ subscriber.boat }}}}\n", encoding="utf-8")

    def missing(**asked: str) -> set[str]:
        (proof,) = check(app, CheckRequest([file], **asked))  # type: ignore[arg-type]
        return {each.text for each in proof.findings if each.rule.startswith("field-")}

    assert missing() == set()
    assert missing(segment="") == {"subscriber.boat has no value: 1 of 3"}
    assert missing(segment="boat is empty") == {"subscriber.boat has no value: 1 of 1"}
    with_boat = preview(app, PreviewRequest(file)).reader.email
    assert preview(app, PreviewRequest(file, segment=f'email != "{with_boat}"')).reader.email != with_boat
    with pytest.raises(UsageError, match="there is no segment crew"):
        check(app, CheckRequest([file], segment="crew"))
    file.write_text(front.replace("boat is known", "crew") + "Ahoy\n", encoding="utf-8")
    (proof,) = check(app, CheckRequest([file]))
    assert [(each.severity, each.line) for each in proof.findings] == [(Severity.ERROR, 4)]
    assert "there is no segment crew" in proof.findings[0].text
