#!/bin/sh
# Writes the console's addresses into its page and into nginx's configuration, then becomes nginx.
# The variables: CONSOLE_WEB_URL, CONSOLE_API_URL, SERVICE_API_URL, ALLOW_EMBED. The server writes its own page in the same way
# (homeport/entry/addresses.py). The root file system may be read-only; all that is written is below /tmp.
set -eu
site=${HOMEPORT_WEB_SITE:-/usr/share/homeport/console}
run=${HOMEPORT_WEB_RUN:-/tmp/homeport-web}
port=${HOMEPORT_WEB_PORT:-3000}

# The value of variable $1, without slashes at its end; nothing else than an address passes.
address() {
    eval "value=\${$1:-}"
    case "$value" in
        '') return 0 ;;
        http://?* | https://?*) ;;
        *) refuse "$1" ;;
    esac
    case "$value" in
        *[!A-Za-z0-9._~:/?#@!\&\(\)*+,=%\[\]-]*) refuse "$1" ;;
    esac
    printf '%s' "$value" | sed 's,/*$,,'
}

refuse() {
    printf '%s: accepted is an address that begins with http:// or https://, such as https://example.org/homeport.\n' \
        "$1" >&2
    exit 1
}

# `/sub/path` and `https://host:port` of an address.
path_of() { printf '%s' "$1" | sed -E 's,^https?://[^/?#]*,,; s,[?#].*$,,; s,/*$,,'; }
origin_of() { printf '%s' "$1" | sed -nE 's,^(https?://[^/?#]+).*$,\1,p' | tr '[:upper:]' '[:lower:]'; }

web=$(address CONSOLE_WEB_URL)
api=$(address CONSOLE_API_URL)
service=$(address SERVICE_API_URL)
sub_path=$(path_of "$web")
[ "$api" != "$web" ] || api=
elsewhere=$(origin_of "$api")
[ "$elsewhere" != "$(origin_of "$web")" ] || elsewhere=

umask 022
mkdir -p "$run"

# Values come by the environment: awk would read escapes in its arguments.
BASE=$sub_path/ WEB=$web API=$api SERVICE=$service awk '
    function escaped(text) {
        gsub(/&/, "\\&amp;", text)
        gsub(/"/, "\\&quot;", text)
        gsub(/</, "\\&lt;", text)
        gsub(/>/, "\\&gt;", text)
        return text
    }
    function fill(line, before, value,    at, end) {
        at = index(line, before)
        if (at == 0) return line
        end = at + length(before)
        return substr(line, 1, end - 1) escaped(value) substr(line, end + index(substr(line, end), "\"") - 1)
    }
    {
        line = fill($0, "<base href=\"", ENVIRON["BASE"])
        line = fill(line, "<meta name=\"homeport-base\" content=\"", ENVIRON["BASE"])
        line = fill(line, "<meta name=\"homeport-console-web\" content=\"", ENVIRON["WEB"])
        line = fill(line, "<meta name=\"homeport-console-api\" content=\"", ENVIRON["API"])
        line = fill(line, "<meta name=\"homeport-service-api\" content=\"", ENVIRON["SERVICE"])
        print line
    }
' "$site/index.html" >"$run/index.html"

listen="listen $port;"
# The IPv6 wildcard can only be bound where the kernel has IPv6.
[ ! -s /proc/net/if_inet6 ] || listen="$listen listen [::]:$port;"

below=
if [ -n "$sub_path" ]; then
    pattern=$(printf '%s' "$sub_path" | sed 's/[].[*^$+?(){}|\\]/\\&/g')
    # Whether or not the proxy in front has cut the path off.
    below="rewrite \"^$pattern(/.*)\$\" \$1 last;
        location = \"$sub_path\" { return 308 \"$sub_path/\"; }"
fi

frames="'none'"
case "${ALLOW_EMBED:-}" in [Tt]rue | TRUE | 1) frames='*' ;; esac

policy="default-src 'self'; connect-src 'self'${elsewhere:+ $elsewhere}; img-src 'self' data: blob:"
policy="$policy; style-src 'self' 'unsafe-inline'; base-uri 'self'; form-action 'self'; frame-ancestors $frames"
policy="$policy; object-src 'none'"

cat >"$run/nginx.conf" <<CONFIGURATION
daemon off;
worker_processes 1;
pid $run/nginx.pid;
error_log /dev/stderr warn;
events { worker_connections 1024; }
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log off;
    server_tokens off;
    absolute_redirect off;
    sendfile on;
    gzip on;
    gzip_types text/css text/javascript application/javascript image/svg+xml;
    client_body_temp_path $run/body;
    proxy_temp_path $run/proxy;
    fastcgi_temp_path $run/fastcgi;
    uwsgi_temp_path $run/uwsgi;
    scgi_temp_path $run/scgi;
    server {
        $listen
        root "$site";
        $below
        # Assets carry a hash in their names.
        location ^~ /assets/ {
            error_page 404 = @asset_or_page;
            try_files \$uri =404;
            add_header Cache-Control "public, max-age=31536000, immutable";
        }
        location @asset_or_page {
            if (\$uri ~ "\.[^/]*\$") { return 404; }
            rewrite ^ /@page last;
        }
        location = /index.html { rewrite ^ /@page last; }
        location ~ "\.[^/]*\$" {
            try_files \$uri =404;
            add_header Cache-Control no-cache;
        }
        location / { rewrite ^ /@page last; }
        # The page is the answer to every other address; the console finds its way itself.
        location = /@page {
            internal;
            default_type text/html;
            alias "$run/index.html";
            charset utf-8;
            etag off;
            add_header Cache-Control no-cache;
            add_header Content-Security-Policy "$policy";
            add_header Referrer-Policy same-origin;
            add_header X-Content-Type-Options nosniff;
        }
    }
}
CONFIGURATION

exec nginx -e /dev/stderr -c "$run/nginx.conf" "$@"
