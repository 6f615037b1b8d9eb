"""Several messages under way by BDAT, without a socket: what each reply settles, and what nobody says."""

from __future__ import annotations

from itertools import pairwise

import pytest
from dialogue import CHUNKING_EHLO, PLAIN, Dialogue, letter
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.outcome import Accepted, Deferred, Outcome, Rejected, Reply, Stage, Uncertain, Untried
from mailer.smtp.account import Account
from mailer.smtp.ending import Cause
from mailer.smtp.envelope import Envelope
from mailer.smtp.opening import Phase
from mailer.smtp.session import Session

STEPWISE_EHLO = b"250-harbour.test\r\n250 CHUNKING\r\n"
ALL_OK = b"250 ok\r\n250 ok\r\n250 taken\r\n"  # to MAIL, RCPT, BDAT
RESET_OK = b"250 reset\r\n" + ALL_OK  # the same for a message that was added behind another
U, D, R, A, Q = Untried, Deferred, Rejected, Accepted, Uncertain


def ready(messages: int = 1, window: int = 4, ehlo: bytes = CHUNKING_EHLO) -> Dialogue:
    return Dialogue(PLAIN, messages, window=window).hear(b"220 hello\r\n").hear(ehlo)


def busy() -> Dialogue:
    """Four messages are under way, numbered 2 to 5, after a first one was taken."""
    talk = ready(5).hear(ALL_OK)
    assert talk.handed == [1, 2, 3, 4, 5] and not talk.waiting
    talk.results.clear()
    return talk


def kinds(talk: Dialogue) -> dict[int, type[Outcome]]:
    return {key: type(outcome) for key, outcome in talk.results}


def test_one_write_carries_envelope_and_content() -> None:
    talk = ready()
    assert talk.written[-1] == (
        b"MAIL FROM:<news@gazette.example>\r\nRCPT TO:<reader1@harbour.example>\r\n"
        b"BDAT 32 LAST\r\nSubject: tide\r\n\r\nHigh at nine.\r\n"
    )
    assert talk.handed == [1]
    assert kinds(talk.hear(ALL_OK)) == {1: A}


def test_the_window_opens_once_the_server_has_taken_a_chunk() -> None:
    talk = ready(9)
    assert talk.handed == [1]
    talk.hear(ALL_OK)
    assert talk.handed == [1, 2, 3, 4, 5]
    assert talk.session.full
    talk.hear(ALL_OK)
    assert talk.handed == [1, 2, 3, 4, 5, 6]
    assert kinds(talk) == {1: A, 2: A}


def test_every_message_behind_another_begins_with_reset() -> None:
    # Some servers want it after a refusal, and whether there will be one isn't known yet.
    talk = busy()
    assert talk.wrote.count(b"RSET\r\nMAIL FROM") == 3
    assert talk.wrote.count(b"MAIL FROM") == 5


def test_no_dot_is_doubled_and_line_ends_are_made_whole() -> None:
    talk = ready(0)
    talk.waiting = [letter(1, b".a\n.\r\n..b")]
    talk.proceed()
    assert talk.written[-1].endswith(b"BDAT 12 LAST\r\n.a\r\n.\r\n..b\r\n")


@pytest.mark.parametrize("chunking", [True, False])
def test_what_the_caller_vouches_for_is_written_as_it_is(chunking: bool) -> None:
    content = b"Subject: tide\r\n\r\nx.\r\n"
    ehlo = CHUNKING_EHLO if chunking else b"250-h\r\n250 PIPELINING\r\n"
    talk = ready(0, ehlo=ehlo)
    talk.waiting = [Envelope(1, "", "reader@harbour.example", content, clean=True)]
    talk.proceed()
    if not chunking:
        talk.hear(b"250 ok\r\n250 ok\r\n354 go\r\n")
    assert talk.written[-1].endswith(content + (b"" if chunking else b".\r\n"))


def test_without_pipelining_it_goes_step_by_step() -> None:
    talk = ready(2, ehlo=STEPWISE_EHLO)
    for said in [b"250 ok\r\n", b"250 ok\r\n", b"250 taken\r\n"] * 2:
        talk.hear(said)
    assert [octets[:4] for octets in talk.written] == [b"EHLO", *[b"MAIL", b"RCPT", b"BDAT"] * 2]
    assert b"BDAT 32 LAST\r\nSubject" in talk.wrote
    assert kinds(talk) == {1: A, 2: A}


def test_without_pipelining_a_refused_recipient_costs_no_content() -> None:
    talk = ready(2, ehlo=STEPWISE_EHLO)
    for said in [b"250 ok\r\n", b"550 who\r\n", b"250 reset\r\n", b"250 ok\r\n"]:
        talk.hear(said)
    assert kinds(talk) == {1: R} and talk.handed == []
    assert [octets[:4] for octets in talk.written] == [b"EHLO", b"MAIL", b"RCPT", b"RSET", b"MAIL", b"RCPT"]


def test_a_window_of_none_never_chunks() -> None:
    talk = Dialogue(Account("127.0.0.1", 2525, "none", window=0)).hear(b"220 hello\r\n").hear(CHUNKING_EHLO)
    assert talk.written[-1].endswith(b"DATA\r\n")


# Replies to the first of four messages under way, whose envelope is numbered 2: what becomes of it and of
# the three others if the server then takes those, and how the session ends.
FIRST: dict[str, tuple[bytes, type[Outcome], Stage, Cause | None]] = {
    "taken": (b"250 ok\r\n250 ok\r\n250 taken\r\n", A, Stage.CONTENT, None),
    "later, at the end": (b"250 ok\r\n250 ok\r\n451 busy\r\n", D, Stage.CONTENT, None),
    "never, at the end": (b"250 ok\r\n250 ok\r\n554 5.7.1 spam\r\n", R, Stage.CONTENT, None),
    "never, without a status": (b"250 ok\r\n250 ok\r\n554 spam\r\n", R, Stage.CONTENT, None),
    "recipient refused": (b"250 ok\r\n550 who\r\n503 nobody\r\n", R, Stage.RCPT, None),
    "recipient put off": (b"250 ok\r\n450 grey\r\n554 nobody\r\n", D, Stage.RCPT, None),
    "sender put off": (b"451 busy\r\n503 MAIL\r\n503 MAIL\r\n", D, Stage.MAIL, None),
    "too large": (b"552 size\r\n503 MAIL\r\n503 MAIL\r\n", R, Stage.MAIL, None),
    "sender refused": (b"550 5.7.1 you\r\n503 MAIL\r\n503 MAIL\r\n", U, Stage.MAIL, Cause.FAULT),
    "daily limit": (b"250 ok\r\n550 5.4.5 limit\r\n503 RCPT\r\n", U, Stage.RCPT, Cause.FAULT),
    "login expired, at the end": (b"250 ok\r\n250 ok\r\n530 login\r\n", U, Stage.CONTENT, Cause.FAULT),
    "out of step": (b"503 nested\r\n250 ok\r\n503 RCPT\r\n", U, Stage.MAIL, Cause.TURNED_AWAY),
    "session full": (
        b"451 4.7.0 messages per session\r\n503 MAIL\r\n503 MAIL\r\n", U, Stage.MAIL, Cause.TURNED_AWAY,
    ),
    "BDAT not known": (b"250 ok\r\n250 ok\r\n502 what\r\n", U, Stage.CONTENT, Cause.TURNED_AWAY),
    "BDAT out of step": (b"250 ok\r\n250 ok\r\n503 BDAT\r\n", U, Stage.CONTENT, Cause.TURNED_AWAY),
    "BDAT by its status": (b"250 ok\r\n250 ok\r\n554 5.5.1 BDAT\r\n", U, Stage.CONTENT, Cause.TURNED_AWAY),
    "refused and yet taken": (b"250 ok\r\n550 who\r\n250 taken\r\n", Q, Stage.CONTENT, None),
    "sender put off and yet taken": (b"451 l\r\n250 ok\r\n250 taken\r\n", Q, Stage.CONTENT, None),
}  # fmt: skip


@pytest.mark.parametrize("said, outcome, stage, cause", FIRST.values(), ids=FIRST)
def test_a_reply_to_one_leaves_the_others_their_own(
    said: bytes, outcome: type[Outcome], stage: Stage, cause: Cause | None
) -> None:
    talk = busy().hear(said).hear(RESET_OK * 3)
    assert [(key, type(found)) for key, found in talk.results] == [(2, outcome), (3, A), (4, A), (5, A)]
    assert talk.results[0][1].stage == stage
    assert (talk.session.ending.cause if talk.session.ending else None) == cause
    assert talk.session.unchunked == said.split(b"\r\n")[2].startswith((b"502", b"503 B", b"554 5.5"))


def test_nothing_is_added_while_the_rest_is_waited_for() -> None:
    talk = busy().hear(b"530 login\r\n503 MAIL\r\n503 MAIL\r\n")
    talk.waiting = [letter(9)]
    talk.proceed()
    assert talk.session.phase is Phase.READY and talk.waiting
    talk.hear(RESET_OK * 3)
    assert talk.session.phase is Phase.CLOSED and talk.session.ending
    assert talk.session.ending.code == 530


@pytest.mark.parametrize("said", [b"", b"250 ok\r\n", b"250 ok\r\n250 ok\r\n", b"250 ok\r\n250 o"])
@pytest.mark.parametrize("closed", [False, True])
def test_all_that_is_out_is_in_doubt_when_the_connection_drops(said: bytes, closed: bool) -> None:
    talk = busy().hear(said)
    talk.results += talk.session.lost("reset", closed=closed)
    assert kinds(talk) == {2: Q, 3: Q, 4: Q, 5: Q}


def test_what_was_answered_before_the_drop_stays() -> None:
    talk = busy().hear(b"250 ok\r\n550 who\r\n503 nobody\r\n" + RESET_OK + b"250 r\r\n250 ok\r\n450 grey\r\n")
    talk.results += talk.session.lost("reset", closed=True)
    # The fourth's recipient was put off: whatever comes of its content, it isn't delivered.
    assert kinds(talk) == {2: R, 3: A, 4: D, 5: Q}


@pytest.mark.parametrize("said, outcome", [
    (b"421 4.7.0 enough\r\n", U), (b"250 ok\r\n421 4.7.28 rate\r\n", D),
    (b"250 ok\r\n250 ok\r\n421 bye\r\n", D),
])  # fmt: skip
def test_after_421_the_server_reads_nothing_more(said: bytes, outcome: type[Outcome]) -> None:
    talk = busy().hear(said)
    assert talk.session.phase is Phase.READY and talk.session.closing
    talk.results += talk.session.lost("the server closed the connection", closed=True)
    assert kinds(talk) == {2: outcome, 3: U, 4: U, 5: U}
    assert talk.session.ending and talk.session.ending.cause is Cause.TURNED_AWAY
    assert talk.session.ending.code == 421


def test_a_server_that_goes_on_after_421_is_believed() -> None:
    talk = busy().hear(b"250 ok\r\n250 ok\r\n421 4.3.0 later\r\n" + RESET_OK)
    talk.results += talk.session.lost("the server closed the connection", closed=True)
    assert kinds(talk) == {2: D, 3: A, 4: U, 5: U}


def test_a_server_that_says_421_and_doesnt_close_leaves_the_rest_in_doubt() -> None:
    talk = busy().hear(b"421 4.7.0 enough\r\n")
    talk.results += talk.session.lost("no reply within 5 s")
    assert kinds(talk) == {2: U, 3: Q, 4: Q, 5: Q}


# Replies to the very first BDAT of a connection: whether it is the command that is refused.
TRIAL: dict[str, tuple[type[Outcome], bool]] = {
    "500 what": (U, True),
    "502 5.5.1 not implemented": (U, True),
    "503 5.5.1 no": (U, True),
    "504 no": (U, True),
    "554 5.5.1 no": (U, True),
    "554 no": (U, True),
    "550 5.0.0 no": (U, True),
    "554 5.7.1 spam": (R, False),
    "552 5.3.4 too large": (R, False),
    "550 5.1.1 who": (R, False),
    "451 later": (D, False),
    "452 4.2.2 full": (D, False),
}


@pytest.mark.parametrize("ehlo", [CHUNKING_EHLO, STEPWISE_EHLO], ids=["pipelined", "step by step"])
@pytest.mark.parametrize("words, outcome, unchunked", [(k, *v) for k, v in TRIAL.items()], ids=TRIAL)
def test_the_first_chunk_is_on_trial(
    ehlo: bytes, words: str, outcome: type[Outcome], unchunked: bool
) -> None:
    talk = ready(2, ehlo=ehlo).hear(b"250 ok\r\n").hear(b"250 ok\r\n").hear(words.encode() + b"\r\n")
    assert kinds(talk) == {1: outcome}
    assert talk.session.unchunked == unchunked
    # What may have been read as commands must not be followed by more.
    assert (talk.session.phase is Phase.CLOSED) == unchunked
    assert not unchunked or talk.session.answered == 1


def test_a_connection_that_breaks_at_the_first_chunk_says_something_about_bdat() -> None:
    talk = ready(2)
    assert [type(found) for _, found in talk.session.lost("reset", closed=True)] == [Q]
    assert talk.session.unchunked
    later = busy()
    later.session.lost("reset", closed=True)
    assert not later.session.unchunked


def test_abandoning_waits_for_all_that_is_out() -> None:
    talk = busy()
    assert talk.session.abandon("stop") == []
    talk.hear(ALL_OK + RESET_OK * 3)
    assert kinds(talk) == {2: A, 3: A, 4: A, 5: A}
    assert talk.session.quiet and talk.session.parting


@pytest.mark.parametrize(
    "ehlo, most", [(b"250-LIMITS MAILMAX=3\r\n250 CHUNKING\r\n", None), (b"250 CHUNKING\r\n", 3)]
)
def test_as_many_as_a_connection_may_carry(ehlo: bytes, most: int | None) -> None:
    talk = Dialogue(PLAIN, 9, window=8)
    talk.session.limit(most)
    talk.hear(b"220 hello\r\n").hear(b"250-harbour.test\r\n250-PIPELINING\r\n" + ehlo).hear(ALL_OK)
    assert talk.handed == [1, 2, 3] and talk.session.parting
    talk.hear(ALL_OK + RESET_OK)
    assert kinds(talk) == {1: A, 2: A, 3: A} and talk.session.quiet


REPLIES = st.sampled_from(
    [b"250 ok\r\n", b"250-a\r\n250 b\r\n", b"451 later\r\n", b"550 no\r\n", b"502 what\r\n", b"503 step\r\n",
     b"421 bye\r\n", b"354 go\r\n", b"530 login\r\n", b"554 5.5.1 no\r\n"],
)  # fmt: skip


@given(st.lists(REPLIES, max_size=24), st.sets(st.integers(1, 300), max_size=20), st.booleans())
def test_any_cut_of_any_replies_gives_the_same_events(
    replies: list[bytes], cuts: set[int], closed: bool
) -> None:
    said = b"".join(replies)
    bounds = [0, *sorted(cut for cut in cuts if cut < len(said)), len(said)]

    def tell(pieces: list[bytes]) -> tuple[object, ...]:
        talk = busy()
        results = [result for piece in pieces for result in talk.session.receive(piece)]
        session = talk.session
        before = session.phase, session.ending, session.unchunked, session.answered
        return results, before, session.lost("end", closed=closed)

    pieces = [said[start:end] for start, end in pairwise(bounds)]
    assert tell(pieces) == tell([said])


@given(st.lists(REPLIES, max_size=24))
def test_a_message_is_accepted_by_the_reply_to_its_own_chunk_only(replies: list[bytes]) -> None:
    talk = busy()
    results = talk.session.receive(b"".join(replies)) + talk.session.lost("end")
    assert [key for key, _ in results] == sorted(key for key, _ in results) == [2, 3, 4, 5]
    for key, outcome in results:
        # MAIL, RCPT, BDAT for the first; RSET before each other.
        own = replies[2 + 4 * (key - 2) - 2 : 3 + 4 * (key - 2)]
        if isinstance(outcome, Accepted):
            assert len(own) == 3 and all(reply[:1] == b"2" for reply in own)
        if isinstance(outcome, Untried):
            assert any(reply[:1] in b"45" for reply in own)


def test_replies_are_the_servers_words() -> None:
    talk = busy().hear(b"250 ok\r\n250 ok\r\n250 2.0.0 Ok: queued as 4Xy\r\n")
    assert talk.results == [(2, Accepted(Reply(250, "2.0.0 Ok: queued as 4Xy")))]


def test_nothing_is_completed_before_it_is_announced() -> None:
    session = Session(PLAIN)
    session.receive(b"220 hello\r\n")
    session.flush()
    session.receive(CHUNKING_EHLO)
    session.add([letter(7)])
    assert session.completing == [7]
    assert [type(found) for _, found in session.lost("journal full")] == [Untried]
