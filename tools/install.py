"""Install everything into .venv: `make setup`.

    python3 -m tools.install [--python python3.11] [--wheels FOLDER]

It runs on any Python from 3.8 on. Until .venv/ready is there, .venv is
unfinished, and the next run starts afresh.
"""
import argparse
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys

from tools import bootstrap, mirrors, preflight

VENV = '.venv'
PYTHON = os.path.join(VENV, 'bin', 'python')
READY = os.path.join(VENV, 'ready')
SCRATCH = os.path.join(VENV, 'scratch')
# JupyterLab would ask at its start whether to fetch news, and show a learner
# nbgrader's menus, which look for folders outside
UNWANTED = '@jupyterlab/apputils-extension:announcements', '@jupyter/nbgrader'


def state():
    """Return what a finished .venv/ready says: the folder, and a digest.

    A moved or copied .venv belongs to another folder, whose d2lutils it has.
    """
    digest = hashlib.sha256()
    for name in bootstrap.LOCK, 'apt.txt':
        with open(name, 'rb') as f:
            digest.update(f.read())
    return os.getcwdb() + b'\n' + digest.hexdigest().encode() + b'\n'


def is_ready():
    """Say whether .venv is whole, and made for this folder and this lock."""
    try:
        with open(READY, 'rb') as f:
            ready = f.read() == state()
    except OSError:
        return False
    return ready and os.access(PYTHON, os.X_OK)


@contextlib.contextmanager
def alone():
    """Wait for other set-ups of this folder; yield what keeps them waiting.

    Children inherit it: those of a set-up that was killed may still write.
    """
    with open(bootstrap.LOCK) as f:
        os.set_inheritable(f.fileno(), True)
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print('another set-up works in this folder: waiting for its end',
                  flush=True)
            fcntl.flock(f, fcntl.LOCK_EX)
        except OSError:
            pass            # a network's file system, which has no locks
        yield


def clear():
    """Empty .venv, which may be a link to another disk.

    The mark goes first: a removal that is interrupted leaves none.
    """
    with contextlib.suppress(FileNotFoundError):
        os.unlink(READY)
    try:
        os.makedirs(VENV, exist_ok=True)
        for entry in list(os.scandir(VENV)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
        os.mkdir(SCRATCH)
    except OSError as e:
        sys.exit("%s can't be made anew (%s): remove it, with sudo if it "
                 'belongs to another user' % (VENV, e))


def run(command, env, quiet=False):
    """Run a step of the set-up; leave where it fails."""
    ran = subprocess.run(command, env=env, close_fds=False,
                         stdout=subprocess.PIPE if quiet else None,
                         stderr=subprocess.STDOUT if quiet else None)
    if ran.returncode:
        if quiet:
            print(ran.stdout.decode(errors='replace'))
        sys.exit('the set-up stopped in this step, and starts afresh next '
                 'time: ' + ' '.join(command))


def install_packages(uv, python, wheels, env):
    """Make the environment, with the lock's packages and d2lutils."""
    run([uv, 'venv', '--quiet', '--no-project', '--allow-existing',
         '--python', python, VENV], env)
    print('installing the locked packages into .venv', flush=True)
    pip = [uv, 'pip']
    there = ['--python', PYTHON, '--quiet']
    if wheels:
        there += ['--offline', '--no-index', '--find-links', wheels]
    run([*pip, 'sync', *there, '--require-hashes', bootstrap.LOCK], env)
    run([*pip, 'install', *there, '--no-deps', '--no-build-isolation',
         '--editable', '.'], env)
    # For a learner's %pip; where this Python has none, it does without
    bootstrap.says([PYTHON, '-m', 'ensurepip'], env)


def add_libraries(wheels, env):
    """Put what the system lacks beside MXNet's library, which looks there."""
    run([PYTHON, '-m', 'tools.arm64_libs'], env)
    # Asked of this Python: another one, conda's say, has libraries of its own
    load = 'import ctypes, sys; ctypes.CDLL(sys.argv[1])'
    lacking = [package for name, package in preflight.libraries().items()
               if bootstrap.says([PYTHON, '-c', load, name], env) is None]
    if not lacking:
        return
    print('unpacking %s into .venv: this system lacks them'
          % ' '.join(lacking), flush=True)
    debs = os.path.join(wheels or SCRATCH, 'debs')
    if not wheels:
        run(['sh', 'tools/debs.sh', debs, *lacking], env)
    root = os.path.join(SCRATCH, 'root')
    bootstrap.unpack_debs(debs, root)
    site = bootstrap.says([PYTHON, '-c', 'import sysconfig\n'
                           "print(sysconfig.get_paths()['purelib'])"], env)
    for folder, _, names in os.walk(root):
        for name in names:
            if name in preflight.libraries():
                shutil.copy(os.path.join(folder, name),
                            os.path.join(site, 'mxnet', name))


def finish(env):
    """Switch off what learners do without; see that MXNet works."""
    run([PYTHON, '-m', 'jupyterlab.labextensions', 'disable',
         '--level=sys_prefix', *UNWANTED], env, quiet=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(VENV, 'etc', 'jupyter',
                               'jupyter_server_config.d', 'nbgrader.json'))
    run([PYTHON, '-m', 'tools.pins'], env)
    run([PYTHON, '-c', 'import mxnet'], env)


def install(python, wheels):
    """Make .venv from nothing."""
    if not preflight.check(python, wheels):
        sys.exit(1)
    clear()
    scratch = os.path.abspath(SCRATCH)
    pip = None if wheels else bootstrap.find_pip(python, mirrors.plain())
    env = mirrors.environment(mirrors.pip_settings(pip), scratch)
    uv = bootstrap.get_uv(scratch, wheels, pip, env)
    python = bootstrap.get_python(python, uv, wheels, env)
    install_packages(uv, python, wheels, env)
    add_libraries(wheels, env)
    finish(env)
    shutil.rmtree(scratch)
    part = READY + '.part'
    with open(part, 'wb') as f:
        f.write(state())
    os.replace(part, READY)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--python', default=preflight.PYTHON)
    parser.add_argument('--wheels', help='take all from this folder of make '
                        'wheels')
    given = parser.parse_args()
    wheels = os.path.abspath(given.wheels) if given.wheels else None
    with alone():
        if not is_ready():
            install(given.python, wheels)
        # A read-only checkout keeps its times
        with contextlib.suppress(OSError):
            os.utime(READY)


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        sys.exit('stopped: the next set-up starts afresh')
