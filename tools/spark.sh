#!/usr/bin/env bash
# Puts Spark under FOLDER/spark, out of the package that requirements/spark.txt names with its hash, without installing
# it: a wheel of 300 MB would be made first. FOLDER is an environment of Python.
#   tools/spark.sh FOLDER
set -euo pipefail

folder=$1
list=$(cd "$(dirname "$0")/.." && pwd)/requirements/spark.txt
rm -rf "$folder/spark"
mkdir -p "$folder/spark"
work=$(mktemp -d "$folder/spark/fetched.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$folder/bin/python" -m pip --disable-pip-version-check --quiet --no-input download --no-cache-dir --no-deps \
  --no-build-isolation --no-binary pyspark --require-hashes --requirement "$list" --dest "$work"
tar --extract --gzip --file "$work"/pyspark-*.tar.gz --directory "$work" --strip-components 1 --no-same-owner \
  --exclude='*/deps/examples' --exclude='*/deps/data'
mkdir "$folder/spark/python"
mv "$work/deps/bin" "$work/deps/jars" "$folder/spark"
mv "$work/pyspark" "$work/lib" "$folder/spark/python"
