"""Find pip, uv and a Python 3.11 on a machine, or bring them.

uv is one program in a wheel, and a wheel is a zip: any pip can download it,
and any Python from 3.8 on unpack it. uv then brings the Python.
"""
import glob
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile

from tools import preflight

LOCK = 'requirements-dev.lock'
NO_PIP = """\
There is no pip here to fetch uv with, which installs the course. Do one of
these, then try again:
  apt-get install python3-venv             (Debian, Ubuntu)
  make setup WHEELS=folder                 (made by make wheels elsewhere)"""
NO_PYTHON = """\
No Python 3.11 could be fetched. Do one of these, then try again:
  apt-get install python3.11               (Debian 12)
  make setup PYTHON=/path/to/python3.11    (conda, pyenv and others bring one)
  UV_PYTHON_INSTALL_MIRROR=address make setup
  make setup WHEELS=folder                 (made by make wheels elsewhere)"""


def succeeds(command, env):
    """Run a step; say whether it went well. It keeps the set-up's lock."""
    return not subprocess.run(command, env=env, close_fds=False).returncode


def says(command, env):
    """Return what a command prints, or None where it fails."""
    try:
        ran = subprocess.run(command, env=env, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, close_fds=False,
                             universal_newlines=True)
    except OSError:
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None


def find_pip(python, env):
    """Return a command that runs pip, or None; a wheel of pip runs as it is.
    """
    for name in python, sys.executable:
        if says([name, '-m', 'pip', '--version'], env):
            return [name, '-m', 'pip']
    wheels = glob.glob('/usr/share/python-wheels/pip-*.whl')
    bundle = importlib.util.find_spec('ensurepip')
    if bundle and bundle.origin:
        wheels += glob.glob(os.path.join(os.path.dirname(bundle.origin),
                                         '_bundled', 'pip-*.whl'))
    if not wheels:
        return None
    return [sys.executable, os.path.join(wheels[0], 'pip')]


def fetch_pip(folder, env):
    """Return a command that runs Debian's pip, unpacked into a folder."""
    if not (shutil.which('apt-get') and shutil.which('dpkg-deb')):
        return None
    if not succeeds(['sh', 'tools/debs.sh', folder, 'python3-pip-whl'], env):
        return None
    unpack_debs(folder, folder)
    wheel, = glob.glob(os.path.join(
        folder, 'usr/share/python-wheels/pip-*.whl'))
    return [sys.executable, os.path.join(wheel, 'pip')]


def unpack_debs(folder, target):
    """Unpack a folder's Debian packages into another."""
    for deb in sorted(glob.glob(os.path.join(folder, '*.deb'))):
        subprocess.run(['dpkg-deb', '-x', deb, target], check=True)


def entry(name):
    """Return the lines of a package in the lock."""
    with open(LOCK) as f:
        return re.search(r'(?m)^%s==.*(?:\n .*)*' % name, f.read()).group()


def get_uv(folder, wheels, pip, env):
    """Put the locked uv into a folder, and return its path.

    Args:
        folder: an existing one, for its files.
        wheels: the folder that make wheels has made, or None.
        pip: the command that runs pip, or None.
    """
    locked = entry('uv')
    if not wheels:
        pip = pip or fetch_pip(folder, env)
        if not pip:
            sys.exit(NO_PIP)
        wanted = os.path.join(folder, 'uv.lock')
        with open(wanted, 'w') as f:
            f.write(locked + '\n')
        if not succeeds([*pip, 'download', '--quiet', '--no-deps',
                         '--only-binary=:all:', '--require-hashes',
                         '--dest', folder, '-r', wanted], env):
            sys.exit('uv, which installs the course, could not be fetched: '
                     'see above. Without a network: make setup WHEELS=folder')
    for wheel in glob.glob(os.path.join(wheels or folder, 'uv-*.whl')):
        with open(wheel, 'rb') as f:
            if hashlib.sha256(f.read()).hexdigest() not in locked:
                continue
        with zipfile.ZipFile(wheel) as archive:
            member, = (n for n in archive.namelist()
                       if n.endswith('/scripts/uv'))
            with open(os.path.join(folder, 'uv'), 'wb') as f:
                f.write(archive.read(member))
        os.chmod(f.name, 0o755)
        return f.name
    sys.exit('%s: no uv of this lock in there: make wheels again, with this '
             'version of the course' % (wheels or folder))


def get_python(python, uv, wheels, env):
    """Return a Python 3.11: the one named, one that uv finds, or a new one.

    A new one goes into .venv/python, unless UV_PYTHON_INSTALL_DIR is set.
    """
    if not preflight.check_python(python):
        return python
    # --system: .venv, which stands here unfinished, is none
    find = [uv, 'python', 'find', '--system', '--no-project',
            '--no-python-downloads', 'cpython@3.11']
    found = says(find, env)
    if found and not preflight.check_python(found):
        print('no %s here: taking %s' % (python, found), flush=True)
        return found
    env.setdefault('UV_PYTHON_INSTALL_DIR', os.path.abspath('.venv/python'))
    if wheels:
        if os.path.isdir(os.path.join(wheels, 'python')):
            shutil.copytree(os.path.join(wheels, 'python'),
                            env['UV_PYTHON_INSTALL_DIR'], symlinks=True)
    else:
        print('no %s here: uv fetches one into %s' % (
            python, os.path.relpath(env['UV_PYTHON_INSTALL_DIR'])),
            flush=True)
        succeeds([uv, 'python', 'install', '--quiet', '--no-bin',
                  'cpython@3.11'], env)
    found = says([*find, '--managed-python'], env)
    if not found:
        sys.exit(NO_PYTHON)
    return found
