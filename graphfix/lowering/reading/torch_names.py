"""Names of functions, methods and modules of PyTorch by what a call of them returns or does."""

from __future__ import annotations

import re

PACKING = frozenset({"pack_padded_sequence", "pad_packed_sequence", "pack_sequence"})
"""Functions that pack sequences or unpack them."""
EXPORT_QUERIES = re.compile(
    r"_?is_(?:tracing|in_onnx_export|compiling|exporting|dynamo_compiling|torchdynamo_compiling|fx_tracing)|_get_tracing_state"
)
"""Functions that return whether an export is going on; they are taken to return True."""
SHAPE_TAKING = frozenset(
    {
        "zeros", "ones", "full", "empty", "rand", "randn", "arange", "linspace", "eye", "reshape", "tile", "narrow", "split",
        "chunk", "tensor_split", "unflatten", "pad", "interpolate", "upsample", "broadcast_to", "as_strided",
        "repeat_interleave", "view", "expand", "repeat", "resize_", "new_zeros", "new_ones", "new_full", "new_empty", "unfold",
        "fold", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d", "avg_pool1d",
        "avg_pool2d", "max_pool1d", "max_pool2d",
    }
)  # fmt: skip
"""Functions and methods that take shapes, lengths or bounds."""
MULTI_OUTPUT = frozenset(
    {
        "split", "chunk", "unbind", "tensor_split", "hsplit", "vsplit", "dsplit", "max", "min", "sort", "topk", "kthvalue",
        "mode", "median", "unique", "unique_consecutive", "svd", "qr", "eig", "eigh", "slogdet", "var_mean", "std_mean",
        "cummax", "cummin", "aminmax", "frexp", "where", "nonzero", "meshgrid", "broadcast_tensors",
        "multi_head_attention_forward", "lstm", "gru", "atleast_1d",
    }
)  # fmt: skip
"""Functions and methods that may return several tensors."""
METADATA = frozenset(
    {
        "dim", "ndimension", "get_device", "element_size", "stride", "storage_offset", "data_ptr", "has_names", "type",
        "is_contiguous", "get_default_dtype", "device", "finfo", "iinfo", "result_type", "promote_types", "can_cast",
        "typename", "manual_seed",
    }
)  # fmt: skip
"""Functions and methods whose results depend on neither values nor sizes."""
CREATION = SHAPE_TAKING | {
    "tensor",
    "as_tensor",
    "scalar_tensor",
    "from_numpy",
    "logspace",
    "complex",
    "Tensor",
    "Parameter",
    "tril_indices",
}
"""Functions that create a tensor from plain numbers."""
SIZE_METHODS = frozenset({"size", "numel", "nelement"})
"""Methods that return sizes."""
MAPPING_METHODS = frozenset({"keys", "items", "get", "pop", "update"})
"""Methods that tell a mapping from a tensor."""
NUMBER_METHODS = frozenset({"item", "tolist"})
"""Methods that turn a tensor into Python numbers."""
REDUCING = frozenset(
    {
        "sum", "any", "all", "max", "min", "mean", "norm", "prod", "argmax", "argmin", "abs", "gt", "lt", "ge", "le", "eq", "ne",
    }
)  # fmt: skip
"""Methods whose result a condition is often made of."""
INDEXED_WRITES = frozenset(
    {"index_put_", "index_add_", "index_copy_", "index_fill_", "scatter_", "scatter_add_", "scatter_reduce_", "masked_scatter_",
     "fill_diagonal_"}
)  # fmt: skip
"""Methods that write into parts of a tensor, on whatever they are called."""
VIEWS = frozenset({"select", "narrow", "diagonal", "index_select"})
"""Methods that return a view of a part."""
DROPOUTS = re.compile(r"(?:alpha_|feature_alpha_|feature_)?dropout[123]?d?")
"""Dropout functions."""
MULTI_OUTPUT_MODULES = re.compile(r"LSTM|GRU|RNN|Attention|Transformer")
"""Modules that return several tensors."""
