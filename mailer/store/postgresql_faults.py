"""What PostgreSQL's error codes mean to a person: the one place where they become errors with a next step.

Knows nothing of psycopg, which need not be there.
"""

from __future__ import annotations

import re

from mailer.errors import MailerError, StorageBusy, StorageError, StorageFull

AGAIN = "Run the same command again in a moment; it goes on where it stopped."
CORRECT = "Correct DATABASE_URL, or what the server's pg_hba.conf says of this user and machine."

# https://www.postgresql.org/docs/current/errcodes-appendix.html
LOCKED = ("55P03", "40001", "40P01", "57014")
UNRECORDED = ("53100", "53200", "58030")  # disk full, out of memory, I/O error
AWAY = ("08", "53", "57P", "25P0")  # the last: it has waited for us for longer than it is set to
DAMAGED = ("XX001", "XX002")
FAILED = re.compile(r"connection (failed|is bad): (connection to server .*? failed: )?")
# A server that crashes ends what is encrypted in the middle of it; that says nothing of whom to trust.
BROKEN_OFF = re.compile(r"\beof\b|SYSCALL|closed|reset", re.IGNORECASE)
# Of a connection that never came to be, libpq hands on words and no code.
PASSING = (
    "starting up",
    "shutting down",
    "recovery mode",
    "not yet accepting connections",
    "too many",
    "connection slots",
    "terminating connection",
)


def translate(error: BaseException, label: str) -> MailerError | None:
    """Return what psycopg's `error` on the database `label` means, or None if it is our own fault."""
    if not type(error).__module__.startswith("psycopg"):
        return None
    code = getattr(error, "sqlstate", None)
    if code is None:
        operational = any(kind.__name__ == "OperationalError" for kind in type(error).__mro__)
        return _unreached(str(error), label) if operational else None
    if code in LOCKED:
        return StorageBusy(f"the database {label} is locked by another program", next_step=AGAIN)
    if code in UNRECORDED:
        return StorageFull(
            f"the database {label} can't record what happened: {_first_line(error)}",
            next_step="Make room on the server of the database, then run the same command again.",
        )
    if code.startswith(AWAY):
        return _away(label, _first_line(error))
    return _unusable(code, error, label)


def without_details(error: BaseException) -> BaseException:
    """Return `error` without what follows its first line: the address that stands in a row already, say."""
    error.args = (str(error.args[0]).partition("\n")[0],) if error.args else ()
    return error


def _unusable(code: str, error: BaseException, label: str) -> StorageError | None:
    if code == "25006":
        return StorageError(
            f"the database {label} can only be read: it is a copy, or was set so",
            next_step="Let DATABASE_URL name the server that may be written to.",
        )
    if code == "42501":
        return StorageError(
            f"the database {label} does not let this user do that: {_first_line(error)}",
            next_step="Let an administrator of the server make this user the owner of the database; "
            "docs/how-to/postgresql.md says how to make one that is.",
        )
    if code in DAMAGED:
        return StorageError(
            f"the database {label} is damaged: {_first_line(error)}",
            next_step="Restore it by pg_restore: docs/how-to/postgresql.md",
        )
    if code.startswith("28") or code == "3D000":
        return StorageError(f"the database {label} can't be used: {_first_line(error)}", next_step=CORRECT)
    return None


def _unreached(words: str, label: str) -> MailerError:
    said = FAILED.sub("", words)
    # From here on it is the server that speaks, whatever its language.
    refused = said.partition("FATAL:")[2].strip()
    if refused and not any(each in refused for each in PASSING):
        return StorageError(f"the database {label} can't be used: {refused}", next_step=CORRECT)
    if "certificate" in said or ("SSL" in said and not BROKEN_OFF.search(said)):
        return StorageError(
            f"the server of {label} can't be trusted: {said.splitlines()[0]}",
            next_step="docs/how-to/postgresql.md says what the server needs for TLS; "
            "sslrootcert=/path/to/ca.pem in DATABASE_URL names an authority of your own.",
        )
    return _away(label, refused or said.splitlines()[0])


def _away(label: str, words: str) -> StorageBusy:
    return StorageBusy(
        f"the server of {label} can't be reached: {words}",
        next_step="Check DATABASE_URL and that the server runs, then run the same command again; "
        "it goes on where it stopped.",
    )


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
