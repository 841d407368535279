#!/bin/sh
# What a container of the server does.
#
#   (no arguments)              the part that MODE names: api (also when it is not set), worker, beat or migration;
#                               the database is migrated first unless MIGRATION_ENABLED is false
#   homeport doctor             one command of Homeport; `doctor` alone is the same
#   celery -A homeport.entry.worker inspect ping
#                               any other program of the image
#   MODE=job, upgrade-db        one command of Homeport, as jobs of established deployments are written
#
# Everything is exec'ed, so that signals reach it and its exit status is the container's.
set -eu

if [ "${MODE:-}" = job ]; then
    unset MODE # no part of a fleet
    if [ "$#" -eq 0 ]; then
        echo "MODE=job runs one command, which must be given as arguments, such as: upgrade-db" >&2
        exit 2
    fi
fi

if [ "$#" -eq 0 ]; then
    exec homeport serve
fi
if command -v "$1" >/dev/null 2>&1; then
    exec "$@"
fi
exec homeport "$@"
