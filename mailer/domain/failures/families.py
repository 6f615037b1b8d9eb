"""What mail servers say, by families: any of these things, and any of those words about it. Data only.

As in `english.PHRASES` and `languages.PHRASES`, but for `|`,
which stands between words of which any will do:
a line is as many phrases as there are ways through it. So a wording counts that nobody has seen yet.
"""

from __future__ import annotations

from mailer.domain.failures.reason import FailureReason

PHRASES: tuple[tuple[FailureReason, str], ...] = (
    (
        FailureReason.FULL,
        """
            run|ran … out of room|out of space|out of storage,
            no|not enough|not sufficient … room|space left|disk space,
            postkass|indbakke|innboks … fuld|full, brevlad|inkorg|postlad … full, kvot … overskre|overskri,
            postilaatikko|laatikko … taynna, kiintio … ylit, schrank … pln|prekroc, kvot … prekroc,
            fiok|postalada … megtelt|tele, kvota … tullep, casuta|cutia … plin, cota|spatiul … depasit,
            kutusu … dolu|dolmus, kota … asildi|dolu, 메일함|편지함|사서함|용량 … 가득|초과|부족,
            скриньк … переповнен
        """,
    ),
    (
        FailureReason.SPAM,
        """
            roskaposti, skrappost, soppelpost, uonsket e-post, uonsket mail, oonskad, nevyzadan,
            levelszemet,
            keretlen, istenmeyen e, nesolicitat, 스팸
        """,
    ),
    (
        FailureReason.DISABLED,
        """
            mailbox|account|user|recipient|alias
                … been retired|been removed|been cancelled|been canceled|been withdrawn|decommissioned,
            left|leaves … the company|our company|this company|the organi,
            konto|postkass|bruger|bruker|adress|brevlad … deaktiver|inaktiv|lukket|stengt|sperret|nedlagt,
            konto|brevlad|adress … avstangd|avslutad|upphort,
            konto|postfach|adresse|empfanger … geloscht|geschlossen|aufgelost|stillgelegt,
            compte|boite|adresse … supprim|ferme|resili,
            cuenta|buzon|direccion … eliminad|cerrad|dada de baja,
            account|casella|indirizzo … cancellat|eliminat|chius,
            account|postvak|adres … verwijderd|opgeheven,
            konto|skrzynk|adres … usuniet|zamknie|skasowan, conta|caixa|endereco … excluid|encerrad|removid,
            ящик|учетная запись|аккаунт|адрес … удален|закрыт|аннулирован,
            收件人|用户|邮箱|帐号|账号|账户|帐户 … 注销|删除|停用|冻结|禁用,
            tili|postilaatikko|osoite … suljettu|poistettu|lopetettu,
            ucet|schrank|adres … zrusen|zablokovan|deaktivovan|neaktivn,
            fiok|cim … megszunt|letilt|felfuggeszt|inaktiv,
            hesap|hesab|kutusu|adres … kapatil|devre disi|askiya,
            cont|casuta … dezactivat|suspendat, 계정|아이디|메일 … 휴면|정지|중지|탈퇴|해지
        """,
    ),
    (
        FailureReason.NO_MAILBOX,
        """
            non-existent|nonexistent|non-existing|nonexisting|non existent|inexistent|unresolvable
                … user|recipient|mailbox|account|address|alias|addressee,
            not a|not an|isn't a|isn't an|no … deliverable|existing … address|recipient|mailbox|user,
            no|not … record of … user|recipient|mailbox|account,
            does not|doesn't|do not|don't … have a mailbox|have an account|have such a user|have such user,
            name|address … not in use,
            unable to|could not|couldn't|cannot|can't … resolve|locate … user|recipient|mailbox,
            brug|modtag|mottak|postkass|adress|konto
                … findes ikke|finnes ikke|eksisterer ikke|ukendt|ukjent,
            brug|modtag|mottak|postkass|adress|konto … ikke fundet|ikke funnet,
            ukendt|ukjent|ingen … bruger|bruker|modtager|mottaker|postkasse|konto,
            anvandar|mottagar|adress|brevlad|konto
                … finns inte|finns ej|okand|existerar inte|hittades inte|hittas inte,
            okand|ingen … anvandare|mottagare|brevlada|konto,
            vastaanottaj|kayttaj|osoite|postilaatikko|tili … ei ole olemassa|ei loy|tuntematon|ei tunneta,
            tuntematon … vastaanottaja|kayttaja|osoite|tili, ei sellaista … kayttaja|vastaanottaja,
            uzivatel|pouzivatel|schrank|adres|prijem|ucet|kont … neexist|nenalez|nenajd|nenas|nezn,
            neznam|neexist … uzivatel|pouzivatel|schrank|adres|prijem|ucet,
            felhasznalo|cimzett|fiok|cim … nem letez|ismeretlen|nem talalh|nem ismert,
            nincs ilyen|ismeretlen|nem letezo … felhasznalo|cimzett|fiok|cim|postafiok,
            kullanici|alici|adres|kutusu|hesap … bulunam|bilinm|mevcut degil,
            bilinmeyen|boyle bir … kullanici|alici|adres|hesap|posta,
            utilizator|destinatar|adresa|casuta|contul … nu exista|necunoscut|inexistent|nu a fost gasit,
            usuario|destinatario|endereco|conta … nao foi localizad|nao localizad,
            necunoscut|inexistent … utilizator|destinatar|adresa|cont,
            존재하지|알 수 없는 … 사용자|수신자|수신인|계정|주소|편지함|메일,
            사용자|수신자|수신인|계정|주소|편지함 … 존재하지|찾을 수,
            宛先|受信者|ユーザ|アドレス|メールボックス|アカウント
                … 存在し|見つかり|不明|登録されていな|登録されていません,
            存在しない|不明な … 宛先|受信者|ユーザ|アドレス|メールボックス|アカウント,
            收件人|用户|邮箱|帐号|账号|账户|帐户|地址 … 不存在|未找到|找不到,
            користувач|отримувач|одержувач|адрес|скриньк … не існу|не знайден|невідом,
            невідом|неіснуюч … користувач|отримувач|одержувач|адрес
        """,
    ),
    (
        FailureReason.REPUTATION,
        """
            sperrliste, blockliste, sortlista, sortliste, estolista, cerne listine, cierna listina,
            feketelista, kara liste, lista neagra, 블랙리스트, чорному списку,
            don't|not|never … take mail from|accept mail from|want mail from
        """,
    ),
    (
        FailureReason.POLICY,
        """
            not|never … accept delivery of this|accept this message|accept your,
            absender … gesperrt|blockiert|abgelehnt|nicht erlaubt, expediteur … bloque|refuse|rejete,
            remitente … bloquead|rechazad|no autorizad, mittente … bloccat|rifiutat|non autorizzat,
            afzender … geblokkeerd|geweigerd, nadawca … zablokowan|odrzucon, remetente … bloquead|rejeitad,
            отправител … заблокирован|отклонен|запрещен, avsandar|afsender|avsender … sparrad|blocker|avvis,
            lahettaja … estetty, odesilatel|odosielatel … blokovan|odmitnut, felado … letilt|elutasit,
            gonderen … engellen|reddedil, 发件人 … 拒绝|阻止|黑名单, 送信者|差出人 … 拒否|ブロック,
            보낸 사람|발신자 … 차단|거부, header from domain,
            absender|expediteur|remitente|mittente|afzender|nadawc|remetente|отправител|avsandar|afsender
                … unbekannt|existiert|inconnu|existe|desconoc|sconosciut|esiste|onbekend|bestaat|nieznan
                |istnieje|desconhecid|неизвест|существует|okand|finns|ukendt|findes|ugyldig|ogiltig,
            avsender|lahettaj|odesilatel|odosielatel|felado|gonderen|expeditor|送信元|送信者|差出人|发件人|寄件人|발신자
                … ukjent|finnes|tuntematon|olemassa|neexist|nezn|neplatn|ismeretlen|letez|bilinm|bulunam
                |necunosc|exist|ei loy|存在|不明|登録|不存在|존재,
            unbekannt|ungultig … absender, inconnu|invalide … expediteur, okand|ogiltig … avsandar,
            ukendt|ukjent|ugyldig … afsender|avsender, neznam|neexist|neplatn … odesilatel|odosielatel,
            неизвест|несуществ … отправител, ismeretlen|ervenytelen … felado, bilinmeyen|gecersiz … gonderen
        """,
    ),
)  # fmt: skip

# What stands last, as what filters answer who say no more does in English.
REFUSED = """
    message|mail|email|content … rejected|rejete|refuse,
    nachricht|mail … abgelehnt|abgewiesen|zuruckgewiesen,
    mensaje|correo … rechazado|bloqueado, mail|courrier|message … bloque,
    messaggio|posta … rifiutat|respint, bericht|mail … geweigerd,
    wiadomosc … odrzucon, mensagem … rejeitad|recusad, письмо|сообщени … отклонен|отверг,
    meddelande … avvisa,
    besked|melding|mail … afvist|avvist, viesti … hylat, zprava|sprava … odmitnut|odmietnut,
    uzenet … elutasit, ileti|mesaj … reddedil, mesaj … respins, メール|メッセージ … 拒否|拒絶,
    邮件 … 拒绝|拒收|退回, 메일|메시지 … 거부
"""
