#!/bin/sh
# Does the sandbox answer? Asked without urllib, which would go to the proxy that code is given (HTTP_PROXY).
exec python3 -I - "${SANDBOX_PORT:-8194}" <<'ASK'
import http.client
import sys

connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=4)
connection.request("GET", "/health")
sys.exit(connection.getresponse().status != 200)
ASK
