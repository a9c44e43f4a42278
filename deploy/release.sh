#!/usr/bin/env bash
# Packs what goes out, with the version of the tag on this commit: v1.2.3 makes 1.2.3. Between tags it is a preview of the
# next patch. A release must have its section in CHANGELOG.md.
#
#   deploy/release.sh              packages/*.nupkg and *.snupkg
#   deploy/release.sh --version    only says the version
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

dotnet tool restore >/dev/null
version=$(dotnet minver --tag-prefix v --minimum-major-minor 0.1 --default-pre-release-identifiers preview.0 --verbosity error)
if [[ $version != *-* ]] && ! grep -q "^## $version\b" CHANGELOG.md; then
  echo "CHANGELOG.md has no section '## $version'." >&2
  exit 1
fi
echo "$version"
[[ ${1:-} == --version ]] || dotnet pack Orleans.AgentGrid.sln -c Release -o packages -p:Version="$version"
