"""Addresses that only a mailing service's click counter makes: the mark of a link copied out of a mail.

Kept to what is evident from host and path. The hosts are those that the services themselves document.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult

# service: (its hosts, how the path of a counted link begins)
TRACKERS: dict[str, tuple[str, str]] = {
    "Mailchimp": (r"(.+\.)?list-manage\d*\.com", r"/track/click"),
    "Mandrill": (r"mandrillapp\.com", r"/track/click"),
    "SendGrid": (r"(.+\.)?ct\.sendgrid\.net|sendgrid\.net", r"/(ls|wf)/click"),
    "Amazon SES": (r"(.+\.)?awstrack\.me", r"/L0/"),
    "Campaign Monitor": (r"(.+\.)?(cmail\d+|createsend\d*)\.com", r"/t/"),
    "Substack": (r"(.+\.)?substack\.com", r"/redirect/"),
    "Kit": (r"click\.(convertkit-mail\d*|kit-mail\d*)\.com", r"/"),
    "beehiiv": (r"link\.mail\.beehiiv\.com", r"/ss/c/"),
    "HubSpot": (r"(.+\.)?hubspotlinks\w*\.com", r"/"),
    "Constant Contact": (r"r20\.rs6\.net", r"/tn\.jsp"),
    "MailerLite": (r"click\.mlsend\.com|click\.mailerlite\.com", r"/link/"),
    "Outlook Safe Links": (r"(.+\.)?safelinks\.protection\.outlook\.com", r"/"),
    "Proofpoint": (r"urldefense(\.proofpoint)?\.com", r"/v\d/"),
    "Google": (r"(www\.)?google\.[a-z.]+", r"/url$"),
    "Facebook": (r"l\.facebook\.com|lm\.facebook\.com", r"/l\.php"),
}


def tracker_of(url: SplitResult) -> str | None:
    """Return the service whose click counter an address leads through, or None."""
    host = (url.hostname or "").lower()
    for name, (hosts, path) in TRACKERS.items():
        if re.fullmatch(hosts, host) and re.match(path, url.path or "/"):
            return name
    return None
