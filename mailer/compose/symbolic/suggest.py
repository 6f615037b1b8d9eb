"""Undefined names in templates, with the offered name they are a near miss of."""

from __future__ import annotations

import dataclasses
from difflib import get_close_matches
from typing import Any

from jinja2 import StrictUndefined
from jinja2.utils import missing

from mailer.compose.symbolic.tokens import Refusal
from mailer.compose.tags.offered import OFFERED

LAYOUT_NAMES = OFFERED | {"content", "web"}


class Suggesting(StrictUndefined):
    """A name or attribute that isn't there. Any use raises; `default` and `is defined` may catch it."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        near = self._near()
        return super()._undefined_message + (f"; did you mean {near!r}?" if near else "")

    def refuse_near_miss(self) -> None:
        """Raise Refusal for a near miss of an offered name: not even `default` may hide a typo."""
        if self._near():
            raise Refusal(self._undefined_message)

    def _near(self) -> str | None:
        if not isinstance(self._undefined_name, str):
            return None
        found = get_close_matches(self._undefined_name, _candidates(self._undefined_obj), n=1, cutoff=0.8)
        return found[0] if found else None


def _candidates(obj: Any) -> frozenset[str]:
    if obj is missing:
        return LAYOUT_NAMES
    if dataclasses.is_dataclass(obj):
        return frozenset(field.name for field in dataclasses.fields(obj))
    return frozenset()
