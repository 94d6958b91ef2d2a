#!/usr/bin/env bash
# Puts the files of Debian packages under a folder, without installing them: no service is started, nothing outside the
# folder changes, no root is needed. Says so and succeeds where there is no apt: the tests that want the tool are skipped.
#   tools/debian_tool.sh [--needed] FOLDER PACKAGE...
# With --needed also what the packages need and this machine does not have.
set -euo pipefail

needed=no
if [ "$1" = --needed ]; then
  needed=yes
  shift
fi
folder=$1
shift
if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
  echo "no apt here: tests that need $* are skipped unless it is installed" >&2
  exit 0
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
if [ "$needed" = yes ]; then
  # The name of each package that would be installed, these among them.
  listed() { apt-get install --simulate --no-install-recommends "$@" 2>/dev/null | awk '$1 == "Inst" { print $2 }'; }
  names=$(listed "$@") || { apt-get update --quiet=2 >/dev/null && names=$(listed "$@"); }
  # shellcheck disable=SC2086 # names of packages have no blanks
  set -- $(printf '%s\n' "$@" $names | sort -u)
fi
if ! apt-get download --quiet=2 "$@" >/dev/null 2>&1; then
  # The lists of packages are missing or old; refreshing them takes root.
  apt-get update --quiet=2 >/dev/null
  apt-get download --quiet=2 "$@" 2>/dev/null
fi
for package in *.deb; do
  dpkg-deb --extract "$package" "$folder"
done
