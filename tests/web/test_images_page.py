"""Linked images: what a mail's addresses show, and that they show nothing else of the workspace."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from harbour import KEY, Harbour
from pictures import SVG, picture

from mailer.compose.images.source import ImageLinks
from mailer.domain.signed_links import image_url, sign_image

FOLDER = "issues/harbour"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=120) as opened:
        yield opened


def put(harbour: Harbour, name: str, content: bytes) -> tuple[Path, str]:
    """Put a file beside an issue; return it and its address in a mail."""
    file = harbour.root / FOLDER / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file, ImageLinks(harbour.url, KEY, harbour.root).address(file, content)


def signed(harbour: Harbour, path: str, content: bytes = b"") -> str:
    """The address of any path, as somebody with the key could write it."""
    return image_url(harbour.url, sign_image(KEY, hashlib.sha256(content).digest(), path), path)


@pytest.mark.parametrize(
    ("name", "kind", "content_type"),
    [
        ("quay.png", "PNG", "image/png"),
        ("at noon ü.jpg", "JPEG", "image/jpeg"),
        ("100%.gif", "GIF", "image/gif"),
    ],
)
def test_an_image_is_shown_to_be_kept(
    harbour: Harbour, client: httpx.Client, name: str, kind: str, content_type: str
) -> None:
    content = picture(kind)
    _, address = put(harbour, name, content)
    answer = client.get(address)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == content_type
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    head = client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(content))
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert client.request(method, address).status_code == 405


def test_a_file_that_was_changed_keeps_its_address_but_not_for_long(
    harbour: Harbour, client: httpx.Client
) -> None:
    file, address = put(harbour, "clock.png", picture("PNG", 10, 10))
    file.write_bytes(picture("JPEG", 20, 20))
    answer = client.get(address)
    assert answer.content == picture("JPEG", 20, 20)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=300"


def test_only_addresses_that_were_signed_are_answered(harbour: Harbour, client: httpx.Client) -> None:
    _, address = put(harbour, "signed.png", picture())
    _, other = put(harbour, "other.png", picture())
    token = address.split("/images/")[1].partition("/")[0]
    path = f"{FOLDER}/signed.png"
    for wrong in (
        address[:-1],
        address.replace("signed", "other"),
        f"{harbour.url}/images/{path}",
        f"{harbour.url}/images/{token}/",
        f"{harbour.url}/images/{token[:-1]}/{path}",
        f"{harbour.url}/images/{token[:-1]}-/{path}",
        f"{harbour.url}/images/{'x' * 28}/{path}",
        f"{harbour.url}/images/{token}/{FOLDER}/../{path}",
        f"{harbour.url}/images/{token}/{FOLDER}/%2e%2e/{path}",
        f"{harbour.url}/images/{token}//{path}",
        f"{harbour.url}/images/{token}/%00",
    ):
        assert client.get(wrong).status_code == 404, wrong
    assert client.get(other).status_code == 200
    assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "mailer.db",
        "../outside.png",
        "/etc/passwd",
        "issues/out.png",
        "issues",
        "issues/a.svg",
        "issues/a.html",
        "issues/gone.png",
        "a" * 300,
        "issues/huge.png",
    ],
)
def test_nothing_but_an_image_is_shown_whoever_signs(
    harbour: Harbour, client: httpx.Client, path: str
) -> None:
    folder = harbour.root / "issues"
    folder.mkdir(exist_ok=True)
    outside = harbour.root.parent / "outside.png"
    outside.write_bytes(picture())
    (folder / "out.png").unlink(missing_ok=True)
    (folder / "out.png").symlink_to(outside)
    (folder / "a.svg").write_bytes(SVG)
    (folder / "a.html").write_bytes(b"<script>alert(1)</script>")
    with (folder / "huge.png").open("wb") as file:
        file.write(picture())
        file.truncate(50_000_000)
    assert client.get(signed(harbour, path)).status_code == 404


def test_the_log_names_no_image(harbour: Harbour, client: httpx.Client) -> None:
    _, address = put(harbour, "draft-of-next-week.png", picture())
    client.get(address)
    log = harbour.log.read_text()
    assert "GET /images/… 200" in log
    assert "draft-of-next-week" not in log
