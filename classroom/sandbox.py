"""A kernel in which a student's code can do no harm.

nbgrader stays outside; the kernel alone runs in here: without network, with a
view of the Python environment and of d2lutils and of nothing else, as a user
without rights, within limits. It talks to nbgrader through sockets in a
folder of its own. It is started by

    python -m classroom.sandbox PARENT FOLDER SLOT ARGUMENTS
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

from tools.pins import PINS

ROOT = Path(__file__).resolve().parents[1]
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
# Reads what a kernel needs first
PROBE = """import importlib.util, ipykernel
for name in 'd2lutils', 'mxnet', 'numpy', 'matplotlib':
    with open(importlib.util.find_spec(name).origin, 'rb'):
        pass
"""


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
    wrong = _try('/usr/bin/true')
    if wrong:
        raise SandboxError(
            f'bubblewrap does not work here ({wrong}); allow user '
            'namespaces: sysctl user.max_user_namespaces=10000, or in a '
            'container: docker run --security-opt seccomp=unconfined')
    # Root may have installed it with umask 077
    wrong = _try(sys.executable, '-c', PROBE)
    if wrong:
        raise SandboxError(
            f'the sandbox cannot read the Python environment ({wrong}); let '
            f'other users read it: chmod -R go+rX {sys.prefix} '
            f'{ROOT / "d2lutils"}')


def _try(*arguments):
    """Run a command in a sandbox; return what is wrong, or None."""
    with tempfile.TemporaryDirectory(prefix='d2l-') as folder:
        done = subprocess.run(command(folder, 0, arguments), text=True,
                              capture_output=True, timeout=120)
    if done.returncode:
        return (done.stderr.strip() or f'exit code {done.returncode}'
                ).splitlines()[-1]
    return None


def _view(folder):
    """Return bubblewrap's options for what the sandbox sees."""
    seen = [Path(p) for p in (sys.prefix, sys.base_prefix,
                              ROOT / 'd2lutils')]
    view = ['--ro-bind', '/usr', '/usr']
    for name in 'bin', 'lib', 'lib64', 'sbin':
        view += ['--symlink', f'usr/{name}', f'/{name}']
    for name in 'ld.so.cache', 'fonts', 'alternatives':
        view += ['--ro-bind-try', f'/etc/{name}', f'/etc/{name}']
    view += ['--proc', '/proc', '--dev', '/dev']
    for place in '/tmp', HOME, '/dev/shm':
        view += ['--perms', '1777', '--size', str(DISK), '--tmpfs', place]
    for place in sorted({p for path in [*seen, folder]
                         for p in path.parents}):
        # bubblewrap would make them for root alone
        if place not in (Path('/'), Path('/tmp'), Path('/usr')):
            view += ['--perms', '0755', '--dir', str(place)]
    for place in seen:
        if not place.is_relative_to('/usr'):
            view += ['--ro-bind', str(place), str(place)]
    return [*view, '--bind', str(folder), str(folder), '--chdir', HOME,
            '--remount-ro', '/dev', '--remount-ro', '/']


def command(folder, slot, arguments):
    """Return the command that runs arguments in the sandbox.

    Args:
        folder: where the kernel's sockets lie; all that it can write to
            besides folders in memory.
        slot: a number from 0, another one for each sandbox at a time.
        arguments: a list of str.
    """
    root = os.geteuid() == 0
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
    bwrap += [*_view(Path(folder)), '--']
    if root:
        user = str(FIRST_USER + slot)
        bwrap += ['setpriv', f'--reuid={user}', f'--regid={user}',
                  '--clear-groups', '--inh-caps=-all', '--bounding-set=-all',
                  '--no-new-privs']
    limits = [f'--{name}={value}' for name, value in LIMITS.items()]
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


def _end_with(parent):
    """Let the system ask this process to end when its parent has ended."""
    LIBC.prctl(1, signal.SIGTERM)      # PR_SET_PDEATHSIG
    if os.getppid() != parent:         # it has ended already
        sys.exit(1)


def _end_all():
    """End everything below this process, whatever it has come to be."""
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, signal.SIG_IGN)
    while left := _descendants(os.getpid()):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)


def main(parent, folder, slot, *arguments):
    """Run a kernel in the sandbox, and watch it."""
    # bubblewrap's own --die-with-parent comes a moment too late: one that is
    # orphaned while it starts stays below this process, which ends it
    LIBC.prctl(36, 1)                  # PR_SET_CHILD_SUBREAPER
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        _end_with(int(parent))
        sys.exit(_watch(Path(folder), int(slot), arguments))
    finally:
        _end_all()


def _watch(folder, slot, arguments):
    """Run the kernel; end it at its limits; return its exit code."""
    sockets = folder / 'k'
    if os.geteuid() == 0:
        for path in [sockets, *sockets.iterdir()]:
            os.chown(path, FIRST_USER + slot, FIRST_USER + slot)
    process = subprocess.Popen(
        command(sockets, slot, [
            sys.executable, '-m', 'ipykernel_launcher', *arguments]),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    start = time.monotonic()
    while process.poll() is None:
        cause = _trespass(process, start, sockets)
        if cause:
            (folder / 'cause').write_text(cause)
            break
        time.sleep(0.2)
    return process.returncode


if __name__ == '__main__':
    main(*sys.argv[1:])
