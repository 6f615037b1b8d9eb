"""Webhooks from the request to what it does to people: proved, written down first, counted once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from members import join
from settled_sends import begun, delivered
from sqlalchemy import func, select
from webhook_samples import ADA, NOW, SECRET, SIGNING, Posted, amazon, post, settings
from webhook_words import TOLD

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.delivery import State
from mailer.domain.return_path import ReturnSigner
from mailer.domain.returned import Kind
from mailer.errors import SettingsError
from mailer.people.lists import Lists
from mailer.people.suppressing import suppression_of
from mailer.services.rounds import tick
from mailer.services.webhooks import KNOWN_FOR, Webhooks, read_webhooks
from mailer.store.database import open_database
from mailer.store.schema import notices, returns
from mailer.web.hooks import Batches, HookPages
from mailer.web.hosts import Hosts
from mailer.web.pages import Pages, Paper
from mailer.web.rooms import guarded, web_app

KEY = "a key of the harbour"
BO = "bo@quay.example"
QUEUED = "0102018f4c2d9a11-3b1a2c4d-000000"
FIRST = {told.provider: told for told in reversed(TOLD.values())}


class HarbourApp(App):
    """A workspace whose clock stands."""

    at = NOW

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[HarbourApp]:
    """A workspace with Ada and Bo on a list, each with a copy of an issue."""
    database = open_database(database_url, tmp_path)
    Lists(database).create("weekly", NOW)
    for email in (ADA, BO):
        join(database, email, "weekly")
    delivered(
        database, begun(database), tmp_path / "journals", lambda email: (State.ACCEPTED, f"250 Ok {QUEUED}")
    )
    database.dispose()
    made = HarbourApp(tmp_path, {"DATABASE_URL": database_url, "SECRET_KEY": KEY, **settings()})
    made.stay()
    yield made
    made.let_go()


def token(send: int = 1, person: int = 1) -> str:
    return ReturnSigner(KEY.encode(), send).sign(person, NOW.timestamp())


def fetched(address: str) -> bytes:
    return amazon()[1]


def ask(app: App, *asked: tuple[str, Posted], read: Callable[[], object] | None = None) -> list[int]:
    """Post these to the webhooks, one after the other; return the codes of the answers."""
    hooks = HookPages(Webhooks(app, fetched), read or (lambda: read_webhooks(app)), pause=0)
    pages = guarded(Pages(app.template_folders, Paper("Gazette", "", "en")), [hooks], Hosts())

    async def main() -> list[int]:
        transport = httpx.ASGITransport(app=pages)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            codes = []
            for name, each in asked:
                answer = await client.post(f"/hooks/{name}", content=each.octets, headers=dict(each.fields))
                codes.append(answer.status_code)
            await hooks.caught_up()
            return codes

    return asyncio.run(main())


def rows(app: App) -> list[tuple[str, str, str]]:
    with app.database.connect() as connection:
        query = select(returns.c.kind, returns.c.effect, returns.c.email).order_by(returns.c.id)
        return [tuple(row) for row in connection.execute(query)]


def reason_of(app: App, email: str) -> str | None:
    with app.database.connect() as connection:
        found = suppression_of(connection, Address.parse(email).key)
        return found and found.reason


def kept(app: App) -> int:
    with app.database.connect() as connection:
        return connection.scalar(select(func.count()).select_from(notices))


def test_a_hard_bounce_suppresses_whom_the_token_names(app: HarbourApp) -> None:
    names = [name for name in TOLD if "nobody there" in name and "mailersend" not in name]
    asked = [(TOLD[name].provider, post(TOLD[name].provider, TOLD[name].data(token()))) for name in names]
    assert ask(app, *asked) == [200] * len(names)
    assert rows(app) == [("hard", "suppressed", ADA)] * len(names)
    assert (reason_of(app, ADA), reason_of(app, BO)) == ("bounced", None)


def test_without_a_token_the_name_that_the_server_gave_says_whose_it_is(app: HarbourApp) -> None:
    told = TOLD["ses, nobody there"]
    assert ask(app, ("ses", post("ses", told.data("")))) == [200]
    assert rows(app) == [("hard", "suppressed", ADA)]


def test_a_stranger_changes_nothing(app: HarbourApp) -> None:
    """Neither a token of somebody else's, nor a name that no server gave us."""
    forged = ReturnSigner(b"another key", 1).sign(1, NOW.timestamp())
    providers = ("mailersend", "sendgrid", "ses")
    told = {"ses": TOLD["ses, complaint"].data(forged) | {"mail": {"messageId": "another-name"}}}
    asked = [(each, post(each, told.get(each, FIRST[each].data(forged)))) for each in providers]
    assert ask(app, *asked) == [200] * 3
    assert {effect for _, effect, _ in rows(app)} == {"unproved"} and reason_of(app, ADA) is None


def test_a_complaint_suppresses_and_takes_off(app: HarbourApp) -> None:
    told = TOLD["postmark, complaint"]
    assert ask(app, ("postmark", post("postmark", told.data(token())))) == [200]
    assert rows(app) == [("complaint", "suppressed", ADA)] and reason_of(app, ADA) == "complained"


def test_what_is_refused_changes_nothing_and_is_not_kept(app: HarbourApp) -> None:
    asked = []
    for provider in SIGNING:
        good = post(provider, FIRST[provider].data(token()))
        asked += [(provider, Posted(good.fields, octets)) for octets in (b"no JSON", b"")]
        if good.fields and provider != "ses":
            asked.append((provider, Posted({}, good.octets)))
    codes = ask(app, *asked)
    assert all(400 <= code < 500 for code in codes), codes
    assert (kept(app), rows(app)) == (0, [])


def test_however_often_it_comes_it_counts_once(app: HarbourApp) -> None:
    for number, provider in enumerate(SIGNING, 1):
        told = FIRST[provider]
        name = "n{}".format if provider != "ses" else lambda _: "n1"  # SNS sends the same once more
        same = post(provider, told.data(token()), nonce=name(1))
        again = post(provider, told.data(token()), NOW + timedelta(seconds=1), nonce=name(2))
        codes = ask(app, (provider, same), (provider, same), (provider, again))
        assert codes == [200, 409 if provider in ("mailgun", "resend") else 200, 200]
        assert len(rows(app)) == number
    # Days later the requests are forgotten, what they told is not.
    app.at += KNOWN_FOR + timedelta(hours=1)
    ask(app, *((each, post(each, FIRST[each].data(token()), app.at, nonce="n1")) for each in SIGNING))
    assert len(rows(app)) == len(SIGNING)
    with app.database.connect() as connection:
        assert connection.scalar(select(func.min(notices.c.received_at))) == app.at


def test_what_was_kept_when_the_process_died_the_next_round_reads(app: HarbourApp) -> None:
    told = FIRST["sendgrid"]
    assert ask(app, ("sendgrid", post("sendgrid", told.data(token()))), read=lambda: None) == [200]
    assert (kept(app), rows(app)) == (1, [])
    tick(app, lambda words: None)
    assert rows(app) == [("hard", "suppressed", ADA)]
    with app.database.connect() as connection:
        assert connection.execute(select(notices.c.octets, notices.c.read_at)).one()[0] == b""
    assert read_webhooks(app) == 0


def test_a_subscription_is_confirmed_where_it_is_ours(app: HarbourApp) -> None:
    asked: list[str] = []

    def get(address: str) -> bytes:
        asked.append(address)
        return amazon()[1]

    hooks = Webhooks(app, get)
    subscribe = post("ses", "subscribe")
    assert hooks.accept("ses", subscribe.fields, subscribe.octets) is None
    assert [address.partition("?")[2].partition("&")[0] for address in asked] == [
        "",
        "Action=ConfirmSubscription",
    ]
    assert kept(app) == 0


def test_only_those_that_are_set_are_there(app: HarbourApp) -> None:
    only = HarbourApp(
        app.root, {"DATABASE_URL": "sqlite:///other.db", "SECRET_KEY": KEY, "WEBHOOK_BREVO_SECRET": SECRET}
    )
    good = {name: post(name, FIRST[name].data("")) for name in ("brevo", "postmark")}
    assert ask(only, ("brevo", good["brevo"]), ("postmark", good["postmark"]), ("x", good["brevo"])) == [
        200,
        404,
        404,
    ]
    only.let_go()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBHOOK_SES_TOPIC", "harbour"),
        ("WEBHOOK_SENDGRID_KEY", "x"),
        ("WEBHOOK_SENDGRID_KEY", "MFkw"),
        ("WEBHOOK_RESEND_SECRET", "whsec_½"),
    ],
)
def test_a_proof_that_can_not_be_used_is_said_before_anything_is_served(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=name):
        web_app(HarbourApp(tmp_path, {"SECRET_KEY": KEY, name: value}))


def test_looking_changes_nothing(app: HarbourApp) -> None:
    hooks = HookPages(Webhooks(app, fetched), lambda: None)
    pages = guarded(Pages(app.template_folders, Paper("Gazette", "", "en")), [hooks], Hosts())

    async def main() -> list[int]:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=pages), base_url="http://localhost"
        ) as client:
            return [(await client.request(method, "/hooks/brevo")).status_code for method in ("GET", "HEAD")]

    assert asyncio.run(main()) == [405, 405]


def test_a_burst_is_written_down_in_few_commits() -> None:
    batches: list[int] = []

    def keep(rows: Sequence[int]) -> list[bool]:
        batches.append(len(rows))
        return [row % 2 == 0 for row in rows]

    async def main() -> list[bool]:
        gathered = Batches(keep)
        return await asyncio.gather(*(gathered.put(number) for number in range(1_000)))

    told = asyncio.run(main())
    assert told == [number % 2 == 0 for number in range(1_000)]
    assert sum(batches) == 1_000 and len(batches) <= 3


def test_what_can_not_be_written_down_is_not_answered_with_yes() -> None:
    def full(rows: Sequence[int]) -> list[bool]:
        raise OSError("no space left")

    async def main() -> list[object]:
        gathered = Batches(full)
        return await asyncio.gather(*(gathered.put(number) for number in range(3)), return_exceptions=True)

    assert [type(each) for each in asyncio.run(main())] == [OSError] * 3


@pytest.mark.parametrize("database_url", ["sqlite:///mailer.db"])
def test_a_burst_of_a_thousand_is_kept_and_counted(app: HarbourApp) -> None:
    """A thousand requests at once, of which each tells something else of one of two people."""
    hooks = HookPages(Webhooks(app, fetched), lambda: read_webhooks(app), pause=0)
    pages = guarded(Pages(app.template_folders, Paper("Gazette", "", "en")), [hooks], Hosts())
    told = TOLD["sparkpost, days later"]

    def body(number: int) -> Posted:
        data = json.loads(json.dumps(told.data(token(person=1 + number % 2))))
        data[-1]["msys"]["message_event"]["event_id"] = f"burst-{number}"
        return post("sparkpost", data)

    async def main() -> set[int]:
        transport = httpx.ASGITransport(app=pages)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            posts = map(body, range(1_000))
            answers = await asyncio.gather(
                *(
                    client.post("/hooks/sparkpost", content=each.octets, headers=dict(each.fields))
                    for each in posts
                )
            )
            await hooks.caught_up()
        return {answer.status_code for answer in answers}

    assert asyncio.run(main()) == {200}
    assert kept(app) == 1_000 and len(rows(app)) == 1_000
    assert {kind for kind, _, _ in rows(app)} == {Kind.SOFT}
