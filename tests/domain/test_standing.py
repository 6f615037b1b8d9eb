"""What headings, values and file names say of who agreed to get mail, in the words of many programs."""

from __future__ import annotations

import pytest

from mailer.domain.standing import STATUS, Standing, refusing_name, sense_of, smells, strictest

S, U, LEFT, BOUNCED = Standing.SUBSCRIBED, Standing.UNCONFIRMED, Standing.UNSUBSCRIBED, Standing.BOUNCED
COMPLAINED, NEVER = Standing.COMPLAINED, Standing.SUPPRESSED


@pytest.mark.parametrize(
    ("heading", "yes", "no", "blank"),
    [
        ("subscribed_to_emails", S, LEFT, None),
        ("Subscribed", S, LEFT, None),
        ("is_active", S, LEFT, None),
        ("Accepts Email Marketing", S, LEFT, None),
        ("Einwilligung", S, LEFT, None),
        ("GDPR consent", S, LEFT, None),
        ("email_marketable", S, LEFT, None),
        ("Darf kontaktiert werden", S, LEFT, None),
        ("Markkinointilupa", S, LEFT, None),
        ("Souhlas", S, LEFT, None),
        ("Consimțământ", S, LEFT, None),
        ("Согласие", S, LEFT, None),
        ("Αποδοχή", S, LEFT, None),
        ("הסכמה", S, LEFT, None),
        ("الاشتراك", S, LEFT, None),
        ("同意", S, LEFT, None),
        ("수신동의", S, LEFT, None),
        ("Uutiskirje", S, LEFT, None),
        ("No newsletter", LEFT, S, S),
        ("Abo beendet", LEFT, S, S),
        ("Newsletter unerwünscht", LEFT, S, S),
        ("Abonelikten çıktı", LEFT, S, S),
        ("Cancel date", LEFT, S, S),
        ("Declined", LEFT, S, S),
        ("Email valid", S, U, U),
        ("May we write to you?", S, LEFT, None),
        ("Call or mail: do you accept?", S, LEFT, None),
        ("zgoda", S, LEFT, None),
        ("Newsletter", S, LEFT, None),
        ("unsubscribed_at", LEFT, S, S),
        ("UNSUB_TIME", LEFT, S, S),
        ("HasOptedOutOfEmail", LEFT, S, S),
        ("Unsubscribed from all email", LEFT, S, S),
        ("abgemeldet", LEFT, S, S),
        ("Désabonné", LEFT, S, S),
        ("desabonne", LEFT, S, S),
        ("Baja", LEFT, S, S),
        ("Disiscritto", LEFT, S, S),
        ("afgemeld", LEFT, S, S),
        ("Avmeldt", LEFT, S, S),
        ("Wypisany", LEFT, S, S),
        ("Отписан", LEFT, S, S),
        ("退订", LEFT, S, S),
        ("email_disabled", LEFT, S, S),
        ("Austrittsdatum", LEFT, S, S),
        ("deleted_at", LEFT, S, S),
        ("CLEAN_TIME", BOUNCED, S, S),
        ("hard_bounces", BOUNCED, S, S),
        ("complained", COMPLAINED, S, S),
        ("Blocklisted", NEVER, S, S),
        ("EMAIL_BLACKLISTED", NEVER, S, S),
        ("doNotEmail", NEVER, S, S),
        ("do not contact", NEVER, S, S),
        ("DNC", NEVER, S, S),
        ("On Hold", NEVER, S, S),
        ("Stop Status", LEFT, S, S),
        ("Gesperrt", NEVER, S, S),
        ("confirmed", S, U, U),
        ("CONFIRM_TIME", S, U, U),
        ("unconfirmed", U, S, S),
        ("status", None, None, None),
        ("Abostatus", None, None, None),
        ("סטטוס", None, None, None),
        ("状態", None, None, None),
        ("الحالة", None, None, None),
        ("active_subscription", S, S, S),
        ("Not mailable", LEFT, S, S),
        ("No consent", LEFT, S, S),
        ("Keine Einwilligung", LEFT, S, S),
        ("Ohne Newsletter", LEFT, S, S),
        ("Nicht aktiv", LEFT, S, S),
        ("No longer wants mail", LEFT, S, S),
        ("Sans newsletter", LEFT, S, S),
        ("Sem consentimento", LEFT, S, S),
        ("Geen toestemming", LEFT, S, S),
        ("Ikke aktiv", LEFT, S, S),
        ("Bez zgody", LEFT, S, S),
        ("Нет согласия", LEFT, S, S),
        ("配信拒否", LEFT, S, S),
        ("Not verified", U, S, S),
        ("Stop mailing", LEFT, S, S),
        ("Mail verboten", LEFT, S, S),
        ("Marketing objection", LEFT, S, S),
        ("don't email", NEVER, S, S),
        ("Newsletter (yes/no)", S, LEFT, None),
        ("Inscrito no boletim", S, LEFT, None),
        ("Contactable", S, LEFT, None),
        ("Email updates", S, LEFT, None),
        ("E-bülten", S, LEFT, None),
    ],
)
def test_a_heading_says_what_a_yes_a_no_and_a_blank_mean(
    heading: str, yes: Standing | None, no: Standing | None, blank: Standing | None
) -> None:
    sense = sense_of(heading)
    assert sense is not None
    assert (sense.read("yes"), sense.read("nein"), sense.read("")) == (yes, no, blank)


@pytest.mark.parametrize(
    "heading",
    [
        "email",
        "name",
        "country",
        "town",
        "paid",
        "notes",
        "discount",
        "activity",
        "description",
        "Mitglied seit",
        "SMS_BLACKLISTED",
        "DoNotCall",
        "Permission to track",
        "Send this subscriber HTML emails",
        "plan",
    ],
)
def test_an_ordinary_heading_says_nothing(heading: str) -> None:
    assert sense_of(heading) is None


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (
            S,
            "active Active SUBSCRIBED confirmed enabled abonniert abonnée suscritos iscritta aktywny",
        ),
        (
            U,
            "pending unconfirmed invited unbestätigt Pendiente non-confirmé niepotwierdzony unactivated",
        ),
        (
            LEFT,
            "unsubscribed Abgemeldet abgemeldete désabonnées baja disiscritti afgemeld avmeldt отписана 退订",
        ),
        (
            LEFT,
            "opted-out optout inactive cancelled deleted gekündigt résilié cancelado leiratkozott",
        ),
        (
            LEFT,
            "by-user הוסר 退会",
        ),
        (
            BOUNCED,
            "bounced bouncing by-bounces hard-bounce cleaned invalid undeliverable unzustellbar rebotado",
        ),
        (COMPLAINED, "complained spam Spam-Complaint abuse plainte"),
        (NEVER, "suppressed blocklisted blacklisted blocked do-not-email gesperrt lista-negra bloqueado"),
    ],
)
def test_a_word_of_a_status_column_is_known_in_many_languages(standing: Standing, words: str) -> None:
    for word in words.split():
        assert STATUS.read(word.replace("-", " ")) is standing, word


@pytest.mark.parametrize(
    "text", ["", "yes", "member", "board", "NULL", "Unsubscribed by the admin", "2", "2024-01-01"]
)
def test_what_a_status_column_leaves_open_is_not_guessed(text: str) -> None:
    assert STATUS.read(text) is None


@pytest.mark.parametrize(
    ("heading", "text", "standing"),
    [
        ("status", "U", LEFT),
        ("Status", "B", BOUNCED),
        ("status", "C", S),
        ("status", "S", None),  # subscribed to one program, not confirmed to another
        ("nomail", "U", LEFT),
        ("liststatus", "-1", LEFT),
        ("Estado civil", "c", None),
        ("doNotContact", "email: unsubscribed", LEFT),
        ("doNotContact", "by hand", None),
        ("status", "Unsubscribed (2024)", LEFT),
        ("Email Suppressions", "['HARD_BOUNCE', 'UNSUBSCRIBE']", BOUNCED),
        ("Email Suppressions", "[]", S),
        ("Newsletter", "weekly, unsubscribed", None),
        ("How often?", "never", LEFT),
        ("Email preference", "None", LEFT),
        ("Bounced", "None", S),
        ("Bounced at", "never", S),
        ("メルマガ", "希望しない", LEFT),
        ("Opt", "OUT", LEFT),
    ],
)
def test_single_signs_and_cells_of_several_things_are_read(
    heading: str, text: str, standing: Standing | None
) -> None:
    sense = sense_of(heading)
    assert sense is not None
    assert sense.read(text) is standing


@pytest.mark.parametrize(
    ("text", "joined", "left"),
    [
        ("2024-01-02T03:04:05.000Z", S, LEFT),
        ("2.1.2024", S, LEFT),
        ("1704164645", S, LEFT),
        ("192.0.2.1", S, LEFT),
        ("2001:db8::1", S, LEFT),
        ("3", None, LEFT),
        ("0", LEFT, S),
        ("0000-00-00 00:00:00", None, S),
        ("00.00.0000", None, S),
        ("👍", S, LEFT),
        (r"\N", None, S),
        ("n/a", None, S),
        ("revoked 2024-05-01", None, LEFT),
        ("too many mails", None, LEFT),
    ],
)
def test_a_moment_or_a_reason_says_yes_where_nothing_can_be_lost_by_it(
    text: str, joined: Standing | None, left: Standing
) -> None:
    columns = [sense_of("subscribed_at"), sense_of("unsubscribed_at"), sense_of("Abmeldegrund")]
    assert [each and each.read(text) for each in columns] == [joined, left, left]


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (("x", "weekly (unsubscribed), daily"), True),
        (("vip; abgemeldet", ""), True),
        (("left us, désabonnée in May",), True),
        (("inactive", "b"), True),
        (("BOUNCE", "2024-01-02"), True),
        (("Ada", "please take me off the list"), True),
        (("each email", "no email"), True),
        (("退会",), True),
        (("asked to be removed",), True),
        (("vip;no-newsletter",), True),
        (("Ada", "wird nicht mehr anschreiben"), True),
        (("Ada", "for inactive volcanoes"), False),
        (("Ada Quint", "Port Example", "04109"), False),
    ],
)
def test_a_value_can_give_its_column_away(cells: tuple[str, ...], found: bool) -> None:
    assert smells(cells) is found


@pytest.mark.parametrize(
    ("name", "standing"),
    [
        ("unsubscribed_members_export_3f", LEFT),
        ("cleaned_members", BOUNCED),
        ("bounces", BOUNCED),
        ("suppression-list", NEVER),
        ("nonsubscribed_email_audience_export", U),
        ("Ausgetretene", LEFT),
        ("Abgemeldete 2026", LEFT),
        ("subscribed_members_export_3f", None),
        ("people", None),
        ("active", None),
    ],
)
def test_a_files_name_can_say_that_nobody_in_it_is_to_be_mailed(name: str, standing: Standing | None) -> None:
    assert refusing_name(name) is standing


def test_the_strictest_wins() -> None:
    assert strictest([S, LEFT, U]) is LEFT
    assert strictest([]) is S
    assert [each.suppression for each in Standing] == [None, None, None, "bounced", "complained", "requested"]
