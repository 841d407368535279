#!/bin/sh
# Writes .env with passwords of your own. Run it again at any time: what is set stays, what is missing is added.
set -eu

usage() {
    cat <<'TEXT'
Usage: ./init.sh [--middleware] [--check]

Makes .env from .env.example when there is none, and gives every password that is empty a random value:
those all installations need, and those of the database and the vector store that .env chooses.
Values that are set are never changed. Nothing secret is printed.

  --middleware   the same for middleware.env, the settings of docker-compose.middleware.yaml
  --check        change nothing; end with status 1 when something is missing
TEXT
}

# Found in public sample files, so everybody knows them.
PUBLISHED="difyai123456 Difyai123456 dify-sandbox minioadmin elastic Dify@123 Dify@1234 Dify123456 Qazwsxedc!@#123
sk-9f73s3ljTXVcMT3Blb3ljTqtsKiGHXVcMT3BlbkFJLK7U
WVF5YThaHlkYwhGUSmCRgsX3tD5ngdN8pkih
lYkiYYT6owG+71oLerGzA7GXCgOT++6ovaezWAjpCjf+Sjc3ZtU+qUEi
QaHbTe77CtuXmsfyhR7+vRjI/+XbV1AaFy691iy+kGDv2Jvy0/eAh8Y1"

file=.env check=no
for option; do
    case "$option" in
        --middleware) file=middleware.env ;;
        --check) check=yes ;;
        -h | --help) usage; exit 0 ;;
        *) echo "init.sh: $option is not understood; accepted are --middleware and --check." >&2; exit 2 ;;
    esac
done

cd "$(dirname "$0")"
umask 077
added="" known="" missing=""

value_of() {
    [ -f "$file" ] || return 0
    sed -n "s/^[[:space:]]*$1=//p" "$file" | tail -n 1 | tr -d '\r' | sed 's/^"\(.*\)"$/\1/; s/^'"'"'\(.*\)'"'"'$/\1/'
}

random() {
    od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'
}

# Some servers insist on capitals, digits and a sign.
strict_random() {
    printf 'Hp1-%s' "$(random 12)"
}

# Sets $1 to $2 where it stands, or at the end of the file.
write() {
    new=$(mktemp "$file.XXXXXX")
    # The value by the environment: awk would read escapes in an argument, and others could see it.
    VALUE=$2 awk -v name="$1" '
        !done && $0 ~ "^[ \t]*" name "=" { print name "=" ENVIRON["VALUE"]; done = 1; next }
        { print }
        END { if (!done) print name "=" ENVIRON["VALUE"] }
    ' "$file" >"$new"
    cat "$new" >"$file"
    rm -f "$new"
}

# Compose replaces ${VECTOR_STORE} in a line by what stands above it.
profiles_too_early() {
    [ -f "$file" ] && awk '
        /^[ \t]*COMPOSE_PROFILES=.*[$]/ { at = NR }
        at && /^[ \t]*(VECTOR_STORE|DB_TYPE)=/ { early = 1 }
        END { exit !early }
    ' "$file"
}

move_profiles_last() {
    new=$(mktemp "$file.XXXXXX")
    awk '/^[ \t]*COMPOSE_PROFILES=/ { kept = $0; next } { print } END { print kept }' "$file" >"$new"
    cat "$new" >"$file"
    rm -f "$new"
}

# fill NAME VALUE: gives NAME this value unless it has one.
fill() {
    present=$(value_of "$1")
    if [ -n "$present" ]; then
        for word in $PUBLISHED; do
            if [ "$present" = "$word" ]; then known="$known $1"; fi
        done
    elif [ "$check" = yes ]; then
        missing="$missing $1"
    else
        write "$1" "$2"
        added="$added $1"
    fi
}

# The same secret under two names: that of the server and that of its client.
fill_pair() {
    other=$(value_of "$2")
    fill "$1" "${other:-$3}"
    fill "$2" "$(value_of "$1")"
}

if [ ! -f "$file" ] && [ "$check" = no ]; then
    cp "$file.example" "$file"
    echo "made $file from $file.example"
fi

fill COMPOSE_PROFILES '${VECTOR_STORE:-pgvector},${DB_TYPE:-postgresql}'
fill DB_PASSWORD "$(random 24)"
fill REDIS_PASSWORD "$(random 24)"
fill SANDBOX_API_KEY "$(random 24)"
if [ "$file" = .env ]; then
    fill SECRET_KEY "$(random 32)"
    fill PLUGIN_DAEMON_KEY "$(random 32)"
    fill PLUGIN_DIFY_INNER_API_KEY "$(random 32)"
fi

if [ "$(value_of DB_TYPE)" = mysql ] && [ "$file" = .env ]; then
    fill DB_HOST db_mysql
    fill DB_PORT 3306
    fill DB_USERNAME root
fi

# Each store: where the server finds it, and its password.
store=$(value_of VECTOR_STORE)
case "${store:-pgvector}" in
    pgvector) fill_pair PGVECTOR_PASSWORD PGVECTOR_POSTGRES_PASSWORD "$(random 24)" ;;
    pgvecto-rs)
        fill PGVECTO_RS_HOST pgvecto-rs
        fill PGVECTO_RS_PORT 5432
        fill PGVECTO_RS_USER postgres
        fill PGVECTO_RS_DATABASE dify
        fill_pair PGVECTO_RS_PASSWORD PGVECTOR_POSTGRES_PASSWORD "$(random 24)"
        ;;
    weaviate)
        fill WEAVIATE_ENDPOINT http://weaviate:8080
        fill WEAVIATE_GRPC_ENDPOINT grpc://weaviate:50051
        fill_pair WEAVIATE_API_KEY WEAVIATE_AUTHENTICATION_APIKEY_ALLOWED_KEYS "$(random 24)"
        ;;
    qdrant)
        fill QDRANT_URL http://qdrant:6333
        fill QDRANT_API_KEY "$(random 24)"
        ;;
    chroma)
        fill CHROMA_HOST chroma
        fill CHROMA_TENANT default_tenant
        fill CHROMA_DATABASE default_database
        fill CHROMA_AUTH_PROVIDER chromadb.auth.token_authn.TokenAuthClientProvider
        fill_pair CHROMA_AUTH_CREDENTIALS CHROMA_SERVER_AUTHN_CREDENTIALS "$(random 24)"
        ;;
    milvus)
        fill MILVUS_URI http://milvus-standalone:19530
        fill MILVUS_USER root
        fill MILVUS_PASSWORD "$(strict_random)"
        fill MINIO_SECRET_KEY "$(random 24)"
        ;;
    opensearch)
        fill OPENSEARCH_HOST opensearch
        fill OPENSEARCH_USER admin
        fill OPENSEARCH_SECURE true
        fill OPENSEARCH_VERIFY_CERTS false
        fill_pair OPENSEARCH_PASSWORD OPENSEARCH_INITIAL_ADMIN_PASSWORD "$(strict_random)"
        ;;
    elasticsearch | elasticsearch-ja)
        fill ELASTICSEARCH_HOST elasticsearch
        fill ELASTICSEARCH_PASSWORD "$(random 24)"
        ;;
    oceanbase)
        fill OCEANBASE_VECTOR_HOST oceanbase
        fill OCEANBASE_VECTOR_USER root@test
        fill OCEANBASE_VECTOR_DATABASE test
        fill OCEANBASE_VECTOR_PASSWORD "$(strict_random)"
        ;;
    tidb | tidb_vector)
        fill TIDB_VECTOR_HOST tidb
        fill TIDB_VECTOR_USER root
        fill TIDB_VECTOR_DATABASE test
        ;;
    opengauss)
        fill OPENGAUSS_HOST opengauss
        fill OPENGAUSS_USER postgres
        fill OPENGAUSS_DATABASE dify
        fill OPENGAUSS_PASSWORD "$(strict_random)"
        ;;
    matrixone) fill MATRIXONE_HOST matrixone ;;
    myscale)
        fill MYSCALE_HOST myscale
        fill MYSCALE_PASSWORD "$(random 24)"
        ;;
    couchbase)
        fill COUCHBASE_CONNECTION_STRING couchbase://couchbase-server
        fill COUCHBASE_USER Administrator
        fill COUCHBASE_BUCKET_NAME Embeddings
        fill COUCHBASE_SCOPE_NAME _default
        fill COUCHBASE_PASSWORD "$(random 24)"
        ;;
    oracle)
        fill ORACLE_DSN oracle:1521/FREEPDB1
        fill ORACLE_USER dify
        fill ORACLE_PWD "$(strict_random)"
        fill ORACLE_PASSWORD "$(strict_random)"
        ;;
    iris) fill IRIS_HOST iris ;;
esac

if profiles_too_early; then
    if [ "$check" = yes ]; then
        missing="$missing COMPOSE_PROFILES(below-VECTOR_STORE-and-DB_TYPE)"
    else
        move_profiles_last
        echo "moved COMPOSE_PROFILES to the end of $file, below the variables it names"
    fi
fi
if [ -n "$added" ]; then echo "wrote to $file:$added"; fi
if [ -n "$known" ]; then
    echo "warning: printed in public sample files, so everybody knows it:$known" >&2
    echo "         Change it, in the server's own data too, before others can reach this machine." >&2
fi
if [ -n "$missing" ]; then
    echo "missing in $file:$missing" >&2
    echo "init.sh without --check adds it." >&2
    exit 1
fi
if [ -z "$added" ]; then echo "nothing to add: $file has all it needs"; fi
if [ "$check" = yes ]; then exit 0; fi
if [ "$file" = middleware.env ]; then
    echo "next: docker compose --env-file middleware.env -f docker-compose.middleware.yaml up -d"
    exit 0
fi
echo "next: docker compose up -d"
if [ -z "$(value_of INIT_PASSWORD)" ]; then
    echo "note: whoever opens Homeport first becomes its administrator; INIT_PASSWORD in .env has a password asked."
fi
