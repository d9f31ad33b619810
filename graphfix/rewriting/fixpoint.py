"""The fixpoint of the rewrites that findings call for, the most effective first, until no further rewrite fires.

Of several rewrites that fix one finding, each is applied to a copy and evaluated. One that was measured to fix such a
finding, and leaves fewer findings here, is verified and kept; else the one that leaves the fewest findings, then the fewest
nodes. What adds very many nodes comes last. Rewrites without effect are withdrawn, and alternatives are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field

from graphfix.linter.diagnostics import RESIZED, UNDECIDED, Result, Severity
from graphfix.rewriting import registry as rewriting
from graphfix.rewriting.rewrite import Key, Rewrite, Safety
from graphfix.rewriting.states import Proposal, Step
from graphfix.rewriting.transaction import Change, WorkingModel
from graphfix.rewriting.verdict_comparison import errors, is_grave, severity_score, title

KINDS = ("operator", "dtype", "attribute", "rank", "operand", "dynamic", "opset", "optional", "form")
MOST_ROUNDS = 10
MOST_WAYS = 4
"""How many alternatives are tried after a sequence of rewrites that fixed nothing."""
MOST_RIVALS = 5
"""How many rewrites of the same nodes are compared, not counting those that decline; the others are tried later."""
MANY_NODES = 800
"""A rewrite that adds more nodes than this yields to others of the same nodes: it writes loops out, and others need not."""


@dataclass(slots=True)
class RewriteRequest:
    """The nodes on which findings call for a rewrite, and the targets of those findings.

    `measured` are the nodes for which it is among the rewrites that were measured to fix such a finding. `undecided` tells
    whether all of these findings leave a verdict open: the rewrite is then kept only if it decides one.
    """

    keys: set[Key] = field(default_factory=set)
    targets: set[str] = field(default_factory=set)
    measured: set[Key] = field(default_factory=set)
    undecided: bool = True


@dataclass(slots=True)
class Fixpoint:
    """One fixpoint run on a workbench: the classes allowed, the rewrites tried in each state, and those not tried again."""

    bench: WorkingModel
    allowed: Set[str]
    say: Callable[[str], None]
    tried: dict[tuple[str, frozenset[Key] | None], int] = field(default_factory=dict)
    banned: set[tuple[str, Key | None]] = field(default_factory=set)
    satisfied: Set[str] = frozenset()
    """The targets whose compilers accept the model as it is, and compute what they should."""
    _called: tuple[int, dict[str, RewriteRequest]] | None = None

    @property
    def called(self) -> dict[str, RewriteRequest]:
        """The rewrites that the findings on the working model call for."""
        if self._called is None or self._called[0] != self.bench.version:
            self._called = self.bench.version, requested_rewrites(self.bench.results, self.satisfied)
        return self._called[1]

    def run(self) -> bool:
        """Rewrite until no rewrite reduces the findings; return True when the working model changed."""
        start = self.bench.model
        self.bench.floor = self.bench.results
        self.bench.mark()
        for _ in range(MOST_WAYS):
            self._once()
            if not errors(self.bench.results) and self.bench.admissible:
                break
            grave = {f.node for result in self.bench.results for f in result.findings if is_grave(f)}
            trail = [step for step in self.bench.recall() if not step.rewrite.tidies]
            fresh = {site for step in trail for site in blamed_sites(step, grave)} - self.banned
            if not fresh:
                break
            self.banned |= fresh
        return self.bench.model is not start

    def _once(self) -> None:
        """Run rounds until no rewrite fires or the limit is reached."""
        fired: list[str] = []
        for _ in range(MOST_ROUNDS):
            fired = self._round()
            if not fired:
                return
        names = " and ".join(dict.fromkeys(fired))
        for name in dict.fromkeys(fired):
            reason = f"still firing after {MOST_ROUNDS} rounds: {names}"
            self.bench.note(Change(name, rewriting.registry()[name].safety, "", False, reason))

    def _round(self) -> list[str]:
        """Run the safest stage in which a rewrite fires, and return the names of those that fired.

        What it keeps is verified once at the end, and one by one where that fails.
        """
        start = self.bench.begin(deferred=True)
        fired = self._stage()
        if not self.bench.settled(start):
            self.bench.begin(deferred=False)
            fired = self._stage()
        self.bench.mark()
        return fired

    def _stage(self) -> list[str]:
        fired: list[str] = []
        for stage in self._stages():
            for rewrite in stage:
                rivals = [rewrite, *self._rivals(rewrite, stage)]
                fired += self._compete(rivals) if len(rivals) > 1 else self._alone(rewrite)
            if fired:
                break
        return fired

    def _alone(self, rewrite: Rewrite) -> list[str]:
        due, keys = self._due(rewrite)
        if not due:
            return []
        self.say(rewrite.name)
        proposal = self.bench.propose(rewrite, keys)
        if proposal is None or not self._decides(proposal):
            return []
        return [rewrite.name] if self.bench.accept(proposal, self._callers(rewrite)) else []

    def _compete(self, rivals: Sequence[Rewrite]) -> list[str]:
        """Apply each of several rewrites of the same nodes to a copy, and keep the best that passes verification."""
        proposals: list[tuple[bool, tuple[bool, tuple[int, int], bool, int, int], Proposal]] = []
        short = False  # whether a proposal of few nodes was measured to help, or helps at once
        now, size = severity_score(self.bench.results), len(self.bench.model.graph.node)
        for rewrite in rivals:
            if len(proposals) == MOST_RIVALS:
                break
            due, keys = self._due(rewrite)
            if due:
                self.say(rewrite.name)
                proposal = self.bench.propose(rewrite, keys)
                if proposal is not None and proposal.outcome.model is not None and self._decides(proposal):
                    nodes = len(proposal.outcome.model.graph.node)
                    score, measured = severity_score(proposal.results), self._is_measured(rewrite)
                    rank = (not (measured and score < now), score, not measured, nodes, len(proposals))
                    many = nodes - size > MANY_NODES
                    short |= not many and (measured or score < now)
                    proposals.append((many, rank, proposal))
        # many nodes are the last way, unless they alone are known to help: rank[2] is whether that was never measured
        for *_, proposal in sorted(proposals, key=lambda p: (p[0] and (short or p[1][2]), p[1])):
            if self.bench.accept(proposal, self._callers(proposal.rewrite)):
                return [proposal.rewrite.name]
        return []

    def _due(self, rewrite: Rewrite) -> tuple[bool, frozenset[Key] | None]:
        """Return whether a rewrite is called for and not yet tried in this state, and on which nodes (None: on all)."""
        call = self.called.get(rewrite.name)
        if call is None:
            return False, None
        keys = None if rewrite.everywhere else frozenset(k for k in call.keys if (rewrite.name, k) not in self.banned)
        if (rewrite.name, None) in self.banned or (keys is not None and not keys):
            return False, keys
        if rewrite.undoes and any(step.rewrite.name == rewrite.undoes for step in self.bench.steps):
            return False, keys
        if self.tried.get((rewrite.name, keys)) == self.bench.version:
            return False, keys
        self.tried[rewrite.name, keys] = self.bench.version
        return True, keys

    def _decides(self, proposal: Proposal) -> bool:
        """Whether a proposal for undecided nodes leaves less undecided; one that errors or warnings call for need not."""
        if not self.called[proposal.rewrite.name].undecided:
            return True
        return severity_score(proposal.results) < severity_score(self.bench.results)

    def _callers(self, rewrite: Rewrite) -> set[str]:
        return self.called[rewrite.name].targets if rewrite.name in self.called else set()

    def _rivals(self, rewrite: Rewrite, stage: Sequence[Rewrite]) -> list[Rewrite]:
        """Return the other rewrites of a stage that are called for on the same nodes, which an earlier rewrite may have made."""
        if rewrite.everywhere or rewrite.tidies or rewrite.last_resort:
            return []
        mine = self.called[rewrite.name].keys if rewrite.name in self.called else set()
        others = [r for r in stage if r is not rewrite and not r.tidies and r.name in self.called]
        rivals = [other for other in others if mine & self.called[other.name].keys]
        return sorted(rivals, key=lambda r: (not self._is_measured(r), not r.everywhere))

    def _is_measured(self, rewrite: Rewrite) -> bool:
        """Whether a table lists the rewrite among those that fixed such a finding."""
        return rewrite.name in self.called and bool(self.called[rewrite.name].measured)

    def _stages(self) -> Iterator[list[Rewrite]]:
        """Yield the rewrites called for, safest first; those not allowed are tried on a copy only to report that they exist."""
        called = [rewriting.registry()[name] for name in self.called]
        for last_resort in (False, True):
            for safety in Safety:
                stage = [r for r in called if r.safety is safety and r.last_resort is last_resort]
                if safety in self.allowed or safety is Safety.INTERFACE:
                    yield sorted(stage, key=self._urgency)
                    continue
                for rewrite in stage:
                    self._mention(rewrite)

    def _urgency(self, rewrite: Rewrite) -> tuple[bool, bool, bool, bool, str]:
        """Return the order of a rewrite in its stage: what was measured to fix the model as a whole, cleanup, then others."""
        measured = self._is_measured(rewrite)
        return not (measured and rewrite.everywhere), not rewrite.tidies, not measured, rewrite.everywhere, rewrite.name

    def _mention(self, rewrite: Rewrite) -> None:
        """Record where a rewrite of a class that is not allowed would fire."""
        call = self.called[rewrite.name]
        if call.undecided:
            return
        for label in self.bench.trial(rewrite, None if rewrite.everywhere else frozenset(call.keys)).changed:
            reason = f"{rewrite.safety.value}; allow with --allow {rewrite.safety.value}"
            self.bench.note(Change(rewrite.name, rewrite.safety, label, False, reason))


def blamed_sites(step: Step, grave: Set[str]) -> set[tuple[str, Key | None]]:
    """Return the rewrite with the nodes from which nodes with grave findings were made; with all of its nodes where none was."""
    from_it = [key for key, label in step.sites if label and any(f"{node}/".startswith(f"{label}/") for node in grave)]
    return {(step.rewrite.name, key) for key in from_it or [key for key, _ in step.sites]}


def requested_rewrites(results: Sequence[Result], satisfied: Set[str] = frozenset()) -> dict[str, RewriteRequest]:
    """Return the rewrites that the findings call for, with their nodes and targets, except those of `satisfied` targets."""
    wanted: dict[str, RewriteRequest] = {}
    tidy = [name for name, rewrite in rewriting.registry().items() if rewrite.tidies]
    able: dict[tuple[str, str, str, tuple[str, ...] | None], list[Rewrite]] = {}
    for result in results:
        open_ = [finding.kind in UNDECIDED for finding in result.findings if is_grave(finding) or finding.kind in UNDECIDED]
        if title(result) in satisfied or not open_:
            continue  # a model that a target accepts and computes right is not changed for that target
        for name in tidy if not all(open_) else ():
            wanted.setdefault(name, RewriteRequest(undecided=False)).targets.add(title(result))
        for finding in result.findings:
            if (finding.severity is Severity.NOTE and finding.kind not in UNDECIDED) or finding.kind == RESIZED:
                continue
            kind = (finding.op, finding.kind, finding.code, finding.traits)
            if kind not in able:
                able[kind] = answering(*kind)
            measured = finding.rewrite.rewrites if finding.rewrite is not None else ()
            named = [rewriting.registry()[name] for name in measured if name in rewriting.registry()]
            for rewrite in dict.fromkeys((*named, *able[kind])):
                if rewrite.last_resort and finding.severity is not Severity.ERROR:
                    continue
                call, key = wanted.setdefault(rewrite.name, RewriteRequest()), (tuple(finding.scope), finding.output)
                call.undecided &= finding.kind in UNDECIDED
                call.keys.add(key)
                call.targets.add(title(result))
                if rewrite in named:
                    call.measured.add(key)
    return wanted


def answering(op: str, kind: str, code: str, traits: tuple[str, ...] | None) -> list[Rewrite]:
    """Return the rewrites that fix a finding.

    A rejection by a compiler has no kind and matches every kind. So does an undecided verdict, for rewrites of its operator:
    those of any operator, which change dtypes or fold constants, decide nothing.
    """
    if kind in UNDECIDED and op:
        rules = ((r, rule) for r in rewriting.registry().values() for rule in r.fixes if rule.op != "*")
        return rewriting.in_preference_order(
            dict.fromkeys(r for r, rule in rules if any(rule.answers(op, each, code, traits) for each in (*KINDS, kind)))
        )
    if kind != "rejection":
        return rewriting.rewrites_for(op, kind, code, traits)
    about = (op,) if op else ("", "*")  # any node, where the compiler named none
    return rewriting.in_preference_order(
        dict.fromkeys(r for one in about for each in (*KINDS, kind) for r in rewriting.rewrites_for(one, each, code, traits))
    )
