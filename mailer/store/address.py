"""What DATABASE_URL names: a file of SQLite, or a database on a PostgreSQL server, reached safely."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from mailer.errors import SettingsError

POSTGRESQL = ("postgresql+psycopg", "postgresql", "postgres")
VERIFIED = ("verify-full", "verify-ca")
UNVERIFIED = ("disable", "allow", "prefer", "require")
PLACE = ("host", "hostaddr", "port")  # of what may stand in a query
SECRET = ("password", "sslpassword")  # as they may stand in a query
EXAMPLE = "postgresql+psycopg://user:password@host/name"
SESSION = {
    "application_name": "mailer",
    # Who waits on a server that is gone without a word (its network cut) waits for seconds, not for hours: a
    # worker reads no replies meanwhile, and its leases (ledger.marking.LEASE) end.
    "connect_timeout": "5",
    "keepalives_idle": "2",
    "keepalives_interval": "2",
    "keepalives_count": "2",
    "tcp_user_timeout": "6000",  # milliseconds
}


def read_url(url: str) -> URL:
    """Return DATABASE_URL as it is to be used; SettingsError for one that can't be, without its password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # a port that is no number
        raise _neither("something that is not a URL") from None
    if parsed.drivername in POSTGRESQL:
        return _on_a_server(parsed)
    if parsed.get_backend_name() != "sqlite":
        raise _neither(parsed.drivername)
    if not parsed.database or parsed.database.startswith((":memory:", "file:")):
        raise SettingsError(
            "DATABASE_URL names no file, and a send must outlive the program",
            next_step="Write DATABASE_URL=sqlite:///subscribers/mailer.db, or leave it out.",
        )
    return parsed


def file_at(url: str, root: Path) -> Path | None:
    """Return the file that a `sqlite:///...` URL names, relative to `root`; None for one on a server."""
    parsed = read_url(url)
    return root / str(parsed.database) if parsed.get_backend_name() == "sqlite" else None


def journals_of(url: str, root: Path) -> Path:
    """Return the folder of the workers' journals: beside a file, in the workspace for one on a server."""
    path = file_at(url, root)
    if path is None:
        return root / "subscribers" / "mailer.journals"
    # Whatever link leads to the database, all who send from it have to see each other's journals.
    path = path.resolve()
    return path.with_name(f"{path.name}.journals")


def server_name(url: URL) -> str:
    """Return what a person is told of a database on a server: the URL, without who they are there."""
    place = {name: value for name, value in url.query.items() if name in PLACE}
    bare = URL.create("postgresql", None, None, url.host, url.port, url.database, place)
    return unquote(bare.render_as_string())


def shown(url: str) -> str:
    """Return a URL as a person wrote it, `***` for its password."""
    return make_url(url).difference_update_query(SECRET).render_as_string()


def shell_url(url: URL) -> str:
    """Return the URL as PostgreSQL's own programs take it, which ask for the password: it isn't in it."""
    ours = [name for name, value in url.query.items() if SESSION.get(name) == value]
    query = url.difference_update_query([*ours, *SECRET]).query
    bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    return bare.render_as_string()


def _neither(kind: str) -> SettingsError:
    return SettingsError(
        f"DATABASE_URL names {kind}, and only SQLite and PostgreSQL are supported",
        next_step="Write DATABASE_URL=sqlite:///subscribers/mailer.db, or leave it out; "
        f"for PostgreSQL DATABASE_URL={EXAMPLE}",
    )


def _on_a_server(url: URL) -> URL:
    """Return the URL with psycopg for its driver and, to another machine, TLS that is verified."""
    if not url.database:
        raise SettingsError(
            "DATABASE_URL names a PostgreSQL server, but no database on it",
            next_step=f"Write its name at the end: DATABASE_URL={EXAMPLE}",
        )
    hosts, mode = list(_hosts(url)), url.query.get("sslmode")
    local = bool(hosts) and all(map(_is_here, hosts))
    if mode is not None and mode not in (*VERIFIED, *UNVERIFIED):
        raise SettingsError(
            f"DATABASE_URL says sslmode={mode}, which there isn't",
            next_step="Leave sslmode out: to another machine it is verify-full then.",
        )
    if mode in UNVERIFIED and not local:
        raise SettingsError(
            f"DATABASE_URL says sslmode={mode}, and so anybody on the way could read the addresses of all "
            "subscribers or pass for the server",
            next_step="Leave sslmode out (it is verify-full then), and name the certificate of an authority "
            "of your own by sslrootcert=/path/to/ca.pem; to this machine itself any sslmode will do.",
        )
    mode = mode or ("prefer" if local else "verify-full")
    trust = {"sslrootcert": "system"} if mode == "verify-full" else {}
    query = {**SESSION, **trust, "sslmode": mode, **url.query}
    return url.set(drivername=POSTGRESQL[0], query=query)


def _hosts(url: URL) -> Iterator[str]:
    """Yield the hosts that a URL names, and the folders of sockets; in the query there may be several."""
    given = [url.host, url.query.get("host"), url.query.get("hostaddr")]
    for each in given:
        for names in [each] if isinstance(each, str) else each or ():
            yield from (name for name in names.split(",") if name)


def _is_here(host: str) -> bool:
    if host.startswith(("/", "@")):  # a socket
        return True
    name = host.rsplit(":", 1)[0] if host.count(":") == 1 else host
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
