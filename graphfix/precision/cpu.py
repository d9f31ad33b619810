"""The features of this machine's CPU on which a compiler's arithmetic depends."""

from __future__ import annotations

import functools
from pathlib import Path

RELEVANT = ("avx512_bf16", "amx_bf16", "avx512_fp16", "amx_fp16")
"""Those that give a CPU arithmetic in bfloat16 or float16, by the names that Linux gives them."""


@functools.cache
def features() -> tuple[str, ...]:
    """Return the relevant features of this CPU; none where the system does not list them."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ()
    line = next((one for one in text.splitlines() if one.startswith("flags")), "")
    present = set(line.partition(":")[2].split())
    return tuple(name for name in RELEVANT if name in present)
