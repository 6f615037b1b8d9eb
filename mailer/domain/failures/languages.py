"""What mail servers say in other languages, by reason. Data only, as `english.PHRASES` are.

Accents count for nothing, and are left out here (`fold.plain`). Big providers answer in the language of their
country; what a mail program writes round a reply is in that of its user.
"""

from __future__ import annotations

from mailer.domain.failures.reason import FailureReason

PHRASES: tuple[tuple[FailureReason, str], ...] = (
    (
        FailureReason.FULL,
        """
            postfach … voll, mailbox … voll, postfach uberfullt, speicherplatz … uberschritten,
            speicherplatz … erschopft, kontingent … uberschritten, quota … uberschritten,
            kein speicherplatz, boite … pleine, boite … saturee, messagerie … pleine, quota … depasse,
            depasse … quota, espace … insuffisant, zuviele mails, zu viele mails, zu viele nachrichten,
            buzon … lleno, buzon lleno, casilla … llena, bandeja … llena, cuota … excedida,
            excedido … cuota, superado … cuota, casella … piena, casella piena, spazio … esaurito,
            quota … superata, postvak … vol, mailbox … vol, quotum … overschreden, skrzynka … pelna,
            skrzynka … przepelniona, skrzynka pelna, skrzynki … pelna, przekroczono … limit,
            przekroczony … limit, brak miejsca, caixa … cheia, caixa cheia, cota … excedida,
            quota … excedida, excedeu … cota, почтовыи ящик … переполнен, ящик переполнен,
            ящик … переполнен, превышена квота, квота … превышена, переполнен, メールボックス … いっぱい,
            メールボックスがいっぱい, 容量 … 超え, メールボックス … 一杯, 容量を超, 容量超過, 满, 滿,
            超出 … 容量, 空间不足, 容量不足, 超过 … 配额
        """,
    ),
    (
        FailureReason.SPAM,
        """
            antyspam, als spam, comme spam, indesirable, pourriel, correo no deseado, posta indesiderata,
            ongewenste, niechciana, lixo eletronico, спам, нежелательн, スパム, 迷惑メール, 垃圾邮件,
            垃圾郵件
        """,
    ),
    (
        FailureReason.REPUTATION,
        """
            schwarze liste, gesperrte ip, ip-adresse … gesperrt, liste noire, lista negra, lista nera,
            zwarte lijst, czarnej liscie, черном списке, черныи список, ブラックリスト, 黑名单, 黑名單
        """,
    ),
    (
        FailureReason.TOO_LARGE,
        """
            nachricht … zu gross, nachricht … zu groß, message trop volumineux, taille … depasse,
            taille limite, mensaje … demasiado grande, messaggio … troppo grande, bericht … te groot,
            wiadomosc … za duza, mensagem … muito grande, слишком большо, слишком велик, 大きすぎ, 邮件过大,
            邮件太大
        """,
    ),
    (
        FailureReason.POLICY,
        """
            richtlinien, strategie de, politique de, politicas de, политик, ポリシー, 策略, 受信拒否, 拒收
        """,
    ),
    (
        FailureReason.NO_DOMAIN,
        """
            domane … existiert nicht, domain … existiert nicht, domane … nicht gefunden,
            domain … nicht gefunden, unbekannte domain, domaine … n'existe pas, domaine inconnu,
            domaine … introuvable, dominio … no existe, dominio … non esiste, domein … bestaat niet,
            domena … nie istnieje, dominio … nao existe, домен … не существует, домен … не наиден,
            несуществующии домен, ドメイン … 見つかりません, ドメイン … 存在しません, 域名不存在
        """,
    ),
    (
        FailureReason.MOVED,
        """
            neue adresse lautet, nouvelle adresse est, nueva direccion es, nuovo indirizzo e,
            nieuwe adres is
        """,
    ),
    (
        FailureReason.DISABLED,
        """
            konto … deaktiviert, konto … gesperrt, postfach … deaktiviert, postfach … gesperrt,
            postfach … geschlossen, empfanger … inaktiv, compte … desactive, compte … bloque,
            compte … ferme, compte … suspendu, boite … desactivee, boite … archivee, adresse … desactivee,
            cuenta … desactivada, cuenta … deshabilitada, cuenta … suspendida, cuenta … inactiva,
            usuario … inactivo, estado: inactivo, ha expirado, bloccato per inutilizzo,
            indirizzo … bloccato, zablokowane, nieaktywne, inativo, boite … desactive,
            account … disattivato, account … disabilitato, casella … disattivata, casella … disabilitata,
            account … uitgeschakeld, postvak … uitgeschakeld, konto … zablokowane, konto … nieaktywne,
            skrzynka … zablokowana, skrzynka … nieaktywna, conta … desativada, conta … suspensa,
            caixa … desativada, caixa … inativa, ящик … заблокирован, ящик … отключен,
            учетная запись … заблокирована, учетная запись … отключена, ящик недоступен, 無効, 停止されて,
            利用停止, 已停用, 已被停用, 已禁用, 已被冻结
        """,
    ),
    (
        FailureReason.NO_MAILBOX,
        """
            empfanger unbekannt, unbekannter empfanger, empfanger … unbekannt, empfanger … nicht gefunden,
            empfanger … existiert nicht, empfanger … nicht existiert, empfanger … nicht bekannt,
            empfangeradresse … nicht, benutzer unbekannt, benutzer … unbekannt, benutzer … existiert nicht,
            unbekannter benutzer, kein benutzer, adresse … existiert nicht, adresse … nicht existiert,
            adresse … nicht gefunden, adresse … unbekannt, adresse unbekannt, adresse … ungultig,
            e-mail-adresse … nicht, postfach … existiert nicht, postfach … nicht gefunden,
            postfach unbekannt, mailbox existiert nicht, utilisateur inconnu, utilisateur … inconnu,
            utilisateur … n'existe pas, destinataire inconnu, destinataire … inconnu,
            destinataire … introuvable, destinataire invalide, destinataire … invalide,
            destinataire … n'existe pas, adresse … n'existe pas, adresse … inconnue, adresse inconnue,
            adresse … introuvable, adresse … invalide, boite … n'existe pas, boite … inexistante,
            compte … inexistant, compte … n'existe pas, aucun utilisateur, usuario desconocido,
            usuario … desconocido, usuario … no existe, usuario inexistente, destinatario errato,
            destin. sconosciuto, destinatario desconocido, destinatario … no existe,
            destinatario … no encontrado, no existe … usuario, no existe … persona, no existe … direccion,
            no existe … cuenta, direccion … no existe, direccion … no se encontro,
            direccion … no encontrada, buzon … no existe, cuenta … no existe, no se encontro,
            no se ha encontrado, utente sconosciuto, utente … sconosciuto, utente … non esiste,
            utente … inesistente, nessun utente, destinatario sconosciuto, destinatario … sconosciuto,
            destinatario … non esiste, destinatario … non trovato, destinatario inesistente,
            indirizzo … non esiste, indirizzo … inesistente, indirizzo … non trovato, indirizzo sconosciuto,
            casella … non esiste, casella … inesistente, account … non esiste, account … inesistente,
            gebruiker onbekend, gebruiker … onbekend, onbekende gebruiker, gebruiker bestaat niet,
            gebruiker … bestaat niet, ontvanger onbekend, onbekende ontvanger, ontvanger … bestaat niet,
            ontvanger … niet gevonden, adres … bestaat niet, adres … niet gevonden, adres onbekend,
            postvak … bestaat niet, nieznany uzytkownik, uzytkownik nieznany, uzytkownik … nie istnieje,
            uzytkownik nie istnieje, nie ma takiego, brak takiego, nie ma … skrzynki, brak … uzytkownika,
            nieznany adresat, adresat … nieznany, adresat … nie istnieje, odbiorca … nie istnieje,
            odbiorca nieznany, adres … nie istnieje, adres … nie zostal znaleziony, nie znaleziono … adresu,
            skrzynka … nie istnieje, konto … nie istnieje, konta … nie istnieje, usuario nao existe,
            usuario … nao existe, usuario … inexistente, destinatario … nao existe,
            destinatario … inexistente, destinatario nao encontrado, endereco … nao existe,
            endereco … inexistente, endereco … nao encontrado, endereco … nao foi encontrado,
            caixa … nao existe, caixa … inexistente, conta … nao existe, conta … inexistente,
            nao existe … usuario, nao existe … conta, пользователь … не наиден, пользователь не наиден,
            пользователь … не существует, такого пользователя нет, нет такого пользователя,
            неизвестныи пользователь, пользователь неизвестен, получатель … не наиден, получатель не наиден,
            получатель … не существует, адрес … не существует, адрес … не наиден, несуществующии адрес,
            адресат … не, ящик … не существует, ящик не существует, ящик … не наиден, нет такого ящика,
            такого почтового ящика, учетная запись … не существует, 宛先不明, ユーザー … 存在しません,
            ユーザ … 存在しません, ユーザー … 見つかりません, アドレス … 存在しません, リストにありません,
            ディレクトリ … 見つかりません, アドレスが存在しない, アドレスは存在しません,
            アドレス … 見つかりません, アドレスが見つかりません, 宛先 … 存在しません, 宛先 … 見つかりません,
            存在しないアドレス, 存在しません, 收件人不存在, 收件人 … 不存在, 收件人地址不存在, 用户不存在,
            用戶不存在, 用户 … 不存在, 邮箱不存在, 郵箱不存在, 帐号不存在, 账号不存在, 帐户不存在,
            地址不存在, 地址 … 不存在, 查无此用户, 无此用户
        """,
    ),
    (
        FailureReason.UNREACHABLE,
        """
            zeituberschreitung, nicht erreichbar, nicht erreicht werden, delai … depasse, injoignable,
            tiempo de espera, tempo scaduto, irraggiungibile, non raggiungibile, niet bereikbaar,
            przekroczono czas, tempo limite, inacessivel, недоступен, время ожидания, タイムアウト,
            接続できません, 连接超时, 超时, 无法连接
        """,
    ),
)
