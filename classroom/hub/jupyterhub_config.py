"""A JupyterHub for a class on one machine: docs/hub.md sets it up.

It runs as root, by `make hub` or by systemd (d2l-hub.service), so that each
student's server runs under that student's account. The hub's database and
its secrets lie in STATE_DIRECTORY, which systemd sets.
"""
import os
import pwd
import subprocess
import sys
from pathlib import Path

from tools import pins

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROXY = HERE / 'node_modules/.bin/configurable-http-proxy'
# Measured (docs/hub.md): what a student at work takes
STUDENT = 512 * 2**20
# All that a student's work begins with
BEGIN = f"""
for lesson in {[str(p) for p in ROOT.glob('notebooks/*.ipynb')]}:
    open(lesson).close()
import d2l.mxnet, d2lutils, ipykernel.kernelapp, jupyterlab.labapp
import jupyterhub.singleuser.app
"""


def obstacle(name):
    """Return what keeps an account from the course, or ''."""
    account = pwd.getpwnam(name)
    try:
        done = subprocess.run(
            [sys.executable, '-c', BEGIN], capture_output=True, text=True,
            user=account.pw_uid, group=account.pw_gid, extra_groups=[],
            umask=0o022, cwd='/')
    except OSError as error:
        return str(error)
    return done.stderr.strip().split('\n')[-1] if done.returncode else ''


if os.geteuid() != 0:
    sys.exit('the hub needs root, to start each server under its '
             "student's account: sudo make hub")
if not PROXY.exists():
    sys.exit(f'{PROXY} is missing: make hub installs it')
# root leaves compiled modules behind, which others could not: a server and
# a kernel start in less than half of the time
if trouble := obstacle('root') or obstacle('nobody'):
    sys.exit(f'students cannot use the course in {ROOT}: {trouble}\n'
             'clone it to /srv/d2l-course, and run make setup there with '
             'umask 022 and with a Python that lies in no home folder, '
             'such as PYTHON=/usr/bin/python3.11')
os.umask(0o077)     # nothing that the hub or a student writes is for others
state = Path(os.environ.get('STATE_DIRECTORY', '/var/lib/d2l-hub'))
state.mkdir(parents=True, exist_ok=True)
state.chmod(0o700)

c = get_config()  # noqa: F821 -- JupyterHub runs this file, and gives it

c.JupyterHub.ip = '127.0.0.1'       # the world comes through Caddy
# Caddy says who comes, and that it was by https: the proxy adds nothing
c.ConfigurableHTTPProxy.command = [str(PROXY), '--no-x-forward']
c.ConfigurableHTTPProxy.pid_file = str(state / 'proxy.pid')
c.JupyterHub.db_url = f'sqlite:///{state / "hub.sqlite"}'
c.JupyterHub.cookie_secret_file = str(state / 'cookie_secret')
# PAM asks for the account's password; members of this group alone get in
c.PAMAuthenticator.allowed_groups = {'students'}

c.Spawner.cmd = ['sh', str(HERE / 'student.sh'), str(ROOT), sys.executable]
# Over TCP, any account of the machine could read what a kernel prints
c.Spawner.args = ['--KernelManager.transport=ipc']
c.Spawner.notebook_dir = '~/notebooks'
c.Spawner.default_url = '/lab'
# The settings of make lab: numbers come out as they are printed
c.Spawner.environment = {name: value for name, value in pins.PINS.items()
                         if name != pins.CHECKS_ONLY}
c.Spawner.http_timeout = c.Spawner.start_timeout = 120
# A quarter of the memory is the machine's own
c.JupyterHub.active_server_limit = max(
    1, os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    * 3 // 4 // STUDENT)

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
