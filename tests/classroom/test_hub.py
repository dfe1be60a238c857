"""The demo hub starts, runs a lesson's first cells, and stays on loopback.

One hub serves most tests: with pytest-xdist, --dist loadfile keeps it so.
"""
import importlib.util
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
import requests
import websocket
import yaml
from support import free_port, require, wait_for

ROOT = Path(__file__).parents[2]
HUB = ROOT / 'classroom/hub'
LESSON = '04_softmax_scratch.ipynb'
PASSWORD = 'correct-horse'
LOOPBACK = '127.0.0.1'
MIB = 2**20


def start(state, *args, **environment):
    """Run start.sh; return the process, its output in state/log."""
    with (state / 'log').open('w') as log:
        return subprocess.Popen(
            ['/bin/sh', HUB / 'start.sh', *args], stdout=log, stderr=log,
            cwd=state, start_new_session=True,
            env={**os.environ, 'HUB_PYTHON': sys.executable,
                 'HUB_STATE': str(state), 'HUB_PORT': str(free_port()),
                 'HUB_PASSWORD': PASSWORD, **environment})


def stop(process, state):
    """End a hub, and whatever it should have ended itself."""
    tree = []
    if process.poll() is None:
        tree = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(40)
    finally:
        for left in {*tree, *processes(state)}:
            if left.is_running():
                left.kill()


def processes(state):
    """Return all processes with the state folder in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(state) in ' '.join(process.environ().values()):
                found.append(process)
        except psutil.Error:
            pass
    return found


@pytest.fixture(scope='module')
def needs():
    require(shutil.which('node') and shutil.which('npm'), 'nodejs with npm')
    for module in 'jupyterhub', 'jupyterhub_idle_culler':
        require(importlib.util.find_spec(module), module.replace('_', '-'))


@pytest.fixture(scope='module')
def hub(needs, tmp_path_factory):
    """A running hub, with a service that may use its whole interface."""
    state = tmp_path_factory.mktemp('hub')
    token, port = secrets.token_hex(16), free_port()
    config = state / 'test_config.py'
    config.write_text(
        f'load_subconfig({str(HUB / "jupyterhub_config.py")!r})\n'
        'c = get_config()\n'
        "c.JupyterHub.services.append({'name': 'test', 'api_token': "
        f'{token!r}}})\n'
        "c.JupyterHub.load_roles.append({'name': 'test', 'services': "
        "['test'], 'scopes': ['admin:users', 'admin:servers']})\n")
    process = start(state, HUB_CONFIG=str(config), HUB_PORT=str(port))
    url = f'http://{LOOPBACK}:{port}'

    def up():
        assert process.poll() is None, (state / 'log').read_text()
        try:
            return requests.get(f'{url}/hub/health', timeout=5).ok
        except requests.RequestException:
            return False

    def api(method, path):
        with requests.request(method, f'{url}/hub/api/{path}', timeout=30,
                              headers={'Authorization': f'token {token}'}
                              ) as reply:
            assert reply.ok, reply.text
            return reply.json() if reply.content else None

    try:
        wait_for('the hub', up, 60)
        yield SimpleNamespace(url=url, state=state, api=api, process=process)
    finally:
        stop(process, state)


class Client(requests.Session):
    """A browser: it keeps cookies, and sends their XSRF token back."""

    def __init__(self, hub, name):
        super().__init__()
        self.hub, self.name = hub, name
        self.home = f'{hub.url}/user/{name}/'

    def xsrf(self, path):
        """Return the token of a folder of the site, the nearest one."""
        found = [c for c in self.cookies if c.name == '_xsrf'
                 and path.startswith(c.path)]
        return max(found, key=lambda c: len(c.path)).value

    def log_in(self, password=PASSWORD):
        login = f'{self.hub.url}/hub/login'
        self.get(login, timeout=30)
        return self.post(
            login, timeout=30, allow_redirects=False,
            data={'username': self.name, 'password': password,
                  '_xsrf': self.xsrf('/hub/login')})

    def spawn(self):
        """Ask for a server as a browser does; wait until the hub has it."""
        self.get(f'{self.hub.url}/hub/spawn', timeout=60)
        wait_for(f"{self.name}'s server", lambda: self.hub.api(
            'GET', f'users/{self.name}')['servers'].get('', {}).get('ready'),
            60)
        # The server sends its visitor to the hub and back, for a cookie
        return self.get(f'{self.home}lab', timeout=60)

    def kernel(self):
        reply = self.post(
            f'{self.home}api/kernels', json={'name': 'python3'}, timeout=60,
            headers={'X-XSRFToken': self.xsrf(f'/user/{self.name}/')})
        assert reply.ok, reply.text
        return Kernel(self, reply.json()['id'])


class Kernel:
    """A kernel of a client's server, over its websocket."""

    def __init__(self, client, kernel_id):
        path = f'/user/{client.name}/api/kernels/{kernel_id}/channels'
        cookies = '; '.join(f'{c.name}={c.value}' for c in client.cookies
                            if path.startswith(c.path))
        self.session = uuid.uuid4().hex
        self.socket = websocket.create_connection(
            client.hub.url.replace('http', 'ws', 1) + path, timeout=60,
            cookie=cookies, origin=client.hub.url)

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


@pytest.fixture(scope='module')
def students(hub):
    """Two students, logged in, each with a server."""
    clients = [Client(hub, 'ada'), Client(hub, 'ben')]
    for client in clients:
        assert client.log_in().status_code == 302
        assert client.spawn().status_code == 200
    yield clients
    for client in clients:
        client.close()


@pytest.fixture(scope='module')
def lesson(hub, students):
    """The first cells of the lesson, run by each student in a kernel."""
    kernels = [student.kernel() for student in students]
    printed = []
    for student, kernel in zip(students, kernels, strict=True):
        path = f'{student.home}api/contents/{LESSON}'
        notebook = student.get(path, timeout=30).json()['content']
        printed.append({})
        for cell in notebook['cells']:
            if cell['cell_type'] == 'code':
                printed[-1][cell['id']] = kernel.run(cell['source'])
                if cell['id'] == 'net':
                    break
    yield SimpleNamespace(kernels=kernels, printed=printed)
    for kernel in kernels:
        kernel.socket.close()


def test_the_login_page_says_that_it_is_a_demo(hub):
    page = requests.get(f'{hub.url}/hub/login', timeout=30).text
    assert 'DEMO ONLY' in page
    assert 'DEMO ONLY' in (hub.state / 'log').read_text()


@pytest.mark.parametrize(('name', 'password'), [
    ('ada', 'wrong-horse'), ('ada', ''), ('..', PASSWORD),
    ('../ada', PASSWORD)])
def test_a_wrong_password_or_name_is_refused(hub, name, password):
    with Client(hub, name) as client:
        assert client.log_in(password).status_code in (400, 403)
        spawn = client.get(f'{hub.url}/hub/spawn', timeout=30)
        assert '/hub/login' in spawn.url


def test_the_lesson_runs(lesson):
    stored = nbformat.read(ROOT / 'notebooks' / LESSON, as_version=4)
    expected = {cell.id: ''.join(o.get('text', '') for o in cell.outputs)
                for cell in stored.cells if cell.cell_type == 'code'}
    for printed in lesson.printed:
        assert list(printed)[-1] == 'net'
        assert printed['softmax'] == expected['softmax'] != ''
        assert printed['net'].startswith('(512, 10)')


def test_a_kernel_has_the_pins_of_make_lab_and_no_password(lesson):
    code = ('import json, os, resource\n'
            'print(json.dumps([dict(os.environ), '
            'resource.getrlimit(resource.RLIMIT_DATA)[0]]))')
    environment, limit = json.loads(lesson.kernels[0].run(code))
    of_lab = subprocess.run(
        [sys.executable, '-c', 'import lab; ' + code], text=True,
        cwd=ROOT / 'tools', capture_output=True, check=True, timeout=60)
    pins = json.loads(of_lab.stdout)[0]
    values = yaml.safe_load((HUB / 'values.yaml').read_text())
    for name in ('OMP_NUM_THREADS', 'OPENBLAS_CORETYPE', 'PYTHONHASHSEED',
                 'SOURCE_DATE_EPOCH', 'DNNL_MAX_CPU_ISA'):
        assert environment.get(name) == pins.get(name), name
        assert values['singleuser']['extraEnv'].get(name) == pins.get(name)
    assert PASSWORD not in environment.values()
    assert 0 < limit < 2**40


def test_a_student_has_a_copy_and_sees_no_other(hub, students):
    ada, ben = students
    mine = {'type': 'file', 'format': 'text', 'content': 'mine'}
    saved = ada.put(f'{ada.home}api/contents/diary.txt', json=mine,
                    headers={'X-XSRFToken': ada.xsrf('/user/ada/')},
                    timeout=30)
    assert saved.status_code == 201
    assert not (ROOT / 'notebooks/diary.txt').exists()
    assert (hub.state / 'users/ada/notebooks/diary.txt').exists()
    names = {entry['name'] for entry in ben.get(
        f'{ben.home}api/contents', timeout=30).json()['content']}
    assert LESSON in names and 'diary.txt' not in names
    for path in ('api/contents/diary.txt', 'api/kernels', 'api/contents'):
        assert ben.get(ada.home + path, timeout=30).status_code == 403
    for path in ('../../ada/notebooks/diary.txt',
                 '%2e%2e/%2e%2e/ada/notebooks/diary.txt'):
        assert ben.get(f'{ben.home}api/contents/{path}',
                       timeout=30).status_code in (403, 404)


def listening(process_ids):
    """Return the addresses that processes listen on, as /proc has them."""
    sockets = set()
    for pid in process_ids:
        for link in Path(f'/proc/{pid}/fd').iterdir():
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


def test_everything_listens_on_loopback_alone(hub, lesson):
    tree = psutil.Process(hub.process.pid).children(recursive=True)
    names = ' '.join(' '.join(p.cmdline()) for p in tree)
    for program in ('configurable-http-proxy', 'jupyterhub.singleuser',
                    'ipykernel', 'jupyterhub_idle_culler'):
        assert program in names
    # 127.0.0.1, as the kernel writes it
    assert listening([hub.process.pid, *(p.pid for p in tree)]) == {
        '0100007F'}


def pss(process):
    """Return a process's memory, what it shares counted by shares."""
    text = Path(f'/proc/{process.pid}/smaps_rollup').read_text()
    return int(re.search(r'^Pss:\s+(\d+)', text, re.M)[1]) * 1024


def size(text):
    """Return a Kubernetes quantity in bytes; the chart knows M and G."""
    number, unit = re.fullmatch(r'([\d.]+)([MG])', text).groups()
    return float(number) * {'M': MIB, 'G': 1024 * MIB}[unit]


def test_the_values_file_gives_what_a_student_takes(hub, lesson):
    tree = psutil.Process(hub.process.pid).children(recursive=True)
    kernels = [p for p in tree if 'ipykernel_launcher' in p.cmdline()]
    used = sum(pss(k) + pss(k.parent()) for k in kernels) / len(kernels)
    memory = yaml.safe_load(
        (HUB / 'values.yaml').read_text())['singleuser']['memory']
    guarantee = size(memory['guarantee'])
    assert 0.5 * guarantee < used < guarantee, used / MIB
    # The heaviest lesson, beside it the server and one more kernel
    readme = (HUB / 'README.md').read_text()
    server, kernel, peaks = (
        re.search(rf'\| {row}.*\| ([\d, ]+) MiB', readme)[1]
        for row in ("a student's server", 'a kernel after',
                    'the same, resident'))
    worst = int(server) + int(kernel) + max(map(int, peaks.split(',')))
    assert max(guarantee, worst * MIB) < size(memory['limit'])


def test_the_values_file_lets_no_pod_out_and_mounts_no_token():
    values = yaml.safe_load((HUB / 'values.yaml').read_text())
    singleuser = values['singleuser']
    rules = singleuser['networkPolicy']['egressAllowRules']
    assert singleuser['networkPolicy']['enabled']
    assert not singleuser['networkPolicy']['egress']
    assert {rule for rule, allowed in rules.items() if allowed} <= {
        'dnsPortsKubeSystemNamespace', 'dnsPortsPrivateIPs'}
    assert singleuser['extraPodConfig'] == {
        'automountServiceAccountToken': False}
    assert values['hub']['config']['JupyterHub'][
        'authenticator_class'] not in ('dummy', 'shared-password')


def test_no_registry_is_named():
    for name in 'package.json', 'package-lock.json':
        text = (HUB / name).read_text()
        assert '"resolved"' not in text
    lock = json.loads((HUB / 'package-lock.json').read_text())
    for path, package in lock['packages'].items():
        assert not path or package['integrity'].startswith('sha512-')


@pytest.mark.parametrize(('args', 'environment', 'message'), [
    (['--ip=0.0.0.0'], {}, 'opens no port to other machines'),
    (['--JupyterHub.bind_url=http://:8000'], {}, 'expected 127.0.0.1'),
    (['--JupyterHub.hub_bind_url=http://0.0.0.0:8081'], {},
     '--hub_bind_url would listen on'),
    ([], {'HUB_PORT': 'http'}, "HUB_PORT is 'http', expected"),
    ([], {'HUB_PASSWORD': 'short'}, 'HUB_PASSWORD has 5 characters'),
    ([], {'PATH': '/nowhere'}, 'no node here')])
def test_what_is_refused(needs, tmp_path, args, environment, message):
    process = start(tmp_path, *args, **environment)
    try:
        assert process.wait(60) != 0
    finally:
        stop(process, tmp_path)
    assert message in (tmp_path / 'log').read_text()


def test_a_configuration_on_top_opens_no_port_either(needs, tmp_path):
    config = tmp_path / 'config.py'
    config.write_text(
        f'load_subconfig({str(HUB / "jupyterhub_config.py")!r})\n'
        "get_config().JupyterHub.ip = '0.0.0.0'\n")
    process = start(tmp_path, HUB_CONFIG=str(config))
    try:
        assert process.wait(60) != 0
    finally:
        stop(process, tmp_path)
    log = (tmp_path / 'log').read_text()
    assert 'the proxy would listen on http://0.0.0.0' in log
    assert 'Proxying' not in log


def test_a_password_is_made_up_and_printed_once(needs, tmp_path):
    process = start(tmp_path, HUB_PASSWORD='')
    try:
        log = wait_for('the password', lambda: re.findall(
            'The password of this run: (.*)',
            (tmp_path / 'log').read_text()), 30)
    finally:
        stop(process, tmp_path)
    assert len(log) == 1 and len(log[0]) >= 12


# Last: it ends the hub
def test_nothing_is_left_running(hub, lesson):
    tree = psutil.Process(hub.process.pid).children(recursive=True)
    assert len(tree) >= 6       # proxy, culler, two servers, two kernels
    hub.process.send_signal(signal.SIGTERM)
    hub.process.wait(40)
    _, alive = psutil.wait_procs(tree, timeout=10)
    assert not alive
    assert not processes(hub.state)
