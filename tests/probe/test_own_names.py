"""Facets of few targets have names of their own: a probe that varies a parameter of that name would be asked of those alone."""

from __future__ import annotations

from graphfix.probe.form import SETTLED, Form
from graphfix.probe.forms import forms
from graphfix.tables.target_facets import _own


def test_no_own_facet_is_called_like_an_operand_or_attribute_of_a_form() -> None:
    every = [form for entries in forms().values() for form in entries if isinstance(form, Form)]
    taken = {name for form in every for name in (*form.operands, *form.attributes)}
    taken |= {name for form in every for change in form.changes for name in change}
    assert sorted((_own() & taken) - {SETTLED}) == []  # the change of that name is what makes the facet
