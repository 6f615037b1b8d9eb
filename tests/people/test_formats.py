"""Exports of other systems: each is known for what it is, and nobody who said no there is mailable here."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select

from mailer.domain.consent import KeptIp
from mailer.domain.standing import Standing
from mailer.domain.subscriber import Subscriber
from mailer.errors import UsageError
from mailer.people.directory import Directory
from mailer.people.importing.consent import Answers
from mailer.people.importing.format import BUNDLED, load_formats
from mailer.people.importing.headings import joined
from mailer.people.lists import Lists
from mailer.services.import_people import ConsentUnclear, Import, ImportReport, import_files
from mailer.store.database import open_database
from mailer.store.schema import consents, fields, subscribers

DATA = Path(__file__).parents[1] / "data" / "imports"
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
AGREED = Answers(everyone=Standing.SUBSCRIBED)

Importer = Callable[..., list[ImportReport]]


@pytest.fixture(scope="module")
def made(kept_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_database(kept_database_url, tmp_path_factory.mktemp("formats"))
    Lists(engine).create("weekly", NOW)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(made: Engine) -> Engine:
    with made.begin() as connection:
        for table in (subscribers, fields, consents):
            connection.execute(delete(table))
        connection.exec_driver_sql("DELETE FROM suppressions")
    return made


@pytest.fixture
def importer(engine: Engine) -> Importer:
    def run(*paths: Path, **request: Any) -> list[ImportReport]:
        wanted = [Import(path, **{"lists": ("weekly",), **request}) for path in paths]
        return import_files(engine, wanted, NOW)

    return run


@pytest.fixture
def people(engine: Engine) -> Directory:
    return Directory(engine)


def standings(people: Directory) -> dict[str, str]:
    return {who: _standing(each) for who, each in everyone(people).items()}


def everyone(people: Directory) -> dict[str, Subscriber]:
    return {each.email.partition("@")[0]: each for each in people.subscribers()}


def _standing(each: Subscriber) -> str:
    return " ".join(filter(None, (each.lists["weekly"], each.suppressed)))


SUBSCRIBED, UNCONFIRMED, LEFT = "subscribed", "unconfirmed", "unsubscribed"
BOUNCED, COMPLAINED, BLOCKED = "subscribed bounced", "unsubscribed complained", "unsubscribed requested"
EXPORTS: dict[str, tuple[str, dict[str, str]]] = {
    "substack.csv": ("Substack", {"ada": SUBSCRIBED, "bram": SUBSCRIBED, "cee": LEFT}),
    "ghost.csv": ("Ghost", {"ada": SUBSCRIBED, "bram": LEFT, "cee": SUBSCRIBED, "dan": LEFT}),
    "buttondown.csv": (
        "Buttondown",
        {
            "ada": SUBSCRIBED,
            "bram": SUBSCRIBED,
            "cee": UNCONFIRMED,
            "dan": LEFT,
            "eve": BOUNCED,
            "fay": COMPLAINED,
            "gus": BLOCKED,
        },
    ),
    "beehiiv.csv": (
        "beehiiv",
        {"ada": SUBSCRIBED, "bram": LEFT, "cee": UNCONFIRMED, "dan": UNCONFIRMED, "eve": BOUNCED},
    ),
    "kit.csv": (
        "Kit (ConvertKit)",
        {"ada": SUBSCRIBED, "bram": LEFT, "cee": UNCONFIRMED, "dan": BOUNCED, "eve": COMPLAINED},
    ),
    "keila.csv": ("Keila", {"ada": SUBSCRIBED, "bram": LEFT, "cee": BOUNCED}),
    "listmonk.json": ("listmonk", {"ada": SUBSCRIBED, "bram": LEFT, "cee": BLOCKED, "dan": UNCONFIRMED}),
    "mailtrain.csv": ("Mailtrain", {"ada": SUBSCRIBED, "bram": LEFT, "cee": BOUNCED, "dan": COMPLAINED}),
    "phplist.csv": ("phpList", {"ada": SUBSCRIBED, "bram": UNCONFIRMED, "cee": BLOCKED, "dan": LEFT}),
    "mautic.csv": ("Mautic", {"ada": SUBSCRIBED, "bram": BLOCKED}),
    "mailerlite.csv": (
        "MailerLite",
        {"ada": SUBSCRIBED, "bram": LEFT, "cee": UNCONFIRMED, "dan": BOUNCED, "eve": COMPLAINED},
    ),
    "brevo.csv": (
        "Brevo (Sendinblue)",
        {"ada": SUBSCRIBED, "bram": BLOCKED, "cee": UNCONFIRMED, "dan": SUBSCRIBED},
    ),
    "mailman.json": ("Mailman", {"ada": SUBSCRIBED, "bram": LEFT, "cee": BOUNCED, "dan": UNCONFIRMED}),
    "mailman-roster.csv": ("Mailman", {"ada": SUBSCRIBED, "bram": BOUNCED, "cee": LEFT, "dan": SUBSCRIBED}),
    "google-groups.csv": (
        "Google Groups",
        {"ada": SUBSCRIBED, "bram": BOUNCED, "cee": LEFT, "dan": UNCONFIRMED, "eve": BLOCKED},
    ),
}
ADA: dict[str, dict[str, Any]] = {
    "ghost.csv": {"name": "Ada Quint", "tags": ("press", "north mole")},
    "buttondown.csv": {"tags": ("press", "north"), "subscriber_type": "regular", "town": "Port"},
    "kit.csv": {"name": "Ada", "tags": ("press", "north")},
    "keila.csv": {"name": "Ada Quint", "town": "Port", "first_name": "Ada", "last_name": "Quint"},
    "listmonk.json": {"name": "Ada Quint", "town": "Port", "visits": 3, "boats": ["Tern", "Gull"]},
    "mailtrain.csv": {"name": "Ada Quint", "timezone": "Europe/Lisbon"},
    "phplist.csv": {"town": "Port"},
    "mautic.csv": {"name": "Ada Quint", "language": "pt", "state": "North Mole"},
    "mailerlite.csv": {"name": "Ada Quint", "tags": ("press", "north")},
    "brevo.csv": {"name": "Ada Quint"},
    "mailman.json": {"name": "Ada Quint"},
    "mailman-roster.csv": {"name": "Ada Quint"},
    "google-groups.csv": {"name": "Ada", "timezone": "Europe/Lisbon"},
}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_known_and_everybody_stands_as_there(
    importer: Importer, people: Directory, name: str
) -> None:
    title, outcome = EXPORTS[name]
    [report] = importer(DATA / name)
    assert report.taken_for.startswith(f"an export of {title}: columns ")
    assert standings(people) == outcome
    assert report.added == len(outcome)
    assert report.subscribed == list(outcome.values()).count(SUBSCRIBED)
    ada = everyone(people)["ada"]
    for field, value in ADA.get(name, {}).items():
        assert getattr(ada, field, ada.fields.get(field)) == value
    before = everyone(people)
    [again] = importer(DATA / name)
    assert (again.unchanged, again.added, again.updated) == (len(outcome), 0, 0)
    assert everyone(people) == before


CONTACTS = {
    "outlook.csv": "Outlook contacts",
    "google-contacts.csv": "Google contacts",
    "contacts.vcf": "an address book (vCard)",
    "contacts.ldif": "an address book (LDIF)",
    "substack-page.csv": "Substack",
    "substack-activity.csv": "Substack",
    "listmonk.csv": "listmonk",
    "mailman-roster.json": "Mailman",
}


@pytest.mark.parametrize("name", CONTACTS)
def test_what_does_not_say_who_agreed_waits_until_a_person_does(
    importer: Importer, people: Directory, name: str
) -> None:
    with pytest.raises(ConsentUnclear) as stop:
        importer(DATA / name)
    assert stop.value.doubt
    assert not everyone(people)
    [report] = importer(DATA / name, answers=AGREED)
    assert report.taken_for.startswith(f"an export of {CONTACTS[name]}: ")
    found = standings(people)
    assert found["ada"] == SUBSCRIBED
    if name == "listmonk.csv":  # whom a column refuses it refuses all the same
        assert (found["bram"], found["cee"]) == (LEFT, BLOCKED)
    importer(DATA / name, answers=AGREED)
    assert standings(people) == found


def test_an_address_book_gives_names_and_what_else_it_knows(importer: Importer, people: Directory) -> None:
    [report] = importer(DATA / "contacts.vcf", answers=AGREED)
    assert [(each.line, each.reason) for each in report.rejects] == [(20, "has no address")]
    ada, bram = everyone(people).values()
    assert (ada.email, ada.name, ada.tags) == ("ada@quay.example", "Ada Quint", ("press", "north"))
    assert ada.fields["birthday"] == "1980-01-31"
    assert ada.fields["note"] == "Likes long lines that go on after a fold."
    assert ada.fields["organisation"] == "Quay Pilots, Ltd, Night watch"
    assert ada.fields["email_2"] == "ada@elsewhere.example"
    assert bram.name == "Bramé Okafor"
    importer(DATA / "contacts.ldif", answers=AGREED)
    found = everyone(people)
    assert found["bram"].name == "Brám Okafor"
    assert found["ada"].fields["description"] == "a line that goes on"


def test_labels_are_parted_as_there(importer: Importer, people: Directory) -> None:
    importer(DATA / "google-contacts.csv", answers=AGREED)
    assert everyone(people)["ada"].tags == ("Press", "* myContacts")
    importer(DATA / "outlook.csv", answers=AGREED)
    assert everyone(people)["ada"].tags == ("Press", "Harbour")


def evidence(engine: Engine) -> list[tuple[object, ...]]:
    """When, from which address, on which line and how people agreed, in the order of the file."""
    with engine.connect() as connection:
        found = connection.execute(
            select(consents.c.line, consents.c.at, consents.c.ip, consents.c.note).order_by(consents.c.line)
        )
        return [tuple(row) for row in found]


def test_when_and_from_where_people_agreed_goes_into_the_ledger(
    importer: Importer, engine: Engine, tmp_path: Path
) -> None:
    importer(DATA / "mailtrain.csv")
    assert evidence(engine)[0] == (2, datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), "192.0.2.0", None)
    assert evidence(engine)[1] == (3, NOW, None, None)  # who left did so when nobody knows
    left = next(path for path in MAILCHIMP if path.name.startswith("unsubscribed"))
    importer(left)
    assert (2, datetime(2024, 5, 2, 3, 4, 5, tzinfo=UTC), None, None) in evidence(engine)
    own = tmp_path / "own.csv"
    own.write_text(
        "email,Signed up,Where,How\n"
        "hal@quay.example,2024-01-02,2001:DB8::1,at the pier\n"
        "ivy@quay.example,03/04/2024,the bar,\n"
    )
    mapping = {"Signed up": "agreed_at", "Where": "agreed_ip", "How": "agreed_note"}
    [report] = importer(own, mapping=mapping)
    assert [column.field for column in report.columns] == ["email"]
    assert (2, datetime(2024, 1, 2, tzinfo=UTC), "2001:db8::", "at the pier") in evidence(engine)
    # What can't be told for sure is kept as it was written; sure is the moment of the import.
    assert (3, NOW, None, "03/04/2024; the bar") in evidence(engine)


@pytest.mark.parametrize(("keep", "kept"), [(KeptIp.WHOLE, "192.0.2.1"), (KeptIp.NONE, None)])
def test_an_ip_address_is_kept_as_the_setting_says(
    importer: Importer, engine: Engine, keep: KeptIp, kept: str | None
) -> None:
    importer(DATA / "mailtrain.csv", keep_ip=keep)
    assert evidence(engine)[0] == (2, datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), kept, None)


def archive(path: Path, *files: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for file in files:
            out.write(file, file.name)
    return path


MAILCHIMP = sorted((DATA / "mailchimp").glob("*.csv"))
AUDIENCE = {"ada": SUBSCRIBED, "bram": SUBSCRIBED, "cee": LEFT, "dan": BOUNCED, "eve": UNCONFIRMED}


@pytest.mark.parametrize("packed", [True, False])
def test_a_whole_audience_of_mailchimp_comes_in_at_once(
    importer: Importer, people: Directory, tmp_path: Path, packed: bool
) -> None:
    paths = [archive(tmp_path / "audience.zip", *MAILCHIMP)] if packed else MAILCHIMP
    reports = importer(*paths)
    assert [each.name.rpartition("/")[2] for each in reports] == [path.name for path in MAILCHIMP]
    assert standings(people) == AUDIENCE
    ada = everyone(people)["ada"]
    assert (ada.name, ada.tags, ada.timezone) == ("Ada Quint", ("press", "north, mole"), "Europe/Lisbon")
    assert sum(each.unchanged for each in importer(*paths)) == len(AUDIENCE)
    assert standings(people) == AUDIENCE


@pytest.mark.parametrize("file", MAILCHIMP, ids=lambda path: path.name.partition("_")[0])
def test_a_file_of_it_says_the_same_alone_whatever_its_name(
    importer: Importer, people: Directory, tmp_path: Path, file: Path
) -> None:
    renamed = tmp_path / "people.csv"
    renamed.write_bytes(file.read_bytes())
    importer(renamed)
    assert standings(people).items() <= AUDIENCE.items()


def test_of_an_archive_only_known_exports_are_taken(
    importer: Importer, people: Directory, tmp_path: Path
) -> None:
    posts = tmp_path / "posts.csv"
    posts.write_text("post_id,title\n1,Harbour\n")
    [report] = importer(archive(tmp_path / "all.zip", posts, DATA / "substack.csv"))
    assert report.remarks == ("left out, as no known export: posts.csv",)
    assert len(everyone(people)) == 3
    with pytest.raises(UsageError, match="none is a known export") as caught:
        importer(archive(tmp_path / "other.zip", posts, DATA / "mailman-members.txt"))
    assert "posts.csv" in str(caught.value.next_step)


def test_a_printed_list_of_members_is_read_with_names(importer: Importer, people: Directory) -> None:
    [report] = importer(DATA / "mailman-members.txt")
    assert report.taken_for == "a list of addresses"
    assert {who: each.name for who, each in everyone(people).items()} == {
        "ada": "Ada Quint",
        "bram": None,
        "cee": "Castle, Cee",
    }


def test_what_stands_beside_a_pasted_address_is_heeded(
    importer: Importer, people: Directory, tmp_path: Path
) -> None:
    pasted = tmp_path / "pasted.txt"
    plain = [f"p{number}@quay.example" for number in range(6)]
    pasted.write_text(
        "\n".join([*plain, "who?", "ada@quay.example unsubscribed", "p1@quay.example # unsubscribed"])
    )
    [report] = importer(pasted)
    assert report.taken_for == "a list of addresses"
    assert [each.line for each in report.rejects] == [7, 8, 9]
    assert {who for who, how in standings(people).items() if how != SUBSCRIBED} == {"ada", "p1"}


@pytest.mark.parametrize("line", ["Unsubscribed", "# Unsubscribed members:", "Abgemeldet:", "Bounced"])
def test_a_line_above_pasted_addresses_that_says_who_left_is_no_heading(
    importer: Importer, people: Directory, tmp_path: Path, line: str
) -> None:
    pasted = tmp_path / "pasted.txt"
    pasted.write_text(f"Members:\nada@quay.example\n\n{line}\nbram@quay.example\n")
    with pytest.raises(UsageError, match="seems to say who is not to be mailed"):
        importer(pasted)
    assert not everyone(people)


def test_a_value_that_is_not_known_there_is_rejected_until_a_person_says_what_it_means(
    importer: Importer, people: Directory
) -> None:
    [report] = importer(DATA / "buttondown.csv")
    assert [each.value for each in report.rejects] == ["renovated"]
    importer(DATA / "buttondown.csv", answers=Answers(meanings=(("renovated", Standing.SUBSCRIBED),)))
    assert standings(people)["hal"] == SUBSCRIBED


def test_a_format_can_be_named_and_plain_is_none(importer: Importer, people: Directory) -> None:
    with pytest.raises(ConsentUnclear):
        importer(DATA / "ghost.csv", format="plain")
    [report] = importer(DATA / "ghost.csv", format="ghost")
    assert report.taken_for == "an export of Ghost: as you say"
    with pytest.raises(UsageError, match="is no export of Ghost, in which there is: email, subscribed_to"):
        importer(DATA / "keila.csv", format="ghost")
    with pytest.raises(UsageError, match="--format gost: there is no such format"):
        importer(DATA / "ghost.csv", format="gost")


OWN = """
title = "The harbour office"
export = "Crew, Print"
columns = [["Mail", "Berth", "Shore leave"]]

[fields]
Mail = "email"
Berth = "tags"

[separators]
Berth = "/"

[state."Shore leave"]
none = "subscribed"
granted = "unsubscribed"
"""


def test_a_new_description_in_a_folder_is_enough(
    importer: Importer, people: Directory, tmp_path: Path
) -> None:
    (tmp_path / "harbour-office.toml").write_text(OWN)
    crew = tmp_path / "crew.csv"
    crew.write_text("Mail,Berth,Shore leave\nada@quay.example,3/4,none\nbram@quay.example,5,granted\n")
    [report] = importer(crew, formats=tmp_path)
    assert report.taken_for == "an export of The harbour office: columns Mail, Berth, Shore leave"
    assert standings(people) == {"ada": SUBSCRIBED, "bram": LEFT}
    assert everyone(people)["ada"].tags == ("3", "4")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title = 'x'\n", "export: Field required"),
        (f"{OWN}\n[sate]\nx = 'left'\n", "sate: Extra inputs"),
        (OWN.replace('"unsubscribed"', '"gone"'), "'gone' is no standing"),
        (OWN + "\n[state.x]\nkind = 'lost'\n", "'lost' is no kind of column"),
        ("title = \n", "Invalid value"),
    ],
)
def test_a_wrong_description_says_what_is_wrong_with_it(
    importer: Importer, tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "odd.toml").write_text(text)
    with pytest.raises(UsageError, match=rf"odd\.toml: .*{says}"):
        importer(DATA / "ghost.csv", formats=tmp_path)


@pytest.mark.parametrize("name", load_formats(BUNDLED))
def test_no_format_is_recognised_without_what_tells_how_people_stand(name: str) -> None:
    each = load_formats(BUNDLED)[name]
    states = {*map(joined, each.state)}
    sure = [{*map(joined, which.columns)} for which in each.alike if which.columns]
    for row in each.columns or [()]:
        there = {*map(joined, row)}
        doubted = each.doubt is not None and not {*map(joined, each.doubt.unless)} & there
        assert states & there or any(columns <= there for columns in sure) or doubted, row


def test_every_format_has_an_export_in_the_tests() -> None:
    tried = {title for title, _ in EXPORTS.values()} | {*CONTACTS.values(), "Mailchimp"}
    assert tried == {each.title for each in load_formats(BUNDLED).values()}
