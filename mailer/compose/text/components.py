"""What the elements `<mail-…>` are in the text part."""

from __future__ import annotations

from mailer.compose.text.part import Block, Group, ThematicBreak

QUOTE, PANEL = "> ", "| "


def component_blocks(tag: str, blocks: list[Block]) -> list[Block]:
    """Return what a component with these blocks in it is for a text terminal; columns follow each other."""
    match tag:
        case "mail-callout":
            return [Group(PANEL, PANEL, tuple(blocks))] if blocks else []
        case "mail-quote":
            return [Group(QUOTE, QUOTE, tuple(blocks))] if blocks else []
        case "mail-figure":
            return [Group("", "", tuple(blocks), tight=True)] if blocks else []
        case "mail-divider":
            return [ThematicBreak()]
    return blocks
