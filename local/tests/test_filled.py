"""What a browser would send of a form: the visitor of demo and tests sends the same."""

from __future__ import annotations

from ledgerport_local.filled import values_of

FORM = """
<input type="hidden" name="token" value="a&amp;b"><input name="named" value="x">
<input type="checkbox" name="ticked" value="yes" checked><input type="checkbox" name="unticked" value="yes">
<input type="radio" name="one" value="A"><input type="radio" name="one" value="B" checked>
<select name="picked"><option value="1">One</option><option value="2" selected>Two</option></select>
<select name="first"><option value="">None</option><option value="3">Three</option></select>
<textarea name="memo">Thank you &amp; come
again</textarea><button name="">Save</button>
"""


def test_a_form_that_nobody_touched_sends_what_it_shows() -> None:
    assert values_of(FORM) == {
        "token": "a&b",
        "named": "x",
        "ticked": "yes",
        "one": "B",
        "picked": "2",
        "first": "",
        "memo": "Thank you & come\nagain",
    }
