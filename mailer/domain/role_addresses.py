"""Addresses of a role and not of a person: `info@`, `noreply@`, `postmaster@`.

Several people read them or nobody does, whoever signed up may have gone, and mailbox providers hold many of
them against a sender. At small firms they are the reader's own all the same.
"""

from __future__ import annotations

# RFC 2142, and what is usual beside it in the languages of most mail.
_NAMES = """
abuse noc security postmaster hostmaster usenet news webmaster www uucp ftp info marketing sales support
admin administrator root sysadmin billing accounts accounting contact contactus customerservice
do-not-reply donotreply no-reply noreply no_reply do_not_reply nobody mailer-daemon mailerdaemon bounce
bounces devnull null enquiries inquiries enquiry inquiry feedback hello help helpdesk hr it jobs careers
legal list listserv majordomo mail media newsletter newsletters office orders press privacy pr
reception recruitment registrar remove request reservations service services shop spam staff subscribe
team tech unsubscribe undisclosed-recipients website
anfrage anfragen bestellung bestellungen bewerbung buchhaltung buero einkauf impressum kontakt kundendienst
kundenservice post presse redaktion rechnung rechnungen sekretariat verkauf vertrieb verwaltung zentrale
accueil commande commandes contacto contactos contato contatti correo direction facturation ventas ventes
informacion informations infos ufficio amministrazione segreteria prenotazioni recepcion reservas
administracion administratie klantenservice boekhouding secretariaat secretariat biuro kontor
"""
_ROLES = frozenset(_NAMES.split())


def role_of(local: str) -> str | None:
    """Return the role that a local part names, whatever is behind a plus sign; None for a person's."""
    name = local.casefold().partition("+")[0]
    return name if name in _ROLES else None
