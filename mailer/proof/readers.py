"""As whom an issue is previewed: a subscriber, an address that is none, or somebody made up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.audience import Recipient
from mailer.domain.subscriber import OWN_FIELDS
from mailer.engine.trial import nobodys, stand_in
from mailer.errors import UsageError

BARE = "nobody in particular"  # which is no address
MADE_UP = Recipient(0, "ada.quint@quay.example", "Ada Quint", timezone="UTC", tags=("example",))
NOBODY = Recipient(0, "reader@quay.example")


def choose_reader(
    app: App, typed: str, list_ids: Sequence[int], example: Callable[[], Recipient]
) -> tuple[Recipient, Recipient | None]:
    """Return whom `typed` means, and their row in the database if they have one.

    An address means its subscriber, or if it is nobody's that address with an example's values; "" the first
    subscriber of the lists; `BARE` someone of whom only an address is known. Where there is no subscriber to
    take, it is `example`'s. UsageError for what is no address.
    """
    if typed == BARE:
        return NOBODY, None
    if not typed:
        first = first_reader(app, list_ids)
        return nobodys(first or example()), first
    address = _address(typed)
    known = app.directory.person(address.key) if app.has_database else None
    like = known or first_reader(app, list_ids) or example()
    return nobodys(stand_in(address, known, like)), known


def first_reader(app: App, list_ids: Sequence[int]) -> Recipient | None:
    """Return the first subscriber of these lists."""
    return app.directory.first(list_ids) if app.has_database else None


def known_reader(app: App, email: str) -> Recipient | None:
    """Return the row in the database of an address that a specimen was made out to."""
    return app.directory.person(_address(email).key) if app.has_database else None


def made_up(uses: Iterable[str], language: str) -> Recipient:
    """Return someone who has a value for each field in `uses`, seen to be none at a glance."""
    own = set(OWN_FIELDS)
    fields = {name: f"[{name}]" for name in sorted(set(uses) - own)}
    return MADE_UP._replace(language=language, fields=fields)


def _address(typed: str) -> Address:
    try:
        return Address.parse(typed)
    except ValueError as error:
        raise UsageError(
            f"{typed!r} is no address to preview as: {error}",
            next_step="Write it like: --as ada@quay.example",
        ) from None
