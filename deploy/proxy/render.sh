# Read by the entrypoints of nginx and squid.

# render FILE: FILE with every ${NAME} replaced by the variable of the environment. An unset variable is an error.
render() {
    awk '{
        done = ""
        while (match($0, /[$][{][A-Z][A-Z0-9_]*[}]/)) {
            name = substr($0, RSTART + 2, RLENGTH - 3)
            if (!(name in ENVIRON)) {
                print FILENAME " names " name ", which is not set." >"/dev/stderr"
                exit 1
            }
            done = done substr($0, 1, RSTART - 1) ENVIRON[name]
            $0 = substr($0, RSTART + RLENGTH)
        }
        print done $0
    }' "$1"
}

# stop SENTENCE: say why and end.
stop() {
    echo "$1" >&2
    exit 1
}
