"""A kernel in which a student's code can do no harm.

nbgrader stays outside; the kernel alone runs in here: without network, with a
view of the Python environment and of d2lutils and of nothing else, as a user
without rights, within limits. It talks to nbgrader through sockets in a
folder of its own. It is started by

    python sandbox.py PARENT FOLDER SLOT ARGUMENTS
"""
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / 'tools'))
from pins import PINS  # noqa: E402

MIB = 2 ** 20
MEMORY = 3072 * MIB       # of all processes of a submission together
WALL = 300                # seconds, from the kernel's start to its end
DISK = 128 * MIB          # of each folder that can be written to: in memory
SOCKETS = 4 * MIB         # what may lie beside the sockets, on the disk
LIMITS = {                # of each process, or of the user
    'data': 2048 * MIB,   # not the address space: MXNet maps 1.1 GiB
    'cpu': 240,           # seconds
    'fsize': 64 * MIB,
    'nofile': 512,
    'nproc': 128,         # threads too: a kernel has about 30
    'core': 0}
LIBC = ctypes.CDLL(None)
FIRST_USER = 61000        # root's sandboxes run as users that own nothing
HOME = '/home/student'


class SandboxError(RuntimeError):
    """The sandbox cannot run here."""


def check():
    """Make sure that the sandbox works here.

    Raises:
        SandboxError: says what to install or to allow.
    """
    missing = [tool for tool in ('bwrap', 'prlimit', 'setpriv')
               if not shutil.which(tool)]
    if missing:
        raise SandboxError(
            f'{", ".join(missing)} not found; install them with: '
            'apt-get install bubblewrap util-linux')
    with tempfile.TemporaryDirectory(prefix='d2l-') as folder:
        done = subprocess.run(command(folder, 0, ['/usr/bin/true']),
                              capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise SandboxError(
            f'bubblewrap does not work here ({done.stderr.strip()}); allow '
            'user namespaces: sysctl user.max_user_namespaces=10000, or in a '
            'container: docker run --security-opt seccomp=unconfined')


def command(folder, slot, arguments):
    """Return the command that runs arguments in the sandbox.

    Args:
        folder: where the kernel's sockets lie; all that it can write to
            besides folders in memory.
        slot: a number from 0, another one for each sandbox at a time.
        arguments: a list of str.
    """
    root = os.geteuid() == 0
    seen = [Path(p) for p in (sys.prefix, sys.base_prefix,
                              ROOT / 'd2lutils')]
    env = PINS | {
        'PATH': f'{sys.prefix}/bin:/usr/bin:/bin', 'HOME': HOME,
        'USER': 'student', 'LANG': 'C.UTF-8', 'PYTHONDONTWRITEBYTECODE': '1'}
    bwrap = ['bwrap', '--die-with-parent', '--new-session', '--unshare-ipc',
             '--unshare-pid', '--unshare-net', '--unshare-uts',
             '--unshare-cgroup-try', '--hostname', 'sandbox', '--clearenv']
    if not root:
        bwrap += ['--unshare-user', '--uid', '1000', '--gid', '1000',
                  '--disable-userns']
    for item in env.items():
        bwrap += ['--setenv', *item]
    bwrap += ['--ro-bind', '/usr', '/usr']
    for name in 'bin', 'lib', 'lib64', 'sbin':
        bwrap += ['--symlink', f'usr/{name}', f'/{name}']
    for name in 'ld.so.cache', 'fonts', 'alternatives':
        bwrap += ['--ro-bind-try', f'/etc/{name}', f'/etc/{name}']
    bwrap += ['--proc', '/proc', '--dev', '/dev']
    for place in '/tmp', HOME, '/dev/shm':
        bwrap += ['--perms', '1777', '--size', str(DISK), '--tmpfs', place]
    folder = Path(folder)
    for place in sorted({p for path in [*seen, folder]
                         for p in path.parents}):
        # bubblewrap would make them for root alone
        if place not in (Path('/'), Path('/tmp'), Path('/usr')):
            bwrap += ['--perms', '0755', '--dir', str(place)]
    for place in seen:
        if not place.is_relative_to('/usr'):
            bwrap += ['--ro-bind', str(place), str(place)]
    bwrap += ['--bind', str(folder), str(folder), '--chdir', HOME,
              '--remount-ro', '/dev', '--remount-ro', '/', '--']
    limits = [f'--{name}={value}' for name, value in LIMITS.items()]
    if root:
        user = str(FIRST_USER + slot)
        bwrap += ['setpriv', f'--reuid={user}', f'--regid={user}',
                  '--clear-groups', '--inh-caps=-all', '--bounding-set=-all',
                  '--no-new-privs']
    # Should nobody be left to watch it, it still ends
    return [*bwrap, 'prlimit', *limits, 'timeout', '--signal=KILL',
            str(WALL + 30), *arguments]


# The process beside the sandbox ------------------------------------------

def _descendants(pid):
    found, parents = [], {}
    for entry in Path('/proc').glob('[0-9]*/stat'):
        with contextlib.suppress(OSError):
            fields = entry.read_text().rpartition(')')[2].split()
            parents.setdefault(int(fields[1]), []).append(
                int(entry.parent.name))
    todo = [pid]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found


def _memory(pids):
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError):
            statm = Path(f'/proc/{pid}/statm').read_text().split()
            total += int(statm[1]) * os.sysconf('SC_PAGE_SIZE')
    return total


def _trespass(process, start, sockets):
    """Return which limit is passed, if any."""
    if time.monotonic() - start > WALL:
        return f'it ran for more than {WALL} s'
    if _memory(_descendants(process.pid)) > MEMORY:
        return f'it used more than {MEMORY // MIB:,} MiB of memory'
    with contextlib.suppress(OSError):
        if sum(f.lstat().st_size for f in sockets.rglob('*')) > SOCKETS:
            return 'it wrote beside its sockets'


def die_with(parent):
    """Let the system end this process when the one that started it ends."""
    LIBC.prctl(1, signal.SIGKILL)      # PR_SET_PDEATHSIG
    if os.getppid() != parent:         # it has ended already
        os._exit(1)


def main(parent, folder, slot, *arguments):
    """Run a kernel in the sandbox, and watch it."""
    die_with(int(parent))
    here = os.getpid()
    folder = Path(folder)
    sockets = folder / 'k'
    if os.geteuid() == 0:
        user = FIRST_USER + int(slot)
        for path in [sockets, *sockets.iterdir()]:
            os.chown(path, user, user)
    process = subprocess.Popen(
        command(sockets, int(slot), [
            sys.executable, '-m', 'ipykernel_launcher', *arguments]),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        # bubblewrap's own --die-with-parent comes a moment too late
        stderr=subprocess.DEVNULL, preexec_fn=lambda: die_with(here))
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, lambda *_: process.kill())
    start = time.monotonic()
    while process.poll() is None:
        cause = _trespass(process, start, sockets)
        if cause:
            (folder / 'cause').write_text(cause)
            process.kill()
        time.sleep(0.2)
    sys.exit(process.returncode)


if __name__ == '__main__':
    main(*sys.argv[1:])
