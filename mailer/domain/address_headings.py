"""How the column of mail addresses is headed, in many programs and languages, if it isn't plain `email`."""

from __future__ import annotations

from functools import cache

from mailer.domain.fold import fold

# Case, accents, blanks and signs don't count: `E-Mail-Adresse` and `Emailadresse` are one.
_HEADINGS = """
    email, mail, email address, mail address, mailbox address, electronic mail, email 1, email 1 value,
    email value, primary email, primary email address, main email, subscriber email,
    subscriber email address, contact email, contact email address, user email, member email,
    recipient email, customer email, account email, billing email, work email, business email,
    personal email, private email, your email, your email address, email primary, email id,
    emailadresse, mailadresse, emailanschrift, mailanschrift, elektronische post, email privat,
    adresse email, adresse mail, adresse électronique, adresse de messagerie, adresse courriel, courriel,
    courrier électronique, mél, correo, correo electrónico, dirección de correo, dirección email,
    dirección de email, dirección de correo electrónico, dirección electrónica, correu electrònic,
    adreça electrònica, adreça de correu electrònic, indirizzo email, indirizzo mail, posta elettronica,
    indirizzo di posta elettronica, endereço de email, endereço email, endereço eletrônico,
    endereço eletrónico, correio eletrônico, correio eletrónico, emailadres, mailadres, epost, epostadresse,
    epostadress, mejl, mejladress, mailadress, sähköposti, sähköpostiosoite, netfang, adres email,
    adres mail, adres mailowy, adres e mailowy, poczta elektroniczna, adres poczty elektronicznej,
    emailová adresa, adresa email, mailová adresa, emailcím, drótposta, adresă de email, adresă email,
    poștă electronică, epošta, eposta, eposta adresi, e-poštni naslov, enaslov, email naslov, email adresa,
    el paštas, el pašto adresas, epasts, e-pasta adrese, epost aadress, meiliaadress,
    электронная почта, адрес электронной почты, эл почта, почта, емейл, имейл, имейл адрес,
    електронна пошта, адреса електронної пошти, електронна поща, διεύθυνση email, ηλεκτρονικό ταχυδρομείο,
    διεύθυνση ηλεκτρονικού ταχυδρομείου, דואל, דואר אלקטרוני, אימייל, מייל, כתובת דואל, כתובת אימייל,
    כתובת מייל, כתובת דואר אלקטרוני, البريد الإلكتروني, بريد إلكتروني, البريد الالكتروني, الإيميل, إيميل,
    عنوان البريد الإلكتروني, メールアドレス, メール, eメール, 電子メール, 邮箱, 电子邮箱, 电子邮件,
    电子邮件地址, 邮箱地址, 邮件地址, 電子郵件, 電郵, 信箱, 이메일, 이메일 주소, 메일, 메일 주소,
    전자우편, alamat email, surel"""


def heads_addresses(heading: str) -> bool:
    """Whether a column with this heading holds mail addresses, if another one doesn't."""
    return _joined(heading) in _known()


def _joined(text: str) -> str:
    return fold(text).replace(" ", "")


@cache
def _known() -> frozenset[str]:
    return frozenset(map(_joined, _HEADINGS.split(",")))
