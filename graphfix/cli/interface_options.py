"""The options of `graphfix fix` that change the model's interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from onnx import ModelProto

    from graphfix.rewriting.interface_rewrite import InterfaceRewrite


def add_reforms(parser: argparse.ArgumentParser) -> None:
    """The options of fix that change what the model takes and gives."""
    group = parser.add_argument_group("interface changes")
    group.add_argument(
        "--input-layout", action="append", default=[], metavar="[NAME=]nhwc", help="accept an input in this layout"
    )
    group.add_argument(
        "--input-dtype",
        action="append",
        default=[],
        metavar="[NAME=]uint8",
        help="accept floats as bytes, or narrow numbers as a wider dtype",
    )
    group.add_argument(
        "--normalize", action="append", default=[], metavar="[NAME=]MEAN,STD",
        help="subtract and divide inside, in units of what comes in; [R,G,B],[R,G,B] for one a channel",
    )  # fmt: skip
    group.add_argument(
        "--input-at", action="append", default=[], metavar="NAME", help="begin at a value inside, without what computes it"
    )
    group.add_argument("--free-batch", action="store_true", help="make the first dim dynamic, where the export fixed it")
    group.add_argument("--free-sizes", action="store_true", help="make height and width dynamic, where only Reshapes fix them")
    group.add_argument("--vector-inputs", action="store_true", help="take scalar inputs as vectors of one element")
    group.add_argument("--drop-unused", action="store_true", help="drop inputs that nothing reads")
    group.add_argument("--drop-output", action="append", default=[], metavar="NAME", help="drop an output")
    group.add_argument("--tensor-inputs", action="store_true", help="take each tensor of a sequence as an input of its own")
    group.add_argument("--tensor-outputs", action="store_true", help="give maps (ZipMap) and sequences as tensors")
    group.add_argument(
        "--padded-outputs", action="store_true", help="give outputs of a size known at run time at their largest, with a count"
    )
    group.add_argument(
        "--static-cache", type=int, metavar="N", help="give key and value caches N fixed rows, written at `cache_position`"
    )


def requested(model: ModelProto, given: argparse.Namespace, targets: Sequence[str]) -> list[InterfaceRewrite]:
    """Return the changes of the interface that the command line asks for, and those that its targets need."""
    from graphfix.rewrites.interface.requests import requested_interface

    return requested_interface(
        model,
        inner_inputs=given.input_at,
        targets=targets,
        layouts=given.input_layout,
        dtypes=given.input_dtype,
        normalize=given.normalize,
        free_batch=given.free_batch,
        free_sizes=given.free_sizes,
        vector_inputs=given.vector_inputs,
        drop_unused=given.drop_unused,
        drop_outputs=given.drop_output,
        tensor_inputs=given.tensor_inputs,
        tensor_outputs=given.tensor_outputs,
        padded_outputs=given.padded_outputs,
        static_cache=given.static_cache,
    )
