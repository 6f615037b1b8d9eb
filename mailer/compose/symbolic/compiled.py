"""What templates were compiled to, kept for the next edition: compiling is most of what rendering takes."""

from __future__ import annotations

from functools import lru_cache
from types import CodeType
from typing import TYPE_CHECKING, cast

from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

if TYPE_CHECKING:
    from mailer.compose.symbolic.environment import SymbolicEnvironment

MOST = 256  # templates, of all that were used last


class CompiledTemplates(BytecodeCache):
    """In memory, by name, file and text. For environments that differ in nothing that compiling looks at."""

    def __init__(self) -> None:
        self._kept = lru_cache(MOST)(lambda _key, _checksum: list[CodeType]())

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        """Return what is kept of a template, which is asked for each time it is loaded."""
        cast("SymbolicEnvironment", environment).refuse_tokens(source)
        return super().get_bucket(environment, name, filename, source)

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the bucket the code, if it is kept."""
        bucket.code = next(iter(self._kept(bucket.key, bucket.checksum)), None)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of the bucket."""
        if bucket.code is not None:
            self._kept(bucket.key, bucket.checksum)[:] = [bucket.code]

    def clear(self) -> None:
        """Forget all."""
        self._kept.cache_clear()
