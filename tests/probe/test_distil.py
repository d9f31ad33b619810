"""What distilled rules say about synthetic evidence."""

from dataclasses import replace
from itertools import product

from graphfix.probe.distil import distil
from graphfix.probe.form import CONTEXT, VARIANT
from graphfix.probe.measure import Evidence
from graphfix.tables.conditions import holds


def evidence(facets: dict[str, object], verdict: str, varied: tuple[str, ...] = (), said: str = "no") -> Evidence:
    label = " ".join(f"{name}={value}" for name, value in facets.items())
    words = "" if verdict == "works" else said
    return Evidence("Op", label, label, varied, dict(facets), verdict, "ok" if verdict == "works" else "convert", words)  # type: ignore[arg-type]


def singles() -> list[dict[str, object]]:
    """A usual form and its single deviations."""
    usual: dict[str, object] = {"since": 13, "T": "float32", "X.rank": 4, "mode": "nearest"}
    values = {"since": (11, 13), "T": ("float32", "float16", "float64"), "X.rank": (2, 3, 4), "mode": ("nearest", "cubic")}
    return [{**usual, name: value} for name, options in values.items() for value in options]


def test_one_facet_explains_what_only_it_decides() -> None:
    rows = [evidence(f, "rejected" if f["T"] == "float64" else "works", ("T",)) for f in singles()]
    assert [(rule.id, rule.when, rule.kind) for rule in distil(rows).rejects] == [("dtype-float64", {"T": ["float64"]}, "dtype")]


def test_values_of_one_facet_share_a_rule() -> None:
    rows = [evidence(f, "works" if f["T"] == "float32" else "rejected", ("T",)) for f in singles()]
    assert [rule.when for rule in distil(rows).rejects] == [{"T": ["float16", "float64"]}]


def test_two_facets_explain_what_neither_decides_alone() -> None:
    grid = product(("nearest", "linear", "cubic"), (2, 3, 4), (11, 13))
    rows = [
        evidence(
            {"mode": mode, "X.rank": rank, "since": since},
            "rejected" if mode == "cubic" and rank != 4 else "works",
            ("mode", "X"),
        )
        for mode, rank, since in grid
    ]
    found = distil(rows)
    assert [rule.when for rule in found.rejects] == [{"X.rank": [2, 3], "mode": ["cubic"]}]
    assert found.exceptions == []


def test_an_operator_that_is_never_taken_has_one_rule_without_conditions() -> None:
    rows = [evidence(f, "rejected") for f in singles()]
    assert [(rule.id, rule.kind, rule.when) for rule in distil(rows).rejects] == [("unsupported", "operator", {})]


def test_the_varied_facet_is_blamed_where_another_goes_along_with_it() -> None:
    usual: dict[str, object] = {"since": 13, "axes.from": "constant", "axes.value": "positive"}
    rows = [
        evidence(usual, "works"),
        evidence({**usual, "since": 11}, "works", ("since",)),
        evidence({"since": 13, "axes.from": "runtime", "axes.dims": "static"}, "rejected", ("axes.from",)),
    ]
    assert [rule.when for rule in distil(rows).rejects] == [{"axes.from": ["runtime"]}]


def test_a_missing_facet_reads_as_absent_so_a_rule_on_absent_names_the_version() -> None:
    rows = [
        evidence({"since": 11, "axes": "absent"}, "rejected", ("axes",)),
        evidence({"since": 11, "axes": "one"}, "works"),
        evidence({"since": 13, "axes.from": "constant"}, "works"),
        evidence({"since": 13, "axes.from": "absent"}, "works"),
    ]
    rules = distil(rows).rejects
    assert [rule.when for rule in rules] == [{"axes": ["absent"], "since": [11]}]
    assert holds(rules[0].when, {"since": 13, "axes.from": "constant"}) is False


def test_wrong_numbers_are_explained_apart_from_refusals() -> None:
    verdicts = {True: "wrong", False: "works"}
    rows = [evidence(f, "rejected" if f["T"] == "float64" else verdicts[f["mode"] == "cubic"]) for f in singles()]
    found = distil(rows)
    assert [rule.when for rule in found.wrong] == [{"mode": ["cubic"]}]
    assert [rule.when for rule in found.rejects] == [{"T": ["float64"]}]


def test_wrong_results_are_told_in_words_where_all_probes_of_a_rule_say_the_same() -> None:
    def told(*words: str) -> str:
        grid = [({"rank": 3, "n": at}, "wrong", said) for at, said in enumerate(words)] + [({"rank": 4, "n": 0}, "works", "")]
        (rule,) = distil([evidence(f, verdict, ("rank",), said) for f, verdict, said in grid]).wrong
        return rule.said

    reshaped = "returns [2, 6, 7, 1] for [2, 6, 7], with equal values"
    assert told(reshaped, "returns [1, 1] for [1], with equal values", reshaped) == reshaped
    assert told(reshaped, "returns [1, 4, 1] for [1, 4]", "returns [1, 4, 1] for [1, 4]") == "returns [1, 4, 1] for [1, 4]"
    assert told(reshaped, "") == ""
    assert told(reshaped, "returns infinity or NaN for numbers") == ""


def test_what_was_refused_elsewhere_counts_as_probed_and_as_nothing_more() -> None:
    rows = [evidence(f, "elsewhere" if f["X.rank"] == 2 else "works", ("X",)) for f in singles()]
    found = distil(rows)
    assert found.rejects == []
    assert found.axes["X.rank"] == [2, 3, 4]


def test_disagreeing_probes_of_one_key_follow_the_majority() -> None:
    facets: dict[str, object] = {"since": 13, "T": "bool"}
    rows = [evidence({"since": 13, "T": "float32"}, "works")]
    for i, verdict in enumerate(("rejected", "rejected", "works")):
        rows.append(Evidence("Op", str(i), str(i), ("T",), dict(facets), verdict, "", verdict))  # type: ignore[arg-type]
    assert [rule.when for rule in distil(rows).rejects] == [{"T": ["bool"]}]


def test_every_refusal_is_covered_and_nothing_accepted_is() -> None:
    grid = list(product((11, 13, 18), ("a", "b", "c"), (1, 2, 3, 4), (True, False), ("x", "y")))
    rows = [
        evidence(
            {"since": s, "mode": m, "X.rank": r, "foldable": f, "kind": k},
            "rejected" if hash_of(s, m, r, f, k) % 5 == 0 else "works",
        )
        for s, m, r, f, k in grid
    ]
    found = distil(rows)
    spared = {row.digest for row in found.exceptions}
    for row in rows:
        covered = any(holds(rule.when, row.facets) for rule in found.rejects)
        assert covered == (row.verdict == "rejected" and row.digest not in spared)


def hash_of(*parts: object) -> int:
    """A number that looks arbitrary and is the same in every process."""
    return sum((i + 7) * sum(map(ord, str(part))) for i, part in enumerate(parts))


def test_the_order_of_the_evidence_does_not_matter() -> None:
    rows = [evidence(f, "rejected" if f["T"] == "float64" or f["X.rank"] == 2 else "works") for f in singles()]
    assert distil(rows) == distil(rows[::-1])


def test_the_most_frequent_words_are_kept() -> None:
    usual: dict[str, object] = {"since": 13, "T": "float32", "X.rank": 4}
    words = {2: "not a number", 3: "not a number", 4: "other"}
    rows = [evidence(usual, "works")]
    rows += [evidence({**usual, "T": "bool", "X.rank": rank}, "rejected", ("T",), said) for rank, said in words.items()]
    (rule,) = distil(rows).rejects
    assert (rule.said, rule.supports, rule.stage) == ("not a number", 3, "convert")


def aided(facets: dict[str, object]) -> Evidence:
    return replace(evidence(facets, "works"), stage="runtime", said="axes must be constant", aided=True)


def test_a_refusal_that_only_a_simplifier_cures_stands_for_operands_that_exporters_write_down() -> None:
    plain = [evidence({"axes.from": source, "X.rank": rank}, "works") for source in ("constant", "absent") for rank in (2, 3)]
    (rule,) = distil([*plain, *(aided({"axes.from": "fixed-shape", "X.rank": rank}) for rank in (2, 3))]).rejects
    assert (rule.when, rule.stage, rule.said) == ({"axes.from": ["fixed-shape"]}, "runtime", "axes must be constant")


def test_a_refusal_that_only_a_simplifier_cures_falls_for_what_exporters_compute() -> None:
    rows = [evidence({"shape.from": "constant", "foldable": False}, "works"), aided({"shape.from": "folded", "foldable": False})]
    assert distil(rows).rejects == []
    folded = [evidence({"axes.from": "constant", "foldable": False}, "works"), aided({"axes.from": "folded", "foldable": True})]
    assert distil(folded).rejects == []


def test_numbers_that_come_out_wrong_are_explained_by_what_was_tried_alone() -> None:
    def tried(digest: str, verdict: str, **facets: str) -> Evidence:
        return Evidence("Shift", digest, "wide; x", ("numbers",), facets, verdict, "ok", "for wide" if verdict == "wrong" else "")

    plain = [
        Evidence("Shift", f"p{at}", "usual", (), {"T": dtype}, "works", "ok", "") for at, dtype in enumerate(("int8", "uint8"))
    ]
    found = distil([*plain, tried("a", "wrong", T="int8"), tried("b", "works", T="int8"), tried("c", "works", T="uint8")])
    assert [(rule.when, rule.said) for rule in found.wrong] == [({"T": ["int8"]}, "for wide")]
    assert not found.rejects
    assert found.axes == {"T": ["int8", "uint8"]}
    other = Evidence("Shift", "o", "odd; x", ("numbers",), {"T": "uint8"}, "wrong", "ok", "for odd")
    assert [rule.said for rule in distil([*plain, tried("c", "works", T="uint8"), other]).wrong] == ["for odd"]
    refused = distil([*plain, tried("d", "rejected", T="int16")])
    assert not refused.rejects, "a probe of numbers says nothing of support"
    assert refused.axes == {"T": ["int8", "uint8"]}


def test_failures_of_a_run_have_rules_of_their_own() -> None:
    verdicts = {"linear": "fails", "cubic": "wrong", "nearest": "works"}
    grid = product(verdicts, (2, 3))
    rows = [evidence({"mode": mode, "X.rank": rank}, verdicts[mode], ("mode",)) for mode, rank in grid]
    found = distil(rows)
    assert [(rule.stage, rule.when) for rule in found.wrong] == [("run", {"mode": ["linear"]}), ("convert", {"mode": ["cubic"]})]
    assert found.rejects == []


def test_a_form_that_runs_among_other_nodes_does_not_fail() -> None:
    alone = [replace(evidence({"X.rank": rank}, "fails" if rank == 0 else "works"), digest=str(rank)) for rank in (0, 1, 2)]
    among = [replace(evidence({"X.rank": 0}, verdict, (CONTEXT,)), digest=f"c{verdict}") for verdict in ("works", "elsewhere")]
    assert [rule.when for rule in distil(alone).wrong] == [{"X.rank": [0]}]
    assert [rule.when for rule in distil([*alone, among[1]]).wrong] == [{"X.rank": [0]}]
    assert distil([*alone, among[0]]).wrong == []


def test_a_condition_under_which_some_probe_agrees_is_not_wrong() -> None:
    def row(digest: str, verdict: str, mode: str) -> Evidence:
        return replace(evidence({"mode": mode}, verdict), digest=digest)

    agreeing = [row("a", "wrong", "cubic"), row("b", "works", "cubic"), row("c", "works", "nearest")]
    assert distil(agreeing).wrong == []
    assert [rule.when for rule in distil([agreeing[0], agreeing[2]]).wrong] == [{"mode": ["cubic"]}]


def test_one_accepted_variant_in_many_does_not_narrow_a_rule_to_what_the_variants_share() -> None:
    def strings(digest: str, rank: int, verdict: str, *varied: str) -> Evidence:
        return Evidence(
            "Equal", digest, "", ("T", *varied), {"T": "string", "rank": rank}, verdict, "compile", "unsupported string"
        )

    floats = [
        Evidence("Equal", f"f{rank}", "", ("rank",), {"T": "float32", "rank": rank}, "works", "ok", "") for rank in range(1, 5)
    ]
    base = [strings("s", 3, "rejected")]
    variants = [strings(f"v{at}", 3, "rejected", VARIANT) for at in range(8)]
    few = distil([*floats, *base, *variants, strings("w", 4, "works", VARIANT)])
    assert [(rule.when, rule.supports, rule.opposes) for rule in few.rejects] == [({"T": ["string"]}, 9, 1)]
    many = distil([*floats, *base, *variants, *(strings(f"w{rank}", rank, "works", VARIANT) for rank in (1, 2, 4))])
    assert [(rule.when, rule.opposes) for rule in many.rejects] == [({"T": ["string"], "rank": [3]}, 0)]


def test_what_an_accelerator_leaves_wholly_or_in_parts_is_explained_apart_from_what_is_refused() -> None:
    stages: dict[object, str] = {13: "delegate", 23: "partly", 1: "load"}
    forms = [{"since": since, "T": dtype} for since in stages for dtype in ("float32", "float16")]
    rows = [replace(evidence({**form, "mask": True}, "rejected", ("mask",)), stage=stages[form["since"]]) for form in forms]
    rows += [evidence({**form, "mask": False}, "works") for form in forms]
    found = distil(rows).rejects
    for row in rows:  # refusals are told first
        met = next((rule.stage for rule in found if holds(rule.when, row.facets)), "ok")
        assert met == row.stage, (row.facets, [rule.when for rule in found])
    assert len(found) == len(stages)
    never = distil([row for row in rows if row.stage in ("delegate", "load")]).rejects
    assert [(rule.stage, rule.when) for rule in never] == [("load", {"since": [1]}), ("delegate", {})]
    apart = distil([row for row in rows if row.stage in ("delegate", "partly")]).rejects
    assert {rule.stage: rule.when for rule in apart} == {"delegate": {"since": [13]}, "partly": {"since": [23]}}
