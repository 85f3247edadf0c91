# shellcheck shell=sh
# What ./run and ./test share; read by them from the root of the checkout.
# Each step leaves a stamp with the hash of its inputs and is skipped while that hash holds.

say() {
    printf '%s\n' "$*"
}

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Print one hash of the content and names of the given files and folders.
hash_of() {
    find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-64
}

is_stamped() { # FILE HASH
    [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]
}

find_python() {
    for candidate in python3.11 python3 python3.12 python3.13 python3.14; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
            2>/dev/null; then
            say "$candidate"
            return
        fi
    done
    fail "Headrace needs Python 3.11 or newer with venv. On Debian: apt-get install python3-venv"
}

# A copied or moved checkout has programs that point elsewhere, so the place is kept too.
make_venv() {
    if is_stamped .venv/.place "$PWD" && .venv/bin/python -c '' 2>/dev/null; then
        return
    fi
    python=$(find_python)
    say "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
    say "$PWD" >.venv/.place
}

# The installer itself comes from the lock, hashes checked.
bootstrap_uv() { # LOCK
    [ -x .venv/bin/uv ] && return
    awk '/^uv==/ { on = 1; print; next } /^[^ ]/ { on = 0 } on' "$1" >.venv/uv.lock
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --require-hashes --no-deps -r .venv/uv.lock
}

install_python() { # LOCK
    wanted=$(hash_of "$1" pyproject.toml)
    if is_stamped ".venv/.$1" "$wanted"; then
        return
    fi
    say "Installing the Python packages of $1"
    bootstrap_uv "$1"
    # uv names the environment by its interpreter: no activation, no surprise from outside.
    .venv/bin/uv pip install --quiet --python .venv/bin/python --compile-bytecode \
        --require-hashes -r "$1"
    .venv/bin/uv pip install --quiet --python .venv/bin/python \
        --no-deps --no-build-isolation --editable .
    say "$wanted" >".venv/.$1"
}

# Each process starts in half the time, also where the environment forbids Python to write bytecode.
compile_python() {
    .venv/bin/python -m compileall -q headrace
}

require_node() {
    if ! node -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1);
    ' 2>/dev/null || ! npm --version >/dev/null 2>&1; then
        fail "Headrace needs node 20.19 or newer with npm to build its front end."
    fi
}

install_node_packages() {
    wanted=$(hash_of designer/package.json designer/package-lock.json designer/.npmrc)
    if is_stamped designer/node_modules/.stamp "$wanted"; then
        return
    fi
    say "Installing the front end's packages"
    require_node
    (cd designer && npm ci --loglevel=error --no-progress >/dev/null)
    say "$wanted" >designer/node_modules/.stamp
}

build_front_end() {
    wanted=$(hash_of designer/src designer/vite.config.ts designer/tsconfig.json \
        designer/package-lock.json)
    if is_stamped headrace/static/build/.stamp "$wanted"; then
        return
    fi
    say "Building the front end"
    (cd designer && npm run --silent build -- --logLevel warn)
    say "$wanted" >headrace/static/build/.stamp
}

set_up() { # LOCK
    make_venv
    install_python "$1"
    compile_python
    install_node_packages
    build_front_end
}
