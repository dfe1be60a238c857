"""Say in a line each what this machine lacks for the course, and the remedy.

It runs on any Python 3, before anything is installed.
"""
import ctypes
import os
import platform
import shutil
import subprocess
import sys

NEEDS_MB = 2500


def check_system():
    """MXNet's last wheels are for x86-64, on Linux and macOS."""
    system, machine = platform.system(), platform.machine()
    if system == 'Windows':
        return ('MXNet 1.9.1 has no Windows wheel: run the course in WSL2, '
                'as docs/windows.md says')
    if machine not in ('x86_64', 'AMD64'):
        return ('MXNet 1.9.1 has no working wheel for %s: use an x86-64 '
                'machine or container (on Apple silicon: docs/apple.md)'
                % machine)
    return None


def check_processor():
    """The stored numbers are computed with AVX2 code."""
    try:
        with open('/proc/cpuinfo') as f:
            flags = f.read()
    except OSError:     # not Linux: all its x86-64 machines have it
        return None
    if 'avx2' not in flags:
        return 'the processor lacks AVX2: use one made since 2015'
    return None


def check_python(python):
    """MXNet needs numpy 1.23, which needs Python 3.11 or older."""
    code = ('import sys, venv, ensurepip; '
            'sys.exit(0 if sys.version_info[:2] == (3, 11) else 11)')
    remedy = ('install it (Debian 12: apt-get install python3.11 '
              'python3.11-venv), or name one: '
              'make setup PYTHON=/path/to/python')
    try:
        code = subprocess.run([python, '-c', code], timeout=60,
                              stderr=subprocess.DEVNULL).returncode
    except OSError:
        return 'no %s here: %s' % (python, remedy)
    except subprocess.TimeoutExpired:
        return '%s does not answer: %s' % (python, remedy)
    if code == 11:
        return '%s is not Python 3.11: %s' % (python, remedy)
    if code:
        return '%s lacks its venv module: %s' % (python, remedy)
    return None


def check_library(name, package):
    """MXNet's wheel relies on these libraries of the system."""
    if platform.system() != 'Linux':
        return None
    try:
        ctypes.CDLL(name)
    except OSError:
        return ('%s is missing: apt-get install %s (or let make setup unpack '
                'it into .venv)' % (name, package))
    return None


def check_disk():
    """The environment takes 1.5 GB."""
    free = shutil.disk_usage('.').free // 2**20
    if free < NEEDS_MB and not os.path.exists('.venv/ready'):
        return '%d MB free here, %d needed' % (free, NEEDS_MB)
    return None


def main():
    python = sys.argv[1] if len(sys.argv) > 1 else 'python3.11'
    unpacks = shutil.which('apt-get') and shutil.which('dpkg-deb')
    failed = False
    for what, problem, fatal in (
            ('system', check_system(), True),
            ('processor', check_processor(), True),
            ('python', check_python(python), True),
            ('libgomp', check_library('libgomp.so.1', 'libgomp1'),
             not unpacks),
            ('libquadmath', check_library('libquadmath.so.0', 'libquadmath0'),
             not unpacks),
            ('disk', check_disk(), True)):
        mark = 'ok' if not problem else 'NO' if fatal else '..'
        print('%-12s %s  %s' % (what, mark, problem or ''))
        failed = failed or bool(problem and fatal)
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
