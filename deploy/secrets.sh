#!/bin/sh
# Makes the secrets that docker-compose.yml mounts, once, in the folder `secrets` beside it, or in the one that is named.
# The folder is its owner's alone; the files in it are readable, because each container reads them as a user of its own.
set -eu
folder=${1:-"$(dirname "$0")/../secrets"}
if [ -e "$folder" ]; then
  echo "$folder is there already: its secrets belong to data that is there, and stay as they are." >&2
  exit 1
fi
random() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
postgres=$(random)
openfga=$(random)
key=$(random)
umask 022
mkdir -p "$folder.new"
chmod 700 "$folder.new"
cd "$folder.new"
printf '%s\n' "$postgres" > postgres_password
printf '%s\n' "postgres://bailiwick:$postgres@postgres:5432/bailiwick" > database_url
printf '%s\n' "$openfga" > openfga_database_password
printf '%s\n' "$key" > openfga_preshared_key
printf '%s\n' "$(random)" > bailiwick_secret
cat > openfga.yaml <<END
datastore:
  uri: postgres://openfga:$openfga@postgres:5432/openfga
authn:
  preshared:
    keys: ["$key"]
END
cd - > /dev/null
mv "$folder.new" "$folder"
