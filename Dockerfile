# perfproof as generator, gate server and worker: https://docs.docker.com/reference/dockerfile/
#   docker build --tag perfproof .
#   docker run --rm perfproof run --profile smoke --target demo
# What it does in each role stands in docs/container.md. tests/packaging/test_container.py runs the steps below without an engine.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/build && python -m venv --without-pip /opt/perfproof
# the locks first: what changes seldom is built seldom
COPY .ci/build.txt .ci/runtime.txt /src/.ci/
RUN /opt/build/bin/pip install --no-cache-dir --require-hashes -r .ci/build.txt \
  && /opt/build/bin/pip --python /opt/perfproof/bin/python install --no-cache-dir --require-hashes -r .ci/runtime.txt
COPY . /src
RUN /opt/build/bin/python -m hatchling build -t wheel -d /src/dist \
  && /opt/build/bin/pip --python /opt/perfproof/bin/python install --no-cache-dir --no-deps --no-index /src/dist/*.whl

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="perfproof" \
  org.opencontainers.image.description="Load testing and performance-regression gating where exit 0 is a proof" \
  org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 perf \
  && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /workspace --shell /usr/sbin/nologin perf \
  && install --directory --owner 10001 --group 10001 --mode 0750 /workspace
COPY --from=build /opt/perfproof /opt/perfproof
COPY --chmod=0755 deploy/container/healthy /usr/local/bin/perfproof-healthy
# the file system may be read-only: what is written goes to /workspace and /tmp
ENV PATH=/opt/perfproof/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /workspace
USER 10001:10001
# perf serve, and the workers of perf run --workers
EXPOSE 8765 5557
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["perfproof-healthy"]
# no shell in between: it would not hand on the signal that ends a run
ENTRYPOINT ["perfproof"]
CMD ["--help"]
