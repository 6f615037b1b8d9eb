"""Somebody signs up: kept at once, at the same cost whoever it is; taken in, and written to, soon after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from logging import getLogger

from sqlalchemy import Connection

from mailer.bootstrap import App
from mailer.domain.address import Address, AddressError
from mailer.domain.confirm_link import ConfirmToken, confirm_url
from mailer.domain.consent import Evidence, KeptIp, Source, SourceKind, ip_as_kept
from mailer.domain.form import FIELD_TYPES, Form, Wrong
from mailer.domain.send import SendKind
from mailer.domain.signup_bounds import (
    LATELY,
    Bounds,
    Proof,
    SignupRefusal,
    filled_in_by_a_program,
    network_key,
    opened_stamp,
)
from mailer.domain.subscriber import OWN_FIELDS
from mailer.languages import span_in_words
from mailer.ledger.sequences import began_by_word
from mailer.people import opting_in, signups
from mailer.people.cleaning.disposable import DisposableDomains
from mailer.people.field_types import declare_types, known_types
from mailer.people.opting_in import Asked, OpenList
from mailer.people.signups import Signup, WaitingSignup
from mailer.services.forms import forms, read_form
from mailer.services.letters import Letter, compose
from mailer.services.signup_proof import challenge, proved
from mailer.services.welcome import Welcomes

log = getLogger(__name__)

# What is done where sign-ups leap.
WHAT_NOW = {
    Proof.SURGE: "whoever signs up has to prove some work until they don't",
    Proof.ALWAYS: "whoever signs up has to prove some work, as always",
    Proof.NEVER: "set SIGNUP_PROOF=surge to have them prove some work",
}
BATCH = 50
AGENT = 300  # characters that are kept of a User-Agent
REF = 100  # characters of where somebody came from


@dataclass(frozen=True, slots=True)
class Submission:
    """What somebody typed: an address, lists by name, `answers` by field.

    `language` is that of the page, `wording` what it says beside the button; `ip` and `agent` are whose
    browser it was, `ref` is where they came from.
    """

    email: str
    lists: Sequence[str]
    answers: Mapping[str, str]
    language: str
    wording: str
    kind: SourceKind = SourceKind.FORM
    ip: str = ""
    agent: str = ""
    ref: str = ""
    trap: str = ""  # a field that no person sees
    stamp: str = ""  # of when the form was shown
    proof: str = ""  # that a sum was done


@dataclass(frozen=True, slots=True)
class Desk:
    """Where people sign up for some lists: those that are offered, and what is asked."""

    name: str
    form: Form
    lists: tuple[OpenList, ...]

    @property
    def confirms(self) -> bool:
        """Whether any of the lists wants to be confirmed."""
        return any(each.double_opt_in for each in self.lists)


def desk(app: App, list_name: str | None = None) -> Desk | None:
    """Return what may be signed up for at the page of a list, or of all; None where there is nothing.

    FormError for a form's file that can't be used.
    """
    with app.database.connect() as connection:
        offered = opting_in.public_lists(connection)
    chosen = tuple(each for each in offered if list_name in (None, each.name))
    if not chosen:
        return None
    name = f"join/{list_name}" if list_name else "join"
    return Desk(name, read_form(app.root, list_name), chosen)


def desks(app: App) -> list[Desk]:
    """Return every page on which people sign up. FormError for a form's file that can't be used."""
    if (whole := desk(app)) is None:
        return []
    each = [Desk(f"join/{one.name}", read_form(app.root, one.name), (one,)) for one in whole.lists]
    return [whole, *each]


def opened(app: App) -> str:
    """Return what a form carries that is shown now."""
    return opened_stamp(app.now(), _key(app))


def sum_to_do(app: App) -> str:
    """Return the sum that whoever signs up just now has to do; empty where there is no need."""
    bounds, now = _bounds(app), app.now()
    if bounds.proof is not Proof.ALWAYS:
        with app.database.connect() as connection:
            if not bounds.wants_proof(signups.count(connection, "", now)):
                return ""
    return challenge(_key(app), now)


def sign_up(app: App, at: Desk, entry: Submission) -> dict[str, Wrong] | SignupRefusal:
    """Keep what somebody typed until it is taken in; else return what is wrong with which field, or why not.

    What is said and done is the same whoever has the address: the bounds of networks, and of all, are looked
    at before it is.
    """
    now, key = app.now(), _key(app)
    quickest = timedelta(seconds=app.settings.signup_seconds)
    if filled_in_by_a_program(entry.trap, entry.stamp, now, key, quickest):
        log.info("a sign-up by a program was not kept")
        return SignupRefusal.PROGRAM
    answers, wrong = at.form.read(entry.answers)
    chosen = tuple(each.id for each in at.lists if each.name in entry.lists)
    if not chosen or len(chosen) < len(set(entry.lists)):
        wrong["lists"] = Wrong.LISTS
    try:
        address = Address.parse(entry.email.strip())
    except AddressError:
        return {"email": Wrong.EMAIL} | wrong
    if app.settings.signup_disposable == "refuse" and _is_disposable(app, address):
        wrong["email"] = Wrong.DISPOSABLE
    if wrong:
        return wrong
    text, version = at.form.agreed(entry.answers, entry.language)
    source = Source(entry.kind, at.name, wording=text or entry.wording, version=version)
    signup = Signup(address, chosen, answers, source, entry.language, evidence_of(app, entry))
    network, proof = network_key(entry.ip, key), proved(entry.proof, key)
    bounds = _bounds(app)
    with app.database.begin() as connection:
        counted = signups.count(connection, network, now)
        good = bool(proof) and not signups.is_used(connection, proof)
        if refusal := bounds.refusal(counted, proved=good):
            log.info("a sign-up was not kept: %s", refusal)
            return refusal
        signups.put_in(connection, signup, now, network, proof if good else "")
    if bounds.surge and counted.lately + 1 == bounds.surge:
        log.warning("%d sign-ups in %s: they leap; %s", bounds.surge, LATELY, WHAT_NOW[bounds.proof])
    return {}


def _bounds(app: App) -> Bounds:
    s = app.settings
    return Bounds(s.signup_per_network, s.signup_per_day, s.signup_surge, Proof(s.signup_proof))


def _key(app: App) -> bytes:
    return app.settings.secret_key.get_secret_value().encode()


def _is_disposable(app: App, address: Address) -> bool:
    return address.domain in DisposableDomains.read(app.root / "subscribers").domains


def evidence_of(app: App, entry: Submission) -> Evidence:
    """Return what is kept of the moment that somebody typed this."""
    try:
        kept = ip_as_kept(entry.ip, KeptIp(app.settings.consent_ip))
    except ValueError:  # whoever passes requests on said none
        kept = None
    return Evidence(ip=kept, agent=entry.agent[:AGENT] or None, note=entry.ref[:REF] or None)


@dataclass
class Reception:
    """Takes in who signed up, and writes to them; letters are compiled once."""

    app: App
    _welcomes: Welcomes = field(init=False)
    _letters: dict[object, Letter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._welcomes = Welcomes(self.app)

    def settle(self) -> int:
        """Take in what waits; return how many sign-ups that were. What was taken in long ago is let go of.

        Raises what is wrong with settings, templates and forms: what waits goes on waiting.
        """
        done = 0
        while batch := self._waiting():
            self._declare_fields()
            done += sum(self._take_in(each) for each in batch)
        if done:
            kept = max(signups.KEPT, timedelta(days=self.app.settings.signup_link_days))
            with self.app.database.begin() as connection:
                signups.drop_old(connection, self.app.now() - kept)
        return done

    def _waiting(self) -> list[WaitingSignup]:
        with self.app.database.connect() as connection:
            return signups.waiting(connection, BATCH)

    def _declare_fields(self) -> None:
        asked = {
            each.name: FIELD_TYPES[each.kind]
            for form in forms(self.app.root)
            for each in form.questions
            if each.name not in OWN_FIELDS
        }
        if asked:
            with self.app.database.begin() as connection:
                known = known_types(connection)
                fresh = {name: kind for name, kind in asked.items() if name not in known}
                declare_types(connection, fresh)

    def _take_in(self, waiting: WaitingSignup) -> bool:
        """Take one in; False if another process did, or its person changed meanwhile: then it waits still."""
        signup = waiting.signup
        with self.app.database.connect() as connection:
            wanted = opting_in.open_lists(connection, signup.list_ids)
            confirming = opting_in.to_confirm(connection, signup)
        letter = self._confirmation(confirming, signup.language) if confirming else None
        welcomes = self._welcomes.of(each for each in wanted if each not in confirming)
        now = self.app.now()
        with self.app.database.begin() as connection:
            if opting_in.to_confirm(connection, signup) != confirming:
                return False
            if not signups.take(connection, waiting.id, now):
                return False
            if asked := opting_in.ask(connection, signup, now):
                joined = [each.id for each in asked.joined]
                began_by_word(connection, asked.subscriber_id, joined, now)
                for each in asked.joined:
                    if each.id in welcomes:
                        self._welcomes.write(connection, welcomes[each.id], asked.subscriber_id)
                if letter and signups.may_be_mailed(connection, signup.address.key, now):
                    self._write(connection, letter, waiting, asked, now)
        return True

    def _write(
        self, connection: Connection, letter: Letter, waiting: WaitingSignup, asked: Asked, now: datetime
    ) -> None:
        opting_in.note_asked(connection, asked, waiting.signup, now)
        since = waiting.signup.evidence.at or now
        lists = tuple(each.id for each in asked.to_confirm)
        link = link_to_confirm(self.app, ConfirmToken(since, asked.subscriber_id, waiting.id, lists))
        letter.write(connection, asked.subscriber_id, now, {"link": link})
        signups.note_mailed(connection, waiting.id, now)

    def _confirmation(self, wanted: Sequence[OpenList], language: str) -> Letter:
        key = (tuple(wanted), language)
        if key not in self._letters:
            self._letters[key] = ask_by_mail(self.app, SendKind.CONFIRM, wanted, language)
        return self._letters[key]


def ask_by_mail(app: App, kind: SendKind, wanted: Sequence[OpenList], language: str) -> Letter:
    """Compile the letter, CONFIRM or REMIND, that asks somebody to confirm these lists."""
    found = [app.lists.named(each.name) for each in wanted]
    time = span_in_words(timedelta(days=app.settings.signup_link_days), language)
    return compose(app, kind, found, language, kind, time=time)


def link_to_confirm(app: App, token: ConfirmToken) -> str:
    """Return the address of the page on which a sign-up is confirmed."""
    return confirm_url(app.settings.base_url, app.settings.secret_key.get_secret_value().encode(), token)
