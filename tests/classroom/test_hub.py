"""A class on one machine: accounts log in, and nobody reads another's work.

The tests make Linux accounts, so they run as root. One hub serves most of
them: with pytest-xdist, --dist loadfile keeps it so.
"""
import grp
import json
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
import requests
import yaml

from tests.classroom.hub import (
    Student,
    listening,
    need_proxy,
    need_root,
    pss,
    start,
)
from tests.support import free_port, wait_for
from tools import pins

ROOT = Path(__file__).parents[2]
HUB = ROOT / 'classroom/hub'
GUIDE = ROOT / 'docs/hub.md'
LESSON = '04_softmax_scratch.ipynb'
ADA, BEN, EVE = 'd2l-test-ada', 'd2l-test-ben', 'd2l-test-eve'
MIB = 2**20


def run(*command, **options):
    return subprocess.run(command, check=True, timeout=60, **options)


@pytest.fixture(scope='module')
def passwords():
    """Three accounts; Ada and Ben are students, Eve is none."""
    need_root()

    def remove():
        for name in ADA, BEN, EVE:
            subprocess.run(['userdel', '--force', '--remove', name],
                           capture_output=True, timeout=60)
        if made and not grp.getgrnam('students').gr_mem:
            run('groupdel', 'students')

    made = 'students' not in [group.gr_name for group in grp.getgrall()]
    run('groupadd', '--force', 'students')
    made_up = {name: secrets.token_urlsafe(9) for name in (ADA, BEN, EVE)}
    try:
        for name, password in made_up.items():
            more = [] if name == EVE else ['--groups', 'students']
            run('useradd', '--create-home', '--shell=/bin/bash', *more, name)
            run('chpasswd', input=f'{name}:{password}', text=True)
        yield made_up
    finally:
        remove()


@pytest.fixture(scope='module')
def hub(passwords):
    """A running hub, with a service that may see who has a server."""
    need_proxy()
    token, port = secrets.token_hex(16), free_port()
    # Open to all, so that what the hub keeps to itself is its own doing
    folder = Path(tempfile.mkdtemp(prefix='d2l-hub-'))
    folder.chmod(0o755)
    (folder / 'state').mkdir(mode=0o755)
    config = folder / 'config.py'
    config.write_text(
        f'load_subconfig({str(HUB / "jupyterhub_config.py")!r})\n'
        'c = get_config()\n'
        f'c.JupyterHub.port, c.JupyterHub.hub_port = {port}, {free_port()}\n'
        "c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:"
        f"{free_port()}'\n"
        "c.JupyterHub.services.append({'name': 'test', 'api_token': "
        f'{token!r}}})\n'
        "c.JupyterHub.load_roles.append({'name': 'test', 'services': "
        "['test'], 'scopes': ['list:users', 'read:servers']})\n")
    process = start(folder, config)
    url = f'http://127.0.0.1:{port}'

    def up():
        assert process.poll() is None, (folder / 'log').read_text()
        try:
            return requests.get(f'{url}/hub/health', timeout=5).ok
        except requests.RequestException:
            return False

    def has_server(name):
        with requests.get(f'{url}/hub/api/users/{name}', timeout=30, headers={
                'Authorization': f'token {token}'}) as reply:
            return reply.json()['servers'].get('', {}).get('ready')

    try:
        wait_for('the hub', up, 120)
        yield SimpleNamespace(url=url, folder=folder, process=process,
                              has_server=has_server)
    finally:
        left = family(process)
        process.terminate()
        try:
            process.wait(60)
        finally:
            for each in left:
                if each.is_running():
                    each.kill()
            shutil.rmtree(folder)


def family(process):
    """Return a hub's processes and those of the accounts."""
    found = {each for each in psutil.process_iter(['username'])
             if each.info['username'] in (ADA, BEN, EVE)}
    if process.poll() is None:
        found |= set(psutil.Process(process.pid).children(recursive=True))
    return found


@pytest.fixture(scope='module')
def students(hub, passwords):
    """Ada and Ben, logged in, each with a server."""
    found = [Student(hub.url, ADA), Student(hub.url, BEN)]
    for student in found:
        assert student.log_in(passwords[student.name]).status_code == 302
        assert student.spawn(hub.has_server).status_code == 200
    yield found
    for student in found:
        student.close()


@pytest.fixture(scope='module')
def lesson(students):
    """The first cells of the lesson, run by each student in a kernel."""
    kernels = [student.kernel() for student in students]
    printed = []
    for student, kernel in zip(students, kernels, strict=True):
        notebook = student.contents(LESSON).json()['content']
        printed.append({})
        for cell in notebook['cells']:
            if cell['cell_type'] == 'code':
                printed[-1][cell['id']] = kernel.run(cell['source'])
                if cell['id'] == 'net':
                    break
    yield SimpleNamespace(kernels=kernels, printed=printed)
    for kernel in kernels:
        kernel.socket.close()


def test_the_lesson_runs(lesson):
    stored = nbformat.read(ROOT / 'notebooks' / LESSON, as_version=4)
    expected = {cell.id: ''.join(o.get('text', '') for o in cell.outputs)
                for cell in stored.cells if cell.cell_type == 'code'}
    for printed in lesson.printed:
        assert list(printed)[-1] == 'net'
        assert (printed['softmax-check'] == expected['softmax-check']
                != '')
        assert printed['net'].startswith('(512, 10)')


@pytest.mark.parametrize(('name', 'owner'), [
    (ADA, None), (ADA, BEN), ('root', ADA), ('..', ADA), (f'../{ADA}', ADA),
    (EVE, EVE)])
def test_a_wrong_password_or_account_is_refused(hub, passwords, name, owner):
    with Student(hub.url, name) as student:
        password = passwords[owner] if owner else ''
        assert student.log_in(password).status_code in (400, 403)
        spawn = student.get(f'{hub.url}/hub/spawn', timeout=30)
        assert '/hub/login' in spawn.url


def test_behind_caddy_cookies_are_for_https_alone(hub, passwords):
    with Student(hub.url, ADA) as student:
        student.headers.update({'X-Forwarded-Proto': 'https',
                                'X-Forwarded-For': '203.0.113.5'})
        assert student.log_in('wrong').status_code == 403
        assert student.log_in(passwords[ADA]).status_code == 302
        assert all(cookie.secure for cookie in student.cookies
                   if cookie.name.startswith('jupyterhub-'))
    # The log tells where an attack comes from
    assert f"('{ADA}'@203.0.113.5)" in (hub.folder / 'log').read_text()


def test_a_kernel_has_the_settings_of_make_lab(lesson):
    code = 'import json, os; print(json.dumps(dict(os.environ)))'
    kernel = json.loads(lesson.kernels[0].run(code))
    of_lab = json.loads(run(
        sys.executable, '-c', f'import tools.lab; {code}', text=True,
        cwd=ROOT, capture_output=True).stdout)
    values = yaml.safe_load((HUB / 'values.yaml').read_text())
    pod = values['singleuser']['extraEnv']
    for name in pins.PINS:
        assert kernel.get(name) == of_lab.get(name) == pod.get(name), name


ATTEMPTS = """
import json, os, signal
def attempt(action, *arguments):
    try:
        action(*arguments)
    except OSError as error:
        return type(error).__name__
    return 'possible'
print(json.dumps([attempt(*each) for each in (
    *((open, path) for path in {read}),
    *((open, path, 'a') for path in {write}),
    *((os.listdir, path) for path in {enter}),
    *((os.kill, pid, signal.SIGCONT) for pid in {kill}))]))
"""


def test_a_kernel_reads_and_changes_only_its_own_students_files(hub, lesson):
    pids = {process.username(): process.pid for process in family(hub.process)
            if 'jupyterhub.singleuser' in process.cmdline()}
    state = hub.folder / 'state'
    assert (state / 'hub.sqlite').exists()
    for kernel, me, other in (lesson.kernels[0], ADA, BEN), (
            lesson.kernels[1], BEN, ADA):
        home = Path(pwd.getpwnam(me).pw_dir)
        kernel.run(f"open('{home}/notebooks/diary.txt', 'w').close()")
        theirs = Path(pwd.getpwnam(other).pw_dir)
        assert (home / 'notebooks/diary.txt').owner() == me

        def tried(read=(), write=(), enter=(), kill=(), run=kernel.run):
            return json.loads(run(ATTEMPTS.format(
                read=[*map(str, read)], write=[*map(str, write)],
                enter=[*map(str, enter)], kill=[*kill])))

        assert set(tried(
            read=[home / 'notebooks/diary.txt', ROOT / 'README.md'],
            enter=[home, home / 'notebooks'], kill=[pids[me]],
            write=[home / f'notebooks/{LESSON}'])) == {'possible'}
        assert set(tried(
            read=[theirs / f'notebooks/{LESSON}', state / 'hub.sqlite',
                  state / 'cookie_secret', '/etc/shadow',
                  *(f'/proc/{pid}/environ'
                    for pid in (pids[other], hub.process.pid))],
            write=[ROOT / f'notebooks/{LESSON}', hub.folder / 'x',
                   theirs / 'notebooks/x', theirs / 'x'],
            enter=[state, theirs / 'notebooks', theirs / '.jupyter/run'],
            kill=[pids[other], hub.process.pid],
        )) == {'PermissionError'}


def test_the_pages_of_another_student_are_closed(students):
    ada, ben = students
    names = [each['name'] for each in ben.contents('').json()['content']]
    assert LESSON in names
    for path in (f'api/contents/{LESSON}', 'api/kernels', 'api/contents'):
        assert ben.get(ada.home + path, timeout=30).status_code == 403


def test_limits_are_in_force(lesson):
    printed = lesson.kernels[0].run("""
import numpy, resource
print(*resource.getrlimit(resource.RLIMIT_DATA),
      *resource.getrlimit(resource.RLIMIT_NPROC),
      open('/proc/self/oom_score_adj').read())
try:
    numpy.ones(3 * 2**27)
except MemoryError:
    print('too large')
""").split()
    assert printed[0] == printed[1] == str(2048 * MIB)
    assert printed[2] == printed[3] and 100 < int(printed[2]) < 5000
    assert int(printed[4]) > 0      # ends before the hub does
    assert printed[5:] == ['too', 'large']


def test_the_culler_may_look_for_idle_servers(hub):
    wait_for('the culler', lambda: re.search(
        r'200 GET /hub/api/users\S* \(idle-culler@',
        (hub.folder / 'log').read_text()), 30)


def test_everything_listens_on_loopback_alone(hub, lesson):
    found = family(hub.process) | {psutil.Process(hub.process.pid)}
    named = {part: {each for each in found if part in each.cmdline()}
             for part in ('jupyterhub.singleuser', 'ipykernel_launcher',
                          'jupyterhub_idle_culler')}
    assert [*map(len, named.values())] == [2, 2, 1]
    # 127.0.0.1, as /proc writes it
    assert listening(found) == {'0100007F'}


def test_no_account_can_listen_to_a_kernel(lesson):
    # Any account could connect to a port; a socket lies in a closed folder
    where = json.loads(lesson.kernels[0].run(
        'import ipykernel; print(ipykernel.get_connection_info())'))
    home = Path(pwd.getpwnam(ADA).pw_dir)
    assert where['transport'] == 'ipc'
    assert Path(where['ip']).parent == home / '.jupyter/run'


def size(text):
    """Return a Kubernetes quantity in bytes; the chart knows M and G."""
    number, unit = re.fullmatch(r'([\d.]+)([MG])', text).groups()
    return float(number) * {'M': MIB, 'G': 1024 * MIB}[unit]


def test_the_values_file_gives_what_a_student_takes(hub, lesson):
    kernels = [each for each in family(hub.process)
               if 'ipykernel_launcher' in each.cmdline()]
    used = sum(pss(each) + pss(each.parent()) for each in kernels) / 2
    memory = yaml.safe_load(
        (HUB / 'values.yaml').read_text())['singleuser']['memory']
    guarantee = size(memory['guarantee'])
    assert 0.5 * guarantee < used < guarantee, used / MIB
    # The heaviest lesson, beside it the server and one more kernel
    guide = GUIDE.read_text()
    server, kernel, peaks = (
        re.search(rf'\| {row}.*\| ([\d, ]+) MiB', guide)[1]
        for row in ("a student's server", 'a kernel after',
                    'the same, resident'))
    worst = int(server) + int(kernel) + max(map(int, peaks.split(',')))
    assert max(guarantee, worst * MIB) < size(memory['limit'])


# Last: it ends the hub
def test_nothing_is_left_running(hub, lesson):
    found = family(hub.process)
    assert len(found) >= 6      # proxy, culler, two servers, two kernels
    hub.process.send_signal(signal.SIGTERM)
    hub.process.wait(60)
    _, alive = psutil.wait_procs(found, timeout=20)
    assert not alive
    assert not family(hub.process)
