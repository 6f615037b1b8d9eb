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
            kein speicherplatz, depasse … quota, zuviele mails, zu viele mails, zu viele nachrichten,
            excedido … cuota, superado … cuota, przekroczono … limit, przekroczony … limit, excedeu … cota,
            превышена квота, переполнен, メールボックス … いっぱい, メールボックスがいっぱい, 容量 … 超え,
            メールボックス … 一杯, 容量を超, 容量超過, 满, 滿, 超出 … 容量, 空间不足, 容量不足, 超过 … 配额
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
            schwarze liste, gesperrte ip, liste noire, lista negra, lista nera, zwarte lijst, czarnej liscie,
            черном списке, черныи список, ブラックリスト, 黑名单, 黑名單
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
            compte … bloque, estado: inactivo, ha expirado, bloccato per inutilizzo, indirizzo … bloccato,
            zablokowane, nieaktywne, inativo, konto … zablokowane, skrzynka … zablokowana, ящик недоступен,
            無効, 停止されて, 利用停止, 已停用, 已被停用, 已禁用, 已被冻结
        """,
    ),
    (
        FailureReason.NO_MAILBOX,
        """
            empfangeradresse … nicht, e-mail-adresse … nicht, destin. sconosciuto, no existe … usuario,
            no existe … persona, no existe … direccion, no existe … cuenta, no se encontro,
            no se ha encontrado, nieznany uzytkownik, nie ma takiego, brak takiego, nie ma … skrzynki,
            brak … uzytkownika, nieznany adresat, nie znaleziono … adresu, konta … nie istnieje,
            nao existe … usuario, nao existe … conta, такого пользователя нет, адресат … не,
            такого почтового ящика, リストにありません, ディレクトリ … 見つかりません, 存在しません,
            用戶不存在, 郵箱不存在, 查无此用户, 无此用户
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
