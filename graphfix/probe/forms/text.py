"""Strings, n-grams and encoded images."""

from graphfix.probe.form import Form, Tensor, data, each, numbers, weight

TERMS = {"mode": "TF", "min_gram_length": 1, "max_gram_length": 2, "max_skip_count": 0, "ngram_counts": [0, 2],
    "ngram_indexes": [0, 1, 2],
         "pool_int64s": [2, 3, 5, 4]}  # fmt: skip

WORDS = [data(*shape) for shape in ((), (1,), (4,), (2, 3), (2, 1, 3), (1, 2, 1, 2))]
OPEN = ("batch", "spatial", "sequence", "dynamic")
FORMS = [
    Form("StringNormalizer", {"X": data(2, dtype="string")}, {"case_change_action": "LOWER"},
        changes=[*({"case_change_action": case, "is_case_sensitive": strict, "stopwords": stop, "X": data(*shape, dtype="string")}
                   for case in ("LOWER", "UPPER", "NONE", None) for strict in (0, 1) for stop in (["b"], None)
                   for shape in ((2,), (1, 2))), {"locale": "en_US"}]),
    Form("StringConcat", {"X": data(2), "Y": data(2)}, types={"T": "string"},
         changes=[*({"X": given, "Y": given} for given in WORDS), {"X": data(2, 3), "Y": data(3)}, {"X": data(2, 3), "Y": data()},
                  {"Y": weight(2)}, {"X": weight(2)}, {"X": data(0), "Y": data(0)}]),
    Form("StringSplit", {"X": data(2)}, {"delimiter": "."}, types={"T1": "string"}, outputs=2,
         changes=[*({"X": given} for given in WORDS), *each(maxsplit=[1, 2, 9], delimiter=[None, "", " ", ","]), {"X": weight(2)},
                  {"X": data(0)}]),
    Form("RegexFullMatch", {"X": data(2)}, {"pattern": "a.*"}, types={"T1": "string"},
         changes=[*({"X": given} for given in WORDS), *each(pattern=["b", "[a-z]+", "(a|b)?"]), {"X": weight(2)},
             {"X": data(0)}]),
    Form("TfIdfVectorizer", {"X": data(6, low=0, high=5)}, TERMS, types={"T": "int64"},
         changes=[*each(mode=["IDF", "TFIDF"]), *({"mode": mode, "X": data(*shape, low=0, high=5), "max_skip_count": skip,
             "T": kind,
                  "weights": weights} for mode in ("TF", "IDF", "TFIDF") for shape in ((6,), (2, 6)) for skip in (0, 1, 5)
                  for kind in ("int64", "int32") for weights in (None, [1.0, 2.0, 3.0])),
                  *({"min_gram_length": low, "max_gram_length": high} for low, high in ((1, 1), (2, 2))),
                  {"T": "string", "pool_int64s": None, "pool_strings": ["a", "b", "c", "d"]},
                  *({"X": data(*shape, low=0, high=5), "dims": dims} for shape in ((6,), (2, 6)) for dims in OPEN)]),
    Form("ImageDecoder", {"encoded_stream": numbers(*b"BM")}, {"pixel_format": "RGB"},
         changes=[*each(pixel_format=["BGR", "Grayscale"]), {"encoded_stream": Tensor((2,), "runtime", tuple(b"BM"))}]),
]  # fmt: skip
