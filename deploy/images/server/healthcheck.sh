#!/bin/sh
# Is the API alive? The other modes have no address to ask; the engine sees when one of them ends.
# Asked without urllib, which would go to a proxy of the environment (HTTP_PROXY).
set -eu
case "${MODE:-api}" in
    api) ;;
    *) exit 0 ;;
esac
exec python3 -I - "${DIFY_PORT:-5001}" <<'ASK'
import http.client
import sys

connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=4)
connection.request("GET", "/health/live")
sys.exit(connection.getresponse().status != 200)
ASK
