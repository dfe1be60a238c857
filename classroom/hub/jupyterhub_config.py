"""A JupyterHub on one machine, to see the course as a class would: DEMO ONLY.

    make hub                # classroom/hub/start.sh; README.md says more

HUB_PORT      the port on 127.0.0.1, 8000 unless given
HUB_PASSWORD  what everybody logs in with; unless given one is made up, and
              printed once
HUB_STATE     the folder that keeps users' files and the hub's database,
              classroom/hub/state unless given
"""
import os
import resource
import secrets
import shutil
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

from jupyterhub.app import JupyterHub
from jupyterhub.proxy import ConfigurableHTTPProxy
from jupyterhub.spawner import SimpleLocalProcessSpawner

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LOOPBACK = '127.0.0.1'
DEMO = ('DEMO ONLY, for this machine alone: one password for all, no wall '
        'between users. For a class: classroom/hub/values.yaml')
MIB = 2**20
# Measured, README.md: what a student at work takes, and more than any lesson
# needs of a process's own data
STUDENT = 512 * MIB
DATA_LIMIT = 2048 * MIB

sys.path.insert(0, str(ROOT / 'tools'))
import lab  # noqa: E402, F401 -- the environment becomes that of make lab
import pins  # noqa: E402


def number(name, default):
    """Return an environment variable that must be a port."""
    value = os.environ.get(name) or default
    if not (value.isdigit() and 0 < int(value) < 65536):
        sys.exit(f'{name} is {value!r}, expected a number from 1 to 65535')
    return int(value)


def free_port():
    """Return a port that nobody listens on."""
    with socket.socket() as s:
        s.bind((LOOPBACK, 0))
        return s.getsockname()[1]


def password():
    """Return the password of all users; make one up if none is given."""
    value = os.environ.pop('HUB_PASSWORD', '')
    if not value:
        value = secrets.token_urlsafe(9)
        print(f'The password of this run: {value}', flush=True)
    if len(value) < 8:
        sys.exit(f'HUB_PASSWORD has {len(value)} characters, expected 8 or '
                 'more: choose a longer one, or leave it unset')
    return value


def refuse(url, what):
    """Stop the hub unless an address is one of this machine alone."""
    if urlsplit(url).hostname != LOOPBACK:
        sys.exit(f'{what} would listen on {url}, expected {LOOPBACK}: this '
                 'hub is a demo, and opens no port to other machines; for a '
                 'class use classroom/hub/values.yaml')


class LoopbackProxy(ConfigurableHTTPProxy):
    """The proxy, on this machine alone whatever other files configure."""

    async def start(self):
        refuse(self.public_url, 'the proxy')
        refuse(self.api_url, "the proxy's interface")
        refuse(self.hub.bind_url, 'the hub')
        await super().start()


class CourseSpawner(SimpleLocalProcessSpawner):
    """A single-user server on this machine, with a folder and limits."""

    def make_preexec_fn(self, name):
        enter = super().make_preexec_fn(name)

        def preexec():
            # Kernels inherit it: a runaway array ends in a MemoryError
            resource.setrlimit(resource.RLIMIT_DATA, (DATA_LIMIT,) * 2)
            enter()
        return preexec

    async def start(self):
        self.ip = LOOPBACK
        lessons = Path(self.home_dir, 'notebooks')
        if not lessons.exists():
            # Under another name until it is whole
            copy = lessons.with_name('notebooks.new')
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(ROOT / 'notebooks', copy,
                            ignore=shutil.ignore_patterns('.*'))
            copy.rename(lessons)
        return await super().start()


for options in JupyterHub.instance().cli_config.values():
    for option, value in options.items():
        if option.endswith(('ip', 'bind_url', 'api_url')):
            refuse(value if '://' in value else f'http://{value}',
                   f'--{option}')
state = Path(os.environ.get('HUB_STATE') or HERE / 'state').resolve()
state.mkdir(mode=0o700, parents=True, exist_ok=True)
program = HERE / 'node_modules/.bin/configurable-http-proxy'
if not program.exists():
    sys.exit(f'{program} is missing: install it with make hub, or with '
             'npm ci in classroom/hub')
print(DEMO, flush=True)

c = get_config()  # noqa: F821 -- JupyterHub runs this file, and gives it

c.JupyterHub.ip = c.JupyterHub.hub_ip = LOOPBACK
c.JupyterHub.port = number('HUB_PORT', '8000')
# Nobody types these two: any free port will do
c.JupyterHub.hub_port = free_port()
c.ConfigurableHTTPProxy.api_url = f'http://{LOOPBACK}:{free_port()}'
c.ConfigurableHTTPProxy.command = [str(program)]
c.ConfigurableHTTPProxy.pid_file = str(state / 'proxy.pid')
c.JupyterHub.proxy_class = LoopbackProxy
c.JupyterHub.db_url = f'sqlite:///{state / "hub.sqlite"}'
c.JupyterHub.cookie_secret_file = str(state / 'cookie_secret')
# On every page of the hub, the login page too
c.JupyterHub.template_vars = {'announcement': DEMO}

c.JupyterHub.authenticator_class = 'shared-password'
c.SharedPasswordAuthenticator.user_password = password()
c.Authenticator.allow_all = True
# A name becomes the name of a folder
c.Authenticator.username_pattern = '[a-z][a-z0-9_-]{0,31}'

c.JupyterHub.spawner_class = CourseSpawner
c.SimpleLocalProcessSpawner.home_dir_template = str(
    state / 'users/{username}')
c.Spawner.cmd = [sys.executable, '-m', 'jupyterhub.singleuser']
c.Spawner.args = ['--allow-root'] if os.geteuid() == 0 else []
c.Spawner.notebook_dir = '~/notebooks'
c.Spawner.default_url = '/lab'
c.Spawner.environment = {
    name: os.environ[name] for name in pins.PINS if name in os.environ}
c.Spawner.http_timeout = c.Spawner.start_timeout = 120
# Half of the memory: the other half is the machine's
c.JupyterHub.active_server_limit = max(
    1, os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    // 2 // STUDENT)

# A server unused for an hour goes, and its memory with it; the files stay
c.JupyterHub.services = [{
    'name': 'idle-culler',
    'command': [sys.executable, '-m', 'jupyterhub_idle_culler',
                '--timeout=3600'],
}]
c.JupyterHub.load_roles = [{
    'name': 'idle-culler',
    'services': ['idle-culler'],
    'scopes': ['list:users', 'read:users:activity', 'read:servers',
               'delete:servers'],
}]
