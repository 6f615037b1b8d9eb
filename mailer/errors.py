"""The one exception tree: every error carries an exit code and the next step to take."""

from __future__ import annotations

from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """What a command ends with; where several hold, `worst` picks the one to report."""

    COMPLETE = 0
    INTERNAL = 1
    USAGE = 2
    REFUSED = 3
    FAILURES = 4
    UNCERTAIN = 5
    AGAIN = 75
    INTERRUPTED = 130


PRECEDENCE = (
    ExitCode.INTERRUPTED,
    ExitCode.INTERNAL,
    ExitCode.USAGE,
    ExitCode.REFUSED,
    ExitCode.UNCERTAIN,
    ExitCode.AGAIN,
    ExitCode.FAILURES,
    ExitCode.COMPLETE,
)


def worst(codes: set[ExitCode]) -> ExitCode:
    """Return the code to end with where several hold; complete when there is none."""
    return next((code for code in PRECEDENCE if code in codes), ExitCode.COMPLETE)


class MailerError(Exception):
    """Something a person has to know about: what is wrong, and what to do next."""

    exit_code = ExitCode.INTERNAL

    def __init__(self, problem: str, *, next_step: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.next_step = next_step

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it go from one process to another, whatever it was made from."""
        return _as_it_was, (type(self), self.args, self.__dict__)


def _as_it_was(kind: type[MailerError], args: tuple[object, ...], known: dict[str, Any]) -> MailerError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(known)
    return error


class UsageError(MailerError):
    """The command line asks for something that can't be done as asked."""

    exit_code = ExitCode.USAGE


class SettingsError(MailerError):
    """A setting is missing, malformed or contradicts another."""

    exit_code = ExitCode.USAGE


class IssueError(MailerError):
    """An issue file or a template can't be used as it stands."""

    exit_code = ExitCode.USAGE

    def __init__(self, path: object, line: int | None, problem: str, *, next_step: str | None = None) -> None:
        where = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{where}: {problem}", next_step=next_step or f"Correct {where}; nothing was sent.")
        self.path = path
        self.line = line


class PlanRefused(MailerError):
    """The plan found something that must not be sent; nothing was."""

    exit_code = ExitCode.REFUSED


class NoneReadyYet(PlanRefused):
    """No issue is ready at a time at which one would go out, so that nothing is sent this time."""


class StorageError(MailerError):
    """The database can't be used: read-only, not a database, from a newer version."""

    exit_code = ExitCode.USAGE


class StorageBusy(MailerError):
    """Another program holds the database; it will pass."""

    exit_code = ExitCode.AGAIN


class DatabaseReplaced(StorageBusy):
    """The database's name has another file meanwhile, or none: what was learned from the old one is void."""


class AtWork(MailerError):
    """Another process is at work on the same send; `who` says which."""

    exit_code = ExitCode.AGAIN

    def __init__(self, who: str, problem: str = "", *, next_step: str | None = None) -> None:
        super().__init__(problem or f"{who} is at work on it", next_step=next_step)
        self.who = who


class StorageFull(MailerError):
    """What happened can't be recorded (disk full, I/O error), so nothing more may be sent."""

    exit_code = ExitCode.INTERNAL


class ServerUnavailable(MailerError):
    """The SMTP server can't be reached or turns us away for now."""

    exit_code = ExitCode.AGAIN


class AccountFault(MailerError):
    """The SMTP server refuses the account, the sender or our trust in it: a setting must change."""

    exit_code = ExitCode.USAGE


class EveryoneRefused(MailerError):
    """The SMTP server refuses one recipient after the other; who was refused so waits in the queue."""

    exit_code = ExitCode.AGAIN


class MailboxUnavailable(MailerError):
    """A mailbox can't be reached or read for now; what was read of it before is taken in."""

    exit_code = ExitCode.AGAIN


class MailboxRefused(MailerError):
    """A mailbox refuses us, or is none: a setting or a permission must change."""

    exit_code = ExitCode.USAGE
