#!/usr/bin/env bash
# src/migrations.sh NAME: adds a migration of this name wherever the model has changed, for both databases of both servers.
# src/migrations.sh --postgres-anew: makes the first migrations for PostgreSQL anew, of the tables as they are now; only until the first release.
set -euo pipefail
cd "$(dirname "$0")/.."

# PROJECT CONTEXT FOLDER FIRST-NAME
contexts=(
  'LicenseServer LedgerContext Storage/Migrations Ledger'
  'LicenseServer PostgresLedgerContext Storage/PostgresMigrations Ledger'
  'Clearinghouse ClearinghouseStore Storage/Migrations Clearinghouse'
  'Clearinghouse PostgresClearinghouseStore Storage/PostgresMigrations Clearinghouse'
)

[ $# = 1 ] || { echo "usage: src/migrations.sh NAME | --postgres-anew" >&2; exit 2; }
dotnet tool restore >/dev/null
[ "$1" != --postgres-anew ] || rm -rf src/*/Storage/PostgresMigrations
dotnet build src/LicenseServer -c Release -v quiet -noLogo -clp:NoSummary
dotnet build src/Clearinghouse -c Release -v quiet -noLogo -clp:NoSummary
ef() { dotnet tool run dotnet-ef migrations "$@" --no-build --configuration Release --project "src/$project" --context "$context"; }

for line in "${contexts[@]}"; do
  read -r project context folder first <<<"$line"
  if [ "$1" = --postgres-anew ]; then
    case $context in Postgres*) ef add "$first" --output-dir "$folder" ;; esac
  elif ! ef has-pending-model-changes >/dev/null; then
    ef add "$1" --output-dir "$folder"
  fi
done
