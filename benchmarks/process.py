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
    def run():
        # The page that they would check is being written
        env = os.environ | {'PYTEST_ADDOPTS': '--ignore=tests/benchmarks'}
        done = subprocess.run(['make', *arguments], cwd=ROOT, timeout=7200,
                              env=env, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            sys.exit(f'{done.stdout[-5000:]}\nmake {" ".join(arguments)} '
                     'failed')
        return 0
    return run
