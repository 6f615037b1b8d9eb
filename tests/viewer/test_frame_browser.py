"""A frame whose page may look into it, as the preview's does, still runs nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Thread

import pytest
import uvicorn
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mailer.preview.page import PERMITS
from mailer.viewer.frame import Appearance, ShownImages
from mailer.viewer.pages import frame
from mailer.viewer.reading import read

HOSTILE = b"""Content-Type: text/html\r\n\r\n<!doctype html><html><head>
<base href="https://evil.example/"><meta http-equiv="refresh" content="0; url=/taken"></head>
<body onload="alert(1)"><script>parent.document.title = "taken"</script>
<img src="x" onerror="alert(2)"><svg onload="alert(3)"></svg>
<iframe srcdoc="<script>alert(4)</script>"></iframe>
<p><a id="here" target="_self" href="javascript:alert(5)">here</a>
<a id="top" target="_top" href="/taken">top</a>
<a id="tab" href="javascript:opener.alert(6)">in a tab</a>
<a id="opener" rel="opener" href="javascript:opener.document.title='taken'">in a tab with an opener</a></p>
<form action="/taken"><button id="send">send</button></form>"""
PAGE = f"""<!doctype html><title>mine</title>
<iframe src="/html" sandbox="{PERMITS}" width="800" height="500"></iframe>"""


def html(request: Request) -> Response:
    return frame(read(HOSTILE), Appearance(ShownImages.REMOTE), PERMITS)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    routes = [
        Route("/", lambda request: HTMLResponse(PAGE)),
        Route("/html", html),
        Route("/taken", lambda request: HTMLResponse("taken")),
    ]
    config = uvicorn.Config(Starlette(routes=routes), port=0, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    server.should_exit = True
    thread.join()


def test_hostile_mail_runs_nothing_and_goes_nowhere(browser: Browser, url: str) -> None:
    dialogs: list[str] = []
    with browser.new_context() as context:
        context.route("https://evil.example/**", lambda route: route.abort())
        context.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page = context.new_page()
        page.goto(url)
        inside = page.frame_locator("iframe").first
        for clicked in ("#here", "#top", "#tab", "#opener", "#send"):
            inside.locator(clicked).click()
            page.wait_for_timeout(300)
        assert dialogs == []
        assert page.title() == "mine"
        assert page.url == url
        # The page itself may look: that is what the permit is for.
        assert page.evaluate("document.querySelector('iframe').contentWindow.scrollY") == 0
