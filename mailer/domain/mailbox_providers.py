"""Which mailbox provider a domain belongs to: mail to all of a provider's domains meets the same limits.

The big ones only, and only their own domains: a domain that a provider hosts for somebody else shows in DNS
alone, and counts as its own here.
"""

from __future__ import annotations

_DOMAINS = {
    "google": "gmail.com googlemail.com google.com",
    "microsoft": "outlook.com outlook.de outlook.es outlook.fr outlook.it outlook.jp outlook.com.br "
    "outlook.pt hotmail.com hotmail.be hotmail.ca hotmail.ch hotmail.co.jp hotmail.co.uk hotmail.com.ar "
    "hotmail.com.br hotmail.com.mx hotmail.de hotmail.dk hotmail.es hotmail.fi hotmail.fr hotmail.gr "
    "hotmail.it hotmail.nl hotmail.no hotmail.se live.com live.at live.be live.ca live.cl live.cn "
    "live.co.uk live.com.ar live.com.au live.com.mx live.com.pt live.de live.dk live.fr live.hk "
    "live.ie live.in live.it live.jp live.nl live.no live.ru live.se msn.com passport.com "
    "windowslive.com",
    "yahoo": "yahoo.com yahoo.at yahoo.be yahoo.ca yahoo.cl yahoo.cn yahoo.co.id yahoo.co.in yahoo.co.kr "
    "yahoo.co.nz yahoo.co.th yahoo.co.uk yahoo.co.za yahoo.com.ar yahoo.com.au yahoo.com.br "
    "yahoo.com.co yahoo.com.hk yahoo.com.mx yahoo.com.my yahoo.com.ph yahoo.com.sg yahoo.com.tr "
    "yahoo.com.tw yahoo.com.vn yahoo.cz yahoo.de yahoo.dk yahoo.es yahoo.fi yahoo.fr yahoo.gr "
    "yahoo.hu yahoo.ie yahoo.in yahoo.it yahoo.nl yahoo.no yahoo.pl yahoo.pt yahoo.ro yahoo.se "
    "ymail.com rocketmail.com myyahoo.com aol.com aol.co.uk aol.de aol.fr aol.it aim.com "
    "netscape.net verizon.net",
    "yahoo-japan": "yahoo.co.jp ymail.ne.jp",  # another company
    "apple": "icloud.com me.com mac.com",
    "gmx": "gmx.net gmx.de gmx.at gmx.ch gmx.com gmx.fr gmx.es gmx.co.uk gmx.eu gmx.org gmx.info web.de "
    "mail.com",
    "telekom": "t-online.de magenta.de",
    "mail.ru": "mail.ru inbox.ru list.ru bk.ru internet.ru vk.com",
    "yandex": "yandex.ru yandex.com yandex.by yandex.kz yandex.ua ya.ru narod.ru",
    "tencent": "qq.com vip.qq.com foxmail.com",
    "netease": "163.com 126.com yeah.net vip.163.com vip.126.com 188.com",
    "proton": "proton.me protonmail.com protonmail.ch pm.me",
    "zoho": "zoho.com zohomail.com zohomail.eu zoho.eu",
    "fastmail": "fastmail.com fastmail.fm",
    "comcast": "comcast.net xfinity.com",
    "orange": "orange.fr wanadoo.fr",
    "free": "free.fr libertysurf.fr",
    "libero": "libero.it virgilio.it iol.it inwind.it blu.it giallo.it",
    "naver": "naver.com",
    "daum": "hanmail.net daum.net kakao.com",
    "uol": "uol.com.br bol.com.br",
    "seznam": "seznam.cz email.cz post.cz",
    "wp": "wp.pl o2.pl tlen.pl go2.pl",
}

PROVIDERS: dict[str, str] = {
    domain: provider for provider, domains in _DOMAINS.items() for domain in domains.split()
}


def provider_of(address: str) -> str:
    """Return the mailbox provider of an addr-spec: a big one's name, the domain in lower case otherwise."""
    domain = address.rpartition("@")[2].lower()
    return PROVIDERS.get(domain, domain)


def domains_of(provider: str) -> list[str]:
    """Return every domain that `provider_of` maps to this name."""
    return _DOMAINS[provider].split() if provider in _DOMAINS else [provider]


# Whose mailboxes take mail for a name with anything behind a plus sign; Google's don't look at dots either.
_PLUS = frozenset(["google", "microsoft", "apple", "fastmail", "proton", "zoho"])


def mailbox_of(key: str) -> str | None:
    """Return what all addresses (`Address.key`) of a mailbox have in common, by the rules of its provider.

    That is the plainest of them: `a.da+news@googlemail.com` gives `ada@gmail.com`. None where no such rule
    is known: there two addresses are as different as they look.
    """
    local, _, domain = key.rpartition("@")
    provider = PROVIDERS.get(domain)
    if provider not in _PLUS:
        return None
    name = local.partition("+")[0] or local
    if provider == "google" and domain != "google.com":
        return f"{name.replace('.', '') or name}@gmail.com"
    return f"{name}@{domain}"
