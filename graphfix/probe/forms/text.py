"""Strings, n-grams and pictures in files."""

from graphfix.probe.form import Form, Sketch, data, each, numbers

HEAD = '<ir_version: 10, opset_import: ["": {opset}]> g ({inputs}) => ({output}) {{ {body} }}'
OPTIONALS = {
    "Optional": ("float[2,3] X", "float[2,3] Y", "O = Optional(X) Y = OptionalGetElement(O)"),
    "OptionalGetElement": ("float[2,3] X", "float[2,3] Y", "O = Optional(X) Y = OptionalGetElement(O)"),
    "OptionalHasElement": ("float[2,3] X", "bool Y", "O = Optional(X) Y = OptionalHasElement(O)"),
    "SequenceMap": (
        "float[2,3] A",
        "float[2,3] Y",
        """i = Constant<value = int64 {0}>() S = SequenceConstruct(A, A)
           M = SequenceMap(S) <body = b (float[2,3] p) => (float[2,3] q) { q = Relu(p) }> Y = SequenceAt(M, i)""",
    ),
}
TERMS = {"mode": "TF", "min_gram_length": 1, "max_gram_length": 2, "max_skip_count": 0, "ngram_counts": [0, 2],
    "ngram_indexes": [0, 1, 2],
         "pool_int64s": [2, 3, 5, 4]}  # fmt: skip

FORMS = [
    *(Sketch(op, f"{op} opset={opset}", HEAD.format(opset=opset, inputs=inputs, output=output, body=body))
      for op, (inputs, output, body) in OPTIONALS.items() for opset in (15, 17, 18)),
    *(Sketch(op, f"{op} of a tensor", HEAD.format(opset=18, inputs="float[2,3] X", output=output, body=f"Y = {op}(X)"),
        ("O",))
      for op, output in (("OptionalHasElement", "bool Y"), ("OptionalGetElement", "float[2,3] Y"))),
    Form("StringNormalizer", {"X": data(2, dtype="string")}, {"case_change_action": "LOWER"},
        changes=each(is_case_sensitive=[1], stopwords=[["b"]])),
    Form("StringConcat", {"X": data(2), "Y": data(2)}, types={"T": "string"}),
    Form("StringSplit", {"X": data(2)}, {"delimiter": "."}, types={"T1": "string"}, outputs=2),
    Form("RegexFullMatch", {"X": data(2)}, {"pattern": "a.*"}, types={"T1": "string"}),
    Form("TfIdfVectorizer", {"X": data(6, low=0, high=5)}, TERMS, types={"T": "int64"}, changes=each(mode=["IDF", "TFIDF"])),
    Form("ImageDecoder", {"encoded_stream": numbers(*b"BM")}, {"pixel_format": "RGB"}),
]  # fmt: skip
