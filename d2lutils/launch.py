"""Run a script in several processes that train together.

    python -m d2lutils.launch -n 2 train.py --lr 0.1

starts a scheduler, a server and two workers of MXNet's parameter server on
this machine. Each worker runs the script with its arguments; in it,
`mx.kv.create('dist_sync')` finds the others. What they print comes out with
the name of the process before it. The first failure ends them all, and the
exit status is that of the process that failed.

Source: D2L, chapter 13.7.
"""
import argparse
import contextlib
import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from mxnet import runtime

# What each process runs. It ends with the launcher, whatever ended that: then
# the pipe that is its standard input closes.
BOOT = """
import os, runpy, sys, threading, traceback
def watch():
    os.read(0, 1)
    os.killpg(0, 9)                   # with all that it has started
threading.Thread(target=watch, daemon=True).start()
if os.environ['DMLC_ROLE'] != 'worker':
    import mxnet                      # returns when the job is done
    sys.exit()
del sys.argv[0]
code = 0
try:
    runpy.run_path(sys.argv[0], run_name='__main__')
except SystemExit as e:
    code = e.code
    if not isinstance(code, int | None):
        print(code, file=sys.stderr)
        code = 1
except BaseException:
    traceback.print_exc()
    code = 1
if code:
    # On its usual way out a worker would wait for the others
    os._exit(code)
"""
GRACE = 10      # seconds that the others have after the first good end
LOCAL = '127.0.0.1'
WITHOUT = ('this build of MXNet has no parameter server (DIST_KVSTORE is '
           'off, as on Linux arm64): start the job on an x86-64 machine, or '
           'train on several devices in one process')


def has_store():
    """Say whether this build of MXNet trains in several processes."""
    return runtime.Features().is_enabled('DIST_KVSTORE')


def free_ports(number):
    """Return ports of this machine that nobody listens on, in order.

    They lie below those that the system gives away: still free when a
    process, seconds later, comes to bind them.
    """
    ports = set()
    while len(ports) < number:
        port = 10000 + secrets.randbelow(22768)
        with contextlib.suppress(OSError), socket.socket() as s:
            s.bind((LOCAL, port))
            ports.add(port)
    return sorted(ports)


def plan(hosts, port, workers, servers):
    """Return the name and the variables of each process.

    Args:
        hosts: the addresses; the scheduler and the servers are the first's,
            the workers go round.
        port: the scheduler's.
    """
    job = [('scheduler', hosts[0])]
    job += [(f'server {i}', hosts[0]) for i in range(servers)]
    job += [(f'worker {i}', hosts[i % len(hosts)]) for i in range(workers)]
    return [(name, {
        'DMLC_ROLE': name.split()[0], 'DMLC_PS_ROOT_URI': hosts[0],
        'DMLC_PS_ROOT_PORT': str(port), 'DMLC_NUM_WORKER': str(workers),
        'DMLC_NUM_SERVER': str(servers),
        # Else it would listen on a public interface
        'DMLC_NODE_HOST': host,
        # The processes share the cores
        'OMP_NUM_THREADS': '1', 'PYTHONUNBUFFERED': '1'})
        for name, host in job]


class Process:
    """A process of the job."""

    def __init__(self, name, variables, command):
        env = {k: v for k, v in os.environ.items()
               if k != 'PORT' and not k.startswith(('DMLC_', 'PS_'))}
        # A script finds what lies beside it, as when it runs alone
        env['PYTHONPATH'] = os.pathsep.join(filter(None, (
            os.path.dirname(os.path.abspath(command[0])),
            env.get('PYTHONPATH'))))
        self.name, self.unread = name, False
        self.popen = subprocess.Popen(
            [sys.executable, '-P', '-c', BOOT, *command], env=env | variables,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        self.reader = threading.Thread(target=self._pass_on, daemon=True)
        self.reader.start()

    def _pass_on(self):
        for line in self.popen.stdout:
            try:
                sys.stdout.buffer.write(
                    f'{self.name} | '.encode() + line.rstrip() + b'\n')
                sys.stdout.flush()
            except OSError:
                self.unread = True
                return

    def status(self):
        """Return None while it runs; then its exit status, as in a shell."""
        code = self.popen.poll()
        return 128 - code if code is not None and code < 0 else code

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        # Not for ever: a process that it left behind may hold the pipe
        self.reader.join(2)


def watch(job, seconds, caught):
    """Wait for the job's end; return its exit status, and what went wrong.

    Args:
        caught: a list, to which a handler adds the signals that arrive.
    """
    end, first = time.monotonic() + seconds, None
    while True:
        if caught:
            return 128 + caught[0], f'ended by signal {caught[0]:d}'
        # Workers before those that a worker's death brings down
        for p in reversed(job):
            status = p.status()
            if p.unread:
                return 128 + signal.SIGPIPE, 'nobody reads the output'
            if status:
                return status, (
                    f'{p.name} was ended by signal {status - 128}'
                    if status > 128 else
                    f'{p.name} failed with exit status {status}')
            if status == 0 and not first:
                first, end = p, min(end, time.monotonic() + GRACE)
        left = [p.name for p in job if p.status() is None]
        if not left:
            return 0, None
        if first and not any(name.startswith('worker') for name in left):
            return 0, None      # what is left has nobody to serve
        if time.monotonic() > end:
            break
        time.sleep(0.05)
    if not first:
        return 124, (f'not done after {seconds} s ({", ".join(left)} still '
                     'ran): -t gives it more time')
    return 1, (f'{first.name} ended {GRACE} s ago, and {", ".join(left)} '
               'still ran: all must use the store, and end together')


def run(planned, command, seconds):
    """Start the processes, wait for their end, and leave none behind."""
    numbers = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
    caught, job = [], []
    for number in numbers:
        # Noted, not raised: what runs just then may swallow an exception
        signal.signal(number, lambda number, frame: caught.append(number))
    try:
        for name, variables in planned:
            job.append(Process(name, variables, command))
        status, wrong = watch(job, seconds, caught)
        # The scheduler and the servers end by themselves, a moment later
        end = time.monotonic() + 2
        while (status == 0 and not caught and time.monotonic() < end
               and any(p.status() is None for p in job)):
            time.sleep(0.05)
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        for p in job:
            p.kill()
    if wrong:
        print(f'launch: {wrong}; all are ended', file=sys.stderr)
    if any(p.unread for p in job):
        # What is left to be written has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def addresses(names):
    """Return the address of each host.

    Raises:
        ValueError: a name is empty or unknown, or some are this machine by
            an address at which it is unknown to the others.
    """
    if not all(names):
        raise ValueError('a name is empty')
    try:
        found = [socket.gethostbyname(name) for name in names]
    except (OSError, UnicodeError) as e:
        raise ValueError(f'not every name is known here ({e})') from e
    here = [name for name, address in zip(names, found, strict=True)
            if address.startswith('127.')]
    if here and len(here) < len(names):
        raise ValueError(f'{here[0]} is this machine, but not to the others')
    return found


def on_paper(job, names, command):
    """Return the lines that start a job on several machines, by hand."""
    lines = ['# A terminal for each. The folder and the environment are at '
             'the same place', '# on all machines. Nobody watches them: when '
             'one fails, end the rest. Only in', '# a network that you '
             'trust: nobody is asked for a password in there.']
    for name, variables in job:
        run = command if name.startswith('worker') else [
            '-c', 'import mxnet']
        line = (f'cd {shlex.quote(os.getcwd())} && exec env -u PORT '
                + shlex.join(f'{k}={v}' for k, v in variables.items()) + ' '
                + shlex.join([sys.executable, *run]))
        host = names[variables['DMLC_NODE_HOST']]
        lines += [f'# {name}', shlex.join(['ssh', '-tt', host, line])]
    return '\n'.join(lines)


def _number(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f'{text!r}, expected a whole number from 1')
    return int(text)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog='python -m d2lutils.launch',
        description='Run a script in several processes that train together.')
    parser.add_argument('-n', '--workers', type=_number, required=True)
    parser.add_argument('-s', '--servers', type=_number, default=1,
                        help='processes that add up gradients (default 1)')
    parser.add_argument('-t', '--seconds', type=_number, default=600,
                        help='end the job after this time (default 600)')
    parser.add_argument('--port', type=_number,
                        help="the scheduler's (default: a free one)")
    parser.add_argument('--hosts', help='print the commands for these '
                        'machines, with commas between them; run nothing')
    parser.add_argument('script')
    parser.add_argument('arguments', nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    command = [given.script, *given.arguments]
    if not Path(given.script).is_file():
        parser.error(f'{given.script}: there is no such file')
    if given.port and given.port > 65535:
        parser.error(f'--port {given.port}: expected at most 65535')
    if given.hosts is not None:
        names = given.hosts.split(',')
        try:
            hosts = addresses(names)
        except ValueError as e:
            parser.error(f'--hosts {given.hosts!r}: {e}; give names or '
                         'addresses, with commas between them')
        print(on_paper(
            plan(hosts, given.port or 9091, given.workers, given.servers),
            dict(zip(hosts, names, strict=True)), command))
        return 0
    if not has_store():
        print(f'launch: {WITHOUT}', file=sys.stderr)
        return 2
    port, *ports = free_ports(1 + given.workers)
    if given.port:
        port, ports = given.port, [p for p in ports if p != given.port]
        try:
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind((LOCAL, port))
        except OSError as e:
            parser.error(f'--port {port}: {e.strerror}; name another, or '
                         'leave it out')
    planned = plan([LOCAL], port, given.workers, given.servers)
    # Ranks follow the ports: worker 0 gets rank 0
    for (_, variables), number in zip(planned[-given.workers:], ports,
                                      strict=False):
        variables['PORT'] = str(number)
    return run(planned, command, given.seconds)


if __name__ == '__main__':
    sys.exit(main())
