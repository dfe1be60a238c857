"""What is timed from outside: whole processes and kernels."""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def python(code):
    """Start an interpreter, run some code in it, and end."""
    return lambda: subprocess.run([sys.executable, '-c', code], check=True,
                                  cwd=ROOT, timeout=300).returncode
