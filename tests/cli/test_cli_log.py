"""What `LOG_LEVEL` asks for holds from when the settings are read, and until they ask for less."""

from __future__ import annotations

import json
import logging
from contextlib import redirect_stderr
from datetime import datetime, timedelta
from io import StringIO

import pytest

from mailer.bootstrap import App

LOG = logging.getLogger("mailer.engine.dispatch")


@pytest.fixture(autouse=True)
def _as_it_was():
    yield
    log = logging.getLogger("mailer")
    log.handlers.clear()
    log.setLevel(logging.NOTSET)
    log.propagate = True


def said(tmp_path, level: str, form: str = "text") -> str:
    with redirect_stderr(StringIO()) as stderr:
        assert App(tmp_path, environ={"LOG_LEVEL": level, "LOG_FORMAT": form}).settings
        LOG.info("begun")
        LOG.debug("claimed")
    return stderr.getvalue()


def test_the_level_decides_what_is_written(tmp_path):
    assert said(tmp_path, "") == ""
    assert [line.rpartition(": ")[2] for line in said(tmp_path, "debug").splitlines()] == ["begun", "claimed"]
    assert said(tmp_path, "info").endswith("begun\n")
    assert said(tmp_path, "error") == ""
    assert said(tmp_path, "") == "", "whoever reads the settings anew is heard"


def test_nobody_who_asks_for_nothing_finds_another_logger(tmp_path):
    said(tmp_path, "")
    log = logging.getLogger("mailer")
    assert (log.handlers, log.level, log.propagate) == ([], logging.NOTSET, True)


def test_a_program_reads_each_line(tmp_path):
    (line,) = said(tmp_path, "info", "json").splitlines()
    read = json.loads(line)
    assert (read["level"], read["logger"], read["message"]) == ("INFO", "mailer.engine.dispatch", "begun")
    assert datetime.fromisoformat(read["time"]).utcoffset() == timedelta()
