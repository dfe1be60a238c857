"""A hub under test: its start, a student's browser, a kernel's socket."""
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import requests
import websocket

from tests.support import require, wait_for

ROOT = Path(__file__).parents[2]
# Students reach the course and its Python through every folder above them.
# Where one of those is closed (/root, say), the hub alone sees an open one
OPEN_WAYS = r"""
set -eu
umask 022
IFS='
'
paths=$1 closed=$2
shift 2
mount -t tmpfs none /mnt
for path in $paths; do
    mkdir -p "/mnt$path"
    mount --bind "$path" "/mnt$path"
done
for folder in $closed; do
    mount -t tmpfs -o mode=755 none "$folder"
done
for path in $paths; do
    mkdir -p "$path"
    mount --move "/mnt$path" "$path"
done
exec "$@"
"""


def in_the_open(*command):
    """Return a command that runs where students reach course and Python."""
    closed = {}
    for path in ROOT, Path(sys.base_prefix):
        barred = [above for above in path.parents
                  if not above.stat().st_mode & 0o001]
        if barred:
            closed[str(path)] = str(barred[-1])
    return ['unshare', '--mount', 'sh', '-c', OPEN_WAYS, 'sh',
            '\n'.join(closed), '\n'.join({*closed.values()}), *command]


def start(folder, config, *before):
    """Run a hub, its output in folder/log, its state in folder/state."""
    environment = {**os.environ, 'STATE_DIRECTORY': str(folder / 'state')}
    # Where no compiled module is kept, all takes twice as long
    environment.pop('PYTHONDONTWRITEBYTECODE', None)
    with (folder / 'log').open('w') as log:
        return subprocess.Popen(
            in_the_open(*before, sys.executable, '-m', 'jupyterhub',
                        f'--config={config}'),
            stdout=log, stderr=log, cwd=ROOT, env=environment,
            start_new_session=True)


def need_root():
    """Skip where accounts cannot be made."""
    if os.geteuid() != 0:
        (pytest.fail if os.environ.get('CI') == 'true' else pytest.skip)(
            'only root makes accounts and runs the hub')


def need_proxy():
    """Install the hub's proxy."""
    require(shutil.which('npm'), 'npm')
    subprocess.run(['make', 'proxy'], check=True, cwd=ROOT, timeout=300)


def listening(processes):
    """Return the addresses that processes listen on, as /proc has them."""
    sockets = set()
    for process in processes:
        for link in Path(f'/proc/{process.pid}/fd').iterdir():
            with contextlib.suppress(FileNotFoundError):    # closed by now
                match = re.fullmatch(r'socket:\[(\d+)\]', os.readlink(link))
                if match:
                    sockets.add(match[1])
    found = set()
    for table in 'tcp', 'tcp6':
        for line in Path(f'/proc/net/{table}').read_text().split('\n')[1:]:
            fields = line.split()
            if fields and fields[3] == '0A' and fields[9] in sockets:
                found.add(fields[1].split(':')[0])
    return found


def pss(process):
    """Return a process's memory, what it shares counted by shares."""
    text = Path(f'/proc/{process.pid}/smaps_rollup').read_text()
    return int(re.search(r'^Pss:\s+(\d+)', text, re.M)[1]) * 1024


class Student(requests.Session):
    """A browser: it keeps cookies, and sends their XSRF token back."""

    def __init__(self, url, name):
        super().__init__()
        self.url, self.name = url, name
        self.home = f'{url}/user/{name}/'

    def xsrf(self, path):
        """Return the token of a folder of the site, the nearest one."""
        found = [c for c in self.cookies if c.name == '_xsrf'
                 and path.startswith(c.path)]
        return max(found, key=lambda c: len(c.path)).value

    def log_in(self, password):
        """Send the login form; return the reply, which may be a refusal."""
        login = f'{self.url}/hub/login'
        self.get(login, timeout=30)
        return self.post(
            login, timeout=30, allow_redirects=False,
            data={'username': self.name, 'password': password,
                  '_xsrf': self.xsrf('/hub/login')})

    def spawn(self, has_server):
        """Ask for a server as a browser does; open JupyterLab in it."""
        self.get(f'{self.url}/hub/spawn', timeout=60)
        wait_for(f"{self.name}'s server", lambda: has_server(self.name), 120)
        # The server sends its visitor to the hub and back, for a cookie
        return self.get(f'{self.home}lab', timeout=60)

    def contents(self, path):
        """Return what the server says of a file or folder."""
        return self.get(f'{self.home}api/contents/{path}', timeout=30)

    def kernel(self):
        """Start a kernel."""
        reply = self.post(
            f'{self.home}api/kernels', json={'name': 'python3'}, timeout=60,
            headers={'X-XSRFToken': self.xsrf(f'/user/{self.name}/')})
        assert reply.ok, reply.text
        return Kernel(self, reply.json()['id'])


class Kernel:
    """A kernel of a student's server, over its websocket."""

    def __init__(self, student, kernel_id):
        path = f'/user/{student.name}/api/kernels/{kernel_id}/channels'
        cookies = '; '.join(f'{c.name}={c.value}' for c in student.cookies
                            if path.startswith(c.path))
        self.session = uuid.uuid4().hex
        self.socket = websocket.create_connection(
            student.url.replace('http', 'ws', 1) + path, timeout=120,
            cookie=cookies, origin=student.url)

    def run(self, code):
        """Run a cell; return what it prints."""
        msg_id = uuid.uuid4().hex
        self.socket.send(json.dumps({
            'channel': 'shell', 'parent_header': {}, 'metadata': {},
            'header': {'msg_id': msg_id, 'msg_type': 'execute_request',
                       'session': self.session, 'username': '',
                       'version': '5.3'},
            'content': {'code': code, 'silent': False,
                        'store_history': True, 'user_expressions': {},
                        'allow_stdin': False, 'stop_on_error': True}}))
        printed = ''
        while True:
            message = json.loads(self.socket.recv())
            if message['parent_header'].get('msg_id') != msg_id:
                continue
            kind, content = message['msg_type'], message['content']
            assert kind != 'error', '\n'.join(content['traceback'])
            if kind == 'stream':
                printed += content['text']
            if kind == 'status' and content['execution_state'] == 'idle':
                return printed
