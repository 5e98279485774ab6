#!/usr/bin/env bash
# Write package-lock.json anew from package.json, after a change there; `lock_npm.sh FOLDER` for that of fuzz, of
# tests/bundlers or of tests/hosts. Made in an empty folder: next to an installed node_modules npm forgets the optional
# packages of other platforms.
set -euo pipefail
cd "$(dirname "$0")/../${1:-.}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp package.json .npmrc "$folder"
(cd "$folder" && npm install --package-lock-only --loglevel=error)
cp "$folder/package-lock.json" package-lock.json
