"""An issue rendered once for everybody: body, layout and styles, with what recipients differ in deferred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from jinja2 import Template, TemplateNotFound
from markupsafe import Markup

from mailer.compose.body import Body
from mailer.compose.document.restyle import Restyler
from mailer.compose.document.styles import for_outlook
from mailer.compose.images.placing import Images
from mailer.compose.inlining.addresses import read_addresses
from mailer.compose.inlining.inline import Inliner, inline_deferred
from mailer.compose.issue.fields import names_of
from mailer.compose.symbolic.environment import SymbolicEnvironment
from mailer.compose.symbolic.refusal import Sources
from mailer.compose.symbolic.structure import grow, read_structure
from mailer.compose.symbolic.symbol import Symbol
from mailer.compose.symbolic.tokens import Token, Tokens
from mailer.compose.tags.offered import protect
from mailer.compose.theme.layouts import layout_loader
from mailer.compose.theme.locale import PageLocale
from mailer.compose.theme.theme import Theme, read_theme
from mailer.domain import recipient_names
from mailer.domain.issue import Issue
from mailer.errors import IssueError
from mailer.message.expression.expression import Name
from mailer.message.filling.residual import Edition, Hole, Place, Tree

# What stands before the subject of a mail that corrects an earlier one.
ERRATUM = (
    '{% from "email/partials/words.html" import said with context %}{{ issue.erratum or said.erratum }} '
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What layouts show that is not in the issue's text: who sends, to which list, in which theme.

    `web` is whether there are web pages, `erratum` whether the mail corrects an earlier one.
    """

    sender_name: str
    sender_address: str
    postal_address: str
    list_title: str
    web: bool = False
    theme: Theme = field(default_factory=read_theme)
    erratum: bool = False

    def names(self) -> dict[str, Any]:
        """Return them by their names in templates."""
        return {
            "sender": {
                "name": self.sender_name,
                "address": self.sender_address,
                "postal_address": self.postal_address,
            },
            "list": {"title": self.list_title},
            "web": self.web,
            "erratum": self.erratum,
            "look": self.theme,
        } | dict.fromkeys(recipient_names.KNOWN - self.deferred())

    def deferred(self) -> frozenset[str]:
        """Return the recipient's names that have a value for each of them."""
        return recipient_names.KNOWN if self.web else recipient_names.KNOWN - recipient_names.PAGES


def render(
    issue: Issue,
    body: Body,
    surroundings: Surroundings,
    folders: Sequence[Path],
    images: Images | None = None,
) -> Edition:
    """Return the edition of `issue`: its layout is looked for in `folders`, in order.

    `images` takes up those of the layout. Raises IssueError, naming file and line, for what is wrong in the
    issue or a template, and for what can't be deferred to the recipients. No mail is ever silently wrong.
    """
    return _Rendering(issue, body, surroundings, folders, images).run()


class _Rendering:
    def __init__(
        self,
        issue: Issue,
        body: Body,
        surroundings: Surroundings,
        folders: Sequence[Path],
        images: Images | None,
    ) -> None:
        self._issue = issue
        self._body = body
        self._folders = folders
        self._images = images
        self._tokens = Tokens([body.html, body.text, repr(issue), repr(surroundings)])
        loader = layout_loader(folders)
        self._html = SymbolicEnvironment(self._tokens, loader, escapes=True)
        self._text = SymbolicEnvironment(self._tokens, loader, escapes=False)
        self._names = surroundings.names() | {
            name: Symbol(Name(name)) for name in sorted(surroundings.deferred())
        }
        self._names |= {"issue": names_of(issue), "params": issue.params, "page": PageLocale(issue.lang)}
        if body.traits:
            self._names["document"] = body.traits.names(surroundings.postal_address)
        self._sources = Sources(issue.path)

    def run(self) -> Edition:
        """Run the subject, then both parts, each in its layout; then style the HTML, and find the holes."""
        body = self._body
        with self._sources.located():
            subject = self._subject()
            self._names["issue"] = names_of(replace(self._issue, subject=subject))
            html = self._part(self._html, "html", body.html, body.html_lines)
            text = self._part(self._text, "txt", body.text, body.text_lines)
            return Edition(
                slug=self._issue.slug,
                subject=grow(read_structure(subject, self._tokens), lambda token: _hole(token, Place.HEADER)),
                html=self._html_tree(html),
                text=self._text_tree(text),
            )

    def _subject(self) -> str:
        subject = self._issue.subject or self._issue.title
        source = protect(subject, path=self._issue.path, line=1)
        if self._names["erratum"]:
            source = f"{ERRATUM}{source}"
        return self._run(self._from_source(self._text, source, "subject", (None,)))

    def _part(
        self, environment: SymbolicEnvironment, ending: str, source: str, lines: tuple[int, ...]
    ) -> str:
        """Return one part of the mail: the body in its layout."""
        body = self._run(self._from_source(environment, source, ending, lines))
        if self._body.traits and environment.escapes:
            return body
        content = Markup(body) if environment.escapes else body  # noqa: S704 (Jinja2 escaped it)
        layout = self._layout(environment, ending)
        whole = self._run(layout, content=content)
        self._check_content(body, whole, layout)
        if environment.escapes:
            self._sources.page = layout.filename or ""
        return whole

    def _from_source(
        self, environment: SymbolicEnvironment, source: str, ending: str, lines: tuple[int | None, ...]
    ) -> Template:
        filename = self._sources.add(ending, lines)
        code = environment.compile(source, name=f"issue.{ending}", filename=filename)
        return Template.from_code(environment, code, environment.make_globals(None))

    def _layout(self, environment: SymbolicEnvironment, ending: str) -> Template:
        template = "document/layout" if self._body.traits else self._issue.template
        name = f"email/{template}.{ending}"
        try:
            return environment.get_template(name)
        except TemplateNotFound as error:
            if error.name != name:
                raise
            raise self._no_layout(name, ending) from None

    def _no_layout(self, name: str, ending: str) -> IssueError:
        found = {path.stem for folder in self._folders for path in (folder / "email").glob(f"*.{ending}")}
        near = get_close_matches(self._issue.template, found, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        where = ", ".join(str(folder) for folder in self._folders)
        problem = f"there is no layout {self._issue.template!r} ({name}){hint}"
        line = self._issue.field_lines.get("template")
        return IssueError(self._issue.path, line, problem, next_step=f"Layouts are looked for in {where}")

    def _run(self, template: Template, **names: Any) -> str:
        # Not Template.render: it would hide the frames that tell where an error is.
        return "".join(template.root_render_func(template.new_context(self._names | names)))

    def _check_content(self, body: str, whole: str, layout: Template) -> None:
        """Raise IssueError if the layout lost a part of the body, or its order."""
        wanted = [token.word for token in self._tokens.read(body)]
        found = [token.word for token in self._tokens.read(whole)]
        starts = range(len(found) - len(wanted) + 1)
        if not any(found[start : start + len(wanted)] == wanted for start in starts):
            problem = "the layout does not print the issue's content as it is"
            raise IssueError(layout.filename, None, problem, next_step="Print {{ content }} once")

    def _html_tree(self, html: str) -> Tree:
        if self._images:
            html = self._images.place_rest(html, self._tokens.pattern)
        inliner = Restyler() if self._body.traits else Inliner()
        html = for_outlook(html, by_element=bool(self._body.traits))
        inlined, reading = inline_deferred(html, self._tokens, inliner)
        spots = iter([spot for spot in reading.spots if spot.token.is_value])

        def hole(token: Token) -> Hole:
            spot = next(spots)
            assert spot.token == token
            return _hole(token, spot.place, spot.url_start)

        return grow(read_structure(inlined, self._tokens), hole)

    def _text_tree(self, text: str) -> Tree:
        addresses = read_addresses(text, self._tokens)

        def hole(token: Token) -> Hole:
            starts = addresses.get(token.word)
            return _hole(token, Place.PLAIN) if starts is None else _hole(token, Place.ADDRESS, starts)

        return grow(read_structure(text, self._tokens), hole)


def _hole(token: Token, place: Place, url_start: bool = False) -> Hole:
    assert token.expression is not None
    return Hole(token.expression, place, url_start)
