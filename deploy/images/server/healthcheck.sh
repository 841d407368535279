#!/bin/sh
# Is the API alive? The other modes have no address to ask; the engine sees when one of them ends.
set -eu
case "${MODE:-api}" in
    api) ;;
    *) exit 0 ;;
esac
exec python3 - "http://127.0.0.1:${DIFY_PORT:-5001}/health/live" <<'ASK'
import sys
import urllib.request

urllib.request.urlopen(sys.argv[1], timeout=4)
ASK
