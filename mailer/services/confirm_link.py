"""What the link in a mail to confirm lets whoever has it do: see what was signed up for, and say yes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from mailer.bootstrap import App
from mailer.domain.confirm_link import ConfirmToken, read_confirmation
from mailer.domain.consent import Source, SourceKind
from mailer.ledger.sequences import began_by_word
from mailer.people import opting_in
from mailer.people.opting_in import Answer, Offer, OpenList
from mailer.people.signups import signup_of
from mailer.services.signup import Submission, evidence_of
from mailer.services.welcome import Welcomes

__all__ = ["Answer", "ConfirmLinks", "OpenList", "Told"]

BY_PAGE = Source(SourceKind.LINK, "confirmation page")


@dataclass(frozen=True, slots=True)
class Told:
    """How it stands with what a link offers. `leads_to` is the list's own page for who has confirmed."""

    answer: Answer
    offer: Offer
    leads_to: str = ""


@dataclass
class ConfirmLinks:
    """The links to confirm of a workspace. Each method but `read` raises where the database can't be used."""

    app: App
    _welcomes: Welcomes = field(init=False)

    def __post_init__(self) -> None:
        self._welcomes = Welcomes(self.app)

    def read(self, text: str) -> ConfirmToken | None:
        """Return the token in what came of a link; None if it is none of ours."""
        return read_confirmation(self.app.settings.secret_key.get_secret_value().encode(), text)

    def look(self, token: ConfirmToken) -> Told | None:
        """Return how it stands, changing nothing; None if the person or every list is gone."""
        with self.app.database.connect() as connection:
            offer = opting_in.offered(connection, token.subscriber_id, token.list_ids, token.since)
            if offer is None:
                return None
            return Told(self._answer(opting_in.standing(connection, offer), offer), offer, _page_of(offer))

    def confirm(self, token: ConfirmToken, entry: Submission) -> Told | None:
        """Put the person on the lists and welcome them; done again it is friendly. None as for `look`.

        `entry` is whose browser it was.
        """
        told = self.look(token)
        if told is None or told.answer is not Answer.OPEN:
            return told
        welcomes = self._welcomes.of(told.offer.lists)
        now, evidence = self.app.now(), evidence_of(self.app, entry)
        with self.app.database.begin() as connection:
            if opting_in.standing(connection, told.offer) is Answer.OPEN:
                signup = signup_of(connection, token.signup_id)
                joined = opting_in.confirm(connection, told.offer, BY_PAGE, evidence, now, signup)
                person = told.offer.subscriber_id
                began_by_word(connection, person, [each.id for each in joined], now)
                for each in joined:
                    if each.id in welcomes:
                        self._welcomes.write(connection, welcomes[each.id], person)
        return self.look(token)

    @property
    def base_url(self) -> str:
        """Where the pages are."""
        return self.app.settings.base_url

    @property
    def good_for_days(self) -> int:
        """For how long a link is good."""
        return self.app.settings.signup_link_days

    def _answer(self, stands: Answer, offer: Offer) -> Answer:
        good_for = timedelta(days=self.good_for_days)
        late = stands is Answer.OPEN and self.app.now() - offer.since > good_for
        return Answer.EXPIRED if late else stands


def _page_of(offer: Offer) -> str:
    return next((each.confirmed_url for each in offer.lists if each.confirmed_url), "")
