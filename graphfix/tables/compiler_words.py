"""The decisive words in a compiler's message: the innermost cause, without source files, error classes and probes' names."""

from __future__ import annotations

import functools
import re

# The patterns are compiled where they are first used, and kept by `re`: commands that show no message need none.
CUT = "…"
"""The mark at the end of a message that was shortened when it was stored."""
_TAIL = (
    r"(?s)\s*(?:Register a custom lowering to proceed.*|See instructions: \S+|\[checkMacros.*"
    r"|(?<=[^:\s])\s*Node number \d+ \(\w+\) failed to \w+\."
    r"|In [\w()]+ at /\S+.*|(?:op|node)=probe\b)"
)
"""Advice and places after the cause."""
_UNKNOWN = r"([\w.:]+) \(\d+ node\(s\)"
"""An operator in a converter's list of those that it does not know."""
LOWERING = "The following ONNX ops have no Core ML lowering: "
_HEAD = (
    r"^(?:Exception from \S+?:\d+:\s*|Check '(?:false)' failed at \S+?:\d+:\s*|FrontEnd API failed with \w+:\s*(?=.{12})"
    r"|(?:\w+\.)*\w*(?:Error|Exception|Warning):\s*(?=\S+\s)|Failed to lower node '[^']*' \(op [\w.:]+\):\s*(?=\S)"
    r"|I\w+::\w+:\s*|(?:\w+: )?Invalid Node - \S+\s*|tflite/\S+\.cc(?::\d+)?\s*|\[\S+::\d+\]\s*|:\s+"
    r"|(?:I\w+ )?probe\w*:\s+(?=\S)|Myelin \(\[[^\]]*\]\s*|\w+\.cpp:\d+:\s*"
    r"|flatbuffer_direct validation failed: .*? message=(?=.)"
    r"|Error Code \d+:\s*|Failed to import initializer:\s*|In node -?\d+ with name:.*?\(\w+\):\s*[A-Z_]+:\s*)"
)
"""What stands before the cause: where the message was raised, and the class of the error."""
_CHECK = r"(?s)^Check '(?P<what>.+?)' failed at \S+?:\d+:\s*(?P<said>.*)$"
_STEP = r"(?:^|\s)\d+: "
"""The number of one of the nested causes in a message of tract."""
_ASSERTION = r"(?s)^(?:\w+: )?Assertion failed: (?P<what>.*)$"
_SAID = r'&&\s*"(?P<said>[^"]+)"?'
_USAGE = r"(?s)^(?:\w+ )*Error \((?P<said>.*?)\)?$"
_CRASH = r"^(killed by SIG\w+)\b"
_TENSOR = r"(?s)(elem_type: \w+).*"
_TUPLE = r"(?s)^\('(?P<said>.*?)', '.*\)$"
_LAYER = r'^Op "[^"]*" \(op_type: (?P<op>\w+)\)\s*'
_PLACE = rf"\.? In (?:[\w()]+ at )?{CUT}$"
"""The start of a place in TensorRT's sources, which was cut off."""
SHORT = 16
"""Characters below which the cut end of a message says too little to stand alone."""


@functools.lru_cache(4096)
def compiler_words(said: str) -> str:
    """Return the innermost cause in a compiler's message, in its own words: of `... Caused by: 0: a 1: b` it is `b`."""
    words = " ".join(said.split())
    if crash := re.match(_CRASH, words):
        return crash[1]
    words = _innermost(next(iter(words.split(" | ")), "") or words)
    while (shorter := _stripped(words)) != words:
        words = shorter
    words = re.sub(_PLACE, "", _whole(words)).strip(" :,").removesuffix(".")
    return words if words and (len(words) >= SHORT or not words.endswith(CUT)) else " ".join(said.split())


def _innermost(words: str) -> str:
    """Return the last of the nested causes of a message of tract, with the one around it where that is the rule that failed."""
    _, caused, inner = words.rpartition("Caused by: ")
    steps = [step.strip() for step in re.split(_STEP, inner)] if caused else [words]
    steps = [step for step in steps if step]
    if not steps:
        return words.removesuffix("Caused by: ")
    told = "".join(steps[-2:-1]).startswith("Applying rule") or (steps[-1].endswith(CUT) and len(steps[-1]) < SHORT)
    return ": ".join(steps[-2:]) if told else steps[-1]


def _stripped(words: str) -> str:
    """Return a message without one layer around its cause."""
    words = re.sub(_HEAD, "", re.sub(_TAIL, "", words))
    if words.startswith(LOWERING) and (names := re.findall(_UNKNOWN, words)):
        return LOWERING + ", ".join(names)
    if check := re.match(_CHECK, words):
        return check["said"] if len(check["said"]) >= SHORT else f"Check '{check['what']}' failed"
    if failed := re.match(_ASSERTION, words):
        return _asserted(failed["what"])
    if usage := re.match(_USAGE, words):
        return usage["said"]
    if several := re.match(_TUPLE, words):
        return several["said"]
    if spoken := re.search(_SAID, words):
        return spoken["said"]
    if layer := re.match(_LAYER, words):
        return f"{layer['op']}: {words[layer.end() :]}"
    if words.startswith("translating to fact: Tensor {"):
        return re.sub(_TENSOR, rf"\1 {CUT} }}", words)
    return words


def _asserted(what: str) -> str:
    """Return the text of a failed assertion of TensorRT, else the condition that failed."""
    if spoken := re.search(_SAID, what):
        return spoken["said"]
    condition, colon, text = what.partition(": ")
    return (
        text
        if colon and len(text) >= SHORT
        else f"Assertion failed: {condition}".replace("Assertion failed: Assertion", "Assertion")
    )


def _whole(words: str) -> str:
    """Return a message whose end was cut off without its last, broken word."""
    if not words.endswith(CUT) or words.endswith(f" {CUT}"):
        return words
    kept = words.rpartition(" ")[0]
    return kept.removesuffix(":") if kept.endswith(":") else f"{kept} {CUT}" if kept else words
