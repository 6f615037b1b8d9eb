from __future__ import annotations

from browser import browser as browser
