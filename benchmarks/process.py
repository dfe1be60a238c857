"""What is timed from outside: whole processes and kernels."""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def python(code):
    """Start an interpreter, run some code in it, and end."""
    return lambda: subprocess.run([sys.executable, '-c', code], check=True,
                                  cwd=ROOT, timeout=300).returncode


def make(arguments):
    """Run a command of the course."""
    # The tables that it would check are being written
    env = os.environ | {'PYTEST_ADDOPTS': '--ignore=tests/test_bench.py'}
    return lambda: subprocess.run(
        ['make', *arguments], check=True, cwd=ROOT, timeout=7200, env=env,
        stdout=subprocess.DEVNULL).returncode
