"""The branches that are tried to show that inlining styles once is right for every recipient."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mailer.compose.inlining.trials import count_beside, trials
from mailer.compose.symbolic.refusal import Refusal
from mailer.compose.symbolic.structure import Piece, choose, read_structure
from mailer.compose.symbolic.tokens import Role, Tokens
from mailer.message.expression.expression import Name


def document(layout: str) -> list[Piece]:
    """Read `layout`, where `(a|b)` is an if with two branches, `[a]` a loop and `*` a value."""
    tokens, groups, text = Tokens([layout]), list[int](), ""
    for character in layout:
        if character in "([":
            groups.append(tokens.next_group())
            role = Role.IF if character == "(" else Role.FOR
            text += tokens.write(role, None, Name("x"), groups[-1], ("t",))
        elif character == "|":
            text += tokens.write(Role.ELSE, None, group=groups[-1])
        elif character in ")]":
            text += tokens.write(Role.END, None, group=groups.pop())
        else:
            text += tokens.write(Role.VALUE, None, Name("v")) if character == "*" else character
    return read_structure(text, tokens)


def tried(layout: str, *, beside: bool = False) -> set[str]:
    pieces = document(layout)
    return {choose(pieces, choice) for _, choice in trials(pieces, beside=beside)}


def test_every_arm_is_tried_with_the_others_and_without_them() -> None:
    assert tried("1(a|b)2(c)3") == {"1a2c3", "1b2c3", "1b23", "1a23"}


def test_a_loop_is_tried_from_no_round_to_three() -> None:
    assert tried("1[a|b]2") == {"1b2", "1a2", "1aa2", "1aaa2"}


def test_an_inner_arm_is_reached_by_its_outer_ones() -> None:
    assert {"1c2", "1d2", "1a2"} <= tried("1(a|(c|d))2")


def test_what_all_get_alike_is_not_tried() -> None:
    assert tried("1*2") == set()


def test_two_parts_are_tried_side_by_side_if_styles_look_there() -> None:
    layout = "(<a>)(<b>)(<c>)((<d>)|<e>)(<f>)"
    assert "<a><f>" not in tried(layout)
    assert {"<a><f>", "<a>", "<f>", "<a><b>", "<b><f>", "<c><f>", "<a><e>"} <= tried(layout, beside=True)


@pytest.mark.parametrize(
    ("selector", "times"),
    [
        ("p", 0),
        ("div > p .x", 0),
        ("p + p", 1),
        ("p~p", 1),
        ("td:first-child", 1),
        ("b + i + p", 2),
        ("a[b~=c]", 0),
    ],
)
def test_selectors_that_look_beside_an_element(selector: str, times: int) -> None:
    assert count_beside([selector]) == times


@pytest.mark.parametrize("layout", ["(a", "a)", "(a|b", "(a]b", "|"])
def test_halves_are_refused(layout: str) -> None:
    tokens = Tokens([])
    roles = {"(": Role.IF, "|": Role.ELSE, ")": Role.END, "]": Role.END}
    text = "".join(
        tokens.write(roles[character], None, Name("x"), 2 if character == "]" else 1)
        if character in roles
        else character
        for character in layout
    )
    with pytest.raises(Refusal, match="stand in different elements"):
        read_structure(text, tokens)


def test_tokens_are_words_that_no_input_holds() -> None:
    tokens = Tokens(["a", "b"])
    words = [tokens.write(Role.VALUE, None, Name("x")) for _ in range(3)]
    assert all(word.isalnum() and word.islower() and word[0].isalpha() for word in words)
    assert [token.word for token in tokens.read("a".join(words) + words[0])] == [*words, words[0]]


@pytest.mark.peers
def test_who_inlines_has_nothing_to_fetch_with_and_leaves_others_what_they_fetch_with() -> None:
    program = """
import sys, mailer.compose.inlining.inline
print([each for each in ("requests", "urllib3") if each in sys.modules])
import requests
print(requests.get.__module__)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split("\n") == ["[]", "requests.api", ""]
