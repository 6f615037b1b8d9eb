"""The HTML that may be in an issue: elements, attributes, styles and schemes that mail programs take.

Whatever is not here is taken out; its text stays, but for what is no text (`NO_TEXT`).
"""

from __future__ import annotations


def names(text: str) -> frozenset[str]:
    """Return the words of `text`, a long list of names."""
    return frozenset(text.split())


COMPONENTS = names(
    """
    mail-button mail-callout mail-column mail-columns mail-divider mail-figure mail-quote
    """
)
TABLE_PARTS = names("caption col colgroup tbody td tfoot th thead tr")
VOID = names("area base br col embed hr img input link meta param source track wbr")
HEADINGS = names("h1 h2 h3 h4 h5 h6")

# What begins on a line of its own, and ends an open <p> (HTML 13.1.2.4).
BLOCKS = (
    COMPONENTS
    | HEADINGS
    | names(
        """
    address article aside blockquote center dd details div dl dt fieldset figcaption figure footer form
    header hr li main nav ol p pre section summary table ul
    """
    )
)
_PHRASES = names(
    """
    a abbr acronym area b bdi bdo big br cite code data del dfn em font i img ins kbd map mark nobr q rb
    rp rt rtc ruby s samp small span strike strong sub sup time tt u var wbr
    """
)
ELEMENTS = (BLOCKS - {"fieldset", "form"}) | TABLE_PARTS | _PHRASES

# What stands in them is not read by anybody.
NO_TEXT = names("datalist math-annotation script select style template title")
# They show what lies elsewhere; mail programs don't, so a link to it is left.
MEDIA = {"iframe": "src", "frame": "src", "video": "src", "audio": "src", "embed": "src", "object": "data"}
# Of no use in a mail and of no consequence: nobody has to hear that they are gone.
UNNOTICED = names("body head html link meta noscript param picture source track")
KNOWN = (
    ELEMENTS
    | NO_TEXT
    | UNNOTICED
    | MEDIA.keys()
    | names(
        """
    applet base basefont bgsound blink button canvas circle command defs desc dialog dir ellipse
    fencedframe fieldset filter foreignobject form frameset g hgroup input isindex keygen label legend
    line lineargradient listing marquee math menu menuitem meter mi mn mo mrow msub msup nextid noembed
    noframes optgroup option output path pattern plaintext polygon polyline portal progress rect search
    slot spacer stop svg symbol text textarea tspan use xmp
    """
    )
)

ATTRIBUTES: dict[str, set[str]] = {
    "*": {"align", "class", "dir", "hidden", "id", "lang", "role", "style", "title"},
    "a": {"href", "name"},
    "area": {"alt", "coords", "href", "shape"},
    "bdo": {"dir"},
    "blockquote": {"cite"},
    "br": {"clear"},
    "col": {"span", "valign", "width"},
    "colgroup": {"span", "valign", "width"},
    "data": {"value"},
    "del": {"cite", "datetime"},
    "details": {"open"},
    "font": {"color", "face", "size"},
    "hr": {"color", "noshade", "size", "width"},
    "img": {"alt", "border", "height", "hspace", "src", "usemap", "vspace", "width"},
    "ins": {"cite", "datetime"},
    "li": {"type", "value"},
    "mail-callout": {"kind"},
    "mail-column": {"share"},
    "map": {"name"},
    "ol": {"reversed", "start", "type"},
    "q": {"cite"},
    "table": {
        "background",
        "bgcolor",
        "border",
        "cellpadding",
        "cellspacing",
        "frame",
        "height",
        "rules",
        "summary",
        "width",
    },
    "td": {
        "abbr",
        "background",
        "bgcolor",
        "colspan",
        "headers",
        "height",
        "nowrap",
        "rowspan",
        "valign",
        "width",
    },
    "time": {"datetime"},
    "tr": {"background", "bgcolor", "height", "valign"},
    "ul": {"type"},
}
ATTRIBUTES["th"] = ATTRIBUTES["td"] | {"scope"}
ATTRIBUTES |= {part: {"bgcolor", "valign"} for part in ("tbody", "thead", "tfoot")}
ADDRESSES = frozenset({"background", "href", "src"})

# Not those that lead nowhere from a mail (file:) or run code (javascript:, vbscript:, data:).
SCHEMES = names(
    """
    bitcoin callto cid ed2k facetime feed ftp ftps gemini geo git gopher http https im irc ircs lightning
    magnet mailto maps market matrix mid mms news nntp nostr rtsp sftp sip sips skype sms smsto ssh svn
    tel tg thunder urn viber webcal wechat weixin whatsapp xmpp
    """
)

# caniemail.com has what supports them; those that take an element out of its place are not here.
STYLES = names(
    """
    background background-color background-image background-position background-repeat background-size
    border border-bottom border-bottom-color border-bottom-left-radius border-bottom-right-radius
    border-bottom-style border-bottom-width border-collapse border-color border-left border-left-color
    border-left-style border-left-width border-radius border-right border-right-color border-right-style
    border-right-width border-spacing border-style border-top border-top-color border-top-left-radius
    border-top-right-radius border-top-style border-top-width border-width box-shadow box-sizing
    caption-side clear color column-count column-gap direction display empty-cells float font font-family
    font-feature-settings font-size font-stretch font-style font-variant font-weight height hyphens
    letter-spacing line-break line-height list-style list-style-image list-style-position list-style-type
    margin margin-bottom margin-left margin-right margin-top max-height max-width min-height min-width
    mso-border-alt mso-color-alt mso-height-rule mso-hide mso-line-height-rule mso-margin-bottom-alt
    mso-margin-top-alt mso-padding-alt mso-table-lspace mso-table-rspace mso-text-raise opacity outline
    outline-color outline-style outline-width overflow overflow-wrap overflow-x overflow-y padding
    padding-bottom padding-left padding-right padding-top page-break-after page-break-before
    page-break-inside quotes tab-size table-layout text-align text-align-last text-decoration
    text-decoration-color text-decoration-line text-decoration-style text-emphasis text-indent
    text-orientation text-overflow text-shadow text-transform text-underline-offset
    text-underline-position unicode-bidi vertical-align visibility white-space width word-break
    word-spacing word-wrap writing-mode
    """
)
