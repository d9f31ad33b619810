"""Random numbers and generated signals."""

from graphfix.probe.form import Form, data, each, numbers, scalar

FORMS = [
    *(Form(op, {"input": data(2, 3)}, random=True, changes=each(dtype=[1, 10]))
        for op in ("RandomNormalLike", "RandomUniformLike")),
    *(Form(op, {}, {"shape": [2, 3]}, random=True, changes=each(seed=[1.0], dtype=[1, 10]))
        for op in ("RandomNormal", "RandomUniform")),
    Form("Bernoulli", {"input": data(2, 3, low=0, high=1)}, random=True, changes=each(seed=[1.0], dtype=[1, 11])),
    Form("Multinomial", {"input": data(2, 3)}, {"sample_size": 4}, random=True, changes=each(dtype=[6, 7], seed=[1.0])),
    *(Form(op, {"size": scalar(8)}, changes=[*each(periodic=[0], output_datatype=[1, 11]), {"size.from": "runtime"}])
        for op in ("HannWindow", "HammingWindow", "BlackmanWindow")),
    Form("MelWeightMatrix", {"num_mel_bins": scalar(8), "dft_length": scalar(16), "sample_rate": scalar(8192),
        "lower_edge_hertz": scalar(0.0), "upper_edge_hertz": scalar(4096.0)}, types={"T1": "int64"}),
    Form("DFT", {"input": data(1, 8, 4, 1), "dft_length": None, "axis": scalar(1)},
        changes=[{"onesided": 1}, {"inverse": 1, "input": data(1, 8, 4, 2)}, {"axis": scalar(2)}, {"axis": None}]),
    Form("STFT", {"signal": data(1, 64, 1), "frame_step": scalar(8), "window": numbers(*[0.5] * 16),
        "frame_length": scalar(16)}, changes=[{"window": None}, {"frame_length": None}, {"onesided": 0}]),
]  # fmt: skip
