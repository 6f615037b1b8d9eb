"""What the page shows and how, as its address says it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from mailer.viewer.frame import Appearance, ShownImages
from mailer.viewer.pages import one_of

VIEWS = {
    "": "Mail",
    "text": "Text",
    "html": "HTML",
    "source": "Source",
    "headers": "Headers",
    "issue": "Issue",
}


@dataclass(frozen=True, slots=True)
class ReaderChoice:
    """What is shown and how, as the page's address says it; "" is the default of each."""

    issue: str
    reader: str
    view: str
    width: str
    scheme: str
    images: str
    styles: str
    line: int

    @classmethod
    def of(cls, request: Request) -> ReaderChoice:
        """Return the choice in the address that was asked for."""
        line = request.query_params.get("line", "")
        return cls(
            issue=request.query_params.get("issue", ""),
            reader=request.query_params.get("reader", "").strip(),
            view=one_of(request, "view", *VIEWS),
            width=one_of(request, "width", "phone"),
            scheme=one_of(request, "scheme", "dark"),
            images=one_of(request, "images", ShownImages.REMOTE, ShownImages.NONE),
            styles=one_of(request, "styles", "none"),
            line=int(line) if line.isdecimal() and len(line) < 10 else 0,
        )

    @property
    def look(self) -> Appearance:
        """How the frame is seen."""
        return Appearance(
            ShownImages(self.images or ShownImages.OWN), self.scheme or "light", self.styles != "none"
        )
