"""Files of people in whatever they are written: each reader gives the same rows, and none crashes."""

from __future__ import annotations

import codecs
import datetime
import io
import json
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.errors import UsageError
from mailer.people.enrol import Entry
from mailer.people.importing.consent import ConsentUnclear
from mailer.people.importing.evidence import read_moment
from mailer.people.importing.format import BUNDLED, load_formats
from mailer.people.importing.headings import meant
from mailer.people.importing.later_rows import KeptOff, LaterRows
from mailer.people.importing.request import Import
from mailer.people.importing.rows import Reject
from mailer.people.importing.sources.calamine_reader import MEMORY
from mailer.people.importing.sources.opening import opened
from mailer.people.importing.sources.origin import LONGEST_LINE
from mailer.people.importing.sources.row_file import Row, UnreadableRow
from mailer.people.importing.twice import Twice
from mailer.people.importing.understanding import understand

PEOPLE = [["email", "name", "town"], ["ada@quay.example", "Ada Quint", "Port"], ["bram@quay.example", "", ""]]


def read(path: Path, **said: str) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of a file that holds one list."""
    with opened(path, **said) as [file]:
        return file.header.cells, [row.cells for row in file.records() if isinstance(row, Row)]


def unreadable(path: Path) -> list[tuple[int, str]]:
    with opened(path) as [file]:
        return [(row.line, row.reason) for row in file.records() if isinstance(row, UnreadableRow)]


def write_xlsx(path: Path, *sheets: tuple[str, Sequence[Sequence[object]]]) -> Path:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


CONTENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">
<office:body><office:spreadsheet><table:table table:name="Sheet1">{}</table:table></office:spreadsheet>
</office:body></office:document-content>"""


MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>"""


def write_ods(path: Path, rows: Sequence[Sequence[str]], repeated: int = 1) -> Path:
    cell = '<table:table-cell office:value-type="string"{}><text:p>{}</text:p></table:table-cell>'
    times = f' table:number-columns-repeated="{repeated}"' if repeated > 1 else ""
    lines = ["".join(cell.format(times, text) for text in row) for row in rows]
    down = f' table:number-rows-repeated="{repeated}"' if repeated > 1 else ""
    body = "".join(f"<table:table-row{down}>{line}</table:table-row>" for line in lines)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        out.writestr("META-INF/manifest.xml", MANIFEST)
        out.writestr("content.xml", CONTENT.format(body))
    return path


@pytest.mark.peers
def test_a_spreadsheet_gives_what_a_person_would_type(tmp_path: Path) -> None:
    rows = [
        ["Crew of the harbour"],
        [],
        ["email", "since", "paid", "phone", "share", "seen"],
        [
            "ada@quay.example",
            datetime.date(2024, 1, 2),
            True,
            351912345678,
            0.25,
            datetime.datetime(2024, 1, 2, 3, 4, 5),  # noqa: DTZ001
        ],
    ]
    path = write_xlsx(tmp_path / "crew.xlsx", ("Crew", rows))
    with opened(path) as [file]:
        assert (file.header.line, file.remarks) == (3, ("the sheet Crew",))
        [row] = file.records()
    assert row == Row(
        4, ["ada@quay.example", "2024-01-02", "yes", "351912345678", "0.25", "2024-01-02 03:04:05"]
    )


@pytest.mark.peers
def test_an_old_spreadsheet_is_one_too() -> None:
    with opened(Path(__file__).parent.parent / "data" / "imports" / "crew.xls") as [file]:
        assert (file.header.line, file.remarks) == (3, ("the sheet Crew",))
        assert [row.cells for row in file.records() if isinstance(row, Row)] == [
            ["ada@quay.example", "2024-01-02", "yes", "351912345678", "0.25", "Ørsted"],
            ["bo@quay.example", "2023-12-31", "no", "4", "1", "船"],
        ]


@pytest.mark.peers
def test_the_sheet_with_addresses_is_taken_and_of_several_one_is_to_be_named(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "one.xlsx", ("Notes", [["what"], ["x"]]), ("Crew", PEOPLE))
    assert read(path) == (PEOPLE[0], PEOPLE[1:])
    two = write_xlsx(tmp_path / "two.xlsx", ("Crew", PEOPLE), ("Guests", PEOPLE[:2]))
    with pytest.raises(UsageError, match="several sheets hold addresses: Crew, Guests") as caught:
        read(two)
    assert "--sheet Crew" in str(caught.value.next_step)
    assert read(two, sheet="Guests") == (PEOPLE[0], PEOPLE[1:2])
    with pytest.raises(UsageError, match="has no sheet 'Gusts'"):
        read(two, sheet="Gusts")
    with pytest.raises(UsageError, match="is no spreadsheet"):
        (tmp_path / "people.csv").write_text("email\n")
        read(tmp_path / "people.csv", sheet="Crew")


@pytest.mark.peers
def test_open_document_is_read(tmp_path: Path) -> None:
    assert read(write_ods(tmp_path / "crew.ods", PEOPLE)) == (PEOPLE[0], PEOPLE[1:])


@pytest.mark.peers
@pytest.mark.parametrize("times", [9_500, 200_000])
def test_a_spreadsheet_that_would_take_all_memory_is_refused(tmp_path: Path, times: int) -> None:
    path = write_ods(tmp_path / "bomb.ods", [["email"]], repeated=times)
    assert path.stat().st_size < 10_000
    assert 24 * times**2 > MEMORY
    with pytest.raises(UsageError, match="can't be read as a spreadsheet: ") as caught:
        read(path)
    assert "CSV" in str(caught.value.next_step)


@pytest.mark.peers
@pytest.mark.parametrize("name", ["xl/workbook.xml", "content.xml"])
def test_what_only_looks_like_a_spreadsheet_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "odd.xlsx", "w") as out:
        out.writestr(name, "<x")
    with pytest.raises(UsageError, match="can't be read as a spreadsheet"):
        read(tmp_path / "odd.xlsx")


ADA = '{"email": "ada@quay.example", "name": "Ada Quint", "town": "Port"}'
BRAM = '{"email": "bram@quay.example", "name": null}'


@pytest.mark.peers
@settings(max_examples=8, deadline=None)
@given(st.binary(min_size=1, max_size=40), st.integers(0, 10_000))
def test_a_damaged_spreadsheet_gives_rows_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, damage: bytes, place: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    octets = bytearray(write_xlsx(folder / "whole.xlsx", ("Crew", PEOPLE)).read_bytes())
    start = place % len(octets)
    octets[start : start + len(damage)] = damage
    (folder / "damaged.xlsx").write_bytes(octets)
    try:
        with opened(folder / "damaged.xlsx") as files:
            assert all(list(file.records()) == list(file.records()) for file in files)
    except UsageError as error:
        assert "damaged.xlsx" in str(error)


@pytest.mark.parametrize(
    "text",
    [
        f"[{ADA},\n {BRAM}]",
        f"{ADA}\n\n{BRAM}\n",
        f'{{"page": 1, "members": [{ADA},{BRAM}]}}',
        f"{ADA[:10]}\n{ADA[10:]}\n{{\n{BRAM[1:]}",
    ],
)
def test_json_is_read_as_an_array_or_a_line_each_or_within_an_answer(tmp_path: Path, text: str) -> None:
    path = tmp_path / "people.json"
    path.write_text(text)
    assert read(path) == (PEOPLE[0], PEOPLE[1:])


def test_json_is_flattened_and_a_bad_line_stops_no_other(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text(
        '{"email": "ada@quay.example", "at": {"town": "Port", "pier": 3}, "ok": true, "boats": ["Tern"]}\n'
        '{"email": "bram@quay.example"\n[1]\n{"email": "cee@quay.example", "share": 0.5, "more": [{"a": 1}]}'
        '\n{"email": "dan@quay.example", "name": "\\ud800"}'
    )
    header, rows = read(path)
    assert header == ["email", "at.town", "at.pier", "ok", "boats", "share", "more"]
    assert rows == [
        ["ada@quay.example", "Port", "3", "yes", '["Tern"]', "", ""],
        ["cee@quay.example", "", "", "", "", "0.5", '[{"a": 1}]'],
    ]
    assert [line for line, _ in unreadable(path)] == [2, 3, 5]


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '[{"email": "a@quay.example"}, {"email" 1}]', '[{"email": "' + "x" * 5_000_000, "[]"],
)
def test_broken_json_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "people.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"people\.json:1: what begins here|nobody in it"):
        read(path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ada@quay.example\nbram@quay.example\n", [("ada@quay.example", ""), ("bram@quay.example", "")]),
        (
            "Ada Quint <ada@quay.example>, bram@quay.example",
            [("ada@quay.example", "Ada Quint"), ("bram@quay.example", "")],
        ),
        (
            "Quint, Ada <ada@quay.example>; Okafor, Bram <bram@quay.example>",
            [("ada@quay.example", "Quint, Ada"), ("bram@quay.example", "Okafor, Bram")],
        ),
        ('"Ada \\"Tern\\" Quint" <ada@quay.example>', [("ada@quay.example", 'Ada "Tern" Quint')]),
        (
            "<ada@quay.example>;\r\n\r\n'Bram' <bram@quay.example>",
            [("ada@quay.example", ""), ("bram@quay.example", "Bram")],
        ),
        ("# crew\nada@quay.example bram@quay.example", [("ada@quay.example", ""), ("bram@quay.example", "")]),
    ],
)
def test_a_pasted_list_of_addresses_needs_no_header(
    tmp_path: Path, text: str, found: list[tuple[str, str]]
) -> None:
    path = tmp_path / "pasted.txt"
    path.write_text(text)
    header, rows = read(path)
    assert header == ["email", "name"]
    assert [tuple(row) for row in rows] == found


def test_what_is_no_address_in_such_a_list_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "pasted.txt"
    path.write_text("a@quay.example\n" * 6 + 'b@quay.example "\n' + "c" * 200_000)
    assert [line for line, _ in unreadable(path)] == [7, 8]


NAMES = {
    "cp1252": "Åse Bjørn;Jürgen Groß;Zoë",
    "cp1250": "Łukasz Żółty;Świętosława Gęś",
    "cp1251": "Иван Петров;Анна Сидорова",
    "cp1253": "Γιώργος Παπαδόπουλος;Ελένη",
    "shift_jis": "山田太郎;田中花子",
    "gb18030": "王小明;李雷",
}


@pytest.mark.parametrize("encoding", NAMES)
def test_an_older_encoding_is_found_out_and_said(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "people.csv"
    lines = [f"p{n}@quay.example,{name}" for n, name in enumerate(NAMES[encoding].split(";"))]
    path.write_bytes("\r\n".join(["email,name", *lines]).encode(encoding))
    with opened(path) as [file]:
        assert [row.cells[1] for row in file.records() if isinstance(row, Row)] == NAMES[encoding].split(";")
        assert file.remarks[0].startswith(f"not UTF-8: read as {encoding} (line 2: p0@quay.example,")
    assert read(path, encoding=encoding)[1][0][1] == NAMES[encoding].split(";")[0]


def test_a_line_that_is_not_utf8_among_others_that_are_is_named(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("email,name\na@quay.example,Zoë\n".encode() + "b@quay.example,José\n".encode("cp1252"))
    with pytest.raises(UsageError, match=r"people\.csv:3: this line is not written in UTF-8") as caught:
        read(path)
    assert "--encoding cp1252" in str(caught.value.next_step)
    with pytest.raises(UsageError, match="--encoding rot13: there is no such encoding"):
        read(path, encoding="rot13")
    with pytest.raises(UsageError, match="can't be read to its end as ASCII"):
        read(path, encoding="ascii")


def test_a_line_without_end_is_refused_before_it_is_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    with path.open("wb") as out:
        out.write(b"email,name\n")
        out.truncate(LONGEST_LINE * 4)  # zeros, which take no room
    with pytest.raises(UsageError, match="has a line of more than 16 MB"):
        read(path)


def test_an_archive_that_unpacks_to_very_much_or_is_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out, out.open("people.csv", "w") as member:
        for _ in range(100):
            member.write(b"a@quay.example\n" * 100_000)
    with pytest.raises(UsageError, match="unpacks to 143 MB in 1 files: no list of people"):
        read(path)
    good = tmp_path / "good.zip"
    with zipfile.ZipFile(good, "w") as out:
        out.writestr("../../etc/people.csv", "email\nada@quay.example\n")
        out.writestr("__MACOSX/._people.csv", "x")
        out.writestr("empty.csv", "")
    assert read(good) == (["email"], [["ada@quay.example"]])
    damaged = bytearray(good.read_bytes())
    damaged[60] ^= 1
    (tmp_path / "damaged.zip").write_bytes(damaged)
    with pytest.raises(UsageError, match="can't be read: Bad CRC"):
        read(tmp_path / "damaged.zip")


def test_headings_of_other_languages_fill_the_same_fields() -> None:
    assert meant(["Vorname", "Name", "Sprache"]) == {
        "Vorname": "first_name",
        "Name": "last_name",
        "Sprache": "language",
    }
    assert meant(["Prénom", "Nom de famille", "Étiquettes"]) == {
        "Prénom": "first_name",
        "Nom de famille": "last_name",
        "Étiquettes": "tags",
    }
    assert meant(["First Name", "Name"]) == {}
    assert meant(["Firstname", "Surname"]) == {"Firstname": "first_name", "Surname": "last_name"}
    assert meant(["name", "Full name", "tags", "Labels"]) == {}
    assert meant(["Имя", "Фамилия"]) == {"Имя": "first_name", "Фамилия": "last_name"}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-02 03:04:05", "2024-01-02T03:04:05+00:00"),
        ("2024-01-02T03:04:05.123Z", "2024-01-02T03:04:05.123000+00:00"),
        ("2024-01-02 03:04:05.123456+00", "2024-01-02T03:04:05.123456+00:00"),
        ("2024-01-02 03:04:05 UTC", "2024-01-02T03:04:05+00:00"),
        ("2024-01-02T05:04:05+0200", "2024-01-02T03:04:05+00:00"),
        ("2024-01-02", "2024-01-02T00:00:00+00:00"),
        ("1704164645", "2024-01-02T03:04:05+00:00"),
        ("1704164645000", "2024-01-02T03:04:05+00:00"),
        ("02-01-2024 03:04:05", "2024-01-02T03:04:05+00:00"),
    ],
)
def test_moments_are_read_as_systems_write_them(text: str, moment: str) -> None:
    found = read_moment(text, ["%d-%m-%Y %H:%M:%S"])
    assert found is not None
    assert found.isoformat() == moment


@pytest.mark.parametrize(
    "text", ["03/04/2026", "", "yes", "0000-00-00 00:00:00", "0001-01-01", "9999-12-31T23:00-05"]
)
def test_what_may_be_several_moments_is_none(text: str) -> None:
    assert read_moment(text) is None


FORMATS = load_formats(BUNDLED)
BEGINNINGS = [
    b"",
    b"email,name\n",
    b"[",
    b'{"email":"a@b.example"}\n',
    b"BEGIN:VCARD\n",
    b"dn: x\n",
    b"a@b.example\n",
]
PIECES = st.sampled_from(
    [
        *(b"\n", b"\r", b'"', b",", b";", b"{", b"}", b"[", b"]", b":", b"::", b"=", b" ", b"\\", b"<", b">"),
        *(
            b"a@b.example",
            b"END:VCARD\n",
            b"EMAIL:",
            b"mail: ",
            b"N:",
            b"QUOTED-PRINTABLE",
            b'"email":',
            b"1e9",
        ),
        *(b"\xff", b"\xc3\xa9", b"\0", codecs.BOM_UTF16_LE, codecs.BOM_UTF8, b"PK\x03\x04", b"sep=|"),
        *(b"mailto:", b"changetype: modify\n"),
    ]
)


@settings(max_examples=settings().max_examples * 3)
@given(st.sampled_from(BEGINNINGS), st.lists(PIECES | st.binary(max_size=20), max_size=30))
def test_whatever_the_octets_there_are_rows_or_an_error_that_says_what_to_do(
    tmp_path_factory: pytest.TempPathFactory, beginning: bytes, pieces: list[bytes]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(beginning + b"".join(pieces))
    try:
        with opened(path) as files:
            for file in files:
                first = list(file.records())
                assert first == list(file.records())
                assert all(row.line > 0 for row in first)
                with ExitStack() as closing:
                    later = LaterRows(closing)
                    found = understand(file, Import(path, ("weekly",)), FORMATS, {}, Twice(), later)
                reader = found.reader(KeptOff())
                assert all(isinstance(reader.read(row), Entry | Reject) for row in first)
    except (UsageError, ConsentUnclear) as error:
        assert error.next_step or str(path) in str(error)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from("abcd"), st.text(max_size=9) | st.integers() | st.booleans() | st.none()
        )
    )
)
def test_json_gives_the_same_however_it_is_laid_out(
    tmp_path_factory: pytest.TempPathFactory, people: list[dict[str, object]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    found = []
    for text in (json.dumps(people), json.dumps(people, indent=1), "\n".join(map(json.dumps, people))):
        path.write_text(text)
        try:
            found.append(read(path))
        except UsageError:
            found.append(([], []))
    assert found[0] == found[1]
    assert found[2] in (found[0], ([], []))


@pytest.mark.peers
def test_the_same_people_are_read_from_every_kind_of_file(tmp_path: Path) -> None:
    comma = tmp_path / "people.csv"
    comma.write_text("\n".join(map(",".join, PEOPLE)))
    cards = "".join(
        f"BEGIN:VCARD\r\nVERSION:4.0\r\nEMAIL:{email}\r\nFN:{name}\r\nEND:VCARD\r\n"
        for email, name, _ in PEOPLE[1:]
    )
    (tmp_path / "people.vcf").write_text(cards)
    (tmp_path / "people.ldif").write_text(
        "".join(f"dn: cn={n}\nemail: {each[0]}\nname: {each[1]}\n\n" for n, each in enumerate(PEOPLE[1:]))
    )
    whole = read(comma)
    for path in (
        write_xlsx(tmp_path / "people.xlsx", ("People", PEOPLE)),
        write_ods(tmp_path / "p.ods", PEOPLE),
    ):
        assert read(path) == whole
    for path in (tmp_path / "people.vcf", tmp_path / "people.ldif"):
        header, rows = read(path)
        assert [dict(zip(header, row, strict=True)) for row in rows] == [
            {"email": email, "name": name} for email, name, _ in PEOPLE[1:]
        ]


def test_bad_entries_of_address_books_are_named(tmp_path: Path) -> None:
    (tmp_path / "people.ldif").write_text("dn: cn=1\nmail: a@b.example\n\ndn: cn=2\nchangetype: delete\n")
    assert unreadable(tmp_path / "people.ldif") == [(4, "is no entry but a change to one: delete")]
    (tmp_path / "people.vcf").write_text(
        "BEGIN:VCARD\nEMAIL:a@b.example\nBEGIN:VCARD\nEMAIL:c@b.example\nEND:VCARD\nx\n"
    )
    assert unreadable(tmp_path / "people.vcf") == [(1, "the card has no END"), (6, "stands in no card")]


def test_standard_input_is_read_as_often_as_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"ada@quay.example\n")))
    with opened(Path("-")) as [file]:
        assert (str(file.origin), len(list(file.records())), len(list(file.records()))) == (
            "standard input",
            1,
            1,
        )


@given(st.lists(st.sampled_from(["a", "A", "b", "é", "1"]), max_size=12), st.data())
def test_whoever_stands_in_a_file_twice_is_noticed(locals_: list[str], data: st.DataObject) -> None:
    shapes = st.sampled_from(
        ["{}@quay.example", "{}@QUAY.example", "<{}@quay.example>", "mailto:{}@quay.example"]
    )
    cells = [data.draw(shapes).format(local) for local in locals_]
    twice = Twice()
    twice.see([*cells, "", "nobody"])
    keys = [local.casefold() for local in locals_]
    for key in set(keys):
        assert twice.may_hold(f"{key}@quay.example") == (keys.count(key) > 1)
