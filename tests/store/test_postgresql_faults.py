"""What PostgreSQL's errors mean to a person; no server is asked."""

from __future__ import annotations

import pytest
from psycopg import OperationalError, errors

from mailer.errors import ExitCode, StorageBusy, StorageError, StorageFull
from mailer.store.postgresql_faults import translate

LABEL = "postgresql://db.example/mailer"
FAILED = 'connection failed: connection to server at "192.0.2.7", port 5432 failed: '


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (errors.LockNotAvailable("canceling"), StorageBusy, "locked by another program"),
        (errors.DeadlockDetected("deadlock"), StorageBusy, "locked by another program"),
        (errors.SerializationFailure("conflict"), StorageBusy, "locked by another program"),
        (errors.AdminShutdown("terminating"), StorageBusy, "can't be reached: terminating"),
        (errors.IdleInTransactionSessionTimeout("timeout"), StorageBusy, "can't be reached: timeout"),
        (errors.TooManyConnections("sorry"), StorageBusy, "can't be reached: sorry"),
        (errors.DiskFull("could not extend file"), StorageFull, "can't record what happened: could not"),
        (errors.IoError("could not read block"), StorageFull, "can't record what happened: could not"),
        (errors.ReadOnlySqlTransaction("cannot execute"), StorageError, "can only be read"),
        (errors.InsufficientPrivilege("denied for schema"), StorageError, "does not let this user"),
        (errors.DataCorrupted("invalid page"), StorageError, "is damaged: invalid page"),
        (
            OperationalError(f"{FAILED}FATAL:  sorry, too many clients already"),
            StorageBusy,
            "sorry, too many",
        ),
        (OperationalError(f"{FAILED}FATAL:  the database system is starting up"), StorageBusy, "starting up"),
        (
            OperationalError(f'{FAILED}FATAL:  password authentication failed for user "w"'),
            StorageError,
            "can't be used: password authentication failed",
        ),
        # Its words are in the language of the server.
        (
            OperationalError(f"{FAILED}FATAL:  la base de données n'existe pas"),
            StorageError,
            "can't be used: la base",
        ),
        (
            OperationalError(f"{FAILED}SSL error: certificate verify failed"),
            StorageError,
            "can't be trusted: SSL error: certificate verify failed",
        ),
        # It crashed in the middle of a word.
        (
            OperationalError("consuming input failed: SSL error: unexpected eof while reading"),
            StorageBusy,
            "can't be reached",
        ),
        (OperationalError(f"{FAILED}SSL SYSCALL error: EOF detected"), StorageBusy, "can't be reached"),
        (OperationalError(f"{FAILED}Connection refused\n\tIs it running?"), StorageBusy, "refused"),
        (OperationalError("failed to resolve host 'db.example'"), StorageBusy, "failed to resolve"),
        (errors.ConnectionTimeout("connection timeout expired"), StorageBusy, "timeout expired"),
        (OperationalError("the connection is closed"), StorageBusy, "can't be reached"),
    ],
)
def test_it_becomes_an_error_with_a_next_step(error: Exception, kind: type, says: str) -> None:
    found = translate(error, LABEL)
    assert type(found) is kind
    assert says in str(found)
    assert LABEL in str(found)
    assert found.next_step
    again = {StorageBusy: ExitCode.AGAIN, StorageFull: ExitCode.INTERNAL, StorageError: ExitCode.USAGE}
    assert found.exit_code is again[kind]


@pytest.mark.parametrize(
    "error", [errors.UniqueViolation("twice"), errors.SyntaxError("at"), ValueError("x")]
)
def test_what_is_our_own_fault_stays_what_it_is(error: Exception) -> None:
    assert translate(error, LABEL) is None
