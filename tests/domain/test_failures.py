"""Why mail failed: words before the status before the code, and whatever passes is never hard."""

from __future__ import annotations

from collections import Counter

import pytest

from mailer.domain.failures import english, languages
from mailer.domain.failures.classify import BY_CODE, BY_STATUS, failure, of_reply
from mailer.domain.failures.reason import FailureReason, MailFailure
from mailer.domain.outcome import Reply
from mailer.domain.returned import FAILURES, Kind

R = FailureReason

# What a status or a code says by itself is not what is meant.
LIES = {
    "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents": R.THROTTLED,
    "550 5.1.1 Rejected: the message looks like spam": R.SPAM,
    "550 5.1.1 mailbox full": R.FULL,
    "550 5.7.1 No such user": R.NO_MAILBOX,
    "550 5.7.1 [CS01] Message blocked due to spam content": R.SPAM,
    "550 5.4.1 Recipient address rejected: Access denied": R.NO_MAILBOX,
    "550 5.3.0 Recipient address rejected: Internal system error": R.TROUBLE,
    "554 5.7.1 Recipient address rejected: Access denied": R.POLICY,
    "552 5.1.1 unknown user": R.NO_MAILBOX,
    "550 SMTP error after MAIL FROM: the domain does not exist": R.POLICY,
    "550 5.1.1 rejected, see https://www.spamhaus.example/query": R.REPUTATION,
    "550-5.1.1 The email account that you tried to reach does 550-5.1.1 not exist.": R.NO_MAILBOX,
    "550 la casella di posta è piena": R.FULL,
    "550 Пользователь не найден": R.NO_MAILBOX,
    "550 このメールアドレスは存在しません": R.NO_MAILBOX,
    "550 User not found:ada@quay.example": R.NO_MAILBOX,
    "5.1.0 - Unknown address error 550-'5.7.1 Access denied' (delivery attempts: 0)": R.POLICY,
    "421 4.4.2 refused to talk to me: error: timeout exceeded": R.UNREACHABLE,
}


@pytest.mark.parametrize("said", LIES)
def test_words_come_before_status_and_code(said: str) -> None:
    assert failure(0, "", said).reason is LIES[said]


# Of who sends, of what was sent, of what is allowed: nobody is taken for gone by that.
OF_OTHERS = [
    "550 Absenderadresse existiert nicht",
    "550 L'adresse de l'expéditeur n'existe pas",
    "550 La dirección del remitente no existe",
    "550 Avsändarens adress finns inte",
    "550 Neplatná adresa odesílatele, uživatel nenalezen",
    "550 Lähettäjän osoitetta ei löydy",
    "550 Gönderen adresi bulunamadı",
    "550 Адрес отправителя не существует",
    "550 送信元アドレスが存在しません",
    "550 ユーザーに送信する権限がありません",
    "550 アドレスは拒否リストに登録されています",
    "550 사용자에게 보낼 권한이 없습니다",
    "550 发件人地址不存在",
    "550 You do not have such permission",
    "550 Cannot resolve your address",
    "550 The file for this user was removed",
    "550 Delivery to the user was cancelled",
    "550 Kullanıcının izni yok",
    "550 Vastaanottaja ei ole sallinut viestiä",
    "550 The sender address is not a valid address",
    "550 Your e-mail address was not found in our records",
    "550 Delivery to this recipient failed for an unknown reason",
    "550 The server of the recipient sent an invalid response",
    "550 Message for this recipient expired",
    "550 Recipient address undeliverable: connect to mx.quay.example: Connection timed out",
    "550 The connection was terminated while the recipient was named",
    "550 Message to the user has been frozen",
    "550 Could not resolve the mail server of this recipient",
    "550 Invalid username or password",
    "550 The recipient was unavailable to take delivery",
    "550 No relay for users of other accounts",
    "550 The mailbox server was shut down for maintenance",
    "550 Delivery to the user was given up after five days",
    "550 The queue file expired before the server of the recipient answered",
    "550 Cannot find a route to the recipient",
    "550 LDAP server down, cannot tell whether the user exists",
    "550 Message for this customer was withdrawn by its sender",
    "550 Konto vorübergehend gesperrt wegen zu vieler Nachrichten",
    "550 Compte momentanément suspendu",
    "550 Cuenta suspendida temporalmente",
    "550 Account tijdelijk uitgeschakeld",
    "550 Ящик временно заблокирован",
    "550 このメールボックスは一時的に停止されています",
    "550 Le serveur n'est plus disponible dans cette zone",
    "550 Unbekannter Fehler bei der Zustellung an den Empfänger",
    "550 Envío al usuario fallido: error desconocido",
    "550 Remise au destinataire impossible: erreur inconnue",
]


@pytest.mark.parametrize("said", OF_OTHERS)
def test_what_is_said_of_others_takes_nobody_for_gone(said: str) -> None:
    assert failure(0, "", said).kind is not Kind.HARD


STATUSES = {
    Kind.HARD: "5.1.1 5.1.2 5.1.3 5.1.6 5.1.10 5.2.1",
    Kind.SOFT: "5.1.0 5.2.2 5.2.3 5.3.2 5.4.1 5.4.7 5.5.0 4.1.1 4.2.2 4.4.7",
    Kind.BLOCKED: "5.6.0 5.7.1 5.7.26 5.1.8 4.7.1",
}


@pytest.mark.parametrize(
    "kind, status", [(kind, each) for kind, all_of_them in STATUSES.items() for each in all_of_them.split()]
)
def test_without_words_the_status_decides(kind: Kind, status: str) -> None:
    found = failure(550 if status.startswith("5") else 450, status, "")
    assert (found.kind, found.by) == (kind, f"the status {status}")


@pytest.mark.parametrize("status", ["5.0.0", "5.99.99", ""])
def test_without_either_the_code_decides_or_nothing(status: str) -> None:
    assert failure(556, status, "") == MailFailure(R.NO_DOMAIN, Kind.HARD, "the code 556")
    assert failure(550, status, "").kind is Kind.SOFT


@pytest.mark.parametrize("reason", FailureReason)
def test_what_passes_is_never_hard(reason: FailureReason) -> None:
    assert MailFailure.of(reason, permanent=False, by="").kind is not Kind.HARD
    assert MailFailure.of(reason, permanent=True, by="").kind in FAILURES


@pytest.mark.parametrize(
    "said", ["450 4.1.1 user unknown", "450 5.1.1 user unknown", "550 4.1.1 user unknown"]
)
def test_if_either_says_later_it_is_soft(said: str) -> None:
    assert failure(0, "", said) == MailFailure(R.NO_MAILBOX, Kind.SOFT, 'the words "user … unknown"')


def test_an_address_or_a_link_is_no_reason() -> None:
    for name in ("<spam@quota.example>", "mailbox.full@quay.example", "https://quay.example/user/unknown"):
        assert failure(0, "", f"550 {name}").reason is R.UNSAID


def test_a_phrase_begins_with_a_word_and_its_parts_are_near() -> None:
    assert failure(0, "", "550 the preuser unknown").reason is R.UNSAID
    assert failure(0, "", "550 mailbox ada is full").reason is R.FULL
    assert failure(0, "", f"550 mailbox {'word ' * 30} is full").reason is R.UNSAID


def test_a_near_part_follows_a_whole_word_or_two() -> None:
    assert failure(0, "", "550 no such local user").reason is R.NO_MAILBOX
    assert failure(0, "", "550 unknowns, user").reason is R.UNSAID
    assert failure(0, "", "550 unknown to whoever reads it is the user").reason is R.UNSAID


UNHEARD = {
    Kind.HARD: [
        "550 That e-mail account lapsed last year",
        "550 The student left the university",
        "550 We found nobody of that name",
        "550 No longer a customer of ours",
        "550 Diesen Nutzer haben wir nicht",
        "550 Cette adresse n'est plus utilisée",
        "550 La dirección indicada ya no está en uso",
        "550 Dit adres is niet langer in gebruik",
        "550 Этот адрес больше не используется",
        "550 このアドレスは現在使用されていません",
    ],
    Kind.SOFT: ["550 the account's storage is exhausted", "550 our user directory is down", "550 rejected"],
    Kind.BLOCKED: [
        "550 we accept mail from partners only",
        "550 we don't want your newsletters",
        "550 mail like this is not welcome",
        "550 your network has sent too much",
        "550 Wir nehmen von Ihrem Server nichts an",
        "550 Реклама не принимается",
    ],
}


@pytest.mark.parametrize("kind, said", [(kind, each) for kind, texts in UNHEARD.items() for each in texts])
def test_families_understand_what_nobody_has_written_yet(kind: Kind, said: str) -> None:
    assert failure(0, "", said).kind is kind


def test_what_says_little_gives_way_to_more_words_and_to_the_status() -> None:
    assert failure(0, "", "550 5.7.1 Recipient address rejected: nonexistent user").reason is R.NO_MAILBOX
    assert failure(0, "", "550 5.7.1 Service unavailable").reason is R.POLICY
    assert failure(0, "", "550 5.2.2 Message rejected").reason is R.FULL


def test_a_reply_is_judged_by_the_same_table() -> None:
    assert of_reply(Reply(550, "5.1.1 <ada@quay.example>: user unknown")).kind is Kind.HARD
    assert of_reply(Reply(556, "")).kind is Kind.HARD
    assert of_reply(Reply(550, "")).kind is Kind.SOFT


def test_no_phrase_stands_in_the_tables_twice() -> None:
    text = ",".join(text for _, text in (*english.PHRASES, *languages.PHRASES))
    phrases = [" ".join(phrase.split()) for phrase in text.split(",")]
    assert [phrase for phrase, number in Counter(filter(None, phrases)).items() if number > 1] == []


def test_every_reason_can_be_come_to() -> None:
    told = {reason for reason, _ in english.PHRASES} | set(BY_STATUS.values()) | set(BY_CODE.values())
    assert told == set(FailureReason)
    assert {reason for reason, _ in languages.PHRASES} <= {reason for reason, _ in english.PHRASES}
