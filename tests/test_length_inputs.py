"""Inputs that hold lengths of sequences are verified with lengths, not with the small numbers that ids get."""

from __future__ import annotations

import pytest

from graphfix.linter.example import Example
from graphfix.verify.feeds import seeded_feeds
from graphfix.verify.reference import Reference

MASKED = Example(
    "s = Shape <start = 1, end = 2> (waveforms)\nn = Squeeze (s)\nr = Range (zero, n, one)\n"
    "l = Unsqueeze (waveforms_lens, axes)\nm = Less (r, l)\nf = Cast <to = 1> (m)\ny = Mul (waveforms, f)",
    inputs="float[b,N] waveforms, int64[b] waveforms_lens",
    weights="int64 zero = {0}, int64 one = {1}, int64[1] axes = {1}",
).model


@pytest.mark.parametrize(
    ("inputs", "name", "longest"),
    [
        ("float[b,N] waveforms, int64[b] waveforms_lens", "waveforms_lens", 40),
        ("float[b,80,T] audio_signal, int64[b] length", "length", 40),
        ("float[b,T,80] x, int32[b] x_lengths", "x_lengths", 40),
        ("float[1,500,80] feats, int64[1] feats_len", "feats_len", 500),
        ("float[b,7] other, float[b,N] tokens, int32[b] tokens_seq_lens", "tokens_seq_lens", 40),
        ("float[b,N] x, int64 sequence_length", "sequence_length", 40),
    ],
)
def test_lengths_are_up_to_the_size_of_the_sequence(inputs: str, name: str, longest: int) -> None:
    model = Example("y = Identity(z)", inputs=f"{inputs}, float[2] z").model
    for seed in range(4):
        feed = seeded_feeds(model, {}, {}, (3, 40), seed)
        assert feed is not None
        assert feed[name].max() == longest if seed % 2 == 0 else longest / 2 <= feed[name].min() <= longest
        assert feed[name].dtype.kind == "i"


@pytest.mark.parametrize("inputs", ["float[b,N] x, int64[b] ids", "float[b,N] x, int64[b,N] x_len", "float[b] x, int64[b] x_len"])
def test_no_lengths_are_other_names_matrices_and_what_is_beside_no_sequence(inputs: str) -> None:
    name = inputs.rpartition(" ")[2]
    feeds = [seeded_feeds(Example("y = Identity(x)", inputs=inputs).model, {}, {}, (3, 40), seed) for seed in range(3)]
    assert all(feed is not None and feed[name].max() < 4 for feed in feeds)


def test_a_value_that_the_user_gave_and_a_lower_limit_of_integers_are_kept() -> None:
    given = seeded_feeds(MASKED, {}, {"waveforms_lens": [5, 5, 5]}, (3, 40), 0)
    low = seeded_feeds(MASKED, {}, {}, (3, 40), 0, 2)
    assert given is not None
    assert low is not None
    assert given["waveforms_lens"].tolist() == [5, 5, 5]
    assert low["waveforms_lens"].max() < 2


def test_the_outputs_of_a_masked_model_differ_from_input_to_input() -> None:
    found = Reference(MASKED).answers
    assert found
    assert all(abs(run[0]).sum() > 1 for answer in found for run in answer.runs)
