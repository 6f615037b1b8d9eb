"""Images beside an issue: found, measured, and put into the mail or refused with the line."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import LAUGHS, SVG, blank, moving, picture

from mailer.compose.body import write_body
from mailer.compose.images.placing import Images
from mailer.compose.images.source import ImageLinks
from mailer.compose.images.tags import Attributes, change_images
from mailer.compose.issue.source import read_issue
from mailer.domain.signed_links import read_image_token
from mailer.errors import IssueError
from mailer.message.mime.enclosure import Enclosure

FRONT = "---\ntitle: Harbour\n---\n\n"  # the body begins on line 5


@dataclass(frozen=True)
class Desk:
    """An issue in `root`/issues, which is the workspace's."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "issues"

    def put(self, name: str, content: bytes) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def write(
        self, body: str, ending: str = "md", links: ImageLinks | None = None
    ) -> tuple[str, tuple[Enclosure, ...]]:
        """The body's HTML and the parts of the mail."""
        issue, _ = read_issue(str(self.folder / f"harbour.{ending}"), (FRONT + body).encode())
        images = Images(issue, "gazette.example", root=self.root, links=links)
        return write_body(issue, images).html, images.parts

    def shown(self, body: str, ending: str = "md") -> dict[str, str]:
        """The attributes of the only image."""
        html, _ = self.write(body, ending)
        (image,) = lxml.html.fromstring(f"<div>{html}</div>").iter("img")
        return dict(image.attrib)

    def refused(self, body: str, ending: str = "md") -> IssueError:
        with pytest.raises(IssueError) as refusal:
            self.write(body, ending)
        assert refusal.value.next_step
        return refusal.value


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "issues").mkdir()
    return Desk(tmp_path)


def test_an_image_becomes_a_part_that_the_html_names(desk: Desk) -> None:
    content = picture("PNG", 40, 30)
    desk.put("quay.png", content)
    html, (part,) = desk.write('![The quay](quay.png "at noon")')
    assert part == Enclosure("quay.png", "image/png", content, content_id=part.content_id)
    assert re.fullmatch(r"[0-9a-f]{32}@gazette\.example", part.content_id)
    (image,) = lxml.html.fromstring(html).iter("img")
    assert dict(image.attrib) == {
        "src": f"cid:{part.content_id}",
        "alt": "The quay",
        "width": "40",
        "height": "30",
    }
    assert "<figcaption>at noon</figcaption>" in html


@pytest.mark.parametrize(
    ("kind", "content_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif")]
)
def test_what_it_is_says_the_file_not_its_name(desk: Desk, kind: str, content_type: str) -> None:
    desk.put("quay.bin", picture(kind))
    assert desk.write("![](quay.bin)")[1][0].content_type == content_type


def test_a_moving_image_is_whole(desk: Desk) -> None:
    desk.put("wave.gif", moving())
    assert desk.write("![](wave.gif)")[1][0].content == moving()


def test_one_content_is_one_part_wherever_it_lies(desk: Desk) -> None:
    desk.put("quay.png", picture())
    desk.put("again/copy.png", picture())
    html, parts = desk.write("![](quay.png) ![](quay.png)\n\n![](again/copy.png)")
    assert len(parts) == 1
    assert html.count(f'src="cid:{parts[0].content_id}"') == 3


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("![](<at noon.png>)", "at noon.png"),
        ("![](at%20noon.png)", "at noon.png"),
        ("![](fähre.png)", "fähre.png"),
        ("![](f%C3%A4hre.png)", "fähre.png"),
        ("![](fähre.png)", "fa\u0308hre.png"),
        ("![](港.png)", "港.png"),
        ("![](./images/../quay.png)", "quay.png"),
        ("![](images/quay.png)", "images/quay.png"),
        ("![](quay.png?v=2#x)", "quay.png"),
        ("![](100%25.png)", "100%.png"),
        ("![](a%20b.png)", "a%20b.png"),
        ("![quay][q]\n\n[q]: quay.png", "quay.png"),
        ('<img src="at noon.png">', "at noon.png"),
        ("<IMG SRC=quay.png />", "quay.png"),
        ('<img alt="a > b"\n  src="quay.png"\n  class="wide">', "quay.png"),
        ('<img src=" quay.png ">', "quay.png"),
    ],
)
def test_a_path_is_found_however_it_is_spelled(desk: Desk, typed: str, name: str) -> None:
    (desk.folder / "images").mkdir()
    desk.put(name, picture())
    assert desk.shown(typed)["src"].startswith("cid:")


@pytest.mark.parametrize(
    ("tag", "size"),
    [
        ('<img src="p.png">', ("592", "296")),
        ('<img src="p.png" width="300">', ("300", "150")),
        ('<img src="p.png" width="300px">', ("300px", "150")),
        ('<img src="p.png" height="100">', ("200", "100")),
        ('<img src="p.png" width="50" height="50">', ("50", "50")),
        ('<img src="p.png" width="900">', ("900", "450")),
        ('<img src="p.png" width="50%">', ("50%", None)),
        ('<img src="p.png" style="border:0;width: 300px">', ("300", "150")),
        ('<img src="p.png" style="max-width:300px">', ("592", "296")),
        ('<img src="p.png" style="width:100%">', (None, None)),
        ('<img src="p.png" width="{{ params.w }}">', ("{{ params.w }}", None)),
    ],
)
def test_the_size_is_the_authors_or_fits_the_column(
    desk: Desk, tag: str, size: tuple[str | None, str | None]
) -> None:
    desk.put("p.png", picture("PNG", 1280, 640))
    shown = desk.shown(tag)
    assert (shown.get("width"), shown.get("height")) == size


def test_a_photo_on_its_side_is_measured_as_it_is_shown(desk: Desk) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    desk.put("p.jpg", picture("JPEG", 400, 300, exif=exif))
    shown = desk.shown("![](p.jpg)")
    assert (shown["width"], shown["height"]) == ("300", "400")


@pytest.mark.parametrize(
    "source",
    [
        "https://gazette.example/a.png",
        "HTTP://gazette.example/a.png",
        "https://g.example/{{ subscriber.id }}.png",
        "{{ subscriber.photo }}",
    ],
)
def test_an_address_stays_as_it_is(desk: Desk, source: str) -> None:
    html, parts = desk.write(f'<img src="{source}">\n')
    assert f'<img src="{source}">' in html
    assert parts == ()


def test_an_address_without_a_scheme_gets_one(desk: Desk) -> None:
    assert desk.shown('<img src="//gazette.example/a.png">')["src"] == "https://gazette.example/a.png"


def test_a_data_address_becomes_a_part(desk: Desk) -> None:
    content = picture("PNG", 20, 10)
    html, (part,) = desk.write(f'<img src="data:image/png;base64,{base64.b64encode(content).decode()}">')
    assert (part.content, part.name) == (content, "image.png")
    assert 'width="20" height="10"' in html
    assert "data:" not in html


def test_images_in_conditional_comments_and_backgrounds_count(desk: Desk) -> None:
    typed = (
        '<!--[if mso]><img src="a.png"><v:fill src="a.png" /><![endif]-->\n'
        '<table background="b.png"><tr><td>x</td></tr></table>\n'
        '<!-- <img src="gone.png"> -->\n'
    )
    seen = list[str]()

    def change(_tag: str, attributes: Attributes, _row: int) -> Attributes:
        source = next(value or "" for name, value in attributes if name in ("src", "background"))
        seen.append(source)
        return [(name, f"cid:{value}" if value == source else value) for name, value in attributes]

    html = change_images(typed, change)
    assert sorted(seen) == ["a.png", "a.png", "b.png"]
    assert html.count('src="cid:a.png"') == 2
    assert '<table background="cid:b.png">' in html
    assert '<!-- <img src="gone.png"> -->' in html
    desk.put("b.png", picture())
    body, (part,) = desk.write(typed, "html")  # a body has no conditional comments
    assert f'<table background="cid:{part.content_id}">' in body


def test_what_was_not_read_is_not_shown(desk: Desk) -> None:
    desk.put("a.png", picture())
    assert desk.shown('<img src="a.png" srcset="b.png 2x" sizes="9px" alt="x">').keys() == {
        "src",
        "alt",
        "width",
        "height",
    }


def test_everything_else_stays_as_it_was_typed(desk: Desk) -> None:
    desk.put("a.png", picture())
    text = "<p>{{ it's 5 }} &amp; <b\n>x</b> {{ subscriber.name }}</p>\n<p title='{{ x }}'>y</p>\n"
    plain, _ = desk.write(text, "html")
    html, _ = desk.write(f"{text}<img src=a.png>\n", "html")
    assert html.startswith(plain)


@pytest.mark.parametrize(
    ("typed", "line", "problem"),
    [
        ("![x](gone.png)", 5, "does not exist"),
        ("One\ntwo\n![x](gone.png)", 7, "does not exist"),
        ("- one\n- two\n\n  ![x](gone.png)", 8, "does not exist"),
        ("One\n\n![x][a]\n\n[a]: gone.png", 9, "does not exist"),
        ("![x](gone%20ship.png)", 5, "does not exist"),
        ("![x](../secret.png)", 5, "leads out of"),
        ("![x](..%2Fsecret.png)", 5, "leads out of"),
        ("![x](images/../../secret.png)", 5, "leads out of"),
        ("![x](link.png)", 5, "leads out of"),
        ("![x](round.png)", 5, "does not exist"),
        ("![x](/etc/passwd)", 5, "absolute"),
        ("![x](%2Fetc/passwd)", 5, "absolute"),
        ("![x](~/secret.png)", 5, "absolute"),
        ('<img src="file:///etc/passwd">', 5, "one machine only"),
        ('<img src="C:/quay.png">', 5, "one machine only"),
        ('<img src="images\\quay.png">', 5, "backslashes"),
        ("![x](images%5Cquay.png)", 5, "backslashes"),
        ("![x](a%00b.png)", 5, "control character"),
        ("![x](a%0D%0ABcc:x.png)", 5, "control character"),
        ("![x](images)", 5, "is a folder"),
        ("![x](pipe.png)", 5, "no ordinary file"),
        (f"![x]({'a' * 300}.png)", 5, "does not exist"),
        ('<img src="cid:nobody@gazette.example">', 5, "names a part"),
        ('<img src="ftp://gazette.example/a.png">', 5, "begins with ftp:"),
        ('<img src="images/{{ subscriber.id }}.png">', 5, "recipient's value"),
        ('<img src="data:image/png;base64,A">', 5, "can't be decoded"),
        ('<img src="data:image/svg+xml,%3Csvg/%3E">', 5, "SVG"),
        ('<img src="data:text/html,x">', 5, "is no image"),
    ],
)
def test_what_can_not_be_found_is_refused_with_its_line(
    desk: Desk, typed: str, line: int, problem: str
) -> None:
    import os

    (desk.folder / "images").mkdir()
    (desk.root / "secret.png").write_bytes(picture())
    (desk.folder / "link.png").symlink_to(desk.root / "secret.png")
    (desk.folder / "round.png").symlink_to("round.png")
    os.mkfifo(desk.folder / "pipe.png")
    error = desk.refused(typed)
    assert (error.line, problem in error.problem) == (line, True), error
    assert str(error.path).endswith("issues/harbour.md")


def test_a_misspelled_name_is_suggested(desk: Desk) -> None:
    desk.put("images/Harbour-Clock.png", picture())
    assert desk.refused("![x](images/harbor-clock.png)").next_step == "Did you mean images/Harbour-Clock.png?"


def test_a_link_inside_the_folder_is_followed(desk: Desk) -> None:
    desk.put("images/quay.png", picture())
    (desk.folder / "quay.png").symlink_to("images/quay.png")
    assert desk.shown("![x](quay.png)")["src"].startswith("cid:")


@pytest.mark.parametrize(
    ("content", "problem", "advice"),
    [
        (b"", "empty", "Save it again"),
        (b"just words", "is no image", "PNG, JPEG or GIF"),
        (b"<html><body>not found</body></html>", "is no image", "PNG"),
        (SVG, "SVG", "PNG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n" + SVG, "SVG", "PNG"),
        (picture("WEBP"), "WebP, which Outlook", "PNG or JPEG"),
        (picture("AVIF"), "AVIF, which Outlook", "PNG or JPEG"),
        (picture("BMP"), "BMP", "PNG or JPEG"),
        (picture("TIFF"), "TIFF", "PNG or JPEG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC", "PNG or JPEG"),
        (picture("PNG", 200, 200)[:400], "damaged or not complete", "copy it again"),
        (picture("JPEG", 200, 200)[:900], "damaged or not complete", "copy it again"),
        (picture("GIF", 200, 200)[:900], "damaged or not complete", "copy it again"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 99, "damaged or not complete", "copy it again"),
        (blank(9000, 9000), "9,000 × 9,000 pixels", "2,000 pixels"),
        (blank(20000, 10000), "more pixels than can be read", "2,000 pixels"),
    ],
)
def test_what_is_no_image_for_mail_is_refused(desk: Desk, content: bytes, problem: str, advice: str) -> None:
    desk.put("quay.png", content)
    error = desk.refused("Above.\n\n![x](quay.png)")
    assert error.line == 7
    assert problem in error.problem
    assert advice in str(error.next_step)


def test_an_svg_that_explodes_is_not_parsed(desk: Desk) -> None:
    desk.put("laughs.svg", LAUGHS)
    assert "SVG" in desk.refused("![x](laughs.svg)").problem


def test_a_file_of_50_megabytes_is_not_even_read(desk: Desk) -> None:
    with (desk.folder / "poster.png").open("wb") as file:
        file.truncate(50_000_000)  # holes: there is nothing in it to read
    error = desk.refused("![x](poster.png)")
    assert error.problem.endswith("harbour.md:5: image 'poster.png' has 50.0 MB; it may have 5.0 MB")
    assert "300 KB" in str(error.next_step)


def test_linked_images_are_addresses_with_a_size(desk: Desk) -> None:
    file = desk.put("harbour/at noon ü.png", picture("PNG", 1280, 640))
    links = ImageLinks("https://gazette.example/mail", b"key", desk.root)
    html, parts = desk.write("![x](<harbour/at noon ü.png>)", links=links)
    assert parts == ()
    found = re.search(r'src="https://gazette\.example/mail/images/([\w-]{28})/([^"]+)"', html)
    assert found
    assert found[2] == "issues/harbour/at%20noon%20%C3%BC.png"
    assert 'width="592" height="296"' in html
    file.write_bytes(picture("PNG", 1280, 641))
    assert found[1] not in desk.write("![x](<harbour/at noon ü.png>)", links=links)[0]


def test_a_linked_image_outside_of_the_workspace_is_refused(desk: Desk) -> None:
    desk.put("quay.png", picture())
    with pytest.raises(IssueError, match="not in the workspace"):
        desk.write("![x](quay.png)", links=ImageLinks("https://gazette.example", b"key", desk.root / "other"))


@pytest.mark.parametrize("token", ["", "x" * 28, "ü" * 28, "=" * 28])
def test_a_forged_image_token_is_none(token: str) -> None:
    assert read_image_token(b"key", token, "issues/quay.png") is None
    assert read_image_token(b"key", token, "issues/\udce9.png") is None


IMAGES = ["<img src=a.png", "<IMG\nalt='>'\nsrc=\"b.png\">", "<td background='c'>", "<v:fill src=d />"]
COMMENTS = ["<!--", "[if mso]>", "<![endif]", "-->"]
OTHERS = [
    "<p>",
    "</p>",
    ">",
    "\n",
    "<script>",
    "</script>",
    "<",
    "&amp;",
    "ü",
    '"',
    "'",
    "<style>",
    "x=",
    "/>",
]
PIECES = st.lists(st.sampled_from([*IMAGES, *COMMENTS, *OTHERS]), max_size=25).map("".join)


@given(PIECES)
def test_html_that_is_not_changed_stays_as_it_was_typed(html: str) -> None:
    assert change_images(html, lambda tag, attributes, row: None) == html


@given(PIECES)
def test_changed_tags_are_read_with_what_was_put_in(html: str) -> None:
    changed = change_images(html, lambda tag, attributes, row: [*attributes, ("data-seen", 'a"<&>')])
    assert changed.count("\n") == html.count("\n")
    seen: list[list[tuple[str, str | None]]] = []
    change_images(changed, lambda tag, attributes, row: seen.append(attributes))
    assert all(("data-seen", 'a"<&>') in attributes for attributes in seen)
    assert len(seen) == changed.count("data-seen")


@pytest.mark.parametrize("end", ["-->", "-- >", "--!>"])
def test_a_comment_stays_however_it_ends(end: str) -> None:
    html = f"<!--[if mso]><img src=a><![endif]{end}<p>x</p>"
    changed = change_images(html, lambda *_: [("src", "b")])
    assert changed in (html, html.replace("<img src=a>", '<img src="b">'))
    assert changed.endswith(f"{end}<p>x</p>")
