"""What surrounds a send: settings, the mail server, DNS, the links, the machine. Looks, and changes nothing.

Fetching and judging are apart: what was seen becomes a value, and a pure function says what it means.
"""
