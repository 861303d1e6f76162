# One image for each service and one with the stand-ins for Shopify and QuickBooks:
#   docker build --build-arg SERVICE=qbo-writer -t localhost/ledgerport/qbo-writer .
#   docker build --target sandbox -t localhost/ledgerport/sandbox .
# `make images` builds all six. They share every layer but the last.
ARG BASE_IMAGE=docker.io/library/python:3.11-slim

# The pinned libraries, proved by their hashes, in a folder of their own: pip stays behind in this stage.
FROM ${BASE_IMAGE} AS libraries
# Where a proxy signs for the package index: the file with its certificate, mounted into the build.
ARG PIP_CERT=
ENV PIP_CERT=${PIP_CERT} PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements.txt /build/
RUN python -m pip install --quiet --require-hashes --only-binary :all: --no-compile \
        --target /opt/ledgerport/lib -r /build/requirements.txt \
    && rm -rf /opt/ledgerport/lib/bin \
    && find /opt/ledgerport/lib -type d \( -name tests -o -name test \) -prune -exec rm -rf {} + \
    && find /opt/ledgerport/lib -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.c' \) -delete \
    && python -m compileall -q --invalidation-mode unchecked-hash /opt/ledgerport/lib

# What the protos become. Only the generator is added, as it is pinned for development.
FROM libraries AS contracts
COPY requirements-dev.txt /build/
RUN sed -n '/^grpcio-tools==/,/^[^ ]/{/^grpcio-tools==/p;/^ /p}' /build/requirements-dev.txt > /build/tools.txt \
    && python -m pip install --quiet --require-hashes --only-binary :all: --no-deps \
        --target /build/tools -r /build/tools.txt
COPY protos /build/protos
WORKDIR /build
RUN mkdir gen \
    && find protos -name '*.proto' -exec env PYTHONPATH=/build/tools:/opt/ledgerport/lib \
        python -m grpc_tools.protoc -Iprotos --python_out=gen --grpc_python_out=gen {} +

FROM contracts AS service-code
ARG SERVICE
COPY libs/ledgerport_libs /build/app/ledgerport_libs
COPY admin/ledgerport_admin /build/app/ledgerport_admin
COPY services/${SERVICE} /build/service
RUN for package in /build/service/*/__main__.py; do cp -r "$(dirname "$package")" /build/app/; done \
    && cp -r /build/gen/ledgerport /build/app/ \
    && mkdir /build/bin && printf '#!/bin/sh\nexec python -m ledgerport_admin "$@"\n' > /build/bin/ledgerport \
    && chmod 0755 /build/bin/ledgerport \
    && python -m compileall -q --invalidation-mode checked-hash /build/app

FROM libraries AS sandbox-code
COPY sandbox/intuit_sandbox /build/app/intuit_sandbox
COPY sandbox/shopify_sandbox /build/app/shopify_sandbox
RUN python -m compileall -q --invalidation-mode checked-hash /build/app

# What runs: Python, the libraries, and nothing that installs or compiles.
FROM ${BASE_IMAGE} AS runtime
RUN rm -rf /usr/local/lib/python3*/site-packages/* /usr/local/lib/python3*/ensurepip /usr/local/bin/pip* \
        /usr/lib/python3/dist-packages/* /usr/lib/python3*/ensurepip /usr/bin/pip* \
        /usr/share/python-wheels
COPY --from=libraries /opt/ledgerport/lib /opt/ledgerport/lib
# LOGNAME: a number has no name, and the record of migrations asks for one.
ENV PYTHONPATH=/opt/ledgerport/app:/opt/ledgerport/lib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LOGNAME=ledgerport
WORKDIR /opt/ledgerport/app
USER 10001:10001
STOPSIGNAL SIGTERM

FROM runtime AS sandbox
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="LedgerPort sandbox" \
      org.opencontainers.image.description="Stand-ins for Shopify and QuickBooks Online, for trying out and tests" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=sandbox-code /build/app /opt/ledgerport/app
EXPOSE 8091 8092
CMD ["python", "-m", "intuit_sandbox"]

FROM runtime AS service
ARG SERVICE
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="LedgerPort ${SERVICE}" \
      org.opencontainers.image.description="The ${SERVICE} service of LedgerPort: Shopify into QuickBooks Online" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=service-code /build/app /opt/ledgerport/app
# For operators: kubectl exec … -- ledgerport health.
COPY --from=service-code /build/bin/ledgerport /usr/local/bin/ledgerport
EXPOSE 8080 9090 50051
# Beside the admin command the service is the one package here that can be run; exec keeps Python the process that hears SIGTERM.
CMD ["sh", "-c", "for main in */__main__.py; do [ $main = ledgerport_admin/__main__.py ] || exec python -m \"${main%%/*}\"; done"]

# For live updates on a development cluster: the code belongs to whoever runs it.
FROM service AS development
USER 0:0
RUN chown -R 10001:10001 /opt/ledgerport/app
USER 10001:10001

FROM service
