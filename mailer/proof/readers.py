"""As whom an issue is looked at: a subscriber, an address that is none, or somebody made up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice, product
from typing import TYPE_CHECKING

from mailer.domain.address import Address
from mailer.domain.audience import Recipient
from mailer.domain.subscriber import OWN_FIELDS
from mailer.errors import UsageError
from mailer.message.expression.operations import CannotFill

if TYPE_CHECKING:
    from mailer.engine.personaliser import Personaliser
    from mailer.message.mime.template import MessageTemplate
    from mailer.people.directory import Directory

BARE = "nobody in particular"  # which is no address
EXAMPLE = Recipient(0, "ada.quint@quay.example", "Ada Quint", timezone="UTC", tags=("example",))
NOBODY = Recipient(0, "reader@quay.example")
MADE_UP = 100  # readers, where there is nobody
KINDS_OF_VALUES: tuple[object, ...] = ("Ada", 7, ["Ada"], "2026-11-22")


def first_reader(
    template: MessageTemplate, personaliser: Personaliser, people: Iterable[Recipient]
) -> Recipient | None:
    """Return the first of `people` who can get the issue, else somebody made up who can, else None."""
    for reader in chain(people, _made_up(template)):
        try:
            template.fillings(personaliser.names(reader, 0))
        except CannotFill:
            continue
        return reader
    return None


def _made_up(template: MessageTemplate) -> Iterator[Recipient]:
    """Yield readers who have a value for whatever the issue uses, of one kind and another."""
    names = sorted(template.uses - set(OWN_FIELDS))
    for values in islice(product(KINDS_OF_VALUES, repeat=len(names)), MADE_UP):
        fields = dict(zip(names, values, strict=True))
        yield Recipient(0, "ada@mail.example", "Ada", "en", "UTC", ("harbour",), fields)


def example_reader(template: MessageTemplate, personaliser: Personaliser, language: str) -> Recipient:
    """Return someone who has a value for each field of the issue, seen to be none at a glance if it fits."""
    fields = {name: f"[{name}]" for name in sorted(template.uses - set(OWN_FIELDS))}
    example = EXAMPLE._replace(language=language, fields=fields)
    return first_reader(template, personaliser, [example]) or example


def choose_reader(
    directory: Directory | None,
    typed: str,
    first: Callable[[], Recipient | None],
    example: Callable[[], Recipient],
) -> tuple[Recipient, Recipient | None]:
    """Return whom `typed` means, and their row in the database if they have one.

    An address means its subscriber, or if it is nobody's that address with an example's values; "" the
    `first` subscriber; `BARE` someone of whom only an address is known. Where there is no subscriber to
    take, it is `example`'s. UsageError for what is no address.
    """
    if typed == BARE:
        return NOBODY, None
    if not typed:
        found = first()
        return nobodys(found or example()), found
    address = _address(typed)
    known = directory.person(address.key) if directory else None
    like = known or first() or example()
    return nobodys(stand_in(address, known, like)), known


def known_reader(directory: Directory, email: str) -> Recipient | None:
    """Return the row in the database of an address that a sample was made out to."""
    return directory.person(_address(email).key)


def _address(typed: str) -> Address:
    try:
        return Address.parse(typed)
    except ValueError as error:
        raise UsageError(
            f"{typed!r} is no address to preview as: {error}",
            next_step="Write it like: --as ada@quay.example",
        ) from None


def stand_in(address: Address, known: Recipient | None, example: Recipient | None) -> Recipient:
    """Return whose values a test message to `address` shows: its own subscriber's, else an example's."""
    if known:
        return known
    return nobodys(example or Recipient(0, ""))._replace(email=address.typed)


def nobodys(reader: Recipient) -> Recipient:
    """Return `reader` as subscriber 0, who is nobody: the links in their mail take nobody off a list.

    What is shown, filed or tried is handed round.
    """
    return reader._replace(subscriber_id=0)
