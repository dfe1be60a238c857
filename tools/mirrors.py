"""The environment of the set-up: where packages come from, and nothing else.

A machine's pip settings may name a mirror, a proxy or a certificate; uv does
not read them. Whatever else Python, pip and uv take from a user's environment
(a user install, another folder, a constraint, a path with another numpy)
would change what is installed, and where.
"""
import ast
import os
import ssl
import subprocess

# Setting of pip: the variable that tells uv the same
SETTINGS = {
    'index-url': 'UV_DEFAULT_INDEX',
    'extra-index-url': 'UV_INDEX',
    'find-links': 'UV_FIND_LINKS',
    'no-index': 'UV_NO_INDEX',
    'trusted-host': 'UV_INSECURE_HOST',
    'cert': 'SSL_CERT_FILE',
    'client-cert': 'SSL_CLIENT_CERT',
    'proxy': 'ALL_PROXY',
    'timeout': 'UV_HTTP_TIMEOUT',
}
# What uv's own variables may say
KEPT = ('UV_INDEX', 'UV_DEFAULT_INDEX', 'UV_EXTRA_INDEX_URL', 'UV_FIND_LINKS',
        'UV_NO_INDEX', 'UV_INSECURE_HOST', 'UV_KEYRING', 'UV_CONFIG_FILE',
        'UV_NATIVE_TLS', 'UV_SYSTEM_CERTS', 'UV_OFFLINE', 'UV_HTTP',
        'UV_CACHE_DIR', 'UV_CONCURRENT', 'UV_ASTRAL_MIRROR',
        'UV_PYTHON_INSTALL', 'UV_PYTHON_DOWNLOADS')
DROPPED = 'PYTHON', 'PIP_', 'UV_', 'VIRTUAL_ENV', 'CONDA_'
ROOM_MB = 2000


def plain():
    """Return this environment without what changes an installation."""
    return {name: value for name, value in os.environ.items()
            if name.startswith(KEPT) or not name.startswith(DROPPED)}


def pip_settings(pip):
    """Return where pip takes packages from: its files', then its variables'.

    Args:
        pip: the command that runs pip, or None where there is none.
    """
    listed = ''
    if pip:
        env = dict(plain(), **{name: value for name, value
                               in os.environ.items()
                               if name.startswith('PIP_')})
        listed = subprocess.run(
            [*pip, '--disable-pip-version-check', 'config', 'list'], env=env,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            universal_newlines=True).stdout
    sections = {}
    for line in listed.splitlines():
        key, equals, value = line.partition('=')
        section, _, name = key.rpartition('.')
        if equals and section in ('global', 'install', 'download'):
            sections.setdefault(section, {})[name] = ast.literal_eval(value)
    found = {}
    for section in 'global', 'install', 'download':
        found.update(sections.get(section, {}))
    found.update((name[len('PIP_'):].lower().replace('_', '-'), value)
                 for name, value in os.environ.items()
                 if name.startswith('PIP_'))
    found.setdefault('timeout', found.get('default-timeout', ''))
    return {name: ' '.join(str(found[name]).split())
            for name in SETTINGS if found.get(name)}


def roomy(folder):
    """Say whether a folder, or where it would be made, takes a cache."""
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    status = os.statvfs(folder)
    return (os.access(folder, os.W_OK | os.X_OK)
            and status.f_bavail * status.f_frsize >= ROOM_MB * 2**20)


def has_certificates():
    """Say whether this system has certificates of its own."""
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile or (paths.capath and os.path.isdir(paths.capath)
                                 and os.listdir(paths.capath)))


def environment(settings, scratch):
    """Return the environment in which pip and uv run.

    Args:
        settings: as pip_settings returns them.
        scratch: an existing folder for their temporary files.
    """
    env = dict(plain(), TMPDIR=scratch, PIP_CONFIG_FILE=os.devnull,
               PIP_DISABLE_PIP_VERSION_CHECK='1')
    own = 'UV_DEFAULT_INDEX' in env or 'UV_INDEX_URL' in env
    if not os.access(os.path.expanduser('~'), os.W_OK | os.X_OK):
        env['HOME'] = scratch
    for name, value in settings.items():
        env['PIP_' + name.upper().replace('-', '_')] = value
        if name == 'index-url' and own:
            continue
        if name == 'find-links':
            value = value.replace(' ', ',')
        env.setdefault(SETTINGS[name], value)
    # As pip does, look for a version in all of them: the lock's hashes say
    # which files will do
    env.setdefault('UV_INDEX_STRATEGY', 'unsafe-best-match')
    bundle = os.environ.get('REQUESTS_CA_BUNDLE')
    if bundle:
        env.setdefault('SSL_CERT_FILE', bundle)
    if has_certificates():
        env.setdefault('UV_SYSTEM_CERTS', '1')
    cache = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.join(
        os.path.expanduser('~'), '.cache'), 'uv')
    if not roomy(cache):
        env.setdefault('UV_CACHE_DIR', os.path.join(scratch, 'cache'))
    return env
