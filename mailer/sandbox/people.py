"""Made-up people for the demo, all in domains that can never exist (RFC 2606)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

GIVEN = (
    "Ada", "Bruno", "Chiara", "Dov", "Edda", "Farid", "Greta", "Hugo", "Inés", "Jonas", "Kaori", "Liam",
    "Maren", "Nils", "Oona", "Piet", "Quirin", "Rosa", "Søren", "Tilda", "Umar", "Vera", "Wanda", "Yusuf",
    "Zoë",
)  # fmt: skip
FAMILY = (
    "Ankers", "Bollard", "Cove", "Dykes", "Ebb", "Fairway", "Groyne", "Haven", "Inlet", "Jetty", "Keel",
    "Lantern", "Mole", "Nord", "Oar", "Pier", "Quay", "Reef", "Sluice", "Tide", "Upwell", "Vane", "Wharf",
)  # fmt: skip
TOWNS = ("Port Example", "Lower Quay", "Saltmarsh", "Lighthouse Point", "Old Harbour")
DOMAINS = ("mail.example", "post.example", "letters.test", "inbox.test")


def made_up_people() -> Iterator[dict[str, str]]:
    """Yield people without end, always the same: email, name, language, town, paid."""
    for number in count():
        given, family = GIVEN[number % len(GIVEN)], FAMILY[number // len(GIVEN) % len(FAMILY)]
        yield {
            "email": f"reader{number + 1}@{DOMAINS[number % len(DOMAINS)]}",
            "name": f"{given} {family}",
            "language": "en",
            "town": TOWNS[number % len(TOWNS)],
            "paid": "yes" if number % 3 else "no",
        }
