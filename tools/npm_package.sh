#!/bin/sh
# Unpacks one package of npm: npm_package.sh FOLDER NAME VERSION SHA512 (base64). Nothing of it is run.
set -eu
folder=$1 name=$2 version=$3 wanted=$4
command -v npm >/dev/null || { echo "npm is not here: $name is left out, and so are the tests that need it" >&2; exit 0; }
mkdir -p "$folder"
packed=$(cd "$folder" && npm pack --silent --ignore-scripts "$name@$version")
found=$(openssl dgst -sha512 -binary "$folder/$packed" | base64 | tr -d '\n')
if [ "$found" != "$wanted" ]; then
    rm -f "$folder/$packed"
    echo "$name $version has another SHA-512 than the one that is pinned: $found" >&2
    exit 1
fi
mkdir -p "$folder/$name"
tar -xzf "$folder/$packed" -C "$folder/$name" --strip-components=1
rm -f "$folder/$packed"
