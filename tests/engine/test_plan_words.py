"""Why people are left out, in words that need no explaining."""

from __future__ import annotations

from mailer.domain.audience import Audience
from mailer.engine.plan import Plan


def test_a_plan_says_in_plain_words_who_is_left_out() -> None:
    excluded = {"requested": 4, "bounced": 1_021, "complained": 2, "unconfirmed": 3, "unsubscribed": 12}
    plan = Plan("harbour", "Harbour", "0" * 64, Audience(("weekly",)), 10, excluded)
    assert plan.text().splitlines()[-1] == (
        "  audience  10   excluded 1,042 (bounced 1,021, suppressed after a complaint 2, "
        "suppressed by request 4, not confirmed 3, unsubscribed 12)"
    )
