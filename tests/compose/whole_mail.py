"""Whole HTML documents as other tools export them, and the mail that they become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reference_filling import fill_text

from mailer.compose.body import Body, write_body
from mailer.compose.issue.inherited import in_language
from mailer.compose.issue.source import read_issue
from mailer.compose.render import Surroundings, render
from mailer.domain.issue import Issue
from mailer.workspace.bundled import templates_folder

POSTAL = "Harbour Gazette, 1 Quay Street, Port Example"
SURROUNDINGS = Surroundings("Harbour Gazette", "editor@gazette.example", POSTAL, "Weekly", web=True)
ADA = {"name": "Ada <Quint>", "paid": True, "email": "ada@quay.example"}
UNSUBSCRIBE = "https://gazette.example/u/abc?a=1&b=2"
PREFERENCES, BROWSER = "https://gazette.example/p/abc", "https://gazette.example/view/abc"

# The traits of several tools in one: XHTML, styles of all kinds, conditional comments, a hidden preheader.
DOCUMENT = """\
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:v="urn:schemas-microsoft-com:vml">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1" />
<!--[if mso]><noscript><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch>
</o:OfficeDocumentSettings></xml></noscript><![endif]-->
<!--[if !mso]><!-->
<style type="text/css">@import url(https://fonts.example/css?family=Lato:400,700);</style>
<!--<![endif]-->
<style type="text/css">
/* everything at once */
@font-face { font-family: "Lato"; src: url("https://fonts.example/lato.woff2") }
#outlook a { padding: 0 }
body, td { font-family: "Lato", Arial, sans-serif; margin: 0 }
a:link, a:visited { color: #0055aa }
a:hover { color: #003366 }
.preheader { display: none !important; max-height: 0 }
.column { width: 50%; padding: 4px 8px }
td.wide:not([class*="narrow"]) { width: 90% }
[data-ogsc] .card { color: #eeeeee !important }
u + #body a { color: inherit }
@media only screen and (max-width: 480px) {
  .column { width: 100%; display: block !important }
}
@media (prefers-color-scheme: dark) { .card { background: #222222 } }
</style>
</head>
<body id="body" bgcolor="#f0f0f0" style="margin:0;padding:0">
<span class="preheader">What the tide brought &zwnj;&nbsp;</span>
<![if !mso]><div class="only-others"></div><![endif]>
<!-- not for {{ subscriber.name }} to see, nor {{ subscirber }} -->
<table role="presentation" width="600"><tr>
<td class="column card" style="padding-top:20px; color:#333333">
Dear {{ subscriber.name }}, {{ it's }} low water &amp; late.
</td>
<td class="column wide"><!--[if mso]>
<v:roundrect href="{{ unsubscribe_url }}"><center>Leave</center></v:roundrect><![endif]-->
<a href="https://gazette.example/?a=1&amp;copy=2">Read on</a></td>
</tr></table>
{% if subscriber.paid %}<p class="card">Thank you.</p>{% endif %}
</body>
</html>
"""


@dataclass(frozen=True)
class WholeMail:
    """What one recipient gets of an HTML issue."""

    issue: Issue
    body: Body
    html: str
    text: str

    @property
    def notices(self) -> list[str]:
        return [f"{notice.line}: {notice.text}" for notice in self.body.notices]


def whole_mail(html: str = DOCUMENT, front: str = "title: The tide", **fields: Any) -> WholeMail:
    """Return the mail that an HTML issue becomes for Ada; its front matter takes as many lines plus two."""
    text = f"---\n{front}\n---\n{html}" if front else html
    issue = in_language(read_issue("issues/tide.html", text.encode())[0], "en")
    body = write_body(issue)
    edition = render(issue, body, SURROUNDINGS, [templates_folder()])
    pages = {"preferences_url": PREFERENCES, "browser_url": BROWSER}
    names = {"subscriber": ADA | fields, "unsubscribe_url": UNSUBSCRIBE, **pages}
    return WholeMail(issue, body, fill_text(edition.html, names), fill_text(edition.text, names))
