"""Makes `.venv` and installs the product into it: `python3 scripts/bootstrap.py [EXTRA ...]`.

Runs on whatever Python the machine has, so it uses nothing newer than Python 3.6 until the version is checked. What is
installed is remembered in `.venv/installed.json`; nothing happens while that still holds.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "installed.json")
LOG = os.path.join(ROOT, ".venv", "install.log")
GIGABYTE = 1024**3
# Twice what is left behind, rounded up: pip unpacks beside it. Bare 1.0 GB, "judge" 1.7 GB, "test" 3.0 GB.
NEEDED_BYTES = {"": 3 * GIGABYTE, "judge": 4 * GIGABYTE, "test": 6 * GIGABYTE}
# Packages of others' packages, or large ones of which little is imported: more than half of all that could be compiled.
SELDOM_IMPORTED = ("kubernetes", "langchain_community", "networkx", "nltk", "plotly", "sympy", "torch", "transformers")
# What pip writes when it gives up on a connection; it then ends with "no matching distribution" or a version conflict.
UNREACHABLE = ("Retry(total=0", "Could not fetch URL", "ConnectionError", "ConnectTimeout", "ReadTimeout", "ProxyError")


def main(extras):
    if sys.version_info < (3, 11):
        fail(
            "Midas needs Python 3.11 or later and this is %d.%d: install it and run make PYTHON=python3.11 again."
            % sys.version_info[:2]
        )
    wanted = sorted(set(extras) | set(installed().get("extras", [])))
    if installed() == state(wanted):
        return
    check_disk(wanted)
    make_venv()
    install(wanted)
    with open(STAMP, "w") as stamp:
        json.dump(state(wanted), stamp)


def installed():
    try:
        with open(STAMP) as stamp:
            return json.load(stamp)
    except (OSError, ValueError):
        return {}


def state(extras):
    return {"extras": extras, "python": sys.version.split()[0], "pins": digest("pyproject.toml") + digest("constraints.txt")}


def digest(name):
    with open(os.path.join(ROOT, name), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:16]


def check_disk(extras):
    needed = max(NEEDED_BYTES.get(extra, 0) for extra in ["", *extras])
    free = shutil.disk_usage(ROOT).free
    if free < needed:
        fail(
            "Installing needs about %.0f GB and %s has %.1f GB free: make room and run the command again."
            % (needed / GIGABYTE, ROOT, free / GIGABYTE)
        )


def make_venv():
    """A `.venv` left half-made, or made for another Python, is made anew."""
    if usable():
        return
    print("Making .venv ...", flush=True)
    if subprocess.call([sys.executable, "-m", "venv", "--clear", VENV]):
        fail("Python can't make a virtual environment: install its venv module (on Debian: apt-get install python3-venv).")


def usable():
    """Whether `.venv` has a Python of this version, with pip."""
    asked = "import sys, pip; print(*sys.version_info[:2])"
    try:
        told = subprocess.check_output([os.path.join(VENV, "bin", "python"), "-c", asked], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return False
    return told.split() == [b"%d" % part for part in sys.version_info[:2]]


def install(extras):
    target = ".[%s]" % ",".join(extras) if extras else "."
    print("Installing Midas and its pinned dependencies (%s); a few minutes the first time ..." % target, flush=True)
    python = os.path.join(VENV, "bin", "python")
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", "--retries", "2", "--no-compile"]
    with open(LOG, "w") as log:
        status = subprocess.call(
            [*command, "-c", "constraints.txt", "-e", target], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
        if status:
            fail(diagnosis())
        compile_all(python, log)


def compile_all(python, log):
    """To bytecode, on all cores: pip would use one. What is left out is compiled when it is first imported, if ever."""
    left_out = r"/(tests?|%s)/" % "|".join(SELDOM_IMPORTED)
    command = [python, "-m", "compileall", "-q", "-j", "0", "-x", left_out, os.path.join(VENV, "lib")]
    subprocess.call(command, stdout=log, stderr=subprocess.STDOUT)


def diagnosis():
    with open(LOG, errors="replace") as log:
        text = log.read()
    if "No space left" in text:
        return "The disk filled up while installing: make room and run the command again."
    if any(sign in text for sign in UNREACHABLE):
        return (
            "The package registry can't be reached: check the network, or point pip at your mirror, and run the command again."
        )
    return "Installing failed (%s holds pip's words): correct that and run the command again." % LOG


def fail(sentence):
    sys.exit("midas: " + sentence)


if __name__ == "__main__":
    main(sys.argv[1:])
