#!/usr/bin/env bash
# Builds the images with whatever engine this machine has. `deploy/build.sh --help` tells the options.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
    cat <<'USAGE'
Build the images of Homeport.

  deploy/build.sh [OPTIONS] [server] [web] [sandbox]     without a name: all three

  --tag TAG            tag of the images; default: the version in pyproject.toml. May be given several times
  --name NAME          what stands before /server, /web and /sandbox; default: homeport
  --platform LIST      such as linux/amd64,linux/arm64; default: that of this machine
  --push               push what was built to the registry its name says; off by default
  --engine ENGINE      buildx, docker, podman or buildah; default: the first of them that is found
  --build-arg K=V      handed on; PYTHON_IMAGE, NODE_IMAGE, NGINX_IMAGE, EXTRAS. May be given several times
  --offline FOLDER     no network: Python packages from FOLDER, the console as `make console` built it
  --wheels FOLDER      fetch those packages into FOLDER and do nothing else
  --python VERSION     for which Python they are; default: the one in the tag of PYTHON_IMAGE
  --dry-run            print the commands instead of running them
  --help               this text

Examples
  deploy/build.sh
  deploy/build.sh --tag 1.4.0 --tag latest --name registry.example.org/homeport --push server web
  deploy/build.sh --wheels wheels && deploy/build.sh --offline wheels server
USAGE
}

fail() {
    printf 'build.sh: %s\n' "$1" >&2
    exit 2
}

# Standard output is what a dry run prints.
run() {
    printf '+'
    printf ' %q' "$@"
    printf '\n'
    [ -n "$dry_run" ] || "$@"
}

tags=() images=() arguments=()
name=homeport platform="" push="" engine="" offline="" wheels="" python="" dry_run=""
while [ $# -gt 0 ]; do
    case "$1" in
        --tag | --name | --platform | --engine | --build-arg | --offline | --wheels | --python)
            [ $# -ge 2 ] || fail "$1 needs a value; see --help."
            ;;&
        --tag) tags+=("$2"); shift 2 ;;
        --name) name=$2; shift 2 ;;
        --platform) platform=$2; shift 2 ;;
        --engine) engine=$2; shift 2 ;;
        --build-arg) arguments+=(--build-arg "$2"); shift 2 ;;
        --offline) offline=$2; shift 2 ;;
        --wheels) wheels=$2; shift 2 ;;
        --python) python=$2; shift 2 ;;
        --push) push=yes; shift ;;
        --dry-run) dry_run=yes; shift ;;
        --help | -h) usage; exit 0 ;;
        server | web | sandbox) images+=("$1"); shift ;;
        *) fail "$1 is neither an option nor an image; accepted images are server, web and sandbox; see --help." ;;
    esac
done
[ ${#images[@]} -gt 0 ] || images=(server web sandbox)

version=$(sed -nE 's/^version = "([^"]+)"$/\1/p' pyproject.toml | head -n 1)
commit=${COMMIT_SHA:-$(git rev-parse HEAD 2>/dev/null || true)}
[ ${#tags[@]} -gt 0 ] || tags=("$version")

# The value of build argument $1 for Dockerfile $2: as given, or as it stands there.
argument_of() {
    local given default
    for given in "${arguments[@]}"; do
        if [[ $given == "$1="* ]]; then
            printf '%s' "${given#*=}"
            return
        fi
    done
    default=$(sed -nE "s/^ARG $1=\"?([^\"]*)\"?\$/\1/p" "$2" | head -n 1)
    printf '%s' "$default"
}

find_engine() {
    if docker buildx version >/dev/null 2>&1; then
        echo buildx
        return
    fi
    local found
    for found in docker podman buildah; do
        if command -v "$found" >/dev/null; then
            echo "$found"
            return
        fi
    done
    fail "there is no docker, podman or buildah on this machine; install one of them."
}

# Files for the image's Python on this machine's processor, as uv.lock says.
fetch_wheels() {
    local file=deploy/images/server/Dockerfile extra listed uv_version chosen=()
    command -v uv >/dev/null || PATH=$PATH:$PWD/.tools/bin
    command -v uv >/dev/null || fail "--wheels needs uv: python3 -m pip install uv."
    for extra in $(argument_of EXTRAS "$file"); do
        chosen+=(--extra "$extra")
    done
    [ -n "$python" ] || python=$(argument_of PYTHON_IMAGE "$file" | sed -nE 's/^.*:([0-9]+\.[0-9]+).*$/\1/p')
    [ -n "$python" ] || fail "the tag of PYTHON_IMAGE names no Python version; say which with --python."
    uv_version=$(argument_of UV_VERSION "$file")
    listed=$(mktemp --suffix .txt)
    run uv export --quiet --frozen --no-dev --no-emit-project "${chosen[@]}" --output-file "$listed"
    # What the list says for some Python versions only is chosen for the image's, not for this machine's.
    run uv pip compile --quiet --no-deps --generate-hashes --python-version "$python" --output-file "$listed.chosen" "$listed"
    run mkdir -p "$wheels"
    local pip=(python3 -m pip download --quiet --only-binary :all: --python-version "$python" --no-deps --dest "$wheels")
    run "${pip[@]}" --require-hashes --requirement "$listed.chosen"
    run "${pip[@]}" --require-hashes --requirement deploy/images/sandbox/sandbox.txt
    run "${pip[@]}" --require-hashes --requirement deploy/images/sandbox/code.txt
    run "${pip[@]}" "uv==$uv_version"
    run rm -f "$listed" "$listed.chosen"
}

take_wheels() {
    # The sandbox is built without it.
    [ "${images[*]}" = sandbox ] || [ -f homeport/entry/console/index.html ] ||
        fail "--offline takes the built console: run \`make console\` first."
    compgen -G "$offline/*.whl" >/dev/null || fail "there are no wheels in $offline; fetch them with --wheels."
    trap 'rm -f deploy/images/wheels/*.whl' EXIT
    run cp "$offline"/*.whl deploy/images/wheels/
}

build() {
    local image=$1 file=deploy/images/$1/Dockerfile tag named=() command=() plus=()
    for tag in "${tags[@]}"; do
        named+=(--tag "$name/$image:$tag")
    done
    if [ -n "$offline" ] && [ "$image" != sandbox ]; then
        # Nothing of Node.js runs then: any image at hand does.
        local stand_in=PYTHON_IMAGE
        [ "$image" = server ] || stand_in=NGINX_IMAGE
        plus=(--build-arg CONSOLE=prebuilt --build-arg "NODE_IMAGE=$(argument_of "$stand_in" "$file")")
    fi
    case "$engine" in
        buildx) command=(docker buildx build "${load[@]}") ;;
        docker) command=(docker build) ;;
        # OCI's own format has no place for a health check.
        podman | buildah) command=("$engine" build --format docker) ;;
    esac
    run "${command[@]}" ${platform:+--platform "$platform"} --file "$file" "${named[@]}" \
        --build-arg "VERSION=$version" --build-arg "COMMIT_SHA=$commit" "${plus[@]}" "${arguments[@]}" .
    if [ -n "$push" ] && [ "$engine" != buildx ]; then
        for tag in "${tags[@]}"; do
            run "$engine" push "$name/$image:$tag"
        done
    fi
}

if [ -n "$wheels" ]; then
    fetch_wheels
    exit 0
fi
[ -n "$engine" ] || engine=$(find_engine)
load=(--load)
[ -z "$push" ] || load=(--push)
case "$engine" in
    buildx) ;;
    docker | podman | buildah)
        case "$platform" in
            *,*) fail "several platforms in one image need buildx; this machine's engine is $engine." ;;
        esac
        ;;
    *) fail "the engine $engine is unknown; accepted are buildx, docker, podman and buildah." ;;
esac
[ -z "$offline" ] || take_wheels
for image in "${images[@]}"; do
    build "$image"
done
