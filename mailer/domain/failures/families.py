"""What mail servers say, by families: any of these things, and any of those words about it. Data only.

As in `english.PHRASES` and `languages.PHRASES`, but for `|`,
which stands between words of which any will do:
a line is as many phrases as there are ways through it. So a wording counts that nobody has seen yet.
`‥` stands for a word or two, up to `classify.GAPS` characters, behind a whole word.
"""

from __future__ import annotations

from mailer.domain.failures.reason import FailureReason

PHRASES: tuple[tuple[FailureReason, str], ...] = (
    (
        FailureReason.THROTTLED,
        """
            try|retry|resend|again|reconnect ‥ later|shortly|in a few|in an hour,
            too many|excessive|maximum number of
                ‥ connection|message|recipient|mail|email|session|error|request|attempt|sender|user|command
                    |login,
            rate|volume|frequency|hourly|daily … exceed|reached|too high
        """,
    ),
    (
        FailureReason.UNREACHABLE,
        """
            unable to|could not|couldn't|cannot|can't|failed to
                … resolve|look up|lookup|connect|contact|reach ‥ server|host|mx|exchanger|mail server,
            unable to|could not|couldn't|cannot|can't … find ‥ route|server|mail server
        """,
    ),
    (
        FailureReason.TROUBLE,
        """
            mailbox server|mailbox database|mailbox store|message store|user database|user directory
                |directory server|ldap server
                … down|shut|offline|unavailable|not available|unreachable|failed|gone|closed|not respond
                    |error,
            mailbox|user|recipient|account|server|service|system
                … at this time|at the moment|right now|for the moment|currently unavailable|overload
                    |too busy,
            vorubergehend, zeitweise, derzeit, zurzeit, temporairement, momentanement, pour le moment,
            temporalmente, de momento, temporaneamente, al momento, tijdelijk, op dit moment, tymczasowo,
            chwilowo, temporariamente, no momento, временно, в данный момент, 一時的, 暂时, 暫時, 일시적,
            unbekannter fehler, erreur inconnue, error desconocido, errore sconosciuto, onbekende fout,
            nieznany blad, erro desconhecido, неизвестная ошибка, unknown error, unknown reason,
            unknown problem, unknown cause, unknown failure,
            invalid ‥ response|reply|greeting|command|sequence|syntax|certificate,
            temporarily|temporary
                ‥ unavailable|not available|disabled|suspended|inactive|locked|blocked|closed|problem|error
                    |failure
        """,
    ),
    (
        FailureReason.FULL,
        """
            mailbox|mail box|inbox|mailfolder|maildir|folder|account|user|recipient|storage|store|disk|box
                    |quota
                … is full|are full|is now full|is currently full|is almost full|at capacity|exhausted
                    |overdrawn|used up|over quota|overquota|over its|over their|over the limit|too full
                    |used all,
            quota|allocation|allotment|allowance … exceed|reached|violat|depleted,
            exceed|surpass|over|reached … quota|storage|disk space|capacity|allocation|allotment|allowance,
            no|not enough|insufficient|lacks ‥ room|quota|disk|storage,
            run|ran … out of room|out of space|out of storage,
            no|not enough|not sufficient … room|space left|disk space,
            postfach|mailbox|konto|speicher|kontingent|quota
                … voll|uberfullt|erschopft|uberschritten|erreicht|belegt,
            boite|messagerie|quota|espace|compte … plein|satur|depass|insuffisant|atteint,
            buzon|casilla|bandeja|cuota|cuenta|espacio|almacenamiento
                … llen|exced|superad|insuficiente|agotad|sin espacio,
            casella|quota|spazio|posta … pien|esaurit|superat|insufficient|raggiunt,
            postvak|mailbox|quotum|opslag … vol|overschreden|bereikt|onvoldoende,
            skrzynk|limit|pojemnosc … peln|przepeln|przekrocz|zapeln, brak|mało ‥ miejsca,
            caixa|cota|quota|espaco|conta … cheia|exced|ultrapass|insuficiente|esgotad|lotad,
            ящик|квота|лимит|место|пространств
                … переполнен|превышен|заполнен|исчерпан|недостаточно|закончил,
            нет|недостаточно … места, postkass|indbakke|innboks … fuld|full, brevlad|inkorg|postlad … full,
            kvot … overskre|overskri, postilaatikko|laatikko … taynna, kiintio … ylit,
            schrank … pln|prekroc, kvot … prekroc, fiok|postalada … megtelt|tele, kvota … tullep,
            casuta|cutia … plin, cota|spatiul … depasit, kutusu … dolu|dolmus, kota … asildi|dolu,
            메일함|편지함|사서함|용량 … 가득|초과|부족, скриньк … переповнен
        """,
    ),
    (
        FailureReason.SPAM,
        """
            message|mail|email|content
                … looks like|classified as|flagged|identified as|categorised|categorized,
            bulk, junk, unwanted, newsletter, werbung, publicitaire, publicidad, pubblicit, publicidade,
            reklam, reclame, реклам, 広告, 广告, 廣告, system has detected, advertising, advertisement,
            scam, fraud, roskaposti, skrappost, soppelpost, uonsket e-post, uonsket mail, oonskad,
            nevyzadan, levelszemet, keretlen, istenmeyen e, nesolicitat, 스팸
        """,
    ),
    (
        FailureReason.NO_DOMAIN,
        """
            domain|host|hostname|mx
                ‥ unknown|not found|not exist|doesn't exist|non-existent|expired|not registered,
            domain … ceased|parked, domain … served|hosted|handled ‥ no longer|no more,
            no longer … serve|host|handle|responsible … domain|zone,
            domain
                … not exist|doesn't exist|not found|be found|not hosted|isn't hosted|not configured
                    |not handled|not served|not local|not resolve|be resolved|invalid|no longer
                    |not in service|not in use|not registered,
            unknown|invalid|no such|no valid|non-existent|nonexistent|unresolvable|bad|dead ‥ domain|host
        """,
    ),
    (
        FailureReason.MOVED,
        """
            user|mailbox|account|recipient|address|person
                … has moved|moved to|been moved|relocated|changed to,
            new|current ‥ address is|e-mail is|email is
        """,
    ),
    (
        FailureReason.DISABLED,
        """
            mailbox|mail box|inbox|account|user|recipient|address|mailaddress|alias
                … disabled|deactivated|de-activated|inactive|suspended|locked|discontinued|dormant|archived
                    |abandoned|not active|no longer|not enabled|not activated,
            mailbox|mail box|inbox|account
                … closed|deleted|removed|cancelled|canceled|expired|shut down|frozen|terminated|purged,
            disabled|inactive|suspended|deactivated|locked|frozen|archived ‥ mailbox|account|user|recipient,
            is|was|been|status|now|currently
                ‥ disabled|deactivated|suspended|inactive|discontinued|decommissioned,
            mailbox|account|user|recipient|alias
                … been retired|been removed|been cancelled|been canceled|been withdrawn|decommissioned,
            user|person|owner|customer|subscriber|employee|staff|colleague|member
                … departed|resigned|deceased|passed away|lapsed|offboarded|retired|ended their,
            mailbox|e-mail box|account|alias|login|address
                … shut|erased|withdrawn|wound up|lapsed|switched off|obsolete,
            user ‥ gone, has|was|is|been ‥ resigned|departed|deceased|passed away,
            reads no|reads none|nobody reads|no one reads … mail|letters|here,
            no longer ‥ here|with us|works|employed|reads|ours|in our|a customer|a member,
            postfach|konto|empfanger|adresse … aufgegeben|aufgelost|nicht mehr, ausgeschieden,
            nicht mehr bei uns, ne travaille plus, n'est plus … chez nous|parmi nous|client, ya no trabaja,
            ya no pertenece, non lavora piu, uit dienst, werkt hier niet meer, juz nie pracuje, zlikwidowan,
            nao trabalha mais, больше не работает у нас, расторг, уволен, 退職, 使用されていませ,
            使われていませ, 利用されていませ, 离职, 離職,
            left|leaves
                … the company|our company|this company|the organi|the university|the school|the firm
                    |the institut,
            unassigned|obsolete|retired|abandoned ‥ mailbox|account|address|alias, moved away, not in use,
            konto|postkass|bruger|bruker|adress|brevlad … deaktiver|inaktiv|lukket|stengt|sperret|nedlagt,
            konto|brevlad|adress … avstangd|avslutad|upphort,
            konto|postfach|mailbox|account|benutzer|empfanger|adresse
                … deaktiviert|geloscht|geschlossen|aufgelost|stillgelegt|inaktiv|abgelaufen|nicht mehr
                    |abgemeldet,
            konto|postfach|mailbox|account|benutzer|empfanger … gesperrt|gekundigt,
            compte|boite|adresse|utilisateur|destinataire
                … supprim|ferme|resili|desactiv|suspendu|inactif|inactive|expire|clotur|archive|n'est plus
                    |plus utilis|plus valid,
            cuenta|buzon|direccion|usuario|destinatario|casilla
                … eliminad|cerrad|dada de baja|dado de baja|desactivad|deshabilitad|suspendid|inactiv
                    |cancelad|caducad|ya no,
            account|casella|indirizzo|utente|destinatario
                … cancellat|eliminat|chius|disattivat|disabilitat|sospes|inattiv|scadut|rimoss|non piu
                    |non e piu,
            account|postvak|mailbox|adres|gebruiker|ontvanger
                … verwijderd|opgeheven|uitgeschakeld|gesloten|inactief|niet actief|niet meer|niet langer
                    |gedeactiveerd|beeindigd,
            konto|skrzynk|adres|uzytkownik
                … usuniet|zamknie|skasowan|nieaktywn|wylaczon|zawieszon|wygas|juz nie|nie jest juz,
            conta|caixa|endereco|usuario|destinatario
                … excluid|encerrad|removid|desativad|suspens|inativ|cancelad|nao esta mais|nao e mais,
            ящик|учетная запись|аккаунт|адрес|пользовател
                … удален|закрыт|аннулирован|заблокирован|отключен|приостановлен|неактив|больше не
                    |не использу,
            收件人|用户|邮箱|帐号|账号|账户|帐户 … 注销|删除|停用|冻结|禁用,
            tili|postilaatikko|osoite … suljettu|poistettu|lopetettu,
            ucet|schrank|adres … zrusen|zablokovan|deaktivovan|neaktivn,
            fiok|cim … megszunt|letilt|felfuggeszt|inaktiv,
            hesap|hesab|kutusu|adres … kapatil|devre disi|askiya, cont|casuta … dezactivat|suspendat,
            계정|아이디|메일 … 휴면|정지|중지|탈퇴|해지
        """,
    ),
    (
        FailureReason.NO_MAILBOX,
        """
            user|recipient|addressee|mailbox|mail box|account|address|mailaddress|alias|person|rcpt
                    |local part|inbox
                … unknown|unkown|not known|not found|be found|not exist|doesn't exist|don't exist
                    |dosn't exist|doesnt exist|dont exist|never existed|not valid|invalid|isn't valid
                    |non-existent|nonexistent|not local|not listed|not present|not registered|unregistered
                    |not recogni|unrecogni|not defined|undefined|unroutable|unrouteable|no such|not ok
                    |not hosted|not one of|not a known|not a valid|isn't a valid|not have a|doesn't have a
                    |not resolve,
            mailbox|mail box|account|address … not available|unavai,
            unknown|unkown|unrecogni|invalid|bad|illegal|incorrect|wrong|non-existent|nonexistent
                    |non-existing|nonexisting|inexistent|unregistered|unresolvable|unroutable|unrouteable
                    |undefined
                ‥ user|recipient|mailbox|mail box|account|address|alias|person|rcpt|local part,
            no|no such|nobody|no one|not found|not a|not an|not a deliverable|isn't a|isn't an|not our
                    |never a|can't accept|not accept|cannot accept
                ‥ user|recipient|mailbox|mail box|mail-box|account|alias|person|employee|customer
                    |by the name|by that name,
            no such|not a|not an|isn't a|isn't an … deliverable|existing ‥ address,
            no such|not a|not an|isn't a|isn't an ‥ address,
            no|not … record of … user|recipient|mailbox|account,
            nobody|no one|no-one|none|noone ‥ here|home|called|named|at this|of that|of this|like that,
            found|find|finds|see|know|knows ‥ nobody|no one|none|no user|no mailbox|no such,
            cannot|can't|could not|couldn't|unable to|did not|didn't … find
                … among|user|recipient|mailbox|account|in our,
            don't|do not|doesn't|does not|never … know
                … user|recipient|mailbox|person|name|him|her|this address,
            not one of our|not one of ours|isn't one of our, not ours, means nothing, points nowhere,
            leads nowhere, not a member of this system, be matched, never ‥ assigned|existed|issued|created,
            nicht in unserem, haben wir nicht, kennen wir nicht, non conosciamo, no conocemos,
            ne connaissons, nao conhecemos, kennen wij niet, nie znamy, не знаем,
            does not|doesn't|do not|don't … have a mailbox|have an account|have such a user|have such user,
            name|address … not in use,
            unable to|could not|couldn't|cannot|can't … resolve|locate|verify … user|recipient|mailbox,
            empfanger|benutzer|nutzer|teilnehmer|postfach|mailbox|konto|adresse|mailadresse|emailadresse
                    |e-mail-adresse
                … unbekannt|nicht gefunden|existiert nicht|nicht existiert|nicht vorhanden|nicht bekannt
                    |ungultig|gibt es nicht|nicht eingerichtet|nicht registriert,
            unbekannter|unbekannte|unbekanntes|unbekannten|ungultige|ungultiger|ungultiges|falsche|falscher
                ‥ empfanger|benutzer|nutzer|postfach|konto|adresse|mailbox,
            kein|keine|keinen ‥ empfanger|benutzer|nutzer|postfach|person|konto|mailbox|account,
            destinataire|utilisateur|adresse|boite|compte
                … inconnu|introuvable|n'existe|inexistant|invalide|pas trouve|non trouve|non valide
                    |pas valide,
            aucun|aucune|pas de ‥ utilisateur|destinataire|boite|compte|personne,
            usuario|destinatario|direccion|buzon|cuenta|casilla
                … desconocid|no exist|inexistente|no encontrad|no se encontr|invalid|no valid|no es valid
                    |no registrad,
            utente|destinatario|indirizzo|casella|account
                … sconosciut|non esist|inesistente|non trovat|non valid|errat|non registrat|non e stat,
            nessun|nessuna ‥ utente|casella|destinatario|account,
            gebruiker|ontvanger|geadresseerde|adres|postvak|mailbox
                … onbekend|bestaat niet|niet bestaat|niet gevonden|ongeldig|niet bekend|niet geldig,
            geen|onbekende|ongeldige|ongeldig ‥ gebruiker|ontvanger|postvak|account|mailbox|adres,
            uzytkownik|odbiorc|adresat|adres|skrzynk|konto
                … nieznan|nie istniej|nie zostal znalez|nie znalez|niepoprawn|nieprawidlow|bledn,
            usuario|destinatario|endereco|conta|caixa
                … nao exist|inexistente|desconhecid|nao encontrad|nao foi encontrad|nao localizad|invalid,
            пользовател|получател|адрес|ящик|учетная запис|аккаунт|абонент
                … не наиден|не существ|неизвест|не зарегистр|отсутству|недеиствит|неверн|не обнаруж,
            нет такого|нет таких|несуществующии|неизвестныи|неверныи|недеиствительныи
                ‥ пользовател|получател|адрес|ящик|абонент,
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
            listed in|listed at|listed on|found on|found in … rbl|bl.|dnsbl|drbl|database|zone,
            is listed ‥ at|by|in|on, listed by, bad ‥ neighbo|network, naughty, your network,
            lista de bloqueo, lista de bloqueados,
            client host|your ip|your host|your server|your mail server|your mailserver|sending server
                    |sending host|sender ip|source ip|ip address|connecting ip|your network|your isp
                    |your provider
                … listed|blocked|banned|denied|rejected|refused|not allowed|not permitted|not authorized
                    |forbidden|not welcome|blackholed|bad|poor|untrusted|not trusted|suspicious,
            client ip, poor|low|bad|lowest ‥ score|reputation,
            reverse ‥ dns|lookup|record|name|address|hostname|resol, forward-confirmed, fcrdns, drbl,
            blackhole, open relay, open proxies, botnet, compromised, ip-adresse, adresse ip, direccion ip,
            indirizzo ip, endereco ip, adres ip, ip-адрес, ip адрес, sperrliste, blockliste, sortlista,
            sortliste, estolista, cerne listine, cierna listina, feketelista, kara liste, lista neagra,
            블랙리스트, чорному списку, don't|not|never … take mail from|accept mail from|want mail from
        """,
    ),
    (
        FailureReason.AUTHENTICATION,
        """
            authentication|auth ‥ fail|required|requires|invalid|missing|credential|mechanism,
            authentication … did not pass|not pass, mail server requires authentication,
            requires|require|required|needs|must|lacks ‥ authenticat|dkim|spf|dmarc, spf, domainkeys,
            alignment ‥ fail, or password, wrong|bad|incorrect ‥ password
        """,
    ),
    (
        FailureReason.CONTENT,
        """
            missing|malformed|duplicate|multiple|invalid|illegal|improper|bad|bogus|forged
                    |improperly-formatted
                ‥ header|message-id|date|from field|attachment|content|binary|mime,
            header|attachment|message-id|subject|html|url|link|body
                … missing|malformed|duplicate|not allowed|not permitted|prohibited|forbidden|blocked|banned
                    |disallowed|too many,
            accepting mail with, accept mail with, messages|mail|email ‥ containing, non-ascii, charset,
            character set, password-protected
        """,
    ),
    (
        FailureReason.TOO_LARGE,
        """
            message|mail|size|attachment|file|content
                … too large|too big|is larger|size limit|oversize,
            larger than|bigger than|exceed … size|maximum|allowed|limit
        """,
    ),
    (
        FailureReason.POLICY,
        """
            not|unable|cannot|can't|unauthorized|denied|forbidden … to relay,
            relay|relaying
                … denied|not allowed|not permitted|prohibited|forbidden|refused|rejected|disabled,
            relaying, no relay, unauthorized relay, insecure mail relay, not a gateway, backscatter,
            not|don't ‥ handle mail, rcpthosts, policy, policies,
            sender|sender's|sender address|sender account|sender domain|envelope from|return path
                    |return-path|return address|from address|from header|reverse-path|your address
                    |your email address|your e-mail address|your domain
                … invalid|not valid|a valid|not exist|doesn't exist|unknown|disabled|not registered
                    |not found|denied|rejected|refused|blocked|not allowed|not permitted|not accepted
                    |not verif|not approved|pre-approved|must resolve|not resolve|forged|spoof|mismatch
                    |not owned|has no,
            mail from … denied|rejected|refused|blocked|not allowed|mismatch|not owned|bogus|invalid,
            unroutable|unrouteable|unresolvable|invalid|bogus|bad|unknown|unverified|forged
                ‥ sender|mail from|from address,
            helo|ehlo|batv … invalid|reject|fail|required|not|bad|must|mismatch|no tag,
            invalid|bad ‥ helo|ehlo,
            refuses|refuse|declines|unwilling|not willing|does not want|doesn't want|do not want
                ‥ accept|receive|get,
            whitelist, white list, allow list, allowlist, guest list, waitlist, is protected by,
            local users only, local user only, internal users only, internal use only,
            accept|accepts|accepting|receive|receives|allow|allows|want
                ‥ from you|from your|from this|from outside|from external|from the internet|from unknown,
            not|never … accept delivery of this|accept this message|accept your,
            absender … gesperrt|blockiert|abgelehnt|nicht erlaubt,
            expediteur … bloque|refuse|rejete|non autoris, remitente … bloquead|rechazad|no autorizad,
            emetteur … invalide|refuse|inconnu, mittente … bloccat|rifiutat|non autorizzat,
            afzender … geblokkeerd|geweigerd, nadawca … zablokowan|odrzucon, remetente … bloquead|rejeitad,
            отправител … заблокирован|отклонен|запрещен, avsandar|afsender|avsender … sparrad|blocker|avvis,
            lahettaja … estetty, odesilatel|odosielatel … blokovan|odmitnut, felado … letilt|elutasit,
            gonderen … engellen|reddedil, 发件人 … 拒绝|阻止|黑名单, 送信者|差出人 … 拒否|ブロック,
            보낸 사람|발신자 … 차단|거부, header from domain,
            absender|expediteur|remitente|mittente|afzender|nadawc|remetente|отправител|avsandar|afsender
                … unbekannt|existiert|inconnu|existe|desconoc|sconosciut|esiste|onbekend|bestaat|nieznan
                    |istnieje|desconhecid|неизвест|существует|okand|finns|ukendt|findes|ugyldig|ogiltig,
            avsender|lahettaj|odesilatel|odosielatel|felado|gonderen|expeditor|送信元|送信者|差出人|发件人
                    |寄件人|발신자
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
    message|mail|email|content|connection|delivery|access|sender
        … reject|denied|refuse|blocked|declined|not accepted|not allowed|not permitted|prohibited|forbidden
            |disallowed|bounced by,
    don't|do not|won't|will not|cannot|not|never|nothing
        … from you|your mail|your newsletter|your server|your host|your kind,
    only|solely ‥ accept|take|from|our|members|trusted|known, accepts only, accept only, members only,
    its members, accept|accepts|taken … only, not|isn't|no|un ‥ welcome|wanted|taken|entitled,
    unwelcome, unsigned, may not|must not ‥ send|talk|write|connect, your domain,
    nehmen … nicht an|nichts an, n'acceptons, no acept, non accett, niet aan, nie przyjm, nao aceit,
    не принима, reject|rejected|refused|blocked|denied ‥ by|bulk, go away, no permit, permission, forbidden,
    not permitted, not allowed, not authori, unauthori,
    your server|your system|your host|your provider … confirm|not, your isp, message|mail|courrier … rejete,
    nachricht|mail … abgelehnt|abgewiesen|zuruckgewiesen, mensaje|correo … rechazado|bloqueado,
    mail|courrier|message … bloque, messaggio|posta … rifiutat|respint, bericht|mail … geweigerd,
    wiadomosc … odrzucon, mensagem … rejeitad|recusad, письмо|сообщени … отклонен|отверг,
    meddelande … avvisa, besked|melding|mail … afvist|avvist, viesti … hylat,
    zprava|sprava … odmitnut|odmietnut, uzenet … elutasit, ileti|mesaj … reddedil, mesaj … respins,
    メール|メッセージ … 拒否|拒絶, 邮件 … 拒绝|拒收|退回, 메일|메시지 … 거부
"""
