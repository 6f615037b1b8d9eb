"""What an issue doesn't say itself: its list says it, else the settings do."""

from __future__ import annotations

from dataclasses import replace

from mailer.compose.document.traits import text_of
from mailer.compose.markdown.reading import all_texts
from mailer.domain.issue import Issue, IssueNotice, Kind
from mailer.domain.subscriber import SubscriberList
from mailer.languages import language_of, runs_rtl


def as_sent_to(to: SubscriberList, issue: Issue, language: str) -> Issue:
    """Return the issue with what its list says where it says nothing: sender, reply-to, language, params.

    `language` is that of lists that say none. What is still empty is for the settings to say.
    """
    said = replace(
        issue,
        sender=issue.sender or to.sender,
        reply_to=issue.reply_to or to.reply_to,
        params={**to.params, **issue.params},
    )
    return in_language(said, to.language or language)


def in_language(issue: Issue, language: str) -> Issue:
    """Return the issue in `language`, unless it says one itself, or its text runs in the other direction.

    It then gives notice of that.
    """
    if issue.lang:
        return issue
    lang = language_of(visible_text(issue), language)
    turned = runs_rtl(lang) != runs_rtl(language)
    notices = (*issue.notices, _unsaid(issue.path, lang, language)) if turned else issue.notices
    return replace(issue, lang=lang, notices=notices)


def visible_text(issue: Issue) -> str:
    """Return what a reader sees of title and body; tags are still in it, code in Markdown is not."""
    text = f"{issue.title}\n\n{issue.body}"
    match issue.kind:
        case Kind.MARKDOWN:
            return "\n".join(all_texts(text))
        case Kind.HTML:
            return text_of(text)
        case Kind.TEXT:
            return text


def _unsaid(path: str, lang: str, language: str) -> IssueNotice:
    way = "right to left" if runs_rtl(lang) else "left to right"
    said = f"the text runs from {way}, so it is taken for {lang}, not {language}; say which, lang: {lang}"
    return IssueNotice(path, 1, said)
