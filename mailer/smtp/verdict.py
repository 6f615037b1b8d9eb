"""What each reply means at each step: the whole conversation on one screen."""

from __future__ import annotations

from enum import Enum, IntEnum, auto

from mailer.domain.outcome import Reply, Stage


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
    EMPTY = auto()  # the lone dot after a 354 that nobody's acceptance justifies (RFC 2920 3.1)
    QUIT = auto()


class Verdict(Enum):
    """What to do about a reply."""

    GO = auto()  # the next step
    REFUSED = auto()  # this message ends here: deferred on 4yz, rejected on 5yz
    FAULT = auto()  # the account, the sender or our trust is refused: a setting must change
    LEAVE = auto()  # nothing more over this connection; what it was asked for may go over another
    BROKEN = auto()  # no such reply can stand here: nothing that this server says is believed any more


GO, REFUSED, FAULT, LEAVE, BROKEN = Verdict

# The first digit decides (RFC 5321 4.2.1) …
TABLE: dict[Step, tuple[Verdict, Verdict, Verdict, Verdict]] = {
    #               2yz     3yz     4yz      5yz
    Step.GREETING: (GO,     BROKEN, LEAVE,   FAULT),
    Step.EHLO:     (GO,     BROKEN, LEAVE,   FAULT),
    Step.STARTTLS: (GO,     BROKEN, LEAVE,   FAULT),
    Step.AUTH:     (GO,     GO,     LEAVE,   FAULT),
    Step.RSET:     (GO,     BROKEN, LEAVE,   LEAVE),
    Step.MAIL:     (GO,     BROKEN, REFUSED, FAULT),
    Step.RCPT:     (GO,     BROKEN, REFUSED, REFUSED),
    Step.DATA:     (BROKEN, GO,     REFUSED, REFUSED),
    Step.CONTENT:  (GO,     BROKEN, REFUSED, REFUSED),
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
    (Step.EMPTY, 503): GO,
    (Step.QUIT, 421): GO,
}
DAILY_LIMIT = (550, "5.4.5")

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
    Step.EMPTY: Stage.DATA,
    Step.QUIT: Stage.CONNECT,
}


def judge(step: Step, reply: Reply) -> Verdict:
    """Return what `reply` means where `step` is what it answers."""
    code = reply.code
    verdict = SPECIAL.get((step, code)) or EVERYWHERE.get(code)
    if verdict is not None:
        return verdict
    if code == DAILY_LIMIT[0] and reply.text.startswith(DAILY_LIMIT[1]) and step is not Step.EMPTY:
        return FAULT
    return TABLE[step][code // 100 - 2]
