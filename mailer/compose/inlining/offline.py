"""Premailer without what it fetches style sheets with: nothing is fetched here, and that is slow to load."""

from __future__ import annotations

import sys
from types import ModuleType

__all__ = ["Premailer"]

if "requests" in sys.modules:
    from premailer import Premailer
else:
    # An empty module, for as long as premailer is loaded; what imports requests later gets the real one.
    sys.modules["requests"] = ModuleType("requests")
    try:
        from premailer import Premailer
    finally:
        del sys.modules["requests"]
