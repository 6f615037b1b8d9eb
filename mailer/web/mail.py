"""The link "view in browser" of a mail: that mail as it went to whom the link was for, whoever looks."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from mailer.domain.signed_links import VIEW
from mailer.services.view_link import ViewLinks
from mailer.viewer.frame import Appearance, ShownImages, with_images
from mailer.web.pages import Pages

# A mail names images anywhere, as mail programs show them; nothing in it runs, submits or has an origin.
VIEWED = {
    "Content-Security-Policy": Appearance(ShownImages.REMOTE).policy(),
    "Cache-Control": "private, no-cache",
}


class MailPages:
    """The endpoint below `/view/`."""

    def __init__(self, views: ViewLinks, pages: Pages) -> None:
        self.views = views
        self.pages = pages

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""
        return [Route(VIEW, self.view)]

    def view(self, request: Request) -> Response:
        """GET and HEAD."""
        token = self.views.read(request.path_params["token"])
        if token is None:
            raise HTTPException(404)
        mail = self.views.mail(token)
        if mail is None:
            return self.pages.show("gone.html", request, [self.views.language(token)], 410)
        return HTMLResponse(with_images(mail), headers=VIEWED)
