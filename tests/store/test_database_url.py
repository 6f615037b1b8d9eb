"""What DATABASE_URL may name, and how safely it is reached; nothing is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.errors import SettingsError
from mailer.store.address import file_at, read_url, server_name, shell_url

LOCAL = ["localhost", "127.0.0.1", "127.0.0.1:6432", "[::1]"]


def mode(url: str) -> tuple[object, object]:
    query = read_url(url).query
    return query["sslmode"], query.get("sslrootcert")


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_another_machine_has_to_prove_that_it_is_the_server(scheme: str) -> None:
    assert mode(f"{scheme}://writer:canary@db.example/mailer") == ("verify-full", "system")
    assert read_url(f"{scheme}://db.example/mailer").drivername == "postgresql+psycopg"


def test_an_authority_of_ones_own_takes_the_place_of_the_systems() -> None:
    assert mode("postgresql://db.example/mailer?sslrootcert=/ca.pem") == ("verify-full", "/ca.pem")
    assert mode("postgresql://db.example/m?sslmode=verify-ca&sslrootcert=/ca") == ("verify-ca", "/ca")


@pytest.mark.parametrize("host", LOCAL)
def test_this_machine_needs_no_certificate(host: str) -> None:
    assert mode(f"postgresql://{host}/mailer") == ("prefer", None)
    assert mode(f"postgresql://{host}/mailer?sslmode=disable") == ("disable", None)


@pytest.mark.parametrize("query", ["host=/run/postgresql", "host=@mailer", "hostaddr=127.0.0.1"])
def test_a_socket_and_an_address_count_as_the_host_does(query: str) -> None:
    assert mode(f"postgresql:///mailer?{query}&sslmode=disable") == ("disable", None)


@pytest.mark.parametrize("weak", ["disable", "allow", "prefer", "require"])
@pytest.mark.parametrize(
    "where",
    [
        "db.example/mailer?",
        "localhost.example/mailer?",
        "/mailer?",  # whoever sets PGHOST says where that is
        "localhost/mailer?hostaddr=192.0.2.7&",
        "/mailer?host=localhost,db.example&",
        "/mailer?host=localhost:5432&host=db.example:5432&",
        "db.example/mailer?hostaddr=127.0.0.1&",
    ],
)
def test_whoever_does_not_prove_it_is_refused(weak: str, where: str) -> None:
    with pytest.raises(SettingsError, match=f"sslmode={weak}, and so anybody") as caught:
        read_url(f"postgresql://writer:canary@{where}sslmode={weak}")
    assert "canary" not in f"{caught.value}{caught.value.next_step}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("postgresql://writer:canary@db.example/", "no database on it"),
        ("postgresql://writer:canary@db.example", "no database on it"),
        ("postgresql://writer:canary@db.example/m?sslmode=full", "sslmode=full, which there isn't"),
        ("postgresql://writer:canary@db.example:harbour/m", "not a URL"),
        ("postgresql+psycopg2://writer:canary@db.example/m", r"names postgresql\+psycopg2, and only"),
        ("mysql://writer:canary@db.example/m", "names mysql, and only SQLite and PostgreSQL"),
    ],
)
def test_what_cannot_be_used_is_named_without_its_password(url: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as caught:
        read_url(url)
    assert "canary" not in f"{caught.value}{caught.value.next_step}"


def test_a_person_is_told_where_it_is_and_no_secret() -> None:
    url = read_url("postgresql://writer:canary@db.example:6432/mailer?sslpassword=canary")
    assert server_name(url) == "postgresql://db.example:6432/mailer"
    by_socket = read_url("postgresql://writer@/mailer?host=/run/postgresql&sslmode=disable")
    assert server_name(by_socket) == "postgresql:///mailer?host=/run/postgresql"
    theirs = "postgresql://writer@db.example:6432/mailer?sslmode=verify-full&sslrootcert=system"
    assert shell_url(url) == theirs


def test_only_a_file_has_a_path(tmp_path: Path) -> None:
    assert file_at("sqlite:///people/mailer.db", tmp_path) == tmp_path / "people/mailer.db"
    assert file_at("postgresql://db.example/mailer", tmp_path) is None
