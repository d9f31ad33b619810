"""Rewrites that the user requests by name, which are applied whether or not a finding calls for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass

from graphfix.analysis.cache import facts_of
from graphfix.errors import UsageError, nearest
from graphfix.rewriting import registry as rewriting
from graphfix.rewriting.interface_rewrite import InterfaceRewrite
from graphfix.rewriting.rewrite import Key
from graphfix.rewriting.transaction import REQUESTED, Change, WorkingModel

MOST_REASONS = 3
"""How many reasons are told why a rewrite applies nowhere."""


@dataclass(frozen=True, slots=True)
class NamedRewrite:
    """A rewrite to apply: its name, and the operator or the node that it is restricted to, empty for all it fits."""

    name: str
    only: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.only}" if self.only else self.name


def parse_rewrites(texts: Iterable[str], allowed: Set[str]) -> tuple[NamedRewrite, ...]:
    """Return the rewrites in `NAME[:OP][,NAME...]`, each given word; `allowed` are the safety classes that may be applied.

    Raises:
        UsageError: an unknown name, a safety class that is not allowed, a change of the interface that has its own option,
            or a restriction to nodes of a rewrite that acts on the whole model.
    """
    found = []
    for word in (word.strip() for text in texts for word in text.split(",")):
        name, _, only = word.partition(":")
        rewrite = rewriting.registry().get(name)
        if rewrite is None:
            raise UsageError(f"no rewrite is called `{name}`", hint=nearest(name, rewriting.registry()))
        if isinstance(rewrite, InterfaceRewrite):
            hint = rewrite.ask or "see the interface changes in `graphfix fix --help`"
            raise UsageError(f"`{name}` changes the interface, and its own option says how", hint=hint)
        if rewrite.safety not in allowed:
            raise UsageError(f"`{name}` is {rewrite.safety.value}", hint=f"add --allow {rewrite.safety.value}")
        if only and rewrite.everywhere:
            raise UsageError(f"`{name}` acts on the whole model, not on `{only}` alone", hint=f"write --rewrite {name}")
        found.append(NamedRewrite(name, only))
    return tuple(dict.fromkeys(found))


def apply_named(bench: WorkingModel, wanted: Sequence[NamedRewrite], say: Callable[[str], None]) -> tuple[str, ...]:
    """Apply the requested rewrites in turn, verified like all others; returns a sentence for each that applied nowhere."""
    unmet = []
    for one in wanted:
        rewrite = rewriting.registry()[one.name]
        say(one.name)
        keys = _keys(bench, one.only) if one.only else None
        if keys is not None and not keys:
            reasons = [f"no node is a `{one.only}`, or is called so"]
        else:
            noted = len(bench.changes)
            if bench.attempt(rewrite, keys, REQUESTED):
                continue
            reasons = [change.declined for change in bench.changes[noted:] if change.rewrite == one.name and change.declined]
        unmet.append(f"{one} applied nowhere: {_sentence(reasons)}")
        if not any(change.rewrite == one.name and not change.applied for change in bench.changes):
            bench.note(Change(rewrite.name, rewrite.safety, "", False, _sentence(reasons)))
    return tuple(unmet)


def _keys(bench: WorkingModel, only: str) -> frozenset[Key]:
    """Return the keys of the nodes of an operator, or of the node with a label or an output of that name."""
    nodes = facts_of(bench.model).nodes
    named = [node for node in nodes if only in (node.op, node.label) or only in node.proto.output]
    return frozenset((tuple(node.scope), next(filter(None, node.proto.output), "")) for node in named)


def _sentence(reasons: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(reasons))
    more = f"; and {len(distinct) - MOST_REASONS} more reasons" if len(distinct) > MOST_REASONS else ""
    return "; ".join(distinct[:MOST_REASONS]) + more if distinct else "the model has no node that it fits"
