"""What files of people call addresses and names, and that somebody agreed to get mail or left, anywhere.

Data only. Case, accents and signs don't count (`fold`). What speaks of consent is read by
`mailer.domain.standing`, where a word may end in one or two letters more: `suscrit` stands for suscrito,
suscrita and suscritos.
"""

from __future__ import annotations

# How the column of mail addresses is headed, if it isn't plain `email`. Blanks don't count here, either:
# `E-Mail-Adresse` and `Emailadresse` are one.
ADDRESS_HEADINGS = """
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

# How other columns with a meaning of their own are headed. What isn't told apart is left as it is: of `Name`
# beside `Vorname` see FAMILY.
FIELD_HEADINGS = {
    "name": """
        full name, display name, contact name, subscriber name, your name, vollständiger name, ganzer name,
        nom complet, nom et prénom, prénom et nom, nombre completo, nombre y apellidos, nome completo,
        nome e cognome, volledige naam, naam, navn, fulde navn, fullt navn, namn, fullständigt namn, nimi,
        koko nimi, nafn, imię i nazwisko, jméno a příjmení, meno a priezvisko, ime i prezime,
        ime in priimek, teljes név, név, nume complet, ad soyad, adı soyadı, имя и фамилия, фио, полное имя,
        імя та прізвище, име и фамилия, ονοματεπώνυμο, שם מלא, שם, الاسم, الاسم الكامل, 氏名, 名前, お名前,
        姓名, 이름, 성명, nama, nama lengkap""",
    "first_name": """
        first name, given name, forename, fname, vorname, rufname, prénom, nombre, nombre de pila, nome,
        primeiro nome, voornaam, fornavn, förnamn, etunimi, eiginnafn, imię, jméno, křestní jméno, meno,
        ime, keresztnév, utónév, prenume, ad, adı, имя, імя, име, όνομα, שם פרטי, الاسم الأول, 名, 名字""",
    "last_name": """
        last name, family name, surname, lname, nachname, familienname, zuname, nom de famille, apellido,
        apellidos, cognome, sobrenome, apelido, último nome, achternaam, efternavn, etternavn, efternamn,
        sukunimi, nazwisko, příjmení, priezvisko, prezime, priimek, vezetéknév, családnév, nume de familie,
        soyad, soyadı, фамилия, прізвище, фамилно име, επώνυμο, שם משפחה, اسم العائلة, 姓""",
    "language": """
        preferred language, sprache, langue, idioma, lingua, língua, taal, sprog, språk, kieli, tungumál,
        język, jazyk, jezik, nyelv, limba, limbă, dil, язык, мова, език, γλώσσα, שפה, اللغة, 言語, 语言, 語言,
        언어, bahasa""",
    "timezone": """
        time zone, tz, zeitzone, fuseau horaire, zona horaria, fuso orario, fuso horário, tijdzone, tidszone,
        tidssone, tidszon, aikavyöhyke, strefa czasowa, časové pásmo, időzóna, часовой пояс""",
    "tags": """
        tag, labels, schlagwörter, schlagworte, stichwörter, étiquettes, mots clés, etiquetas, etichette,
        trefwoorden, etiketter, tunnisteet, tagi, etykiety, štítky, címkék, etichete, etiketler, метки, теги,
        ετικέτες, תגיות, وسوم, タグ, 标签, 標籤, 태그""",
}
# What is a family name where a column for the first name stands beside it, not in English, and none for the
# last.
ENGLISH_FIRST = "first name, given name, forename, fname"
FAMILY = "name, nom, nazwa, navn, namn, naam, név, jméno, nimi"

# What stands in a column of statuses, by the name of the standing.
WORDS = {
    "subscribed": """
        subscrib, active, activ, confirm, enabled, opted in, opt in, optin, double opt in, single opt in,
        verified, validated, valid, deliverable, explicit, express, implicit, marketing contact, regular,
        premium, gifted, accepted, angemeldet, aktiv, abonniert, bestätigt, eingetragen, einwilligung,
        zugestimmt, abonné, inscrit, actif, confirmé, activé, suscrit, alta, de alta, confirmad,
        habilitad, iscritt, attiv, confermat, abilitat, subscrit, ativ, assinante, cadastrad,
        ingeschreven, aangemeld, geabonneerd, actief, bevestigd, tilmeldt, bekræftet, prenumererar,
        anmäld, bekräftad, påmeldt, abonnerer, bekreftet, aktivoitu, tilaaja, aktiivinen, vahvistettu,
        aktywn, zapisan, subskrybent, potwierdzon, přihlášen, aktivní, potvrzen, feliratkozott, aktív,
        abonat, abone, aktif, onaylı, подписан, активен, активный, подтвержден, підписан, активний,
        εγγεγραμμένος, ενεργός, 購読中, 登録済み, 有効, 已订阅, 订阅, 구독, 구독중, רשום, פעיל, مشترك,
        in, 可, 希望する, 동의""",
    "unconfirmed": """
        unconfirmed, not confirmed, pending, unactivated, unverified, validating, awaiting confirmation,
        waiting, pending confirmation, invited, opt in pending, double opt in pending, not activated,
        never subscribed, nonsubscribed, non subscribed, non marketing contact, transactional,
        unbestätigt, nicht bestätigt, ausstehend, offen, wartet, wartend, en attente, non confirmé,
        à confirmer, pendient, sin confirmar, no confirmad, in attesa, non confermat, pendente,
        não confirmad, por confirmar, aguardando, in afwachting, niet bevestigd, onbevestigd, afventer,
        ikke bekræftet, ubekræftet, väntande, obekräftad, ej bekräftad, venter, ikke bekreftet,
        ubekreftet, odottaa, vahvistamaton, oczekując, niepotwierdzon, čekající, nepotvrzen, függőben,
        în așteptare, neconfirmat, beklemede, onaylanmamış, ожидает, не подтвержден, очікує, 未確認, 未确认,
        待确认, 대기, ממתין""",
    "unsubscribed": """
        unsubscrib, unsubscriber, unsub, ausgetreten, opted out, opt out, optout, not subscribed,
        inactive, inactiv, disabled, deactivated, deleted, removed, archived, cancelled, canceled, cancel,
        left, gone, resigned, withdrawn, revoked, paused, quit, by user, by moderator, by admin,
        abgemeldet, ausgetragen, abbestellt, inaktiv, gekündigt, widerrufen, gelöscht, deaktiviert,
        ausgeschrieben, nicht angemeldet, keine einwilligung, nicht aktiv, désabonné, désinscrit, inactif,
        résilié, supprimé, désactivé, non inscrit, non abonné, baja, de baja, dado de baja, dada de baja,
        desuscrit, desinscrit, cancelad, anulad, eliminad, no suscrit, disiscritt, cancellat, inattiv,
        disattiv, disattivat, rimoss, revocat, non iscritt, disabilitat, descadastrad, inativ, removid,
        desativad, dessubscrit, não subscrit, afgemeld, uitgeschreven, inactief, opgezegd, verwijderd,
        niet ingeschreven, gedeactiveerd, afmeldt, frameldt, opsagt, slettet, avregistrerad, avregistrert,
        avprenumererad, avslutad, avslutat, avanmäld, borttagen, avmeldt, utmeldt, sluttet, peruuttanut,
        peruttu, poistettu, eronnut, ei tilaaja, wypisan, nieaktywn, rezygnacja, zrezygnował, usunięt,
        wyrejestrowan, odhlášen, neaktivní, zrušen, leiratkozott, inaktív, törölt, dezabonat,
        abonelikten çıktı, iptal, pasif, отписан, отписался, отписалась, неактивен, удален, відписан,
        відписався, διαγραμμένος, ανενεργός, 退会, 解除, 配信停止, 購読解除, 停止, 退订, 已退订, 取消订阅,
        out, 不可, 否, 拒否, 希望しない, 不要, 拒收, 거부, 수신거부, 구독취소, 해지, הוסר, ביטל, לא פעיל,
        בוטל, עזב, ملغى, إلغاء الاشتراك""",
    "bounced": """
        bounced, bounce, bounces, bouncing, by bounces, on hold bounce, failed, delivery failed,
        hard bounce, hard bounced, soft bounce, soft bounced, hard, soft, hart, weich, cleaned,
        undeliverable, undelivered, unreachable, invalid, dead, nonexistent, returned, unzustellbar,
        ungültig, nicht zustellbar, zurückgewiesen, invalide, non valide, non distribué, rejeté, rebotad,
        rebote, inválid, no válid, rimbalzat, non valid, rejeitad, devolvid, gebounced, ongeldig,
        onbestelbaar, ugyldig, ogiltig, studsad, studsat, virheellinen, odbit, nieprawidłow,
        niedostarczon, nedoručiteln, neplatn, érvénytelen, respins, geçersiz, недоставлен, недействителен,
        不達, 無効, 退信, 无效, 반송""",
    "complained": """
        complained, complaint, complaints, spam, spam complaint, spam complained, marked as spam,
        reported spam, reported as spam, abuse, abuse complaint, spammy, beschwerde, spambeschwerde,
        als spam gemeldet, plainte, signalé comme spam, queja, denuncia, reclamo, segnalato come spam,
        reclamação, denúncia, klacht, als spam gemarkeerd, klage, klagomål, skarga, stížnost, panasz,
        жалоба, скарга""",
    "suppressed": """
        suppressed, user suppressed, on hold, on hold opt out, blocked, blocklisted, block listed,
        blacklisted, black listed, denylisted, blocklist, blacklist, banned, do not email, do not mail,
        do not contact, do not send, do not disturb, donotemail, dnc, dne, never mail, no email, no mail,
        excluded, requested, global unsubscribe, globally unsubscribed, gesperrt, blockiert, sperrliste,
        nicht anschreiben, nicht kontaktieren, keine werbung, keine mail, kein kontakt, werbesperre,
        robinsonliste, ausgeschlossen, bloqué, liste noire, ne pas contacter, exclu, bloquead,
        lista negra, no contactar, no enviar, excluid, bloccat, lista nera, non contattare, escluso,
        não contactar, não enviar, não contatar, geblokkeerd, zwarte lijst, niet mailen, niet benaderen,
        blokeret, sortlistet, må ikke kontaktes, blockerad, blockerat, spärrad, spärrat, svartlistad,
        kontakta ej, blokkert, sperret, reservert, estetty, zablokowan, czarna lista, blokován,
        zablokován, letiltva, blocat, engellendi, заблокирован, чёрный список, заблокован, ブロック,
        黑名单, 차단, חסום, محظور""",
}

# What single signs say where a column is about nothing else: `Status` of a plugin, `nomail` of Mailman.
LETTERS = {
    "subscribed": "c",
    "unsubscribed": "u, -1",
    "bounced": "b",
}

# A no where a column asks whether somebody wants mail; nothing has happened where it tells when it did.
NEVER = "never, nie, niemals, nunca, jamais, mai, nooit, aldrig, aldri, никогда"

# What says nothing, as programs export it.
BLANKS = "null, none, nil, n/a, na, nan, undefined"

# What headings of columns have in them, by what a yes in the column means; the first that fits. An underscore
# at an end stands for the end of a word. From `left` to `pending` a blank says that it is not so.
HEADINGS = {
    "pays": "_active subscription_",
    "left": """
        unsub, no newsletter, no marketing, kein newsletter, keine newsletter, keinen newsletter,
        pas de newsletter, sin newsletter, sem newsletter, geen nieuwsbrief, inget nyhetsbrev, nicht mehr,
        ne plus, unerwünscht, beendet, gestoppt, storniert, abgelehnt, verweigert, widerspr, _refus,
        _declin, _reject, _ended_, terminated, _leaving_, _cancel, meldt av, meldt fra, διαγραφ, berhenti,
        odjav, abonelikten çık, _baixa_, opt out, opted out, optout, abgemeld, abmeld, austrag,
        ausgetragen, abbestell, kündig, widerruf, désabonn, désinscri, desuscri, dessubscri, descadastr,
        _baja_, _bajas_, disiscri, cancellat, cancelad, afgemeld, uitgeschreven, uitschrij, opgezegd, afmeld,
        frameld, avmeld, utmeld, avregistr, avprenumer, avanmäl, wypis, rezygn, odhláš, leiratk, dezabon,
        peruut, peruttu, отпис, відпис, 退订, 取消订阅, 配信停止, 退会, 解除, 수신거부, 구독취소, הסרה,
        הוסר, ביטול, إلغاء, deleted, removed, gelöscht, supprim, eliminad, deactivat, deaktivier,
        disabled, inactiv, inaktiv, inactif, inativ, inattiv, archived, revoked, withdrawn, resigned,
        _left_, _quit_, _gone_, _exit_, stop status, stop time, stop date, stop reason, _stopped_,
        austritt, ausgetreten, udmeld, utträd, opzeg, uitgetreden, démission, _radié, deceased,
        verstorben, gestorben, décédé, fallecid, overleden, _dead_, suspended, _lapsed_, _trash_, _storno_,
        _stop_, stopp_, verbot, forbid, prohibit, disallow, unallow, unmail, nonconsent, objection, objected,
        _objects_, oppos, disagree, kielto, _nega_, _nix_, 拒否, 不可, 不要, 拒收, 거부,
        לא מעוניין, לא לשלוח""",
    "bounced": """
        bounc, bad address, bad email, rückläufer, cleaned, clean time, clean campaign, undeliver,
        unreachable, unzustell, invalid, ungültig, rebote, rebotad, rimbalz, onbestel, ogiltig, ugyldig""",
    "complained": """
        complain, spam, abuse, beschwerd, plainte, queja, denunc, klacht, _klage_, klagomål, skarga""",
    "suppressed": """
        suppress, blocklist, blacklist, blocked, block list, black list, denylist, on hold, do not_, donot,
        _dont_, _don t_, _never_, no email, noemail, no mail, nomail, _dnc_, _dne_, banned, sperr,
        blockier, robinson, bloqué, bloccat, geblokkeer, blokker, blokeret, blockera, zwarte lijst,
        liste noire, lista negra, lista nera, ne pas_, no contact, no enviar, não contact, não enviar,
        non contatt, niet mailen, niet benaderen, kontakta ej, exclud, excluid, _exclu_, esclus,
        keine werbung, keine mail, nicht anschreib, nicht kontakt, nicht mailen, _nie_ mailen, spärr,
        reklamfri, zablokow, czarna lista, 黑名单, 차단""",
    "pending": """
        unconfirm, nonsubscri, non subscri, not subscri, not confirmed, unverif, pending, unbestätigt,
        nicht bestätigt, ausstehend, en attente, pendient, in attesa, pendente, obekräft, ubekræft,
        ubekreft, niepotwierdz""",
    "confirmed": """
        confirm, bestätig, freigeschalt, bevestig, bekräft, bekræft, bekreft, potwierdz, verif,
        email valid, valid email, mail valid, zustellbar, double opt, doubleopt, _doi_, activated,
        validated, conferma, подтвер""",
    "joined": """
        subscri, opt in, opted in, optin, consent, einwillig, zustimm, zugestimmt, consens, toestemm,
        samtyck, samtykk, zgod, gdpr, dsgvo, rgpd, permission, erlaub, accept, mailable, marketable,
        deliverable, email ok, mail ok, ok to email, ok to mail, kontaktiert werden, einverst, acepta,
        aceita, lupa_, tilaaja, odběr, odber, souhlas, súhlas, hozzájárul, consimț, naroč, soglas,
        pretpla, privol, abonelik, _izin_, _onay_, αποδοχ, συγκατ, εγγεγραμ, συνδρομ, соглас, згод,
        абонамент, съглас, הסכמה, מנוי, موافقة, مشترك, اشتراك, 同意, 동의, langgan, sutik, piekri,
        nõusolek, samþykk, áskrif, _receive_, _receives_, receiving, erhalten, recevoir, recibir,
        ricevere, receber, ontvang, _may we_, _can we_, dürfen wir, pouvons nous, podemos, possiamo,
        mogen wij, _wants_, _allow_, _allows_, allowed, can email, may email,
        can contact, may contact, contactable, angeschrieben, _agree, _active_, _aktiv_, _actif_, _activo_,
        _activa_, _attivo_, _ativo_, _actief_, _aktywn,
        _activ_, _aktivní_, _ενεργός_, _активен_, _активный_, _активна_, _פעיל_, _نشط_, _enabled_,
        angemeld, anmeld, eingetragen, abonn, abonad, _abonat, _inscri, _iscri, suscri, ingeschreven,
        aangemeld, tilmeld, påmeld, prenumer, zapisan, subskry, feliratk, подпис, підпис, 订阅, 購読, 구독""",
    "status": """
        status, statut, situação, estatus, durum, állapot, κατάσταση, būsena, 状态, 狀態, 状態, ステータス,
        상태, статус, _stav_, סטטוס, _מצב_, حالة, สถานะ, trạng thái""",
    "perhaps": """
        _state_, _estado_, _stato_, _état_, _stan_, _tila_, _stare_, newsletter, marketing, mailing,
        _mail_, _mails_, _emails_, werbung, _abo_, rundbrief, verteiler, nieuwsbrief, nyhedsbrev,
        nyhetsbrev, uutiskirj, hírlevél, uudiskir, póstlist, butllet, рассыл, розсил, דיוור, ניוזלטר,
        תפוצה, نشرة, メルマガ, 配信, boletín, infolettre, biuletyn, bülten, bulletin, ενημερωτικ, 接收, 수신,
        קבלת, สมัคร, _news_, enews, utskick, _updates_, notif, promo, preference, _pref_, frequen, how often,
        _opt_, _valid_, me informed, inform me, _in touch_, _send me_, _nl_, _sub_""",
}

# A heading about consent that begins with the first of these, or has another in it, says the contrary.
NOT_AT_FIRST = "no, non, ne"
NOT = """
    not, never, without, doesn, doesnt, nicht, kein, keine, keinen, ohne, nie, niet, geen, zonder, ikke,
    ingen, inget, uten, uden, inte, ej, utan, pas, sans, sin, sem, não, senza, nessun, nessuna, ei, ilman,
    bez, brak, не, нет, без, longer"""

# Headings that end so tell when, where or why something came to be.
DETAILS = """
    time, date, at, on, ip, reason, other, comment, campaign, title, id, source, method, location,
    timestamp, datum, grund, am, zeit, uhrzeit, le, raison, motif, fecha, motivo, data, ora, reden, op,
    dato, årsag, orsak, årsak, powód, when, since"""

# With one of these words a heading is about consent only if the column's values bear it out.
ASIDE = """
    id, uuid, nr, number, nummer, número, numéro, type, typ, art, tier, plan, price, preis, prix, precio,
    amount, revenue, source, page, opened, opens, clicked, clicks, dropped, delivered, sent, rate, score,
    days, years, months, weeks, total, count, lead, order, payment, fulfillment, marital, civil, family,
    employment, tax, deal, ticket, shipping, posting"""

# Headings with one of these speak of other ways to reach somebody, or of how they are written to.
OTHER_WAYS = """
    sms, phone, telephone, telefon, whatsapp, push, fax, mobile, call, trade, permission to track,
    digest enabled, html emails, subscribepage"""

# What gives a column away whatever its heading is: anywhere in a cell, or, between bars, as the whole of it.
SMELLS = """
    unsubscri, subscribed false, opted out, opt out, optout, abgemeldet, abbestellt, ausgetragen,
    désabonn, désinscri, desuscri, dado de baja, dada de baja, disiscri, descadastr, afgemeld,
    uitgeschreven, avmeldt, afmeldt, frameldt, avregistrer, avprenumer, wypisan, odhlášen, leiratkoz,
    dezabon, отписа, відписа, 退订, 取消订阅, 配信停止, 退会, 購読解除, 수신거부, 구독취소, bounced,
    bouncing, hard bounce, soft bounce, blacklist, blocklist, do not email, do not mail, do not contact,
    do not send, donotemail, no longer wants, no more mail, no more email, take me off, remove me,
    stop sending, stop mailing, to be removed, please remove, remove from, no newsletter, no emails,
    kein newsletter, keinen newsletter, keine newsletter, keine mail,
    keine e mail, nicht mehr senden, nicht mehr schicken, ne plus envoyer, plus de mail, no enviar,
    niet meer sturen, complained, suppressed, marked as spam, spam complaint, undeliverable, unzustellbar,
    unconfirmed, not confirmed, double opt, keine werbung, nicht anschreiben, nicht mehr anschreiben,
    keine post, ne souhaite plus, ne veut plus, no desea recibir, non desidera ricevere, wil geen, sperrliste,
    ne pas contacter, no contactar, niet mailen, kontakta ej, |cleaned|, |inactive|, |inaktiv|, |inactif|,
    |inactivo|, |inattivo|, |inativo|, |inactief|, |blocked|, |gesperrt|, |blockiert|, |bloqué|,
    |bloqueado|, |bloccato|, |gekündigt|, |widerrufen|, |gelöscht|, |résilié|, |supprimé|, |bounce|,
    |complaint|, |no email|, |no mail|, |on hold|, |הוסר|, |לא פעיל|, |ملغى|, |해지|, |pending|,
    |subscribed|, |opted in|, |opt in|, |baja|, |cancelled|, |canceled|, |cancelado|, |cancellato|,
    |unsub|, |dnc|"""
