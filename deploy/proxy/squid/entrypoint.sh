#!/bin/sh
# Writes squid's configuration from the SSRF_* variables, then starts squid. With --render it only writes.
set -euf
here=$(dirname "$0")
. "$here/../render.sh"

: "${SQUID_CONF_DIR:=/tmp/squid}" "${SSRF_HTTP_PORT:=3128}" "${SSRF_COREDUMP_DIR:=/var/spool/squid}"
: "${SSRF_REVERSE_PROXY_PORT:=8194}" "${SSRF_SANDBOX_HOST:=sandbox}" "${SANDBOX_PORT:=8194}" "${SSRF_CONNECT_PORTS:=443}"
: "${OUTBOUND_ALLOW_PRIVATE:=}"
SSRF_CONNECT_PORTS=$(printf '%s' "$SSRF_CONNECT_PORTS" | tr ',' ' ')
export SQUID_CONF_DIR SSRF_HTTP_PORT SSRF_COREDUMP_DIR SSRF_REVERSE_PROXY_PORT SSRF_SANDBOX_HOST SANDBOX_PORT \
    SSRF_CONNECT_PORTS

not_understood() {
    stop "OUTBOUND_ALLOW_PRIVATE has '$1'; accepted are ollama, ollama:11434, 10.0.0.5, [fd00::5]:8080 and 10.0.0.0/8."
}

# One entry of OUTBOUND_ALLOW_PRIVATE as two access lists: a host, host:port, an address, [address]:port or a network.
open_one() {
    number=$1 entry=$2 port=""
    case "$entry" in
        *[!A-Za-z0-9._:/\[\]-]*) not_understood "$entry" ;;
        *[!0-9A-Fa-f.:/]*/* | */*[!0-9]*) not_understood "$entry" ;;
        */*) host=$entry ;;
        \[*\]:*) host=${entry%%\]*} host=${host#\[} port=${entry##*\]:} ;;
        \[*\]) host=${entry#\[} host=${host%\]} ;;
        *:*:*) host=$entry ;;
        *:*) host=${entry%:*} port=${entry##*:} ;;
        *) host=$entry ;;
    esac
    case "$port" in
        *[!0-9]*) not_understood "$entry" ;;
    esac
    kind=dst
    case "$host" in
        *[!0-9.:/A-Fa-f]* ) kind="dstdomain -n" ;;
        *:* | */*) ;;
        *[!0-9.]* | *.) kind="dstdomain -n" ;;
    esac
    echo "acl opened_$number $kind $host"
    if [ -n "$port" ]; then
        echo "acl opened_port_$number port $port"
        echo "http_access allow opened_$number opened_port_$number"
    else
        echo "http_access allow opened_$number"
    fi
}

opened() {
    number=0
    for entry in $(printf '%s' "$OUTBOUND_ALLOW_PRIVATE" | tr ',' ' '); do
        number=$((number + 1))
        open_one "$number" "$entry"
    done
}

mkdir -p "$SQUID_CONF_DIR"
opened >"$SQUID_CONF_DIR/opened.conf"
render "$here/squid.conf.template" >"$SQUID_CONF_DIR/squid.conf"
if [ "${1:-}" = --render ]; then exit 0; fi
exec squid -N -f "$SQUID_CONF_DIR/squid.conf"
