"""Gather all that the set-up needs in one folder, and in one archive of it.

    python -m tools.wheels dist

For machines of this kind without a network: make setup WHEELS=folder.
"""
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tools import bootstrap, mirrors, preflight


def fetch_packages(folder, pip, env):
    """Download the lock's wheels; pip compares their hashes."""
    if subprocess.run([*pip, 'download', '--quiet', '--no-deps',
                       '--only-binary=:all:', '--require-hashes', '--dest',
                       folder, '-r', bootstrap.LOCK], env=env).returncode:
        sys.exit('not every package could be fetched: see above')


def fetch_libraries(folder, env):
    """Download the Debian packages that a bare system lacks."""
    packages = list(preflight.libraries().values())
    if not packages:
        return
    if not shutil.which('apt-get') or subprocess.run(
            ['sh', 'tools/debs.sh', folder, *packages], env=env).returncode:
        print('without', *packages, '(no apt-get here, or no network): the '
              'machines need them installed')


def fetch_python(folder, env):
    """Put a Python 3.11 into the folder, unless none can be fetched."""
    own = Path(sys.prefix, 'python')
    if own.is_dir():
        shutil.copytree(own, folder, symlinks=True)
    elif subprocess.run(
            [Path(sys.prefix, 'bin/uv'), 'python', 'install', '--quiet',
             '--no-bin', 'cpython@3.11'],
            env=env | {'UV_PYTHON_INSTALL_DIR': str(folder)},
            stderr=subprocess.DEVNULL).returncode:
        shutil.rmtree(folder, ignore_errors=True)
        print('without a Python, which could not be fetched: the machines '
              'need a Python 3.11')
        return
    forget_links(folder)


def forget_links(folder):
    """Remove uv's links between its Pythons: they name this folder."""
    for path in folder.iterdir():
        if path.is_symlink():
            path.unlink()


def main(target):
    name = ('d2l-course-wheels-' + platform.system() + '-'
            + platform.machine()).lower()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        pip = (bootstrap.find_pip(sys.executable, mirrors.plain())
               or bootstrap.fetch_pip(scratch, mirrors.plain()))
        if not pip:
            sys.exit(bootstrap.NO_PIP)
        env = mirrors.environment(mirrors.pip_settings(pip), scratch)
        new = Path(scratch, name)
        fetch_packages(new, pip, env)
        fetch_libraries(new / 'debs', env)
        fetch_python(new / 'python', env)
        shutil.rmtree(target / name, ignore_errors=True)
        new.replace(target / name)
    archive = target / f'{name}.tar'        # wheels are compressed already
    with tarfile.open(archive, 'w') as tar:
        tar.add(target / name, name)
    print(f'{target / name}\n{archive}  '
          f'{os.path.getsize(archive) / 2**20:.0f} MB')


if __name__ == '__main__':
    main(Path(sys.argv[1]))
