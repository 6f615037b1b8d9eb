"""The OpenAPI document says what the endpoints do: schemathesis asks them whatever it allows, and more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from members import NOW

from mailer.bootstrap import App
from mailer.people.lists import Lists
from mailer.web.api import KNOWN, SUBSCRIBE
from mailer.web.description import DESCRIPTION, ENTRY, document
from mailer.web.rooms import web_app

schemathesis = pytest.importorskip("schemathesis")
positive_data_acceptance = pytest.importorskip("schemathesis.specs.openapi.checks").positive_data_acceptance
BASE_URL = "http://testserver"  # that is who schemathesis asks for


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    workspace = {
        "SECRET_KEY": "k",
        "DATABASE_URL": "sqlite:///mailer.db",
        "BASE_URL": BASE_URL,
        "POSTAL_ADDRESS": "1 Quay Street",
    }
    app = App(tmp_path_factory.mktemp("described"), workspace)
    Lists(app.database).create("weekly", NOW, "Harbour Weekly", said={"is_public": True})
    yield schemathesis.openapi.from_asgi(DESCRIPTION, web_app(app))
    app.let_go()


@pytest.mark.filterwarnings("ignore")  # what is deprecated in schemathesis is its own
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
@given(data=st.data())
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
def test_answers_are_as_described(described: Any, mode: Any, data: st.DataObject) -> None:
    asked = described[SUBSCRIBE]["POST"].as_strategy(generation_mode=mode)
    # Texts that are no address, or name no list, are refused: which are, no schema can say.
    data.draw(asked).call_and_validate(excluded_checks=[positive_data_acceptance])


def test_what_is_taken_is_described_and_nothing_else() -> None:
    assert ENTRY["properties"].keys() == KNOWN.keys()
    assert document(BASE_URL)["servers"] == [{"url": BASE_URL}]
