"""Small templates, one a trap each: filled in, they equal the slow way, or they are refused in plain words."""

# ruff: noqa: E501 (a template a line reads best)
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from slow_way import desk

from mailer.errors import IssueError

RECIPIENTS: list[dict[str, Any]] = [
    {
        "name": "ann lee",
        "paid": True,
        "age": 3,
        "tags": ["a", "b", "c"],
        "place": {"city": "Bergen"},
        "score": 1.5,
    },
    {
        "name": '<b>O\'Neil & "Co"</b>',
        "paid": False,
        "age": 0,
        "tags": [],
        "place": {"city": "x"},
        "score": 0.0,
    },
    {
        "name": "{{7*7}} {% raw %}",
        "paid": False,
        "age": 12,
        "tags": ["--><b>"],
        "place": {"city": ""},
        "score": -2,
    },
    {"name": "", "paid": True, "age": -1, "tags": ["x", "<i>"], "place": {"city": "Åse é 𝄞"}, "score": 10},
]

EQUAL = {
    "text": "<p>{{ subscriber.name }}</p>",
    "twice": "<p>{{ subscriber.name }} {{ subscriber.name }}</p>",
    "item": "<p>{{ subscriber['name'] }} {{ subscriber.place.city }} {{ subscriber.place['city'] }}</p>",
    "key from the issue": "<p>{{ subscriber[params.key] }}</p>",
    "index": "<p>{% if subscriber.tags %}{{ subscriber.tags[0] }}{{ subscriber.tags[-1] }}{% endif %}</p>",
    "filter": "<p>{{ subscriber.name|title }} {{ subscriber.name|upper|replace('A', 'o') }}</p>",
    "filter arguments": "<p>{{ subscriber.name|truncate(5, true, '…') }} {{ subscriber.score|round(1) }}</p>",
    "filter with a symbol as argument": "<p>{{ 'Dear X'|replace('X', subscriber.name) }}</p>",
    "default": "<p>{{ subscriber.nick|default('friend') }} {{ subscriber.name|default('x', true) }}</p>",
    "default from the recipient": "<p>{{ subscriber.nick|default(subscriber.name) }}</p>",
    "default of the issue": "<p>{{ params.nothing|default(subscriber.name) }}</p>",
    "default defined": "<p>{{ params.key|default(subscriber.name) }}</p>",
    "default of default": "<p>{{ subscriber.a|default(subscriber.b|default('c')) }}</p>",
    "join": "<p>{{ subscriber.tags|join(', ') }}|{{ [subscriber.name, issue.title]|join(' – ') }}</p>",
    "length": "<p>{{ subscriber.tags|length }} {{ subscriber.name|count }}</p>",
    "format": "<p>{{ '%05.1f'|format(subscriber.score) }} {{ '%s!' % subscriber.name }}</p>",
    "arithmetic": "<p>{{ subscriber.age + 1 }} {{ 2 * subscriber.age - 7 // 2 }} {{ -subscriber.age ** 2 }}</p>",
    "constant kinds": "<p>{{ subscriber.no|default(1) }} {{ subscriber.no|default(True) }} {{ subscriber.no|default(1.0) }}</p>",
    "concat": "<p>{{ 'Dear ' ~ subscriber.name ~ '<!>' ~ 5 }}</p>",
    "concat finished": "{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}<p>{{ '<' ~ m(subscriber.name) ~ '>' }}</p>",
    "inline if": "<p>{{ 'yes' if subscriber.paid else 'no' }} {{ subscriber.name if subscriber.paid }}</p>",
    "inline if nested": "<p>{{ 'a' if subscriber.paid else ('b' if subscriber.age > 3 else params.key) }}</p>",
    "inline if of the issue": "<p>{{ subscriber.name if params.flag else subscriber.nothing }}</p>",
    "and or not": "<p>{{ subscriber.name or 'x' }} {{ subscriber.paid and subscriber.name }} {{ not subscriber.paid }}</p>",
    "or of the issue": "<p>{{ params.key or subscriber.name }} {{ params.empty or subscriber.name }}</p>",
    "and of the issue": "<p>{{ params.flag and subscriber.name }} {{ params.empty and subscriber.gone }}</p>",
    "compare": "{% if subscriber.age >= 3 %}a{% endif %}{% if subscriber.name == 'ann lee' %}b{% endif %}",
    "compare chain": "{% if 0 <= subscriber.age < 5 %}a{% else %}b{% endif %}{% if 1 < 2 < subscriber.age %}c{% endif %}",
    "in": "{% if 'a' in subscriber.tags %}a{% endif %}{% if subscriber.age in [0, 3] %}b{% endif %}"
    "{% if subscriber.age not in params.ages %}c{% endif %}",
    "list equality": "{% if subscriber.tags == ['a', 'b', 'c'] %}a{% endif %}{% if subscriber.tags == ('a',) %}b{% endif %}",
    "tests": "{% if subscriber.nick is defined %}a{% endif %}{% if subscriber.name is string %}b{% endif %}"
    "{% if subscriber.age is odd %}c{% endif %}{% if subscriber.age is divisibleby 3 %}d{% endif %}"
    "{% if subscriber.age is not number %}e{% endif %}{% if subscriber.paid is true %}f{% endif %}",
    "elif": "{% if subscriber.age < 0 %}a{% elif subscriber.paid %}b{% elif params.flag %}c{% else %}d{% endif %}",
    "elif after the issue's": "{% if params.empty %}a{% elif subscriber.paid %}b{% else %}c{% endif %}",
    "if of the issue": "{% if params.flag %}{{ subscriber.name }}{% else %}{{ subscriber.gone }}{% endif %}",
    "elements in an if": "<p>a</p>{% if subscriber.paid %}<p>b <b>{{ subscriber.name }}</b></p>{% endif %}<p>c</p>",
    "table row": "<table>{% for t in subscriber.tags %}<tr><td>{{ t }}</td></tr>{% endfor %}</table>",
    "for": "<ul>{% for t in subscriber.tags %}<li>{{ t }}</li>{% else %}<li>none</li>{% endfor %}</ul>",
    "for nested": "{% for t in subscriber.tags %}{% for u in subscriber.tags %}{{ t }}{{ u }} {% endfor %}{% endfor %}",
    "for shadowed": "{% for t in subscriber.tags %}{% for t in subscriber.tags %}{{ t }}{% endfor %}{{ t }}{% endfor %}",
    "loop variable": "{% for t in subscriber.tags %}{{ loop.index }}/{{ loop.length }} {{ t }}{{ ', ' if not loop.last }}"
    "{% if loop.first %}!{% endif %}{{ loop.revindex0 }}{% endfor %}",
    "loop of an outer loop": "{% for t in subscriber.tags %}{% set outer = loop %}{% for u in [1, 2] %}"
    "{{ outer.index }}{{ loop.index }} {% endfor %}{% for v in subscriber.tags %}{{ outer.index }}{{ loop.index }}{% endfor %}{% endfor %}",
    "loop in a macro": "{% macro m(l) %}{{ l.index }}{% endmacro %}{% for t in subscriber.tags %}{{ m(loop) }}{% endfor %}",
    "unpacked": "{% for a, b in subscriber.pairs %}{{ a }}={{ b }};{% endfor %}",
    "list of both": "{% for x in [subscriber.name, 'y', subscriber.age] %}<p>{{ loop.index }} {{ x }}</p>{% endfor %}",
    "set": "{% set n = subscriber.name|title %}<p>{{ n }} {{ n|length }}</p>",
    "set in the branch, used in it": "{% if subscriber.paid %}{% set n = 'a' %}{{ n }}{% else %}{% set n = 'b' %}{{ n }}{% endif %}",
    "set in an branch of the issue": "{% if params.flag %}{% set n = 'a' %}{% else %}{% set n = 'b' %}{% endif %}<p>{{ n }}</p>",
    "set in a loop": "{% set n = 1 %}{% for t in subscriber.tags %}{% set n = 2 %}{{ n }}{% else %}{% set n = 3 %}{% endfor %}{{ n }}",
    "set block": "{% set x %}<b>{{ subscriber.name }}</b>{% endset %}<p>{{ x }} {{ x }}</p>",
    "set block with an if": "{% set x %}{% if subscriber.paid %}a{% else %}b{% endif %}{% endset %}<p>{{ x }}{{ x }}</p>",
    "set block in an attribute": "{% set x %}{{ subscriber.name }}{% endset %}<p title=\"{{ x }}\">x</p>",
    "with": "{% with n = subscriber.name, a = subscriber.age %}<p>{{ n }}{{ a + 1 }}</p>{% endwith %}",
    "macro": "{% macro m(x, y='d') %}<i>{{ x }}{{ y }}{{ varargs|length }}</i>{% endmacro %}"
    "<p>{{ m(subscriber.name) }}{{ m('<', subscriber.age) }}{{ m(1, 2, 3) }}</p>",
    "macro that decides": "{% macro m(x) %}{% if x %}{{ x|upper }}{% else %}-{% endif %}{% endmacro %}<p>{{ m(subscriber.name) }}{{ m('') }}</p>",
    "call block": "{% macro m(x) %}<b>{{ caller(x) }}</b>{% endmacro %}"
    "<p>{% call(y) m(subscriber.name) %}{{ y }} {{ subscriber.age }}{% endcall %}</p>",
    "attribute": '<p title="{{ subscriber.name }}" lang="en">x</p><img alt="{{ subscriber.name|title }}" src="https://h.example/a.png">',
    "if in an attribute": '<p title="{% if subscriber.paid %}paid {{ subscriber.name }}{% else %}not{% endif %}">x</p>',
    "url": '<a href="https://h.example/?n={{ subscriber.name }}&amp;a={{ subscriber.age }}">x</a>',
    "url in an if": '<a href="{% if subscriber.paid %}https://a.example{% else %}https://b.example{% endif %}/{{ subscriber.age }}">x</a>',
    "url as a whole": '<a href="{{ unsubscribe_url }}">x</a><a href="mailto:a@b.example?subject={{ subscriber.name }}">y</a>',
    "raw": "<p>{% raw %}{{ subscriber.name }}{% endraw %}{{ subscriber.name }}</p>",
    "comment": "{# {{ subscriber.name }} #}<p>{{ subscriber.name }}</p>",
    "entities": "<p>&lt;{{ subscriber.name }}&gt; &amp;nbsp; &copy;</p>",
    "safe content": "<div>{{ content|safe }}</div>",
    "filter on the issue's": "{% filter upper %}abc {{ params.key }}{% endfilter %}{{ params.ages|map('string')|join('-') }}{{ subscriber.age }}",
    "loop of the issue's": "{% for a in params.ages %}{{ loop.index }}{{ loop.changed(a) }}{{ a + subscriber.age }}{{ loop.cycle('x', 'y') }}{% else %}z{% endfor %}",
    "recursive loop of the issue's": "{% for n in params.nest recursive %}{{ n.a }}{% if n.b %}({{ loop(n.b) }}){% endif %}{{ subscriber.age }}{% else %}-{% endfor %}",
    "filtered loop of the issue's": "{% for a in params.ages if a > 0 %}{{ a }}{{ subscriber.age }}{% else %}none{% endfor %}",
    "joiner outside": "{% set j = joiner() %}{% for a in params.ages %}{{ j() }}{{ subscriber.age }}{% endfor %}",
    "namespace outside": "{% set ns = namespace(n=0) %}{% for a in params.ages %}{% set ns.n = ns.n + a %}{% endfor %}{{ ns.n + subscriber.age }}",
    "generator in its branch": "{% if subscriber.paid %}{% set g = params.ages|map('string') %}{{ g|join }}{% endif %}",
    "unpacked set": "{% set a, b = subscriber.name, 2 %}{{ a }}{{ b }}",
    "subscript of both": "{{ ['a', 'b'][subscriber.paid|int] }}{{ 'xyz'[subscriber.paid|int] }}",
    "if on finished text": "{% set x %}a{{ subscriber.name }}{% endset %}{% if x %}y{% endif %}{{ x or 'z' }}",
    "dict methods": "{% for k, v in {'n': subscriber.name}.items() %}{{ k }}{{ v }}{% endfor %}{{ {'n': subscriber.name}.get('n') }}",
    "dict": "{% set d = {'n': subscriber.name} %}{{ d.n }}{{ d['n']|upper }}",
    "slice of the issue's": "{{ params.ages[1:]|join }}{{ 'abc'[:2] }}{{ subscriber.age }}",
}  # fmt: skip

REFUSED = {
    "set in an branch, used after": ("{% if subscriber.paid %}{% set n = 'a' %}{% endif %}{{ n }}", "'n' was set in a part"),
    "set again in an branch": ("{% set n = 1 %}{% if subscriber.paid %}{% set n = 2 %}{% endif %}{{ n }}", "'n' was set"),
    "set in an branch, default after": ("{% if subscriber.paid %}{% set n = 1 %}{% endif %}{{ n|default(2) }}", "'n' was set"),
    "set in an branch, tested after": ("{% if subscriber.paid %}{% set n = 1 %}{% endif %}{% if n is defined %}x{% endif %}", "'n' was set"),
    "set in an branch, used in the other": ("{% set n = 1 %}{% if subscriber.paid %}{% set n = 2 %}{% else %}{{ n }}{% endif %}", "'n' was set"),
    "set in an inner if": ("{% if subscriber.paid %}{% if params.flag %}{% set n = 2 %}{% endif %}{% endif %}{{ n }}", "'n' was set"),
    "set in an elif": ("{% if subscriber.paid %}{% elif subscriber.age %}{% set n = 2 %}{% endif %}{{ n }}", "'n' was set"),
    "set block in an branch": ("{% if subscriber.paid %}{% set n %}x{% endset %}{% endif %}{{ n }}", "'n' was set"),
    "macro in an branch": ("{% if subscriber.paid %}{% macro m() %}x{% endmacro %}{% endif %}{{ m() }}", "'m' was set"),
    "set in an branch, seen by a macro": ("{% set n = 1 %}{% macro m() %}{{ n }}{% endmacro %}{% if subscriber.paid %}{% set n = 2 %}{% endif %}{{ m() }}", "'n' was set"),
    "set in an branch, seen by an include": ("{% if subscriber.paid %}{% set n = 2 %}{% endif %}{% include 'email/n.inc' %}", "n.inc:1: 'n' was set"),
    "filter block": ("{% filter upper %}{{ subscriber.name }}{% endfilter %}", "this text has recipients' values"),
    "filter on a macro": ("{% macro m(x) %}{{ x }}{% endmacro %}{{ m(subscriber.name)|upper }}", "this text has"),
    "filter on a set block": ("{% set x %}{{ subscriber.name }}{% endset %}{{ x|title }}", "this text has"),
    "filtered set block": ("{% set x|upper %}{{ subscriber.name }}{% endset %}{{ x }}", "this text has"),
    "length of a set block": ("{% set x %}{{ subscriber.name }}{% endset %}{{ x|length }}", "this text has"),
    "if on a set block": ("{% set x %}{{ subscriber.name }}{% endset %}{% if x %}y{% endif %}", "this text has"),
    "comparison of a set block": ("{% set x %}{{ subscriber.name }}{% endset %}{{ x == 'a' }}", "this text has"),
    "in a set block": ("{% set x %}{{ subscriber.name }}{% endset %}{{ 'a' in x }}", "this text has"),
    "loop over a set block": ("{% set x %}{{ subscriber.name }}{% endset %}{% for c in x %}{{ c }}{% endfor %}", "this text has"),
    "slice of a set block": ("{% set x %}{{ subscriber.name }}{% endset %}{{ x[:3] }}", "this text has"),
    "index of a set block": ("{% set x %}{{ subscriber.name }}{% endset %}{{ x[0] }}", "this text has"),
    "method of a set block": ("{% set x %}{{ subscriber.name }}{% endset %}{{ x.upper() }}", "this text has"),
    "call block filtered": ("{% macro m() %}{{ caller()|upper }}{% endmacro %}{% call m() %}{{ subscriber.name }}{% endcall %}", "this text has"),
    "format of a set block": ("{% set x %}{{ subscriber.name }}{% endset %}{{ '%9s' % x }}", "this text has"),
    "set block as a key": ("{% set x %}{{ subscriber.name }}{% endset %}{{ {'ann': 1}[x]|default(2) }}", "this text has"),
    "look up where it is a key": ("{% set x %}{{ subscriber.name }}{% endset %}{{ {x: 1}['ann']|default(2) }}", "this text has"),
    "count of set blocks": ("{% set x %}{{ subscriber.name }}{% endset %}{{ [x].count('ann') }}", "can't be called with"),
    "recursive macro": ("{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(subscriber.age) }}", "without end"),
    "set block as default": ("{% set x %}<b>a</b>{% endset %}{{ subscriber.nick|default(x) }}", "ready-made HTML"),
    "safe": ("{{ subscriber.name|safe }}", "'safe' can't be used on a recipient's value"),
    "escape": ("{{ subscriber.name|e }}", "'e' can't be used"),
    "forceescape": ("{{ subscriber.name|forceescape }}", "'forceescape' can't"),
    "safe on part of it": ("{{ ('<b>' ~ subscriber.name)|safe }}", "'safe' can't"),
    "autoescape off": ("{% autoescape false %}{{ subscriber.name }}{% endautoescape %}", "autoescape was changed"),
    "method": ("{{ subscriber.name.upper() }}", "can't be used like this"),
    "call with a value": ("{{ 'a'.join(subscriber.tags) }}", r"join\(\) can't be called with a recipient's value"),
    "format method": ("{{ '{}'.format(subscriber.name) }}", "can't be called with"),
    "range": ("{% for i in range(subscriber.age) %}x{% endfor %}", "can't be called with"),
    "slice": ("{{ subscriber.name[:3] }}", "different for each recipient"),
    "unpacking": ("{% set a, b = subscriber.tags %}{{ a }}", "different for each recipient"),
    "star": ("{% macro m() %}{{ varargs|length }}{% endmacro %}{{ m(*subscriber.tags) }}", "different for each"),
    "unknown test": ("{% if subscriber.name is callable %}x{% endif %}", "the test 'callable' can't be used"),
    "unknown filter on a value": ("{{ subscriber.name|wordwrap(3) }}", "the filter 'wordwrap' can't"),
    "namespace in an branch": ("{% set ns = namespace(n=0) %}{% if subscriber.paid %}{% set ns.n = 1 %}{% endif %}{{ ns.n }}", "a namespace can't be changed"),
    "namespace in a loop": ("{% set ns = namespace(n=0) %}{% for t in subscriber.tags %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}", "a namespace can't be changed"),
    "namespace in a called macro": ("{% set ns = namespace(n=0) %}{% macro m() %}{% set ns.n = 1 %}{% endmacro %}{% if subscriber.paid %}{{ m() }}{% endif %}{{ ns.n }}", "a namespace can't be"),
    "joiner in a loop": ("{% set j = joiner() %}{% for t in subscriber.tags %}{{ j() }}{{ t }}{% endfor %}", "a joiner can't be changed"),
    "cycler in an branch": ("{% set c = cycler(1, 2) %}{% if subscriber.paid %}{{ c.next() }}{% endif %}{{ c.next() }}", "a cycler can't be changed"),
    "joiner behind and": ("{% set j = joiner('x') %}{{ subscriber.paid and j() }}{{ j() }}", "a joiner can't be changed"),
    "loop.changed in an branch": ("{% for a in params.ages %}{% if subscriber.paid %}{{ loop.changed(1) }}{% endif %}{% endfor %}", "can't be changed"),
    "generator across branches": ("{% set g = params.ages|map('string') %}{% if subscriber.paid %}{{ g|join }}{% else %}{{ g|join }}{% endif %}", "used only once"),
    "loop.previtem": ("{% for t in subscriber.tags %}{{ loop.previtem }}{% endfor %}", "loop.previtem is not offered"),
    "loop.changed": ("{% for t in subscriber.tags %}{{ loop.changed(t) }}{% endfor %}", "loop.changed is not offered"),
    "loop as a value": ("{% for t in subscriber.tags %}{{ loop|attr('index') }}{% endfor %}", "the filter 'attr' can't"),
    "loop filter": ("{% for t in subscriber.tags if t %}{{ t }}{% endfor %}", "different for each recipient"),
    "loop filter on the recipient": ("{% for a in params.ages if a > subscriber.age %}{{ a }}{% endfor %}", "different for each"),
    "recursive loop": ("{% for t in subscriber.tags recursive %}{{ t }}{% endfor %}", "different for each recipient"),
    "nested unpacking": ("{% for a, (b, c) in subscriber.tags %}{{ a }}{% endfor %}", "nested"),
    "include by value": ("{% include subscriber.name %}", "different for each recipient"),
    "extends in an branch": ("{% if subscriber.paid %}{% extends 'email/other.inc' %}{% endif %}", "layout that a template extends can't be changed"),
    "print all fields": ("{{ subscriber }}", "print one of them"),
    "print a list": ("{{ [subscriber.name] }}", "a list with recipients' values"),
    "print none": ("{{ browser_url }}", "the value to print is none"),
    "print a method": ("{{ issue.title.upper }}", "can't be printed"),
    "private field": ("{{ subscriber.__class__ }}", "not a field"),
    "private attribute": ("{{ issue.__class__.__mro__ }}", "unsafe"),
    "undefined": ("{{ subscirber.name }}", "did you mean 'subscriber'"),
    "undefined, default": ("{{ subscirber|default('x') }}", "did you mean 'subscriber'"),
    "undefined, tested": ("{% if unsubscribe_ulr is defined %}x{% endif %}", "did you mean 'unsubscribe_url'"),
    "attribute of the issue": ("{{ issue.titel }}", "did you mean 'title'"),
    "unknown filter": ("{{ subscriber.name|titel }}", "No filter named 'titel'"),
    "unknown tag": ("{% fi subscriber.paid %}", "unknown tag 'fi'"),
    "division": ("{{ 1 / 0 }}", "division by zero"),
    "lookup in a dict": ("{{ {'a': 1}[subscriber.name] }}", "a dict can't be part of"),
    "random": ("{{ params.ages|random }}", "No filter named 'random'"),
}  # fmt: skip

PARAMS = {
    "key": "name",
    "flag": True,
    "empty": "",
    "ages": [0, 12, 3],
    "nest": [{"a": 1, "b": [{"a": 2, "b": []}]}, {"a": 3, "b": []}],
}
FILES = {"email/n.inc": "{{ n }}", "email/other.inc": "other"}


@pytest.mark.parametrize("template", EQUAL.values(), ids=EQUAL.keys())
def test_filled_in_it_equals_the_slow_way(tmp_path: Path, template: str) -> None:
    at = desk(tmp_path, template, params=PARAMS)
    edition = at.edition()
    for recipient in RECIPIENTS:
        subscriber = recipient | {"pairs": [(tag, len(tag)) for tag in recipient["tags"]]}
        assert at.fill(edition, subscriber) == at.slowly(subscriber)


@pytest.mark.parametrize(("template", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_with_file_and_line(tmp_path: Path, template: str, problem: str) -> None:
    with pytest.raises(IssueError, match=problem) as refused:
        desk(tmp_path, template, params=PARAMS, files=FILES).edition()
    assert str(refused.value.path).startswith(str(tmp_path / "email"))
    assert refused.value.line == (1 if str(refused.value.path).endswith(".inc") else 2)
