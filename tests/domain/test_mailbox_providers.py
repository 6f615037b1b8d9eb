"""A provider's domains are one; everybody else's stand for themselves."""

from __future__ import annotations

import pytest

from mailer.domain.mailbox_providers import PROVIDERS, domains_of, provider_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a@gmail.com", "b@googlemail.com"),
        ("a@hotmail.com", "b@live.co.uk"),
        ("a@MSN.com", "b@Outlook.com"),
        ("a@yahoo.de", "b@aol.com"),
        ("a@icloud.com", "b@mac.com"),
        ("a@gmx.net", "b@web.de"),
        ("a@qq.com", "b@foxmail.com"),
    ],
)
def test_same_provider(one, other):
    assert provider_of(one) == provider_of(other)


def test_others_stand_for_themselves():
    assert provider_of('"a@gmail.com"@Inbox.Example') == "inbox.example"
    assert provider_of("a@gmail.com.example") == "gmail.com.example"
    assert provider_of("a@yahoo.co.jp") != provider_of("a@yahoo.com")
    assert domains_of("inbox.example") == ["inbox.example"]


def test_domains_lead_back_to_their_provider():
    for domain, provider in PROVIDERS.items():
        assert domain == domain.lower()
        assert domain in domains_of(provider)
    assert sum(len(domains_of(provider)) for provider in set(PROVIDERS.values())) == len(PROVIDERS)
