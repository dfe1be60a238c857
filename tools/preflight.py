"""Say what this machine lacks for the course, one line per item.

    python3 -m tools.preflight [PYTHON] [WHEELS]

It runs on any Python from 3.8 on, before anything is installed.
"""
import ctypes
import os
import platform
import shutil
import struct
import subprocess
import sys

NEEDS_MB = 2500
PYTHON = 'python3.11'       # where another is not named
# What MXNet's wheels take from the system, and Debian's packages of it
LIBRARIES = {'libgomp.so.1': 'libgomp1', 'libquadmath.so.0': 'libquadmath0'}


def libraries():
    """Return what this kind of machine needs of LIBRARIES."""
    if platform.system() != 'Linux':
        return {}
    return {name: package for name, package in LIBRARIES.items()
            if platform.machine() == 'x86_64' or name == 'libgomp.so.1'}


def check_system():
    """MXNet's last wheels are for Linux and for macOS on Intel."""
    system, machine = platform.system(), platform.machine()
    if system == 'Windows':
        return ('MXNet 1.9.1 has no Windows wheel: run the course in WSL2, '
                'as docs/windows.md says')
    if system == 'Darwin' and machine == 'arm64':
        return ('MXNet 1.9.1 has no wheel for Apple silicon: run the course '
                'in a Linux container, as docs/apple.md says')
    if machine not in ('x86_64', 'AMD64', 'aarch64'):
        return ('MXNet 1.9.1 has no wheel for %s: use an x86-64 or arm64 '
                'machine' % machine)
    if struct.calcsize('P') != 8:
        return ('this is a 32-bit system on a 64-bit processor: install the '
                '64-bit one, as docs/boards.md says')
    if os.path.exists('/etc/alpine-release'):
        return ("Alpine's C library is musl, and MXNet needs glibc: use "
                'another Linux, or the container')
    return None


def check_processor():
    """The stored numbers are computed with AVX2 code."""
    if platform.machine() == 'aarch64':
        return None
    try:
        with open('/proc/cpuinfo') as f:
            flags = f.read()
    except OSError:     # not Linux: all its x86-64 machines have it
        return None
    if 'avx2' not in flags:
        return 'the processor lacks AVX2: use one made since 2015'
    return None


def check_python(python):
    """MXNet needs numpy 1.23, which needs Python 3.11 or older.

    A Python built without some library of the system lacks that module.
    """
    code = ('import sys\n'
            'if sys.version_info[:2] != (3, 11): sys.exit(11)\n'
            "if sys.implementation.name != 'cpython': sys.exit(12)\n"
            'import bz2, ctypes, lzma, sqlite3, ssl, zlib')
    remedy = 'name another: make setup PYTHON=/path/to/python3.11'
    try:
        ran = subprocess.run([python, '-I', '-c', code], timeout=60,
                             stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, universal_newlines=True)
    except OSError:
        return 'no %s here: %s' % (python, remedy)
    except subprocess.TimeoutExpired:
        return '%s does not answer: %s' % (python, remedy)
    if ran.returncode == 11:
        return '%s is not Python 3.11: %s' % (python, remedy)
    if ran.returncode == 12:
        return '%s is not CPython: %s' % (python, remedy)
    if ran.returncode:
        error = (ran.stderr.strip() or 'it fails').splitlines()[-1]
        return '%s does not work (%s): %s' % (python, error, remedy)
    return None


def check_library(name, package):
    """MXNet's wheel relies on these libraries of the system."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return ('%s is missing: install it (Debian, Ubuntu: apt-get install '
                '%s)' % (name, package))
    return None


def check_files():
    """The shell and the checks take our files as they are, byte for byte."""
    with open('requirements-dev.lock', 'rb') as f:
        if b'\r' in f.read():
            return ('something has changed the ends of the lines to those of '
                    'Windows: clone the course again, with '
                    'git clone --config core.autocrlf=false')
    return None


def check_folder():
    """Everything goes into .venv, whose programs must be allowed to run."""
    here = os.getcwd()
    if os.path.exists('.venv') and os.geteuid() not in (
            0, os.stat('.venv').st_uid):
        return ('.venv belongs to another user: remove it with '
                'sudo rm -rf .venv')
    for path in '.', '.venv':
        if os.path.exists(path) and not os.access(path, os.W_OK | os.X_OK):
            return ('you may not write into %s: copy the course to a folder '
                    'of your own' % os.path.abspath(path))
    if ':' in here:
        return ('the path %s has a colon, which no PATH can hold: rename '
                'that folder' % here)
    if os.statvfs('.').f_flag & getattr(os, 'ST_NOEXEC', 0):
        return ('no program may run from %s (it is mounted noexec): copy the '
                'course elsewhere' % here)
    return None


def check_disk():
    """The environment takes 1.5 GB."""
    free = shutil.disk_usage('.').free // 2**20
    if free < NEEDS_MB and not os.path.exists('.venv/ready'):
        return '%d MB free here, %d needed' % (free, NEEDS_MB)
    return None


def check_wheels(folder):
    """The folder of make wheels is for one kind of machine."""
    if not os.path.isdir(folder):
        return 'WHEELS is %r: there is no such folder' % folder
    made_for = [name for name in os.listdir(folder)
                if name.startswith('mxnet-')]
    if not made_for:
        return ('WHEELS is %r, which has no MXNet: name the folder that make '
                'wheels wrote' % folder)
    machine = 'macosx' if sys.platform == 'darwin' else platform.machine()
    if not any(machine in name for name in made_for):
        return 'WHEELS is %r, made for another kind of machine: %s' % (
            folder, made_for[0])
    return None


def check(python=PYTHON, wheels=None):
    """Print a line per item; return whether the course can run here."""
    unpacks = wheels or (shutil.which('apt-get') and shutil.which('dpkg-deb'))
    problem = check_python(python)
    fetched = problem and python == PYTHON
    items = [('system', check_system(), True),
             ('processor', check_processor(), True),
             ('files', check_files(), True),
             ('folder', check_folder(), True),
             ('python', 'no usable %s here: make setup brings one' % python
              if fetched else problem, not fetched)]
    for name, package in libraries().items():
        problem = check_library(name, package)
        if problem and unpacks:
            problem += ', or let make setup unpack it into .venv'
        items += [(name.split('.')[0], problem, not unpacks)]
    items += [('disk', check_disk(), True)]
    if wheels:
        items += [('wheels', check_wheels(wheels), True)]
    for what, problem, fatal in items:
        mark = 'ok' if not problem else 'NO' if fatal else '..'
        print('%-12s %s  %s' % (what, mark, problem or ''), flush=True)
    return not any(problem and fatal for _, problem, fatal in items)


if __name__ == '__main__':
    sys.exit(not check(*filter(None, sys.argv[1:])))
