#!/bin/sh
# Builds what is released, for each platform: a static binary whose version is that of the commit (go version -m tells it),
# its bill of materials (CycloneDX), and the checksums of all of them, in bin/release.
set -eu
go=${GO:-go}
out=bin/release
# https://github.com/CycloneDX/cyclonedx-gomod reads the modules that are in a binary.
sbom=github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0

rm -rf "$out"
mkdir -p "$out"
for platform in ${PLATFORMS:-linux/amd64 linux/arm64}; do
  os=${platform%/*} arch=${platform#*/}
  binary=$out/callstate-$os-$arch
  CGO_ENABLED=0 GOOS=$os GOARCH=$arch $go build -buildvcs=true -trimpath -ldflags="-s -w" -o "$binary" ./cmd/callstate
  $go run "$sbom" bin -json -output "$binary.cdx.json" "$binary"
  echo "$binary"
done
(cd "$out" && sha256sum callstate-* >SHA256SUMS)
