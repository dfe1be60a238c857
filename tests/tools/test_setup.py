"""What the set-up stands on; tests/tools/test_setup_real.py sets up."""
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from tools import arm64_libs, bootstrap, install, mirrors, preflight

ROOT = Path(__file__).parents[2]
UV = Path(sys.prefix, 'bin/uv')


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """Leave nothing of this machine's pip and uv in the environment."""
    for name in list(os.environ):
        if name.startswith(('PIP_', 'UV_', 'SSL_CERT', 'REQUESTS_')):
            monkeypatch.delenv(name)
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.setenv('XDG_CONFIG_DIRS', str(tmp_path))
    (tmp_path / '.pip').mkdir()
    return tmp_path


def settings():
    return mirrors.pip_settings([sys.executable, '-m', 'pip'])


# Where packages come from --------------------------------------------------

def test_uv_looks_where_pips_files_and_variables_say(bare, monkeypatch):
    (bare / '.pip/pip.conf').write_text(
        '[global]\nindex-url = https://user:word@mirror.example/simple\n'
        'extra-index-url =\n    https://one.example/simple\n'
        '    https://two.example/simple\n'
        'timeout = 7\nproxy = http://proxy.example:3128\n'
        'trusted-host = mirror.example\nuser = true\n'
        '[install]\nfind-links = /a /b\n')
    monkeypatch.setenv('PIP_CERT', '/etc/ours.pem')
    monkeypatch.setenv('PIP_TIMEOUT', '8')
    env = mirrors.environment(settings(), str(bare))
    wanted = {
        'UV_DEFAULT_INDEX': 'https://user:word@mirror.example/simple',
        'UV_INDEX': 'https://one.example/simple https://two.example/simple',
        'UV_FIND_LINKS': '/a,/b', 'UV_HTTP_TIMEOUT': '8',
        'UV_INSECURE_HOST': 'mirror.example',
        'ALL_PROXY': 'http://proxy.example:3128',
        'SSL_CERT_FILE': '/etc/ours.pem',
        'PIP_INDEX_URL': 'https://user:word@mirror.example/simple',
        'PIP_CONFIG_FILE': os.devnull}
    assert {name: env.get(name) for name in wanted} == wanted
    assert 'PIP_USER' not in env


def test_uvs_own_settings_win(bare, monkeypatch):
    monkeypatch.setenv('PIP_INDEX_URL', 'https://pips.example')
    monkeypatch.setenv('UV_DEFAULT_INDEX', 'https://uvs.example')
    env = mirrors.environment(settings(), str(bare))
    assert env['UV_DEFAULT_INDEX'] == 'https://uvs.example'


def a_wheel(folder, name='tiny'):
    """Write the wheel of an empty package into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f'{name}-1.dist-info'
    path = folder / f'{name}-1-py3-none-any.whl'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr(f'{info}/METADATA', 'Metadata-Version: 2.1\n'
                         f'Name: {name}\nVersion: 1\n')
        archive.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\nGenerator: x\n'
                         'Root-Is-Purelib: true\nTag: py3-none-any\n')
        archive.writestr(f'{info}/RECORD', '')
    (folder / 'index.html').write_text(
        f'<a href="{path.name}">{path.name}</a>')
    return path


@pytest.mark.parametrize('how', ['find-links', 'index', 'extra index'])
def test_uv_finds_a_package_where_only_pip_was_told(how, bare, tmp_path):
    wheel = a_wheel(bare / 'simple/tiny')
    other = a_wheel(bare / 'other/another', 'another')
    (bare / '.pip/pip.conf').write_text('[global]\n' + {
        'find-links': f'no-index = true\nfind-links =\n    {wheel.parent}\n'
                      f'    {other.parent}\n',
        'index': f'index-url = {(bare / "simple").as_uri()}\n',
        'extra index': f'index-url = {(bare / "simple").as_uri()}\n'
                       f'extra-index-url = {(bare / "other").as_uri()}\n',
    }[how])
    env = mirrors.environment(settings(), str(bare))
    names = ['tiny'] if how == 'index' else ['tiny', 'another']
    ran = subprocess.run([UV, 'pip', 'install', '--target', bare / 'there',
                          *names], env=env, capture_output=True, text=True,
                         timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert len(list((bare / 'there').glob('*.dist-info'))) == len(names)


def test_what_changes_an_installation_is_left_out(monkeypatch):
    odd = ('PYTHONPATH', 'PYTHONHOME', 'PIP_USER', 'PIP_TARGET', 'UV_SYSTEM_'
           'PYTHON', 'UV_LINK_MODE', 'UV_NO_BINARY', 'VIRTUAL_ENV',
           'CONDA_PREFIX')
    for name in odd:
        monkeypatch.setenv(name, 'x')
    monkeypatch.setenv('UV_PYTHON_INSTALL_MIRROR', 'kept')
    plain = mirrors.plain()
    assert not [name for name in odd if name in plain]
    assert plain['UV_PYTHON_INSTALL_MIRROR'] == 'kept'


def test_a_full_or_foreign_cache_is_passed_by(monkeypatch, tmp_path):
    assert mirrors.roomy(str(tmp_path / 'not/yet'))
    assert not mirrors.roomy('/proc/nowhere')
    monkeypatch.setattr(mirrors, 'ROOM_MB', 10**9)
    assert not mirrors.roomy(str(tmp_path))
    env = mirrors.environment({}, str(tmp_path))
    assert env['UV_CACHE_DIR'] == str(tmp_path / 'cache')


# uv and Python -------------------------------------------------------------

def test_only_the_locked_uv_is_taken(tmp_path):
    (tmp_path / 'uv-9-py3-none-any.whl').write_bytes(b'another')
    with pytest.raises(SystemExit, match='no uv of this lock'):
        bootstrap.get_uv(str(tmp_path), str(tmp_path), None, {})


def test_without_pip_the_remedies_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, 'fetch_pip', lambda *_: None)
    with pytest.raises(SystemExit, match=r'python3-venv(.|\n)*WHEELS=folder'):
        bootstrap.get_uv(str(tmp_path), None, None, {})


def test_a_pip_that_is_only_a_wheel_runs(monkeypatch):
    monkeypatch.setattr(bootstrap, 'says', lambda *_: None)
    command = bootstrap.find_pip('python-none', {})
    said = subprocess.run([*command, '--version'], capture_output=True,
                          text=True, timeout=60).stdout
    assert said.startswith('pip ')


# Ready or not --------------------------------------------------------------

@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder with an environment that counts as ready."""
    folder = tmp_path / 'course'
    (folder / '.venv/bin').mkdir(parents=True)
    for name in bootstrap.LOCK, 'apt.txt':
        (folder / name).write_text(name)
    (folder / '.venv/bin/python').symlink_to(sys.executable)
    monkeypatch.chdir(folder)
    Path(install.READY).write_bytes(install.state())
    assert install.is_ready()
    return folder


def test_a_moved_environment_is_not_ready(course, monkeypatch):
    moved = course.rename(course.with_name('moved'))
    monkeypatch.chdir(moved)
    assert not install.is_ready()


def test_another_lock_is_not_ready(course):
    Path(bootstrap.LOCK).write_text('newer')
    assert not install.is_ready()


def test_an_environment_without_its_python_is_not_ready(course):
    Path(install.PYTHON).unlink()
    Path(install.PYTHON).symlink_to('/nowhere/python3.11')
    assert not install.is_ready()


def test_starting_afresh_takes_the_mark_away_first(course, monkeypatch):
    Path('.venv/lib').mkdir()

    def interrupted(path):
        raise KeyboardInterrupt(path)
    monkeypatch.setattr(install.shutil, 'rmtree', interrupted)
    with pytest.raises(KeyboardInterrupt):
        install.clear()
    assert not install.is_ready()


def test_an_environment_on_another_disk_stays_there(course, tmp_path):
    disk = tmp_path / 'disk'
    Path('.venv').rename(disk)
    Path('.venv').symlink_to(disk)
    install.clear()
    assert Path('.venv').is_symlink()
    assert [p.name for p in disk.iterdir()] == ['scratch']


def test_make_sees_that_an_environment_is_not_this_folders(course):
    makefile = (ROOT / 'Makefile').read_text()
    (course / 'Makefile').write_text(re.sub(
        r"(?m)^\t@'\$\(ANY\)' -m tools.install.*\n.*\n", '\t@echo anew\n',
        makefile))
    os.utime(install.READY)

    def setup():
        return subprocess.run(['make', '--silent', 'setup'], text=True,
                              capture_output=True, timeout=60).stdout
    assert setup() == ''
    Path(install.READY).write_text('/elsewhere\n')
    assert setup() == 'anew\n'
    Path(install.READY).write_bytes(install.state())
    Path(install.PYTHON).unlink()
    assert setup() == 'anew\n'


# Linux arm64 ---------------------------------------------------------------

def test_mxnet_finds_scipys_openblas_beside_itself(tmp_path):
    for name in ('mxnet/libmxnet.so', 'scipy.libs/libopenblasp-r0-1a.so',
                 'scipy.libs/libgfortran-2b.so.5.0.0'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    for _ in range(2):          # a second time does no harm
        links = arm64_libs.link(tmp_path)
    assert [(link.name, link.read_text()) for link in links] == [
        *((name, 'scipy.libs/libopenblasp-r0-1a.so')
          for name in arm64_libs.MISSING),
        ('libgfortran-2b.so.5.0.0', 'scipy.libs/libgfortran-2b.so.5.0.0')]
    (tmp_path / 'scipy.libs/libopenblasp-r0-1a.so').unlink()
    with pytest.raises(SystemExit, match='0 files libopenblas'):
        arm64_libs.link(tmp_path)


# The user's settings -------------------------------------------------------

def test_make_keeps_pythons_settings_out():
    ran = subprocess.run(
        ['make', '--silent', '--eval', 'show: ; @env', 'show'], cwd=ROOT,
        text=True, capture_output=True, timeout=60, check=True,
        env=os.environ | {'PYTHONPATH': '/mine', 'PYTHONOPTIMIZE': '2',
                          'PYTHONHOME': '/mine', 'PYTHONUTF8': '0',
                          'PYTEST_DISABLE_PLUGIN_AUTOLOAD': '1'})
    env = dict(line.partition('=')[::2] for line in ran.stdout.splitlines())
    assert {n: v for n, v in env.items() if n.startswith('PYTHON')} == {
        'PYTHONUTF8': '1'}
    assert 'PYTEST_DISABLE_PLUGIN_AUTOLOAD' not in env


def test_a_check_does_not_read_the_users_settings(tmp_path):
    """A startup file, an option to show all, and a font that is missing."""
    profile = tmp_path / '.ipython/profile_default'
    (profile / 'startup').mkdir(parents=True)
    (profile / 'startup/mine.py').write_text("print('hello')\nx = 9")
    (profile / 'ipython_config.py').write_text(
        "c.InteractiveShell.ast_node_interactivity = 'all'\n")
    (tmp_path / '.config/matplotlib').mkdir(parents=True)
    (tmp_path / '.config/matplotlib/matplotlibrc').write_text(
        'font.family: No Such Font\nfigure.figsize: 1, 1\n')
    cell = nbformat.v4.new_code_cell(
        '1\nimport matplotlib.pyplot as plt\n'
        "print('x' in globals(), plt.rcParams['figure.figsize'])\n"
        "plt.figure().text(0, 0, 'a')\nplt.close()", execution_count=1,
        outputs=[nbformat.v4.new_output('stream', name='stdout',
                                        text='False [6.4, 4.8]\n')])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]),
                   tmp_path / 'lesson.ipynb')
    clean = {k: v for k, v in os.environ.items() if k not in (
        'IPYTHONDIR', 'MATPLOTLIBRC', 'MPLCONFIGDIR')
        and not k.startswith(('COV', 'PYTEST'))}
    ran = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-p', 'conftest', '--nbval',
         tmp_path / 'lesson.ipynb'], cwd=ROOT, text=True, timeout=200,
        env=clean | {'HOME': str(tmp_path)}, capture_output=True)
    assert '1 passed' in ran.stdout, ran.stdout + ran.stderr


@pytest.mark.parametrize('threads', ['0', '257', '1.5', '-1', 'four', '٤'])
def test_only_a_sensible_number_of_threads_is_taken(threads):
    ran = subprocess.run(
        [sys.executable, '-m', 'tools.lab'], cwd=ROOT, timeout=60, text=True,
        env=os.environ | {'THREADS': threads}, capture_output=True)
    assert ran.returncode == 1
    assert f'THREADS is {threads!r}, expected a whole number from 1 to 256' \
        in ran.stderr


# The preflight -------------------------------------------------------------

def test_changed_line_ends_are_named(course):
    assert preflight.check_files() is None
    Path(bootstrap.LOCK).write_bytes(b'uv==1\r\n')
    assert 'autocrlf=false' in preflight.check_files()


def test_a_clone_has_plain_line_ends_whatever_git_is_set_to():
    attributes = (ROOT / '.gitattributes').read_text().splitlines()
    assert '* text=auto eol=lf' in attributes


def test_a_folder_of_no_use_is_named(course, monkeypatch, tmp_path):
    assert preflight.check_folder() is None
    colon = tmp_path / 'a:b'
    colon.mkdir()
    monkeypatch.chdir(colon)
    assert 'colon' in preflight.check_folder()
    monkeypatch.chdir(course)
    monkeypatch.setattr(preflight.os, 'access', lambda *_: False)
    assert 'may not write' in preflight.check_folder()


def test_an_environment_of_another_user_is_named(course, monkeypatch):
    monkeypatch.setattr(preflight.os, 'geteuid', lambda: 54321)
    assert 'sudo rm -rf .venv' in preflight.check_folder()


def test_wheels_of_another_machine_are_refused(tmp_path):
    assert 'no such folder' in preflight.check_wheels(str(tmp_path / 'x'))
    assert 'no MXNet' in preflight.check_wheels(str(tmp_path))
    wheel = tmp_path / 'mxnet-1.9.1-py3-none-manylinux2014_riscv64.whl'
    wheel.touch()
    assert 'another kind of machine' in preflight.check_wheels(str(tmp_path))
    ours = wheel.name.replace('riscv64', preflight.platform.machine())
    wheel.rename(tmp_path / ours)
    assert preflight.check_wheels(str(tmp_path)) is None


def test_debians_packages_are_those_of_the_machine(monkeypatch):
    monkeypatch.setattr(preflight.platform, 'system', lambda: 'Linux')
    monkeypatch.setattr(preflight.platform, 'machine', lambda: 'x86_64')
    assert list(preflight.libraries().values()) == (
        ROOT / 'apt.txt').read_text().split()
    monkeypatch.setattr(preflight.platform, 'machine', lambda: 'aarch64')
    assert preflight.libraries() == {'libgomp.so.1': 'libgomp1'}
