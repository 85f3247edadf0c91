"""JSON where it is read: names with plain values as a table, escaped; everything else as it is."""

from __future__ import annotations

from headrace.platform.forms.shown import json_markup


def test_plain_values_stand_beside_their_names():
    shown = json_markup('{"a<b":"<i>x</i>","n":5,"yes":true,"no":null}')

    assert '<th scope="row">a&lt;b</th><td>&lt;i&gt;x&lt;/i&gt;</td>' in shown
    assert "<td>5</td>" in shown
    assert "<td>true</td>" in shown
    assert "<td>–</td>" in shown


def test_nested_values_are_indented():
    assert json_markup('{"a":[1]}').startswith("<pre>{")
    assert "&#34;&lt;b&gt;&#34;" in json_markup('["<b>"]')
