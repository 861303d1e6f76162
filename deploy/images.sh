#!/bin/sh
# Builds the images of the five services and the sandbox with whichever of docker, podman and buildah is there.
#
#   deploy/images.sh [NAME ...]      default: all six
#
# REGISTRY=localhost/ledgerport  VERSION=<that of the chart>  BASE_IMAGE=…  PIP_CERT=<file of a proxy's authority>
# BUILDER="buildah --root …"     BUILD_ARGS="…"  further arguments for the builder
set -eu
cd "$(dirname "$0")/.."

REGISTRY=${REGISTRY:-localhost/ledgerport}
VERSION=${VERSION:-$(sed -n 's/^appVersion: *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' charts/ledgerport/Chart.yaml)}
REVISION=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

builder() {
  if [ -n "${BUILDER:-}" ]; then echo "$BUILDER"; return; fi
  if command -v docker >/dev/null && docker info >/dev/null 2>&1; then echo docker; return; fi
  if command -v podman >/dev/null; then echo podman; return; fi
  if command -v buildah >/dev/null; then echo buildah; return; fi
  echo "Neither docker (running), podman nor buildah is there." >&2; exit 1
}

BUILD=$(builder)
set -- "${@:-}"
[ -n "$1" ] || set -- auth connections shopify-sync qbo-writer gateway sandbox
for name in "$@"; do
  target=service
  [ "$name" = sandbox ] && target=sandbox
  mount=
  case $BUILD in *buildah*|*podman*) [ -z "${PIP_CERT:-}" ] || mount="--volume $PIP_CERT:$PIP_CERT:ro" ;; esac
  echo "building $REGISTRY/$name:$VERSION with ${BUILD%% *}"
  # shellcheck disable=SC2086 # BUILD, BUILD_ARGS and mount are lists of words
  $BUILD build ${BUILD_ARGS:-} $mount \
    ${BASE_IMAGE:+--build-arg BASE_IMAGE="$BASE_IMAGE"} ${PIP_CERT:+--build-arg PIP_CERT="$PIP_CERT"} \
    --build-arg SERVICE="$name" --build-arg VERSION="$VERSION" --build-arg REVISION="$REVISION" \
    --target "$target" --tag "$REGISTRY/$name:$VERSION" .
done
