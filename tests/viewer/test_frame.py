from __future__ import annotations

from mailer.viewer.frame import Appearance, ShownImages, framed
from mailer.viewer.pages import link, octets
from mailer.viewer.reading import read


def test_the_frame_answers_for_the_colour_scheme() -> None:
    reading = read(
        b"Content-Type: text/html\r\n\r\n<!doctype html><head>"
        b"<meta name='color-scheme' content='light dark'><style>"
        b":root{color-scheme: light dark}@media (prefers-color-scheme:dark){a{}}"
        b"@media screen and ( Prefers-Color-Scheme : LIGHT ){b{}}</style></head>"
    )
    dark = framed(reading, Appearance(scheme="dark"))
    assert "content='dark'" in dark
    assert "{color-scheme: dark}" in dark
    assert "@media (min-width: 0){a{}}@media screen and (max-width: 0){b{}}" in dark
    light = framed(reading, Appearance())
    assert "@media (max-width: 0){a{}}@media screen and (min-width: 0){b{}}" in light
    assert light.startswith("<!doctype html><head><base target=")


def test_a_frame_without_remote_content_opens_no_connection_early() -> None:
    reading = read(b"Content-Type: text/html\r\n\r\n<LINK rel=preconnect href=//x.example><link\nrel=icon>")
    assert framed(reading, Appearance()).count("<x-") == 2
    assert framed(reading, Appearance(ShownImages.REMOTE)).count("<x-") == 0


def test_sizes_and_links_are_written_for_people() -> None:
    assert [octets(size) for size in (0, 1023, 1024, 29_491, 1024**2 - 1, 1_500_000)] == [
        "0 B",
        "1023 B",
        "1.0 KB",
        "28.8 KB",
        "1024.0 KB",
        "1.4 MB",
    ]
    assert link("/", q="a b&c", page="", view="x") == "/?q=a+b%26c&view=x"
    assert link("/", {"view": "html"}, view="text") == "/?view=text"
    assert link("/", q="") == "/"
