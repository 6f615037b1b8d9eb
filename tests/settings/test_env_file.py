"""The .env file: what comes through as it stands, and what is refused since it would be read as another."""

from __future__ import annotations

import asyncio
import codecs
import logging

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from mailer.bootstrap import App
from mailer.errors import SettingsError
from mailer.settings.reading import load_settings
from mailer.smtp.envelope import Envelope
from mailer.smtp.pool import deliver
from mailer.smtp.recording import Recording

AS_THEY_STAND = {
    r">9Abt~:Wk$n:p:H3+Kkm.MDp" + '"S4sUs?E': None,
    "$password#": None,
    r"back\slash\n": None,
    "pa ss wo rd": None,
    "${HOME}x$HOME": None,
    "#begins": None,
    "a=b=c": None,
    'it\'s "so"': None,
    "käpten½€🦀": None,
    "tab\tin it": None,
    "%41&amp;": None,
    "'ab#c\"d'": 'ab#c"d',
    "'  lead and trail  '": "  lead and trail  ",
    "'ab #cd'": "ab #cd",
    '"it\'s #1"': "it's #1",
    '"a$HOME"': "a$HOME",
    r"'ab\ncd'": r"ab\ncd",
    "'ab' # the old one": "ab",
    "'ab' # it's the old one": "ab",
    "abcd efgh ijkl mnop": None,
}
OTHER_THAN_THEY_LOOK = {
    "ab #cd": "SMTP_PASSWORD='…'",
    " #cd": "Give a comment a line of its own",
    "  lead and trail  ": "SMTP_PASSWORD='…'",
    "trail ": "SMTP_PASSWORD='…'",
    "trail\u00a0": "SMTP_PASSWORD_FILE=…",
    "abcd\u00a0efgh": "SMTP_PASSWORD_FILE=…",
    "abcd\u200b": "Type the value anew by hand",
    r'"ab\ncd"': "SMTP_PASSWORD=…",
    r'" ab\ncd"': "SMTP_PASSWORD='…'",
    r"'ab\\cd'": "SMTP_PASSWORD=…",
    '"unclosed': "SMTP_PASSWORD='…'",
    "'unclosed": 'SMTP_PASSWORD="…"',
    "'ab'cd": 'SMTP_PASSWORD="…"',
    "'ab'cd'": "SMTP_PASSWORD=…",
    "“abcd”": "SMTP_PASSWORD=…",
    "'ab'\"cd": "SMTP_PASSWORD_FILE=…",
    '"two\nlines"': "SMTP_PASSWORD=…",
    '"two\nlines': "Close it",
    "bell\x07": "Take it out",
}


def written(tmp_path, text, environ=None):
    (tmp_path / ".env").write_bytes(text.encode() if isinstance(text, str) else text)
    return load_settings(tmp_path, environ or {})


def refusal(tmp_path, text) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        written(tmp_path, text)
    return caught.value


class Door:
    """A server's login, which lets everybody in and remembers what was said."""

    def __init__(self) -> None:
        self.said = []

    async def handle_DATA(self, server, session, envelope):
        return "250 2.0.0 taken"

    def authenticate(self, server, session, envelope, mechanism, data):
        self.said.append(data.password)
        return AuthResult(success=True)


async def log_in(root) -> list[bytes]:
    """Send one message as the workspace's settings say, to a server on its port."""
    door = Door()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(door, authenticator=door.authenticate, auth_required=True, auth_require_tls=False),
        "127.0.0.1",
        0,
    )
    async with server:
        port = server.sockets[0].getsockname()[1]
        work = Recording(
            [Envelope(1, "ed@gazette.example", "ada@quay.example", b"Subject: Tide\r\n\r\nHigh.\r\n")]
        )
        await deliver(work, App(root, {"SMTP_PORT": str(port)}).smtp_account)
    return door.said


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize(("value", "meant"), AS_THEY_STAND.items())
def test_a_password_arrives_at_the_login_as_it_stands(tmp_path, value, meant):
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    (tmp_path / ".env").write_text(f"SMTP_USERNAME=editor\nSMTP_PASSWORD={value}\n", encoding="utf-8")
    assert asyncio.run(log_in(tmp_path)) == [(meant or value).encode()]


@pytest.mark.parametrize(("value", "advice"), OTHER_THAN_THEY_LOOK.items())
def test_one_that_would_be_read_as_another_is_refused_with_how_to_write_it(tmp_path, value, advice):
    error = refusal(tmp_path, f"# ours\nSMTP_PASSWORD={value}\n")
    assert error.problem.startswith(f"{tmp_path / '.env'}:2: SMTP_PASSWORD")
    assert advice in error.next_step
    assert value.strip(" '\"") not in error.problem + error.next_step


def test_a_password_from_the_environment_is_taken_as_it_is(tmp_path):
    settings = load_settings(
        tmp_path, {"SMTP_PASSWORD": "  '${HOME}' #x  ", "SMTP_HOST": " mail.quay.example "}
    )
    assert settings.smtp_password.get_secret_value() == "  '${HOME}' #x  "
    assert settings.smtp_host == "mail.quay.example"


@pytest.mark.parametrize(
    ("line", "name", "expected"),
    [
        ("SMTP_SECURITY=tls # Can be tls, starttls or none", "smtp_security", "tls"),
        ("BASE_URL=https://news.gazette.example/ # with slash", "base_url", "https://news.gazette.example"),
        ("SMTP_PORT = 2525", "smtp_port", 2525),
        ("export SMTP_PORT=2525", "smtp_port", 2525),
        ("SMTP_PORT= # the usual one", "smtp_port", 1025),
        ("SMTP_PORT=\nSMTP_PORT=2525", "smtp_port", 2525),
        ("SMTP_USERNAME = editor", "smtp_username", "editor"),
        ("LOOK_ACCENT = darkgreen", "look_accent", "darkgreen"),
        ("MAIL_FROM=ed@gazette.example # main", "mail_from", "ed@gazette.example"),
        ("LOOK_ACCENT=#9a0000 # red", "look_accent", "#9a0000"),
        ("MAIL_FROM=Quay <ed@gazette.example> # main", "mail_from", "Quay <ed@gazette.example>"),
        ("MAIL_FROM='\"Kock, Arne\" <ed@gazette.example>'", "mail_from", '"Kock, Arne" <ed@gazette.example>'),
        ("POSTAL_ADDRESS='Quay #5, Port Example'", "postal_address", "Quay #5, Port Example"),
    ],
)
def test_what_can_be_read_in_one_way_only_is_understood(tmp_path, line, name, expected):
    assert getattr(written(tmp_path, line + "\n"), name) == expected


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        (
            'MAIL_FROM="Kock, Arne" <ed@gazette.example>',
            "MAIL_FROM='\"Kock, Arne\" <ed@gazette.example>'",
        ),
        ("MAIL_FROM=Quay #1 <ed@gazette.example>", "MAIL_FROM='Quay #1 <ed@gazette.example>'"),
        ("POSTAL_ADDRESS=Quay #5", "POSTAL_ADDRESS='Quay #5'"),
        ("LOOK_ACCENT= #9a0000", "LOOK_ACCENT=#9a0000"),
        ("LOOK_FONT=Lato, Arial # both", "LOOK_FONT='Lato, Arial # both'"),
        ("BASE_URL=https://${DOMAIN}", "Write out"),
        ("SMTP_PASSWORD: yamlish", "Write: SMTP_PASSWORD=…"),
        ("set SMTP_PASSWORD=batch", "Write: SMTP_PASSWORD=…"),
        ("\u200bSMTP_HOST=mail.gazette.example", "Type it anew by hand"),
        ('MAIL_FROM="${APP_NAME}" <ed@gazette.example>', "Write out"),
        ("SMTP_HOST", "Correct it, or put # before it"),
        ("what is this", "Correct it, or put # before it"),
        ("'SMTP_HOST'=mail.gazette.example", "Correct it, or put # before it"),
        ("TZ=UTC\nTZ=UTC", "Leave one of the two"),
    ],
)
def test_a_line_that_leaves_a_doubt_is_refused(tmp_path, line, advice):
    error = refusal(tmp_path, f"# ours\n{line}\n")
    assert error.problem.startswith(f"{tmp_path / '.env'}:{2 + line.count(chr(10))}: ")
    assert advice in error.next_step


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ('MAIL_FROM="Kock, Arne" <ed@gazette.example>', '"Kock, Arne" <ed@gazette.example>'),
        (r'MAIL_FROM="\"Kock, Arne\" <ed@gazette.example>"', '"Kock, Arne" <ed@gazette.example>'),
        ("MAIL_FROM='Quay Gazette <ed@gazette.example>',", "Quay Gazette <ed@gazette.example>"),
        ("MAIL_FROM='Port's Gazette <ed@gazette.example>'", "Port's Gazette <ed@gazette.example>"),
        ("MAIL_FROM=“Quay Gazette <ed@gazette.example>”", "Quay Gazette <ed@gazette.example>"),
        ("MAIL_FROM=Quay #1 <ed@gazette.example>", "Quay #1 <ed@gazette.example>"),
        ('POSTAL_ADDRESS="Gazette\n1 Quay Street\nPort"', "Gazette, 1 Quay Street, Port"),
        (r'POSTAL_ADDRESS="Gazette\n1 Quay Street"', "Gazette, 1 Quay Street"),
        ("POSTAL_ADDRESS: Gazette, Quay #5", "Gazette, Quay #5"),
    ],
)
def test_advice_is_good_advice(tmp_path, line, meant):
    said = refusal(tmp_path, line + "\n").next_step
    settings = written(tmp_path, said.rpartition("rite: ")[2] + "\n")
    assert meant in (settings.mail_from, settings.postal_address)


def test_lines_of_other_programs_are_theirs(tmp_path):
    text = (
        'TOKEN="a b" c\nPRIVATE_KEY="-----BEGIN-----\nAbCd==\n-----END-----"\nspring.port=1\nX=${Y}\n'
        "GREETING=hello # all of you\nSMTP_PORT=2525\n"
    )
    assert written(tmp_path, text).smtp_port == 2525


def test_a_quote_left_open_hides_no_setting(tmp_path):
    error = refusal(tmp_path, 'GREETING="hello\nSMTP_PORT=2525\nPARTING="bye"\n')
    assert "GREETING: the quote is not closed on this line" in error.problem


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends_and_a_mark_of_byte_order_are_no_part_of_a_value(tmp_path, end):
    text = codecs.BOM_UTF8 + f"SMTP_PASSWORD=ab#c{end}SMTP_USERNAME=editor{end}".encode()
    settings = written(tmp_path, text)
    assert (settings.smtp_password.get_secret_value(), settings.smtp_username) == ("ab#c", "editor")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_called_by_its_name(tmp_path, encoding):
    error = refusal(tmp_path, "SMTP_HOST=mail.gazette.example\n".encode(encoding))
    assert error.problem == f"{tmp_path / '.env'}:1: not UTF-8, but UTF-16 or no text at all"


def test_a_folder_in_its_place_is_no_missing_file(tmp_path):
    (tmp_path / ".env").mkdir()
    with pytest.raises(SettingsError, match=r"\.env can't be read: Is a directory"):
        load_settings(tmp_path, {})
