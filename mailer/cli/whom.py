"""Whom a command of `mailer subscribers` is about, and on whose word it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mailer.cli.segment_options import chosen, segment_options
from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.address import Address
    from mailer.domain.consent import Source
    from mailer.services.many import Whom

Command = TypeVar("Command", bound=Callable[..., Any])


def address_of(text: str) -> Address:
    """Return the address that was typed, or raise UsageError."""
    from mailer.domain.address import Address, AddressError

    try:
        return Address.parse(text)
    except AddressError as error:
        raise UsageError(f"{text!r} is not a mail address: {error}") from None


def source_of(app: App, command: str) -> Source:
    """Return what the ledger of consent says of a command: its name, and who gave it."""
    from mailer.domain.consent import Source, SourceKind

    return Source(SourceKind.COMMAND, f"subscribers {command}", app.user)


def whom_options(command: Command) -> Command:
    """Give a command the arguments and options that `whom` makes something of."""
    named = click.argument("emails", metavar="[EMAIL]...", nargs=-1)
    on = click.option("--list", "list_name", metavar="LIST", help="Everybody on this list.")
    return named(on(segment_options(command)))


def whom(
    app: App,
    emails: tuple[str, ...],
    list_name: str | None,
    segment: str | None,
    excluded_segments: tuple[str, ...],
) -> Whom:
    """Return whom these mean; UsageError if they mean nobody."""
    from mailer.services.many import Whom

    segments = chosen(app, segment, excluded_segments)
    found = Whom(tuple(map(address_of, emails)), list_name, segments)
    if found.everybody:
        raise UsageError("say whom: EMAIL..., or --list LIST, --segment SEGMENT, or both of these")
    return found
