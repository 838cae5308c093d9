"""An arm64 CPython 3.13 that runs on this machine: Debian's packages, unpacked into .cache, under qemu.

Nothing is installed and no right of root is used.  Debian trixie has the versions that work: its
qemu 10 is one static program, and bookworm's qemu 7.2 crashes in large extension modules.
"""

import fcntl
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scripts.bundling.archive import unfinished_files
from scripts.bundling.packages import compile_folder, has_bytecode

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SUITE = "trixie"
# What manylinux_2_28 promises every wheel (glibc, libstdc++), and the Python that AgentCore provides.
ARM64_PACKAGES = ("python3.13:arm64", "libstdc++6:arm64")
TOOLS = ("apt-get", "dpkg", "dpkg-deb")

APT_CONFIG = """\
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
APT::Architecture "{host}";
APT::Architectures {{ "{host}"; "arm64"; }};
APT::Sandbox::User "";
Acquire::Languages "none";
"""


@dataclass(frozen=True)
class Arm64Python:
    """The interpreter, as the words that start a command line."""

    folder: Path

    @property
    def command(self) -> tuple[str, ...]:
        root = self.folder / "root"
        return (str(self.folder / "qemu-aarch64"), "-L", str(root), str(root / "usr/bin/python3.13"))


def find_or_fetch_python(cache: Path) -> Arm64Python:
    """Return the interpreter of *cache*, fetched from Debian's mirror the first time (95 MB)."""
    ready = cache / f"arm64-{SUITE}"
    cache.mkdir(exist_ok=True)
    with (cache / "arm64.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one run of the tests fetches, another waits
        if not ready.exists():
            require_tools()
            with unfinished_files(cache) as apart:
                fetch_python(apart / "apt", apart / "made")
                (apart / "made").rename(ready)
    return Arm64Python(ready)


def require_tools() -> None:
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing or not KEYRING.exists():
        raise RuntimeError(
            f"The bundle is run under Debian's qemu and arm64 Python, and this machine lacks "
            f"{', '.join([*missing, *([] if KEYRING.exists() else [str(KEYRING)])])}. On Debian or Ubuntu run "
            "`sudo scripts/setup --system`; elsewhere run this test in a Debian container."
        )


def fetch_python(apt: Path, made: Path) -> None:
    host = run("dpkg", "--print-architecture").strip()
    configure_apt(apt, host)
    apt_get(apt, "update", "--error-on=any")
    unpack(apt, ARM64_PACKAGES, "*_arm64.deb", made / "root")
    unpack(apt, (f"qemu-user:{host}",), "qemu-user_*.deb", apt / "qemu")
    (apt / "qemu/usr/bin/qemu-aarch64").rename(made / "qemu-aarch64")
    if not (made / "root/lib").exists():  # Debian makes this link when it installs, not when it unpacks
        (made / "root/lib").symlink_to("usr/lib")
    if has_bytecode():
        compile_folder(made / "root/usr/lib/python3.13")


def unpack(apt: Path, packages: tuple[str, ...], wanted: str, folder: Path) -> None:
    """Download *packages* with all that they depend on, and unpack those archives that are *wanted*."""
    folder.mkdir(parents=True)
    apt_get(apt, "install", "--download-only", "--no-install-recommends", "--yes", *packages)
    for archive in sorted((apt / "cache/archives").glob(wanted)):
        run("dpkg-deb", "--extract", str(archive), str(folder))


def configure_apt(apt: Path, host: str) -> None:
    """Give apt a world of its own: the machine's proxy, nothing else of its configuration or state."""
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (apt / folder).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "apt.conf").write_text(APT_CONFIG.format(folder=apt, host=host))
    (apt / "sources.list").write_text(
        f"deb [signed-by={KEYRING}] http://deb.debian.org/debian {SUITE} main\n"
    )


def apt_get(apt: Path, *arguments: str) -> None:
    run("apt-get", "-q", *arguments, environment={"APT_CONFIG": str(apt / "apt.conf")})


def run(*command: str, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **(environment or {})}
    )
    if done.returncode:
        raise RuntimeError(f"`{' '.join(command[:4])} …` ended {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout
