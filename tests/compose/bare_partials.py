"""The simplest that partials can be, so that tests see what a body hands them."""

from __future__ import annotations

PARTIALS = {
    "button": "{% macro button() %}<div>{{ caller() }}</div>{% endmacro %}",
    "figure": "{% macro figure() %}<figure>{{ caller() }}</figure>{% endmacro %}",
    "quote": "{% macro quote() %}<blockquote>{{ caller() }}</blockquote>{% endmacro %}",
    "columns": "{% macro columns() %}<div>{{ caller() }}</div>{% endmacro %}"
    "{% macro column(share=None) %}<div>{{ caller() }}</div>{% endmacro %}",
    "callout": "{% macro callout(kind='note') %}<div>{{ caller() }}</div>{% endmacro %}",
    "divider": "{% macro divider() %}<hr>{% endmacro %}",
}
