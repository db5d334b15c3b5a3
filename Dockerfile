# The tap alone: docker build -t tap-bigcommerce . && docker run --rm tap-bigcommerce --help
# Config, catalog and state are files in a volume; settings can also be environment variables.
FROM python:3.13-slim-bookworm AS build
WORKDIR /source
COPY requirements requirements
RUN python -m venv /opt/tap \
    && /opt/tap/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt \
    && /opt/tap/bin/pip install --no-cache-dir --require-hashes --no-build-isolation \
        -r requirements/tap.txt
COPY pyproject.toml setup.py LICENSE ./
COPY tap_bigcommerce tap_bigcommerce
COPY tap_bigcommerce_dagster tap_bigcommerce_dagster
COPY tap_bigcommerce_sandbox tap_bigcommerce_sandbox
RUN /opt/tap/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/tap/bin/pip uninstall --yes setuptools pip

FROM python:3.13-slim-bookworm
ENV PATH=/opt/tap/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin tap
COPY --from=build /opt/tap /opt/tap
USER 10001
WORKDIR /data
HEALTHCHECK --interval=5m --timeout=10s CMD ["tap-bigcommerce", "--version"]
ENTRYPOINT ["tap-bigcommerce"]
