"""The session without a socket: every code at every stage, any cut of any transcript, arbitrary octets."""

from __future__ import annotations

import pytest
from dialogue import BARE_EHLO, CHUNKING_EHLO, EHLO, PLAIN, Dialogue
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.outcome import Accepted, Deferred, Outcome, Rejected, Reply, Stage, Uncertain, Untried
from mailer.errors import AccountFault
from mailer.smtp.account import Account
from mailer.smtp.ending import Cause
from mailer.smtp.envelope import Envelope
from mailer.smtp.opening import Phase
from mailer.smtp.session import Session
from mailer.smtp.verdict import SPECIAL, TABLE, Step, judge

LOGIN = Account("localhost", 2525, "none", "editor", "tides-and-times")
STARTTLS = Account("127.0.0.1", 2525, "starttls", "editor", "tides-and-times")
AUTH_EHLO = b"250-harbour.test\r\n250-PIPELINING\r\n250 AUTH LOGIN PLAIN\r\n"

# What each code means where the message's own commands are answered: the outcome, and why the session
# ends thereby, or None if it goes on. A dash in TABLE's style: `same` codes behave like their class.
U, D, R, A, Q = Untried, Deferred, Rejected, Accepted, Uncertain
LOST, AWAY, FAULT = Cause.LOST, Cause.TURNED_AWAY, Cause.FAULT
EXPECTED: dict[Stage, dict[int, tuple[type[Outcome] | None, Cause | None]]] = {
    Stage.MAIL: {
        200: (None, None), 250: (None, None), 354: (U, LOST), 421: (U, AWAY), 432: (U, AWAY),
        451: (D, None), 452: (D, None), 454: (D, None), 500: (U, FAULT), 503: (U, AWAY), 530: (U, FAULT),
        535: (U, FAULT), 550: (U, FAULT), 552: (R, None), 553: (U, FAULT), 554: (U, FAULT),
    },
    Stage.RCPT: {
        250: (None, None), 251: (None, None), 354: (U, LOST), 421: (D, AWAY), 432: (D, None), 450: (D, None),
        451: (D, None), 452: (D, None), 500: (R, None), 503: (U, AWAY), 530: (U, FAULT), 535: (U, FAULT),
        550: (R, None), 552: (R, None), 553: (R, None), 554: (R, None),
    },
    Stage.DATA: {
        250: (U, LOST), 354: (None, None), 421: (D, AWAY), 451: (D, None), 454: (D, None), 503: (U, AWAY),
        530: (U, FAULT), 534: (U, FAULT), 550: (R, None), 554: (R, None),
    },
    Stage.CONTENT: {
        200: (A, None), 250: (A, None), 251: (A, None), 354: (Q, LOST), 421: (D, AWAY), 432: (D, None),
        451: (D, None), 452: (D, None), 454: (D, None), 503: (D, AWAY), 530: (U, FAULT), 535: (U, FAULT),
        550: (R, None), 552: (R, None), 554: (R, None),
    },
}  # fmt: skip
BEFORE = {
    Stage.MAIL: b"",
    Stage.RCPT: b"250 ok\r\n",
    Stage.DATA: b"250 ok\r\n250 ok\r\n",
    Stage.CONTENT: b"250 ok\r\n250 ok\r\n354 go\r\n",
}
MESSAGE_ROWS = [
    (stage, code, outcome, cause) for stage, row in EXPECTED.items() for code, (outcome, cause) in row.items()
]


def ready(ehlo: bytes = EHLO, messages: int = 1, account: Account = PLAIN) -> Dialogue:
    return Dialogue(account, messages).hear(b"220 hello\r\n").hear(ehlo)


@pytest.mark.parametrize("ehlo", [EHLO, BARE_EHLO], ids=["pipelined", "step by step"])
@pytest.mark.parametrize("stage, code, outcome, cause", MESSAGE_ROWS)
def test_every_code_at_every_stage_of_a_message(
    ehlo: bytes, stage: Stage, code: int, outcome: type[Outcome] | None, cause: Cause | None
) -> None:
    talk = ready(ehlo)
    for line in BEFORE[stage].splitlines(keepends=True):
        talk.hear(line)
    talk.hear(b"%d that is so\r\n" % code)
    assert [type(found) for _, found in talk.results] == ([outcome] if outcome else [])
    assert (talk.session.ending.cause if talk.session.ending else None) == cause
    for _, found in talk.results:
        assert found.stage == stage
        if isinstance(found, Accepted | Deferred | Rejected):
            assert found.reply == Reply(code, "that is so")
    # Whatever is open when the connection goes is settled then, and nothing twice.
    talk.results += talk.session.lost("gone")
    assert len(talk.results) == 1


SETUP = {
    Stage.CONNECT: (b"", PLAIN),
    Stage.EHLO: (b"220 hello\r\n", PLAIN),
    Stage.STARTTLS: (b"220 hello\r\n|250-harbour.test\r\n250 STARTTLS\r\n", STARTTLS),
    Stage.AUTH: (b"220 hello\r\n|" + AUTH_EHLO, LOGIN),
}
SETUP_CODES: dict[int, Cause | None] = {
    220: None, 235: None, 250: None, 354: LOST, 421: AWAY, 432: AWAY, 450: AWAY, 454: AWAY, 500: FAULT,
    502: FAULT, 530: FAULT, 534: FAULT, 535: FAULT, 538: FAULT, 550: FAULT, 554: FAULT,
}  # fmt: skip


@pytest.mark.parametrize("code, cause", SETUP_CODES.items())
@pytest.mark.parametrize("stage", SETUP)
def test_every_code_at_every_stage_of_setting_up(stage: Stage, code: int, cause: Cause | None) -> None:
    before, account = SETUP[stage]
    talk = Dialogue(account)
    for said in before.split(b"|"):
        talk.hear(said)
    talk.hear(b"%d that is so\r\n" % code)
    ending = talk.session.ending
    assert (ending.cause if ending else None) == cause
    assert ending is None or (ending.stage, ending.code) == (stage, code)
    assert talk.results == []


def test_every_step_has_a_row_and_every_exception_differs_from_its_row() -> None:
    assert TABLE.keys() == set(Step)
    for (step, code), verdict in SPECIAL.items():
        assert judge(step, Reply(code, "")) is verdict


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.CONTENT])
def test_the_daily_limit_is_the_accounts(stage: Stage) -> None:
    talk = ready()
    talk.hear(BEFORE[stage]).hear(b"550 5.4.5 Daily SMTP relay limit exceeded\r\n")
    [(_, outcome)] = talk.results
    assert isinstance(outcome, Untried)
    assert talk.session.ending
    error = talk.session.ending.error(PLAIN)
    assert isinstance(error, AccountFault)
    assert "Daily SMTP relay limit" in error.problem
    assert error.next_step and "limit" in error.next_step


TRANSCRIPTS = {
    "three pipelined": [
        b"220-hello\r\n220 there\r\n", EHLO, b"250 ok\r\n250 ok\r\n354 go\r\n",
        b"250 taken\r\n250 ok\r\n250 ok\r\n354 go\r\n",
        b"451-busy\r\n451 later\r\n250 ok\r\n250 ok\r\n354 go\r\n",
        b"250 taken\r\n",
    ],
    "three step by step": [
        b"220 hello\r\n", BARE_EHLO, *[b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 taken\r\n"] * 3,
    ],
    "refusals": [
        b"220 hello\r\n", EHLO, b"250 ok\r\n550 5.1.1 who?\r\n554 nobody\r\n",
        b"250 reset\r\n451 busy\r\n503 no\r\n503 no\r\n", b"250 ok\r\n250 ok\r\n354 go\r\n", b"554 spam\r\n",
    ],
    "lone dot": [
        b"220 hello\r\n", EHLO, b"250 ok\r\n550 5.1.1 who?\r\n354 go\r\n",
        b"554 no valid recipients\r\n250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n",
        b"250 taken\r\n250 ok\r\n250 ok\r\n354 go\r\n", b"250 taken\r\n",
    ],
    "closing in a group": [b"220 hello\r\n", EHLO, b"250 ok\r\n421 4.3.2 closing\r\n"],
    "garbage in a group": [b"220 hello\r\n", EHLO, b"250 ok\r\n250 ok\r\n354 go\r\n", b"250 a\r\nxyz\r\n"],
    "login": [
        b"220 hello\r\n", AUTH_EHLO, b"235 in\r\n", b"250 ok\r\n250 ok\r\n354 go\r\n", b"250 taken\r\n",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_chunk_boundaries_do_not_matter(name: str) -> None:
    account = LOGIN if name == "login" else PLAIN

    def tell(size: int) -> tuple[object, ...]:
        talk = Dialogue(account, 3, size)
        for said in TRANSCRIPTS[name]:
            talk.hear(said)
        talk.results += talk.session.lost("gone")
        return talk.story

    whole = tell(0)
    assert all(tell(size) == whole for size in range(1, max(map(len, TRANSCRIPTS[name]))))


def test_pipelined_content_end_and_next_envelope_go_in_one_write() -> None:
    talk = ready(messages=3)
    envelope = b"MAIL FROM:<news@gazette.example> SIZE=32\r\nRCPT TO:<reader%d@harbour.example>\r\nDATA\r\n"
    assert talk.written[-1] == envelope % 1
    talk.hear(b"250 ok\r\n250 ok\r\n354 go\r\n")
    assert talk.written[-1] == b"Subject: tide\r\n\r\nHigh at nine.\r\n.\r\n" + envelope % 2
    assert talk.handed == [1]


def test_without_pipelining_every_command_waits_for_its_reply() -> None:
    talk = ready(BARE_EHLO, messages=2)
    for said in [b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 taken\r\n"]:
        talk.hear(said)
    verbs = [octets[:4] for octets in talk.written]
    assert verbs == [b"EHLO", b"MAIL", b"RCPT", b"DATA", b"Subj", b"MAIL"]


def test_content_is_not_written_before_it_is_announced() -> None:
    talk = ready()
    talk.session.receive(b"250 ok\r\n250 ok\r\n354 go\r\n")
    assert talk.session.completing == [1]
    assert b"Subject" not in talk.wrote
    assert [type(outcome) for _, outcome in talk.session.lost("journal full")] == [Untried]


def test_a_refused_recipient_is_followed_by_rset_in_the_next_group() -> None:
    talk = ready(messages=2).hear(b"250 ok\r\n550 who\r\n554 nobody\r\n")
    assert talk.written[-1].startswith(b"RSET\r\nMAIL FROM")
    talk.hear(b"250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n").hear(b"250 taken\r\n")
    assert [type(outcome) for _, outcome in talk.results] == [Rejected, Accepted]


def test_a_refused_reset_ends_the_session_and_costs_no_message() -> None:
    talk = ready(messages=2).hear(b"250 ok\r\n550 who\r\n554 nobody\r\n")
    talk.hear(b"502 what\r\n250 ok\r\n250 ok\r\n354 go\r\n")
    assert [type(outcome) for _, outcome in talk.results] == [Rejected, Untried]
    assert talk.session.phase is Phase.CLOSED
    assert b"Subject" not in talk.wrote


def test_a_refused_mail_needs_no_reset() -> None:
    talk = ready(messages=2).hear(b"451 busy\r\n503 no\r\n503 no\r\n")
    assert talk.written[-1].startswith(b"MAIL FROM")


def test_all_recipients_refused_and_yet_354_gets_a_lone_dot() -> None:
    talk = ready(messages=2).hear(b"250 ok\r\n550 who\r\n354 go\r\n")
    assert talk.written[-1].startswith(b".\r\nRSET\r\nMAIL FROM")
    assert talk.handed == []


def test_no_dot_is_sent_to_a_recipient_who_stands() -> None:
    # MAIL refused, RCPT accepted, DATA invited: a dot would deliver an empty message.
    talk = ready().hear(b"451 busy\r\n250 ok\r\n354 go\r\n")
    assert talk.session.phase is Phase.CLOSED
    assert b"\r\n.\r\n" not in talk.wrote


def test_after_abandoning_an_invitation_is_not_taken() -> None:
    talk = ready()
    assert [type(outcome) for _, outcome in talk.session.abandon("stop")] == [Untried]
    assert talk.session.phase is Phase.CLOSED


def test_abandoning_waits_for_the_reply_to_content_only() -> None:
    talk = ready(messages=2).hear(b"250 ok\r\n250 ok\r\n354 go\r\n")
    assert [(key, type(outcome)) for key, outcome in talk.session.abandon("stop")] == [(2, Untried)]
    assert talk.session.phase is Phase.READY
    talk.hear(b"250 taken\r\n250 ok\r\n250 ok\r\n354 go\r\n")
    assert [(key, type(outcome)) for key, outcome in talk.results] == [(1, Accepted)]
    assert talk.session.phase is Phase.CLOSED
    assert talk.wrote.count(b"Subject") == 1


@pytest.mark.parametrize("forged", [b"250 taken\r\n", b"2", b"250-"])
def test_a_reply_that_comes_before_the_content_is_no_reply_to_it(forged: bytes) -> None:
    talk = ready().hear(b"250 ok\r\n250 ok\r\n354 go\r\n" + forged)
    assert [type(outcome) for _, outcome in talk.results] == [Untried]
    assert b"Subject" not in talk.wrote


def test_an_unasked_reply_ends_the_session() -> None:
    talk = ready(messages=0).hear(b"250 hm\r\n")
    assert talk.session.ending and talk.session.ending.cause is Cause.LOST


def test_an_unasked_421_is_a_farewell() -> None:
    talk = ready(messages=0).hear(b"421 4.4.2 idle\r\n")
    assert talk.session.ending and talk.session.ending.cause is Cause.TURNED_AWAY


def test_lost_after_the_content_is_uncertain_and_the_next_message_untried() -> None:
    talk = ready(messages=2).hear(b"250 ok\r\n250 ok\r\n354 go\r\n")
    assert [(key, type(outcome)) for key, outcome in talk.session.lost("reset")] == [(1, Q), (2, U)]
    assert talk.session.lost("again") == []


def test_login_plain_and_no_second_ehlo() -> None:
    talk = ready(AUTH_EHLO, account=LOGIN)
    assert talk.written[-1] == b"AUTH PLAIN AGVkaXRvcgB0aWRlcy1hbmQtdGltZXM=\r\n"
    talk.hear(b"235 in\r\n")
    assert talk.written[-1].startswith(b"MAIL")
    assert talk.wrote.count(b"EHLO") == 1


def test_login_login() -> None:
    talk = ready(b"250-harbour.test\r\n250 AUTH=LOGIN XOAUTH2\r\n", account=LOGIN)
    talk.hear(b"334 VXNlcm5hbWU6\r\n").hear(b"334 UGFzc3dvcmQ6\r\n").hear(b"235 in\r\n")
    assert talk.written[1:4] == [b"AUTH LOGIN\r\n", b"ZWRpdG9y\r\n", b"dGlkZXMtYW5kLXRpbWVz\r\n"]


def test_a_challenge_too_many_ends_the_session() -> None:
    talk = ready(AUTH_EHLO, account=LOGIN).hear(b"334 more\r\n")
    assert talk.session.ending and talk.session.ending.cause is Cause.LOST


@pytest.mark.parametrize(
    "host, ehlo, problem",
    [
        ("mail.harbour.example", AUTH_EHLO, "a password is never sent without TLS"),
        ("127.0.0.1", b"250-harbour.test\r\n250 AUTH XOAUTH2\r\n", "the server offers XOAUTH2"),
        ("127.0.0.1", b"250 harbour.test\r\n", "the server offers none"),
    ],
)
def test_no_safe_way_to_log_in_is_the_accounts_fault(host: str, ehlo: bytes, problem: str) -> None:
    account = Account(host, 587, "none", "editor", "tides-and-times")
    talk = ready(ehlo, account=account)
    assert b"AUTH" not in talk.wrote
    assert talk.session.ending
    error = talk.session.ending.error(account)
    assert isinstance(error, AccountFault) and problem in error.problem and f"{host}:587" in error.problem


def test_a_stripped_starttls_gets_no_password() -> None:
    talk = ready(AUTH_EHLO, account=STARTTLS)
    assert talk.session.ending and talk.session.ending.cause is Cause.FAULT
    assert b"AUTH" not in talk.wrote


@pytest.mark.parametrize("forged", [b"250 AUTH PLAIN\r\n", b"2"])
@pytest.mark.parametrize("late", [False, True])
def test_what_comes_in_the_clear_after_starttls_is_a_fault(forged: bytes, late: bool) -> None:
    talk = ready(b"250-harbour.test\r\n250 STARTTLS\r\n", account=STARTTLS)
    for said in (b"220 go\r\n", forged) if late else (b"220 go\r\n" + forged,):
        talk.hear(said)
    assert talk.session.ending and talk.session.ending.cause is Cause.FAULT
    assert b"AUTH" not in talk.wrote


def test_after_starttls_everything_said_before_is_forgotten() -> None:
    talk = ready(
        b"250-harbour.test\r\n250-PIPELINING\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n", account=STARTTLS
    )
    talk.hear(b"220 go\r\n")
    assert talk.session.phase is Phase.TLS
    talk.session.secured()
    talk.proceed()
    assert talk.written[-1].startswith(b"EHLO")
    talk.hear(b"250-harbour.test\r\n250 AUTH LOGIN\r\n")
    assert talk.written[-1] == b"AUTH LOGIN\r\n"
    assert not talk.session.offers.pipelining


def test_the_password_is_shown_nowhere() -> None:
    secret = "tides-and-times"
    talk = ready(AUTH_EHLO, account=LOGIN).hear(
        b"535 5.7.8 bad: AGVkaXRvcgB0aWRlcy1hbmQtdGltZXM= " + secret.encode()
    )
    talk.hear(b"\r\n")
    assert talk.session.ending
    error = talk.session.ending.error(LOGIN)
    assert isinstance(error, AccountFault) and "535 5.7.8 bad" in error.problem
    for text in (repr(LOGIN), str(LOGIN), str(error), repr(error)):
        assert secret not in text and "AGVkaXRvcgB0aWRlcy1hbmQtdGltZXM=" not in text


REFUSED_HERE = {
    "local part in UTF-8": (Envelope(1, "", "käpten@harbour.example", b"x\r\n"), BARE_EHLO, 553),
    "line break": (Envelope(1, "", "a@harbour.example>\r\nDATA", b"x\r\n"), EHLO, 553),
    "parameter": (Envelope(1, "", "a@harbour.example> NOTIFY=NEVER <b@c", b"x\r\n"), EHLO, 553),
    "NUL": (Envelope(1, "", "a\0@harbour.example", b"x\r\n"), EHLO, 553),
    "lone surrogate": (Envelope(1, "", "a\ud800@harbour.example", b"x\r\n"), EHLO, 553),
    "long": (Envelope(1, "", "a" * 250 + "@harbour.example", b"x\r\n"), EHLO, 553),
    "nobody": (Envelope(1, "", "", b"x\r\n"), EHLO, 553),
    "larger than SIZE": (Envelope(1, "", "a@harbour.example", b"x" * 11), b"250-h\r\n250 SIZE 10\r\n", 552),
    "8-bit content": (Envelope(1, "", "a@harbour.example", b"\xe4\r\n"), EHLO, 554),
    "NUL content": (Envelope(1, "", "a@harbour.example", b"\0\r\n"), EHLO, 554),
}


@pytest.mark.parametrize("envelope, ehlo, code", REFUSED_HERE.values(), ids=REFUSED_HERE)
def test_what_cant_be_sent_is_refused_here(envelope: Envelope, ehlo: bytes, code: int) -> None:
    talk = ready(ehlo, messages=0)
    [(key, outcome)] = talk.session.add([envelope])
    assert key == 1 and isinstance(outcome, Rejected) and outcome.reply.code == code
    assert "not sent" in outcome.reply.text
    assert talk.session.flush() == [] and talk.session.room


def test_a_local_part_in_utf8_goes_where_smtputf8_is_offered() -> None:
    talk = ready(b"250-h\r\n250 SMTPUTF8\r\n", messages=0)
    assert talk.session.add([Envelope(1, "news@gazette.example", "käpten@harbour.example", b"x\r\n")]) == []
    assert b"".join(talk.session.flush()) == b"MAIL FROM:<news@gazette.example> SMTPUTF8\r\n"


@pytest.mark.parametrize(
    "recipient", ['"old salt"@harbour.example', '"a\\"b"@harbour.example', "a@[192.0.2.1]"]
)
def test_unusual_addresses_go_as_they_are(recipient: str) -> None:
    talk = ready(EHLO, messages=0)
    assert talk.session.add([Envelope(1, "", recipient, b"x\r\n")]) == []
    assert f"RCPT TO:<{recipient}>\r\n".encode() in b"".join(talk.session.flush())


def test_a_return_path_that_cant_be_sent_blames_no_recipient() -> None:
    talk = ready(EHLO, messages=0)
    with pytest.raises(AccountFault, match="return path"):
        talk.session.add([Envelope(1, "news@gazette.example>\r\nRSET", "a@harbour.example", b"x\r\n")])
    assert [type(outcome) for _, outcome in talk.session.lost("stopped")] == [Untried]


def test_mailmax_is_respected() -> None:
    talk = ready(b"250-h\r\n250-PIPELINING\r\n250 LIMITS MAILMAX=2 RCPTMAX=9\r\n", messages=3)
    talk.hear(b"250 ok\r\n250 ok\r\n354 go\r\n").hear(b"250 taken\r\n250 ok\r\n250 ok\r\n354 go\r\n")
    talk.hear(b"250 taken\r\n")
    assert talk.session.parting and len(talk.results) == 2 and len(talk.waiting) == 1


EHLOS = [
    EHLO,
    BARE_EHLO,
    CHUNKING_EHLO,
    b"250-harbour.test\r\n250 CHUNKING\r\n",
]
LINES = st.sampled_from(
    [
        b"250 ok\r\n",
        b"354 go\r\n",
        b"250-a\r\n",
        b"550 no\r\n",
        b"451 l\r\n",
        b"421 x\r\n",
        b"503 s\r\n",
        b"502 c\r\n",
        b"220 h\r\n",
    ]
)


@given(
    st.lists(st.one_of(LINES, st.binary(max_size=20)), max_size=40),
    st.sampled_from(EHLOS),
    st.integers(1, 3),
    st.integers(0, 5),
)
def test_no_octets_make_it_hang_or_claim_success(
    said: list[bytes], ehlo: bytes, window: int, size: int
) -> None:
    talk = Dialogue(PLAIN, 4, size, window).hear(b"220 hello\r\n").hear(ehlo)
    for octets in said:
        talk.hear(octets)
        if talk.session.phase is Phase.READY and talk.waiting:
            # Alive with work to do: some reply is awaited, so a timeout guards it.
            assert talk.session.awaiting is not None
    closing = talk.session.closing
    talk.results += talk.session.lost("end", closed=True)
    keys = [key for key, _ in talk.results]
    assert sorted(keys + [envelope.key for envelope in talk.waiting]) == [1, 2, 3, 4]
    answered = b"".join(said)
    for key, outcome in talk.results:
        if isinstance(outcome, Accepted):
            assert key in talk.handed and outcome.reply.code // 100 == 2
        if isinstance(outcome, Untried) and key in talk.handed:
            # Sure not to be taken all the same: some reply said so.
            assert closing or outcome.reason[:3] in ("502", "503", "550", "421")
            assert outcome.reason[:3].encode() in answered
        if isinstance(outcome, Uncertain):
            assert key in talk.handed


@given(st.binary(max_size=300), st.integers(1, 50))
def test_a_new_session_survives_anything(octets: bytes, size: int) -> None:
    session = Session(STARTTLS)
    for start in range(0, len(octets), size):
        assert session.receive(octets[start : start + size]) == []
        if session.phase is not Phase.CLOSED:
            session.flush()
    assert session.phase in Phase
