# An image with graphfix and the compilers that install from wheels on Linux: OpenVINO, tract and Core ML Tools.
#   docker build -t graphfix .
#   docker run --rm -v "$PWD:/models" graphfix lint model.onnx --target all
FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY tools tools
COPY graphfix graphfix
COPY rules rules
RUN python -m venv /opt/graphfix \
 && /opt/graphfix/bin/python -m pip install --no-cache-dir '.[openvino,tract,coreml]'

FROM python:3.12-slim
COPY --from=build /opt/graphfix /opt/graphfix
RUN useradd --create-home graphfix
ENV PATH=/opt/graphfix/bin:$PATH
USER graphfix
WORKDIR /models
ENTRYPOINT ["graphfix"]
CMD ["--help"]
