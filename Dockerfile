# The tap alone: docker build -t tap-bigcommerce . && docker run --rm tap-bigcommerce --help
# Config, catalog and state come as files of a volume, or the settings from the environment.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml setup.py README.md LICENSE ./
COPY tap_bigcommerce tap_bigcommerce
COPY tap_bigcommerce_dagster tap_bigcommerce_dagster
RUN python -m venv /opt/tap \
    && /opt/tap/bin/pip install --no-cache-dir ".[deletes]" \
    && /opt/tap/bin/pip uninstall --yes pip

FROM python:3.13-slim
ENV PATH=/opt/tap/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin tap
COPY --from=build /opt/tap /opt/tap
USER 10001
WORKDIR /data
HEALTHCHECK --interval=5m --timeout=10s CMD ["tap-bigcommerce", "--version"]
ENTRYPOINT ["tap-bigcommerce"]
