"""Importing CSV files: every row is taken in or named with its line, and nobody who left comes back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from mailer.domain.address import BLANKS, CONTROLS, Address
from mailer.domain.consent import Source, SourceKind
from mailer.domain.field import FieldType
from mailer.domain.subscriber import Status, Subscriber
from mailer.domain.yes_no import YesNo
from mailer.errors import UsageError
from mailer.people.directory import Directory
from mailer.people.importing.consent import Answers
from mailer.people.importing.rows import BREAKS, Reject
from mailer.people.lists import Lists
from mailer.services.import_people import BATCH, Import, ImportReport, import_people
from mailer.services.unsubscribe import Unsubscribe, unsubscribe
from mailer.store.database import open_database
from mailer.store.schema import fields, subscribers

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
COUNTS = ("added", "updated", "unchanged", "duplicates", "rejected", "kept_out", "suppressed")

Importer = Callable[..., tuple[ImportReport, list[Reject]]]
LETTER = Source(SourceKind.MAIL, "a letter")


@pytest.fixture(scope="module")
def made(kept_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_database(kept_database_url, tmp_path_factory.mktemp("import"))
    Lists(engine).create("weekly", NOW)
    yield engine
    engine.dispose()


LETTER = Source(SourceKind.MAIL, "a letter")


@pytest.fixture
def engine(made: Engine) -> Engine:
    empty(made)
    return made


def empty(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in (subscribers, fields):
            connection.execute(delete(table))
        connection.exec_driver_sql("DELETE FROM suppressions")
        connection.exec_driver_sql("DELETE FROM lists WHERE name <> 'weekly'")


LETTER = Source(SourceKind.MAIL, "a letter")


@pytest.fixture
def people(engine: Engine) -> Directory:
    return Directory(engine)


LETTER = Source(SourceKind.MAIL, "a letter")


@pytest.fixture
def importer(engine: Engine, tmp_path: Path) -> Importer:
    def run(content: str | bytes, **request: Any) -> tuple[ImportReport, list[Reject]]:
        path = tmp_path / "people.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        wanted = Import(path, **{"lists": ("weekly",), **request})
        report = import_people(engine, wanted, NOW)
        return report, report.rejects

    return run


def counts(report: ImportReport) -> dict[str, int]:
    return {name: count for name in COUNTS if (count := getattr(report, name))}


def everyone(people: Directory) -> dict[str, Subscriber]:
    return {each.email: each for each in people.subscribers()}


def lines(rejects: list[Reject]) -> list[int]:
    return [reject.line for reject in rejects]


def test_columns_become_fields_of_inferred_types(importer: Importer, people: Directory) -> None:
    report, rejects = importer(
        "Email,Name,First Seen,paid,plz,visits,tags,language\n"
        "ada@quay.example,Ada Quint,2026-01-31,yes,04109,3,press; north,pt\n"
        "bram@quay.example, Bram ,,no,10115,,,\n"
    )
    assert (rejects, counts(report)) == ([], {"added": 2})
    assert {column.field: str(column.type) for column in report.columns} == {
        "email": "text",
        "name": "text",
        "first_seen": "date",
        "paid": "true/false",
        "plz": "text",
        "visits": "number",
        "tags": "list",
        "language": "text",
    }
    ada, bram = everyone(people).values()
    assert (ada.name, ada.language, ada.tags) == ("Ada Quint", "pt", ("press", "north"))
    assert ada.fields == {"first_seen": "2026-01-31", "paid": True, "plz": "04109", "visits": 3}
    assert (bram.name, bram.language, bram.tags) == ("Bram", None, ())
    assert bram.fields == {"paid": False, "plz": "10115"}
    assert ada.lists == bram.lists == {"weekly": Status.SUBSCRIBED}


BAD = (
    "email,name,paid\n"
    "ada@quay.example,Ada,yes\n"
    "bram@,Bram,no\n"
    ",Nobody,no\n"
    '"cora@quay.example","Cora\nof the quay",no\n'
    "dan@quay.example,Dan\x00,no\n"
    "\n"
    "ADA@quay.example,Ada again,no\n"
    "eve@quay.example,Eve,no,surplus\n"
    "fay@quay.example\n"
    "gus@quay.example,a\x85b,no\n"
    'hal@quay.example,"Hal"x,no\n'
    "ivy@quay.example,Ivy,no\n"
)


def test_a_bad_row_is_named_by_its_line_and_stops_no_other(importer: Importer, people: Directory) -> None:
    report, rejects = importer(BAD)
    assert counts(report) == {"added": 5, "duplicates": 1, "rejected": 5}
    assert (report.rows, report.folded) == (11, 2)
    assert {each.email: each.name for each in people.subscribers()} == {
        "ada@quay.example": "Ada",
        "cora@quay.example": "Cora of the quay",
        "fay@quay.example": None,
        "gus@quay.example": "a b",
        "ivy@quay.example": "Ivy",
    }
    assert [(each.line, each.reason) for each in rejects] == [
        (3, "There must be something after the @-sign."),
        (4, "has no address"),
        (7, "has a control character in it"),
        (9, "the same person as on line 2"),
        (10, "the row has 4 cells and the header 3: quote commas in a cell"),
        (13, "a quote (\") stands where it can't: ',' expected after '\"'"),
    ]
    assert [each.duplicate for each in rejects].count(True) == 1
    assert rejects[0].value == "bram@"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_whatever_ends_them(importer: Importer, end: str) -> None:
    _, rejects = importer(BAD.replace("\x00", "\x01").replace("\n", end))
    assert lines(rejects) == [3, 4, 7, 9, 10, 13]


@pytest.mark.parametrize("after", [1, 300])
def test_a_quote_that_is_never_closed_spoils_its_own_line_only(
    importer: Importer, people: Directory, after: int
) -> None:
    rows = "".join(f"p{n}@quay.example,Person {n}\n" for n in range(after))
    report, rejects = importer(f'email,name\nada@quay.example,"Ada\n{rows}')
    assert counts(report) == {"added": after, "rejected": 1}
    assert (rejects[0].line, rejects[0].reason) == (2, 'a quote (") is opened on this line and not closed')
    assert len(everyone(people)) == after


def test_importing_twice_changes_nothing(importer: Importer, people: Directory) -> None:
    importer(BAD)
    before = everyone(people)
    report, _ = importer(BAD)
    assert counts(report) == {"unchanged": 5, "duplicates": 1, "rejected": 5}
    assert everyone(people) == before


def test_a_later_file_updates_what_it_says_and_keeps_the_rest(importer: Importer, people: Directory) -> None:
    importer("email,name,town,visits\nada@quay.example,Ada,Porto,3\nbram@quay.example,Bram,Faro,4\n")
    report, _ = importer("email,town,visits,shoe\nADA@quay.example,,5,41\nbram@quay.example,Faro,,\n")
    assert counts(report) == {"updated": 1, "unchanged": 1}
    found = everyone(people)
    assert (found["ada@quay.example"].name, found["ada@quay.example"].fields) == (
        "Ada",
        {"town": "Porto", "visits": 5, "shoe": 41},
    )


def test_who_left_stays_off_and_who_is_suppressed_stays_so(
    importer: Importer, people: Directory, engine: Engine
) -> None:
    importer("email\nada@quay.example\nbram@quay.example\ncora@quay.example\n")
    unsubscribe(
        engine,
        Unsubscribe(Address.parse("ada@quay.example"), ("weekly",), LETTER),
        NOW,
    )
    unsubscribe(
        engine,
        Unsubscribe(Address.parse("bram@quay.example"), None, LETTER),
        NOW,
    )
    report, _ = importer("email,name\nAda@quay.example,Ada\nbram@quay.example,\ncora@quay.example,\n")
    assert counts(report) == {"updated": 1, "unchanged": 2, "kept_out": 2, "suppressed": 1}
    found = everyone(people)
    assert found["ada@quay.example"].lists == {"weekly": Status.UNSUBSCRIBED}
    assert found["ada@quay.example"].name == "Ada"
    assert found["bram@quay.example"].lists == {"weekly": Status.UNSUBSCRIBED}
    assert found["bram@quay.example"].suppressed == "requested"
    assert found["cora@quay.example"].lists == {"weekly": Status.SUBSCRIBED}


def test_a_dry_run_says_the_same_and_writes_nothing(
    importer: Importer, people: Directory, engine: Engine
) -> None:
    importer("email,town\nada@quay.example,Porto\n")
    before, lists = everyone(people), Lists(engine).all()
    rehearsed, rejected = importer(BAD, dry_run=True, lists=("weekly", "books"), create_lists=True)
    assert (everyone(people), Lists(engine).all(), people.field_names()) == (before, lists, ["town"])
    report, rejects = importer(BAD, lists=("weekly", "books"), create_lists=True)
    assert (counts(rehearsed), rehearsed.columns, rejected) == (counts(report), report.columns, rejects)
    assert Lists(engine).named("books").counts[Status.SUBSCRIBED] == 5


def test_an_unknown_list_is_an_error_even_without_rows(
    importer: Importer, people: Directory, engine: Engine
) -> None:
    with pytest.raises(UsageError, match="did you mean weekly"):
        importer("email\n", lists=("wekly",))
    with pytest.raises(UsageError, match="no list"):
        importer("email\nada@quay.example\n", lists=("books",), dry_run=True)
    assert importer("email\n", lists=("books", "books"), create_lists=True)[0].rows == 0
    assert [each.name for each in Lists(engine).all()] == ["books", "weekly"]


def test_without_a_list_people_are_kept_on_none(importer: Importer, people: Directory) -> None:
    importer("email\nada@quay.example\n", lists=())
    assert everyone(people)["ada@quay.example"].lists == {}


def test_a_declared_type_rejects_what_does_not_fit(importer: Importer, people: Directory) -> None:
    content = "email,visits,colours\nada@quay.example,3,red; green\nbram@quay.example,many,\n"
    report, rejects = importer(content, types={"visits": FieldType.NUMBER, "colours": FieldType.LIST})
    assert counts(report) == {"added": 1, "rejected": 1}
    assert (rejects[0].line, rejects[0].value) == (3, "many")
    assert rejects[0].reason.startswith("visits: 'many' is not a number")
    assert everyone(people)["ada@quay.example"].fields == {"visits": 3, "colours": ["red", "green"]}


def test_a_field_keeps_its_type_in_later_files_until_another_is_declared(
    importer: Importer, people: Directory
) -> None:
    importer("email,visits\nada@quay.example,3\n")
    _, rejects = importer("email,visits\nbram@quay.example,many\n")
    assert rejects[0].reason.startswith("visits: 'many' is not a number")
    report, _ = importer("email,visits\nbram@quay.example,many\n", types={"visits": FieldType.TEXT})
    assert counts(report) == {"added": 1}
    assert [each.fields for each in everyone(people).values()] == [{"visits": "3"}, {"visits": "many"}]
    with pytest.raises(UsageError, match=r"visits can't become number: for bram@quay\.example, 'many'"):
        importer("email,visits\nada@quay.example,4\n", types={"visits": FieldType.NUMBER})
    assert everyone(people)["ada@quay.example"].fields == {"visits": "3"}


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_comma_semicolon_tab_or_bar_with_or_without_a_byte_order_mark(
    importer: Importer, people: Directory, sign: str, mark: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=sign)
    writer.writerow(["email", "name", "note"])
    writer.writerow(["ada@quay.example", "Ada", "a;b,c\u00a0d"])
    writer.writerow(["bram@quay.example", "Bram", ""])
    report, rejects = importer(mark + text.getvalue())
    assert (counts(report), rejects) == ({"added": 2}, [])
    assert everyone(people)["ada@quay.example"].fields == {"note": "a;b,c\u00a0d"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_spreadsheets_unicode_text_is_read_with_a_mark_or_without(
    importer: Importer, people: Directory, encoding: str, end: str
) -> None:
    content = "email\tname\nada@quay.example\tAdä\nbram@quay.example\tБрам\n".replace("\n", end)
    importer(content.encode(encoding))
    assert [each.name for each in people.subscribers()] == ["Adä", "Брам"]


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "\ufeffsep=;", "sep=:", "sep=|"])
def test_a_first_line_may_say_which_sign_parts_cells(
    importer: Importer, people: Directory, first: str
) -> None:
    sign = first.strip('"')[-1]
    rows = ["Email;Name;;", 'ada@quay.example;"Quint; Ada: x|y";;', ";;;", "bram@quay.example;;;;;;", "bad;x"]
    report, rejects = importer("\r\n".join([first, *rows]).replace(";", sign))
    assert (counts(report), lines(rejects)) == ({"added": 2, "rejected": 1}, [6])
    assert everyone(people)["ada@quay.example"].name == f"Quint{sign} Ada: x|y"


def test_what_surrounds_an_address_is_no_part_of_it_and_what_is_inside_is_refused(
    importer: Importer, people: Directory
) -> None:
    around = [
        "\u200b{}",
        "{}\u200b",
        "\ufeff{}",
        "\u202a{}\u202c",
        "{}\xa0",
        "\u2060{}\u2060",
        "\u3000{}",
        "\u200f{}",
    ]
    good = [shape.format(f"p{n}@quay.example") for n, shape in enumerate(around)]
    bad = ["a\xadb@quay.example", "a@qu\u200bay.example", "a\u200db@quay.example", '"a\nb@quay.example"']
    report, rejects = importer(
        "email,town\n" + "".join(f"{each},\xa0Porto\u200b\n" for each in [*good, *bad])
    )
    assert counts(report) == {"added": len(good), "rejected": len(bad)}
    assert [each.email for each in people.subscribers()] == [f"p{n}@quay.example" for n in range(len(good))]
    assert {each.fields["town"] for each in people.subscribers()} == {"Porto"}
    assert lines(rejects) == [10, 11, 12, 13]


def test_what_people_and_spreadsheets_put_round_an_address_is_no_part_of_it(
    importer: Importer, people: Directory
) -> None:
    around = [
        '=HYPERLINK("mailto:{}","write")',
        "mailto:{}?subject=x",
        "<{}>",
        "{}.",
        "{}, ",
        "'{}'",
        "Ada Quint <{}>",
        '"Quint, Ada" <{}>;',
        "({})",
    ]
    cells = [shape.format(f"p{n}@quay.example").replace('"', '""') for n, shape in enumerate(around)]
    report, _ = importer("email\n" + "".join(f'"{each}"\n' for each in cells))
    assert counts(report) == {"added": len(around)}
    found = people.subscribers()
    assert [(each.email, each.name) for each in found] == [
        (f"p{n}@quay.example", {6: "Ada Quint", 7: "Quint, Ada"}.get(n)) for n in range(len(around))
    ]
    _, rejects = importer("email\na@quay.example; b@quay.example\nAda <a@quay.example> (old)\n")
    assert len(rejects) == 2


def test_first_and_last_name_make_the_name_where_there_is_none(importer: Importer, people: Directory) -> None:
    importer("email,Vorname,Name\nada@quay.example,Ada,Quint\nbram@quay.example,Bram,\n")
    assert [(each.name, each.fields) for each in people.subscribers()] == [
        ("Ada Quint", {"first_name": "Ada", "last_name": "Quint"}),
        ("Bram", {"first_name": "Bram"}),
    ]
    importer("email,name,first_name\ncee@quay.example,,Cee\n")
    assert everyone(people)["cee@quay.example"].name is None


def test_a_number_that_a_spreadsheet_shortened_is_said(importer: Importer) -> None:
    report, rejects = importer(
        'email,phone\nada@quay.example,351912345678\nbram@quay.example,"4,91E+11"\ncee@quay.example,1E+05\n'
    )
    assert rejects == []
    assert (report.shortened.rows, report.shortened.line, report.shortened.text) == (2, 3, "4,91E+11")


def test_rows_are_the_same_however_quotes_lie_among_many(importer: Importer, people: Directory) -> None:
    rows = [f"p{n}@quay.example,Person {n}" for n in range(1200)]
    rows[499] = '"p499@quay.example","Person\n499"'  # over the end of what is read at once
    rows[700] = 'p700@quay.example,"Per'
    rows[1100] = 'p1100@quay.example,"x"y'
    report, rejects = importer("email,name\n" + "\n".join(rows))
    assert (report.added, lines(rejects)) == (1198, [703, 1103])
    assert everyone(people)["p499@quay.example"].name == "Person 499"


def test_a_quote_that_swallows_rows_is_named_and_no_line_break(importer: Importer, people: Directory) -> None:
    rows = 'ada@quay.example,"Ada\nbram@quay.example,Bram\ncora@quay.example,Cora"\ndan@quay.example,Dan\n'
    report, rejects = importer(f"email,name\n{rows}")
    assert (counts(report), lines(rejects)) == ({"added": 1, "rejected": 1}, [2])
    assert rejects[0].reason.startswith("a cell holds other rows")
    signature = '"Ada\nhome: ada@quay.example\nsecond line"'
    assert counts(importer(f"email,name\nada@quay.example,{signature}\n")[0])["added"] == 1


def test_yes_and_no_of_a_language_are_true_and_false_and_codes_stay_text(
    importer: Importer, people: Directory
) -> None:
    report, _ = importer(
        "email,paid,lang,country,mixed,plan\n"
        "ada@quay.example,Ja,no,NO,ja,gold\n"
        "bram@quay.example,NEIN,no,NO,no,silver\n",
        words=YesNo(["Gold"], ["silver"]),
    )
    kinds = {column.field: str(column.type) for column in report.columns[1:]}
    assert kinds == {
        "paid": "true/false",
        "lang": "text",
        "country": "text",
        "mixed": "text",
        "plan": "true/false",
    }
    ada, bram = everyone(people).values()
    assert ada.fields == {"paid": True, "lang": "no", "country": "NO", "mixed": "ja", "plan": True}
    assert bram.fields == {"paid": False, "lang": "no", "country": "NO", "mixed": "no", "plan": False}
    importer("email,paid\nada@quay.example,não\n")
    assert everyone(people)["ada@quay.example"].fields["paid"] is False


def test_quoted_headings_do_not_confuse_the_delimiter(importer: Importer, people: Directory) -> None:
    importer('"name, full";"email"\nAda;ada@quay.example\n')
    assert everyone(people)["ada@quay.example"].fields == {"name_full": "Ada"}


def test_a_column_can_be_mapped_and_is_left_out_without_heading(
    importer: Importer, people: Directory
) -> None:
    report, _ = importer(
        "E-Mail,Who,,\nada@quay.example,Ada,x,\n", mapping={"E-Mail": "email", "Who": "name"}
    )
    assert {column.heading: column.field for column in report.columns} == {"E-Mail": "email", "Who": "name"}
    assert everyone(people)["ada@quay.example"].name == "Ada"


@pytest.mark.parametrize(
    "heading",
    [
        *("Email Address", "E-Mail-Adresse", "E-MAILADRESSE", "Adresse e-mail", "correo electronico"),
        *("Subscriber email", "email_address", "EmailAddress", "メールアドレス", 'דוא"ל', "E-mail 1 - Value"),
    ],
)
def test_the_one_column_that_is_headed_as_addresses_are_holds_them(
    importer: Importer, people: Directory, heading: str
) -> None:
    cell = '"' + heading.replace('"', '""') + '"'
    importer(f"Address,{cell},E-Mail 2\nQuay 1,ada@quay.example,\n")
    assert set(everyone(people)) == {"ada@quay.example"}
    # A column that is headed email, or mapped to it, wins over another name of it.
    importer("E-Mail,EMAIL\nbram@quay.example,cee@quay.example\n")
    importer("E-Mail,to\nbram@quay.example,dan@quay.example\n", mapping={"to": "email"})
    assert set(everyone(people)) == {"ada@quay.example", "cee@quay.example", "dan@quay.example"}


@pytest.mark.parametrize(
    ("content", "request_", "says", "step"),
    [
        (
            "E-Mail,Mail,name\nx",
            {},
            "people.csv:1: each of these may be .*: E-Mail, Mail",
            "--map E-Mail=email",
        ),
        ("name,Mailbox\nx", {}, r"people.csv:1: no column is headed email", "--map Mailbox=email"),
        ("nomail,Sent to\noff,ada@quay.example\n", {}, "no column is headed email", "--map 'Sent to=email'"),
        ("\n\nname\nx", {}, r"people.csv:3: no column", "COLUMN=email"),
        ("email,Town,town\nx", {}, "columns 2 and 3 both fill town", "--map"),
        ("address,by\nada@quay.example,email\n", {}, "no column is headed email", "--map address=email"),
        ("email,Town,Town\nx", {}, "columns 2 and 3 both fill town", "give it another heading"),
        ("email,***\nx", {}, "can't name a field", "--map"),
        ("email,Name\nx", {"mapping": {"Nmae": "name"}}, "isn't there; did you mean Name", "email, Name"),
        ("email,town\nx", {"types": {"twon": FieldType.TEXT}}, "did you mean town", "email, town"),
        ("email,name\nx", {"types": {"name": FieldType.LIST}}, "always is text", None),
        ("", {}, "is empty", "name the columns"),
        ("\n \n", {}, "no column is headed email", None),
        ('"email\n', {}, "people.csv:1: a quote", "name the columns"),
        ("email,name\nada@quay.example,Ada\n".encode("utf-16")[:-1], {}, "end as UTF-16", "--encoding"),
        (b"PK\x03\x04...", {}, "can't be read as a zip archive", None),
        (
            "Members, all\nE-Mail,Name\nada@quay.example,Ada\n",
            {},
            "no column is headed",
            "Line 2 seems to be",
        ),
        (
            "ada@quay.example,Ada\nbram@quay.example,\n",
            {},
            "'ada@quay.example' is an address",
            "row above it",
        ),
        ("email:name\nada@quay.example:Ada\n", {}, "there is one column", "as in: sep=:"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_what_to_do(
    importer: Importer,
    people: Directory,
    content: str | bytes,
    request_: dict[str, Any],
    says: str,
    step: str | None,
) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        importer(content, **request_)
    assert step is None or step in str(caught.value.next_step)
    assert everyone(people) == {}


def test_a_file_that_is_not_there_or_a_folder(engine: Engine, tmp_path: Path) -> None:
    for path, says in ((tmp_path / "none.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(UsageError, match=says):
            import_people(engine, Import(path), NOW)


@pytest.mark.torture
@pytest.mark.parametrize("kept_database_url", ["sqlite"], indirect=True)
def test_twenty_thousand_rows(importer: Importer, people: Directory, engine: Engine, tmp_path: Path) -> None:
    rows = [f"p{n}@quay{n % 7}.example,Person {n},{n}\n" for n in range(20_000)]
    rows[BATCH + 1] = "broken\n"
    (tmp_path / "many.csv").write_text("email,name,number\n" + "".join(rows))
    done: list[int] = []

    @contextmanager
    def progress(total: int) -> Iterator[Callable[[int], None]]:
        assert total == 20_000
        yield done.append

    request = Import(tmp_path / "many.csv", ("weekly",))
    report = import_people(engine, request, NOW, progress)
    assert counts(report) == {"added": 19_999, "rejected": 1}
    assert lines(report.rejects) == [BATCH + 3]
    assert done == [BATCH] * (20_000 // BATCH)
    assert Lists(engine).named("weekly").counts[Status.SUBSCRIBED] == 19_999
    again = import_people(engine, request, NOW)
    assert counts(again) == {"unchanged": 19_999, "rejected": 1}


def test_an_interrupted_import_is_simply_run_again(engine: Engine, people: Directory, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("email\n" + "".join(f"p{n}@quay.example\n" for n in range(BATCH * 3)))

    done: list[int] = []

    def stop(count: int) -> None:
        done.append(count)
        if sum(done) == BATCH * 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_people(engine, Import(path, ("weekly",)), NOW, lambda total: nullcontext(stop))
    assert Lists(engine).named("weekly").counts[Status.SUBSCRIBED] == BATCH * 2
    report = import_people(engine, Import(path, ("weekly",)), NOW)
    assert counts(report) == {"added": BATCH, "unchanged": BATCH * 2}


CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(
    max_examples=3 * settings().max_examples // 2,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5), st.sampled_from(",;\t"))
def test_any_text_comes_back_as_typed_or_its_row_is_named(
    made: Engine, tmp_path: Path, cells: list[tuple[str, str]], sign: str
) -> None:
    empty(made)
    path = tmp_path / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=sign)
        writer.writerow(["email", "name", "note"])
        writer.writerows([f"p{n}@quay.example", *pair] for n, pair in enumerate(cells))
    answers = Answers(ignored=("name", "note"))
    request = Import(path, types={"note": FieldType.TEXT}, answers=answers)
    rejects = import_people(made, request, NOW).rejects
    found = everyone(Directory(made))
    for n, pair in enumerate(cells):
        email = f"p{n}@quay.example"
        folded = [" ".join(part for each in BREAKS.split(text) if (part := each.strip())) for text in pair]
        folded = [text.strip(BLANKS) for text in folded]
        if any(CONTROLS.search(text) for text in folded):
            assert email in {reject.cells[0] for reject in rejects}
        elif email in found:
            assert [found[email].name or "", found[email].fields.get("note", "")] == folded
    assert len(found) + len(rejects) == len(cells)
