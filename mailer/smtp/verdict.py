"""What each reply means at each step: the whole conversation on one screen."""

from __future__ import annotations

import re
from enum import Enum, IntEnum, auto

from mailer.domain.outcome import Reply, Stage
from mailer.domain.refusals import account_fault


class Step(IntEnum):
    """What a reply is awaited to."""

    GREETING = auto()
    EHLO = auto()
    STARTTLS = auto()
    AUTH = auto()
    RSET = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    CONTENT = auto()
    TRIAL = auto()  # the connection's first BDAT: whether the server really takes chunks is to be seen
    BDAT = auto()  # the whole content as one chunk (RFC 3030)
    EMPTY = auto()  # the lone dot after a 354 that nobody's acceptance justifies (RFC 2920 3.1)
    QUIT = auto()


class Verdict(Enum):
    """What to do about a reply."""

    GO = auto()  # the next step
    REFUSED = auto()  # this message ends here: deferred on 4yz, rejected on 5yz
    UNCHUNKED = auto()  # BDAT is refused, whatever the message: say DATA from now on
    FAULT = auto()  # the account, the sender or our trust is refused: a setting must change
    LEAVE = auto()  # nothing more over this connection; what it was asked for may go over another
    BROKEN = auto()  # no such reply can stand here: nothing that this server says is believed any more


GO, REFUSED, UNCHUNKED, FAULT, LEAVE, BROKEN = Verdict

# The first digit decides (RFC 5321 4.2.1) …
TABLE: dict[Step, tuple[Verdict, Verdict, Verdict, Verdict]] = {
    #               2yz     3yz     4yz      5yz
    Step.GREETING: (GO,     BROKEN, LEAVE,   FAULT),
    Step.EHLO:     (GO,     BROKEN, LEAVE,   FAULT),
    Step.STARTTLS: (GO,     BROKEN, LEAVE,   FAULT),
    Step.AUTH:     (GO,     GO,     LEAVE,   FAULT),
    Step.RSET:     (GO,     BROKEN, LEAVE,   BROKEN),
    Step.MAIL:     (GO,     BROKEN, REFUSED, FAULT),
    Step.RCPT:     (GO,     BROKEN, REFUSED, REFUSED),
    Step.DATA:     (BROKEN, GO,     REFUSED, REFUSED),
    Step.CONTENT:  (GO,     BROKEN, REFUSED, REFUSED),
    Step.TRIAL:    (GO,     BROKEN, REFUSED, UNCHUNKED),
    Step.BDAT:     (GO,     BROKEN, REFUSED, REFUSED),
    Step.EMPTY:    (GO,     BROKEN, GO,      GO),
    Step.QUIT:     (GO,     GO,     GO,      GO),
}  # fmt: skip

# … except for codes that speak of something else than the command: of the connection or of the account.
EVERYWHERE: dict[int, Verdict] = {
    421: LEAVE,  # closing the channel (RFC 5321 3.8)
    503: LEAVE,  # bad sequence: the two sides disagree on where they are, which is no recipient's doing
    530: FAULT,  # authentication or STARTTLS required
    534: FAULT,  # mechanism too weak
    535: FAULT,  # credentials invalid
    538: FAULT,  # encryption required
}
SPECIAL: dict[tuple[Step, int], Verdict] = {
    (Step.MAIL, 432): LEAVE,  # 4.3.2 concurrent connections limit exceeded
    (Step.MAIL, 552): REFUSED,  # larger than the server takes: this message, not this sender
    **{(step, code): UNCHUNKED for step in (Step.TRIAL, Step.BDAT) for code in (500, 501, 502, 503, 504)},
    # RSET can't be refused (RFC 5321 4.1.1.5): what was read answers something else, a refused chunk that the
    # server takes for commands say, and so may the replies that follow.
    (Step.RSET, 503): BROKEN,
    (Step.EMPTY, 503): GO,
    (Step.QUIT, 421): GO,
}
# … and for words.
ABOUT_A_MESSAGE = frozenset({Step.MAIL, Step.RCPT, Step.DATA, Step.CONTENT, Step.TRIAL, Step.BDAT})
DAILY_LIMIT = re.compile(r"5\.4\.5\b")
NO_COMMAND = re.compile(r"5\.5\.[124]\b")  # invalid command, syntax error, invalid arguments (RFC 3463 3.6)
OF_MESSAGE = re.compile(r"5\.[123467]\.\d")  # a status that isn't about the protocol
SESSION_FULL = re.compile(
    r"\b(?:messages?|mails?|transactions?)\b.*\b(?:session|connection)\b", re.IGNORECASE | re.DOTALL
)

# The steps that take a message's content along: from there on the server may have it.
COMPLETING = frozenset({Step.CONTENT, Step.TRIAL, Step.BDAT})

STAGES: dict[Step, Stage] = {
    Step.GREETING: Stage.CONNECT,
    Step.EHLO: Stage.EHLO,
    Step.STARTTLS: Stage.STARTTLS,
    Step.AUTH: Stage.AUTH,
    Step.RSET: Stage.MAIL,
    Step.MAIL: Stage.MAIL,
    Step.RCPT: Stage.RCPT,
    Step.DATA: Stage.DATA,
    Step.CONTENT: Stage.CONTENT,
    Step.TRIAL: Stage.CONTENT,
    Step.BDAT: Stage.CONTENT,
    Step.EMPTY: Stage.DATA,
    Step.QUIT: Stage.CONNECT,
}


VERDICTS: dict[Step, tuple[Verdict, ...]] = {
    step: tuple(
        SPECIAL.get((step, code)) or EVERYWHERE.get(code) or row[code // 100 - 2] for code in range(200, 600)
    )
    for step, row in TABLE.items()
}


# Where a 250 has the conversation go on as it was meant to, and says nothing that anybody has to know.
WELL = frozenset(
    step
    for step in (Step.RSET, Step.MAIL, Step.RCPT, Step.CONTENT, Step.BDAT)
    if VERDICTS[step][250 - 200] is GO
)


def judge(step: Step, reply: Reply) -> Verdict:
    """Return what `reply` means where `step` is what it answers."""
    verdict = VERDICTS[step][reply.code - 200]
    return verdict if reply.code < 400 else _by_words(step, reply) or verdict


def _by_words(step: Step, reply: Reply) -> Verdict | None:
    if reply.code == 550 and step is not Step.EMPTY and DAILY_LIMIT.match(reply.text):
        return FAULT
    if step in ABOUT_A_MESSAGE and account_fault(reply):
        return FAULT
    if step is Step.BDAT and NO_COMMAND.match(reply.text):
        return UNCHUNKED
    if step is Step.TRIAL and OF_MESSAGE.match(reply.text):
        return REFUSED
    if step is Step.MAIL and reply.code < 500 and SESSION_FULL.search(reply.text):
        return LEAVE
    return None
