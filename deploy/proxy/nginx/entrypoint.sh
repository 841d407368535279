#!/bin/sh
# Writes nginx's configuration from the NGINX_* variables, then starts nginx. With --render it only writes.
set -eu
here=$(dirname "$0")
. "$here/../render.sh"

# What differs inside a container and elsewhere.
: "${NGINX_CONF_DIR:=/etc/nginx/homeport}" "${NGINX_RUN_DIR:=/tmp/nginx}"
: "${NGINX_CERT_DIR:=/etc/ssl/homeport}" "${NGINX_LETSENCRYPT_DIR:=/etc/letsencrypt}" "${NGINX_ACME_ROOT:=/var/www/html}"
: "${NGINX_API_UPSTREAM:=http://api:5001}" "${NGINX_WEB_UPSTREAM:=http://web:3000}"
: "${NGINX_PLUGIN_UPSTREAM:=http://plugin_daemon:5002}"

: "${NGINX_SERVER_NAME:=_}" "${NGINX_PORT:=80}" "${NGINX_WORKER_PROCESSES:=auto}" "${NGINX_KEEPALIVE_TIMEOUT:=65}"
: "${NGINX_CLIENT_MAX_BODY_SIZE:=100M}" "${NGINX_PROXY_READ_TIMEOUT:=3600s}" "${NGINX_PROXY_SEND_TIMEOUT:=3600s}"
: "${NGINX_HTTPS_ENABLED:=false}" "${NGINX_HTTPS_REDIRECT:=true}" "${NGINX_SSL_PORT:=443}" "${NGINX_HSTS_MAX_AGE:=0}"
: "${NGINX_SSL_CERT_FILENAME:=dify.crt}" "${NGINX_SSL_CERT_KEY_FILENAME:=dify.key}"
: "${NGINX_SSL_PROTOCOLS:=TLSv1.2 TLSv1.3}" "${NGINX_ENABLE_CERTBOT_CHALLENGE:=false}" "${CERTBOT_DOMAIN:=}"
: "${NGINX_LOCATION_PREFIX:=}" "${NGINX_TRUSTED_PROXIES:=}"

for name in NGINX_HTTPS_ENABLED NGINX_HTTPS_REDIRECT NGINX_ENABLE_CERTBOT_CHALLENGE; do
    eval "value=\$$name"
    case "$value" in
        true | false) ;;
        *) stop "$name is '$value'; accepted are true and false." ;;
    esac
done

NGINX_LOCATION_PREFIX=${NGINX_LOCATION_PREFIX%/}
case "$NGINX_LOCATION_PREFIX" in
    "" | /*) ;;
    *) stop "NGINX_LOCATION_PREFIX is '$NGINX_LOCATION_PREFIX'; accepted is a path that begins with /, such as /homeport." ;;
esac
case "$NGINX_LOCATION_PREFIX" in
    *[!A-Za-z0-9/_-]*) stop "NGINX_LOCATION_PREFIX is '$NGINX_LOCATION_PREFIX'; accepted are letters, digits, / _ and -." ;;
esac

# The name server of this container or machine; an IPv6 address is written in brackets.
if [ -z "${NGINX_RESOLVER:-}" ]; then
    NGINX_RESOLVER=$(awk '$1 == "nameserver" { print $2 ~ /:/ ? "[" $2 "]" : $2; exit }' /etc/resolv.conf)
    : "${NGINX_RESOLVER:=127.0.0.11}"
fi

NGINX_CUT_PREFIX=""
if [ -n "$NGINX_LOCATION_PREFIX" ]; then NGINX_CUT_PREFIX="rewrite ^$NGINX_LOCATION_PREFIX(/.*)\$ \$1 break;"; fi
NGINX_HSTS_HEADER=""
if [ "$NGINX_HSTS_MAX_AGE" != 0 ] && [ "$NGINX_HTTPS_ENABLED" = true ]; then
    NGINX_HSTS_HEADER="add_header Strict-Transport-Security \"max-age=$NGINX_HSTS_MAX_AGE\" always;"
fi
NGINX_HTTPS_PORT_SHOWN=""
if [ "${EXPOSE_NGINX_SSL_PORT:-443}" != 443 ]; then NGINX_HTTPS_PORT_SHOWN=":$EXPOSE_NGINX_SSL_PORT"; fi

# How HTTP/2 is switched on: nginx 1.26 and newer warn of the former way.
if nginx -v 2>&1 | awk -F '[/.]' '{ exit !($2 * 1000 + $3 >= 1026) }'; then
    NGINX_LISTEN_HTTP2="" NGINX_HTTP2="http2 on;"
else
    NGINX_LISTEN_HTTP2=" http2" NGINX_HTTP2=""
fi

NGINX_SSL_CERTIFICATE="$NGINX_CERT_DIR/$NGINX_SSL_CERT_FILENAME"
NGINX_SSL_CERTIFICATE_KEY="$NGINX_CERT_DIR/$NGINX_SSL_CERT_KEY_FILENAME"
if [ "$NGINX_ENABLE_CERTBOT_CHALLENGE" = true ] && [ -n "$CERTBOT_DOMAIN" ]; then
    NGINX_SSL_CERTIFICATE="$NGINX_LETSENCRYPT_DIR/live/$CERTBOT_DOMAIN/fullchain.pem"
    NGINX_SSL_CERTIFICATE_KEY="$NGINX_LETSENCRYPT_DIR/live/$CERTBOT_DOMAIN/privkey.pem"
    if [ "$NGINX_HTTPS_ENABLED" = true ] && [ ! -f "$NGINX_SSL_CERTIFICATE" ]; then
        echo "There is no certificate for $CERTBOT_DOMAIN yet: serving http until certbot has run and nginx is restarted."
        NGINX_HTTPS_ENABLED=false
    fi
fi
if [ "$NGINX_HTTPS_ENABLED" = true ]; then
    for file in "$NGINX_SSL_CERTIFICATE" "$NGINX_SSL_CERTIFICATE_KEY"; do
        if [ ! -r "$file" ]; then stop "NGINX_HTTPS_ENABLED is true, but there is no file $file; see docs/operate/tls.md."; fi
    done
fi

export NGINX_CONF_DIR NGINX_RUN_DIR NGINX_API_UPSTREAM NGINX_WEB_UPSTREAM NGINX_PLUGIN_UPSTREAM NGINX_SERVER_NAME \
    NGINX_PORT NGINX_WORKER_PROCESSES NGINX_KEEPALIVE_TIMEOUT NGINX_CLIENT_MAX_BODY_SIZE NGINX_PROXY_READ_TIMEOUT \
    NGINX_PROXY_SEND_TIMEOUT NGINX_SSL_PORT NGINX_SSL_PROTOCOLS NGINX_LOCATION_PREFIX NGINX_RESOLVER NGINX_CUT_PREFIX \
    NGINX_LISTEN_HTTP2 NGINX_HTTP2 NGINX_HSTS_HEADER NGINX_HTTPS_PORT_SHOWN NGINX_SSL_CERTIFICATE \
    NGINX_SSL_CERTIFICATE_KEY

# Which proxies in front are believed, as nginx's two modules want to be told.
trusted() {
    list=$(printf '%s' "$NGINX_TRUSTED_PROXIES" | tr ',' ' ')
    for address in $list; do
        case "$address" in
            *[!0-9A-Fa-f.:/]*) stop "NGINX_TRUSTED_PROXIES has '$address'; accepted are addresses and networks such as 10.0.0.0/8." ;;
        esac
        echo "set_real_ip_from $address;"
    done
    echo 'geo $realip_remote_addr $from_trusted {'
    echo '    default 0;'
    for address in $list; do echo "    $address 1;"; done
    echo '}'
}

acme() {
    if [ "$NGINX_ENABLE_CERTBOT_CHALLENGE" = true ]; then
        printf 'location /.well-known/acme-challenge/ {\n    root %s;\n}\n' "$NGINX_ACME_ROOT"
    fi
}

sub_path() {
    if [ -n "$NGINX_LOCATION_PREFIX" ]; then
        printf 'location = %s {\n    return 308 %s/;\n}\n' "$NGINX_LOCATION_PREFIX" "$NGINX_LOCATION_PREFIX"
        printf 'location / {\n    return 404;\n}\n'
    fi
}

write() {
    mkdir -p "$NGINX_CONF_DIR" "$NGINX_RUN_DIR"
    render "$here/nginx.conf.template" >"$NGINX_CONF_DIR/nginx.conf"
    { sub_path && render "$here/routes.conf.template"; } >"$NGINX_CONF_DIR/routes.conf"
    trusted >"$NGINX_CONF_DIR/trusted.conf"
    : >"$NGINX_CONF_DIR/tls.conf"
    if [ "$NGINX_HTTPS_ENABLED" = true ]; then render "$here/tls.conf.template" >"$NGINX_CONF_DIR/tls.conf"; fi
    acme >"$NGINX_CONF_DIR/plain.conf"
    if [ "$NGINX_HTTPS_ENABLED" = true ] && [ "$NGINX_HTTPS_REDIRECT" = true ]; then
        render "$here/redirect.conf.template" >>"$NGINX_CONF_DIR/plain.conf"
    else
        echo "include $NGINX_CONF_DIR/routes.conf;" >>"$NGINX_CONF_DIR/plain.conf"
    fi
}

write
if [ "${1:-}" = --render ]; then exit 0; fi

# Four times a day certificates are read again, in case one was renewed; it ends with nginx, whose id is the shell's.
if [ "$NGINX_ENABLE_CERTBOT_CHALLENGE" = true ]; then
    minutes=0
    while sleep 60 && kill -0 $$ 2>/dev/null; do
        minutes=$((minutes + 1))
        if [ $((minutes % 360)) = 0 ]; then nginx -e /dev/stderr -c "$NGINX_CONF_DIR/nginx.conf" -s reload; fi
    done &
fi
exec nginx -e /dev/stderr -c "$NGINX_CONF_DIR/nginx.conf" -g "daemon off;"
