"""Record what ExecuTorch makes of the programs in aten_programs.py: `PYTHON record_aten_programs.py OUT.jsonl.xz [NAME...]`.

PYTHON is an interpreter that has ExecuTorch; it shares no code with the adapter but the description of programs. A line holds a
program's name, its description, whether it is lowered and runs, and how many of its operators XNNPACK takes.
"""

from __future__ import annotations

import json
import lzma
import operator
import os
import sys
import sysconfig
import tomllib
import types
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
warnings.simplefilter("ignore")
sys.modules["graphfix"] = types.ModuleType("graphfix")
sys.modules["graphfix"].__path__ = [str(ROOT / "graphfix")]
sys.path.insert(0, str(Path(__file__).parent))

import torch  # noqa: E402
from aten_programs import DYNAMIC, PROGRAMS  # noqa: E402
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner  # noqa: E402
from executorch.exir import to_edge_transform_and_lower  # noqa: E402
from executorch.runtime import Runtime  # noqa: E402

from graphfix.backends import aten_program  # noqa: E402
from graphfix.lowering import torch_programs  # noqa: E402

KEPT = tomllib.loads((ROOT / "rules" / "executorch-xnnpack" / "target.toml").read_text())["kept"]


def recorded(name: str) -> dict[str, Any]:
    """Return the line about a program."""
    torch.manual_seed(0)
    make, inputs = PROGRAMS[name]
    module, args = make().eval(), inputs()
    axes = tuple(dict.fromkeys(one, torch.export.Dim.AUTO) for one in DYNAMIC.get(name, ()))
    dims: Any = ({"inputs": axes} if hasattr(module, "function") else axes) if axes else None
    with torch.no_grad():
        program = torch.export.export(module, args, dynamic_shapes=dims)
        described = torch_programs.described(aten_program.decomposed(program, KEPT))
        found: dict[str, Any] = {"name": name, "program": described, "accepted": False, "said": "", "taken": 0, "left": []}
        try:
            lowered = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()])
            calls = [one for one in lowered.exported_program().graph.nodes if one.op == "call_function"]
            for one in calls:
                if one.target is operator.getitem:
                    continue
                if "executorch_call_delegate" in str(one.target):
                    inner = getattr(lowered.exported_program().graph_module, one.args[0].target).original_module.graph.nodes
                    found["taken"] += sum(each.op == "call_function" and each.target is not operator.getitem for each in inner)
                else:
                    found["left"].append(str(one.target).removeprefix("<EdgeOpOverload: ").partition(">")[0])
            made = lowered.to_executorch().buffer
        except Exception as error:
            found["said"] = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            return found
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:  # kernels abort on what they do not know
        said = "ok"
        try:
            Runtime.get().load_program(made).load_method("forward").execute(list(args))
        except BaseException as error:
            said = str(error)[:300] or "failed"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    found["said"] = os.read(reading, 4000).decode() or "the runtime aborts"
    os.close(reading)
    os.waitpid(child, 0)
    found["accepted"] = found["said"] == "ok"
    return found


def without_folders(line: str) -> str:
    """Return a line in which files of the project and of packages are named from the project's and the packages' folder."""
    return line.replace(f"{ROOT}/", "").replace(f"{sysconfig.get_path('purelib')}/", "")


def main() -> None:
    """Record the programs that the file has not yet, or those that are named."""
    out = Path(sys.argv[1])
    lines = lzma.decompress(out.read_bytes()).decode().splitlines() if out.exists() else []
    known = {json.loads(line)["name"]: line for line in lines}
    for name in sys.argv[2:] or [name for name in PROGRAMS if name not in known]:
        known[name] = without_folders(json.dumps(recorded(name), sort_keys=True))
        print(name, {key: value for key, value in json.loads(known[name]).items() if key not in ("program", "name")}, flush=True)
        out.write_bytes(lzma.compress("".join(known[one] + "\n" for one in PROGRAMS if one in known).encode()))


if __name__ == "__main__":
    main()
