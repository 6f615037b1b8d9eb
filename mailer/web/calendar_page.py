"""What goes out when, for calendar programs that subscribe to it."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mailer.services.schedule_link import CALENDAR, ScheduleLink


class CalendarPage:
    """Answers the address of `mailer schedule address`, read only."""

    def __init__(self, link: ScheduleLink) -> None:
        self._link = link

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""
        return [Route(CALENDAR, self.show)]

    def show(self, request: Request) -> Response:
        """GET and HEAD: the calendar."""
        calendar = self._link.calendar(request.path_params["token"])
        if calendar is None:
            raise HTTPException(404)
        return Response(calendar, media_type="text/calendar; charset=utf-8")
