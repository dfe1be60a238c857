"""Set-ups for real, interrupted and odd: make test-setup, with a network."""
import base64
import csv
import hashlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.support import require

pytestmark = pytest.mark.setup
ROOT = Path(__file__).parents[2]
OFF = shutil.ignore_patterns(
    '.git', '.venv', '.bench', '.ledger', 'dist', 'class', 'node_modules',
    '_build', '__pycache__', '.hypothesis')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Yield a copy of the course that has not been set up."""
    copy = tmp_path_factory.mktemp('a course') / 'course'
    shutil.copytree(ROOT, copy, ignore=OFF)
    yield copy
    shutil.rmtree(copy.parent)      # pytest would keep 1 GB of each run


def make(folder, *arguments, prefix=(), timeout=900, **env):
    """Run make in a folder; return it, with all that it printed."""
    ran = subprocess.run(
        [*prefix, 'make', *arguments], cwd=folder, timeout=timeout,
        env=os.environ | env, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    return ran


def faults(folder):
    """Return the files that differ from what the packages' RECORDs say."""
    site, = folder.glob('.venv/lib/python3.11/site-packages')
    records = list(site.glob('*.dist-info/RECORD'))
    assert len(records) > 180
    claimed = {}        # one file may come with two packages
    for record in records:
        with open(record, newline='') as f:
            for name, digest, _ in csv.reader(f):
                claimed.setdefault(name, set()).add(digest)
    wrong = []
    for name, digests in claimed.items():
        path = site / name
        if not path.exists():
            # Set-up removes this one
            if path.name != 'nbgrader.json':
                wrong.append(f'{name} is missing')
        elif '' not in digests:
            found = base64.urlsafe_b64encode(hashlib.sha256(
                path.read_bytes()).digest()).decode().rstrip('=')
            if f'sha256={found}' not in digests:
                wrong.append(f'{name} differs')
    return wrong


def test_a_set_up_is_whole(folder):
    ran = make(folder, 'setup')
    assert ran.returncode == 0, ran.stdout
    assert faults(folder) == []
    assert not (folder / '.venv/scratch').exists()
    assert make(folder, '--silent', 'setup').stdout == ''


SITE = '.venv/lib/python3.11/site-packages'
# What has just come to be, how much of it, and how the set-up ends then
MOMENTS = [
    ('.venv', 1, signal.SIGKILL), ('.venv/scratch', 1, signal.SIGINT),
    ('.venv/scratch/uv.lock', 1, 'orphans'),
    ('.venv/scratch/uv', 1, signal.SIGKILL),
    ('.venv/pyvenv.cfg', 1, signal.SIGINT),
    (f'{SITE}/*.dist-info', 3, signal.SIGKILL),
    (f'{SITE}/*.dist-info', 100, 'orphans'),
    (f'{SITE}/*.dist-info', 190, signal.SIGTERM),
    (f'{SITE}/d2lutils.pth', 1, signal.SIGKILL),
    ('.venv/settings', 1, 'orphans')]


def interrupt(folder, pattern, count, how):
    """Start a set-up and stop it: all of it, or only its first processes."""
    shutil.rmtree(folder / '.venv', ignore_errors=True)
    job = subprocess.Popen(['make', 'setup'], cwd=folder,
                           start_new_session=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    while len(list(folder.glob(pattern))) < count:
        assert job.poll() is None
        time.sleep(0.01)
    if how == 'orphans':
        # What it has started goes on, and writes into .venv
        for process in psutil.Process(job.pid).children():
            process.kill()
        job.kill()
    else:
        os.killpg(job.pid, how)
    job.wait()
    assert not (folder / '.venv/ready').exists()


@pytest.mark.parametrize(('pattern', 'count', 'how'), MOMENTS)
def test_after_an_interrupted_set_up_the_next_is_whole(pattern, count, how,
                                                       folder):
    interrupt(folder, pattern, count, how)
    ran = make(folder, 'setup')
    assert ran.returncode == 0, ran.stdout
    assert faults(folder) == []


def test_two_set_ups_at_once_wait_for_each_other(folder):
    (folder / '.venv/ready').unlink(missing_ok=True)
    jobs = [subprocess.Popen(['make', 'setup'], cwd=folder, text=True,
                             stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT) for _ in range(2)]
    said = [job.communicate(timeout=900)[0] for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], said
    assert sum('waiting for its end' in out for out in said) == 1
    assert faults(folder) == []


def test_the_users_settings_change_nothing_that_is_installed(folder,
                                                             tmp_path):
    (tmp_path / 'numpy').mkdir()
    (tmp_path / 'numpy/__init__.py').write_text("raise SystemExit('mine')")
    (tmp_path / 'pip.conf').write_text(
        '[install]\nuser = true\n[global]\nrequire-virtualenv = true\n')
    (folder / '.venv/ready').unlink(missing_ok=True)
    ran = make(folder, 'setup', PIP_USER='1', PYTHONPATH=str(tmp_path),
               PYTHONOPTIMIZE='2', PIP_CONFIG_FILE=str(tmp_path / 'pip.conf'),
               PIP_NO_BINARY=':all:', UV_NO_BINARY='1', PIP_TARGET='nowhere',
               UV_LINK_MODE='symlink', UV_EXCLUDE_NEWER='2001-01-01',
               VIRTUAL_ENV='/nowhere', LC_ALL='POSIX')
    assert ran.returncode == 0, ran.stdout
    assert faults(folder) == []


def test_a_home_and_a_temporary_folder_of_no_use_are_not_needed(folder,
                                                                tmp_path):
    (folder / '.venv/ready').unlink(missing_ok=True)
    ran = make(folder, 'setup', HOME='/proc/nowhere', TMPDIR='/proc/nowhere')
    assert ran.returncode == 0, ran.stdout
    assert faults(folder) == []


def test_a_moved_or_broken_environment_is_made_anew(folder, tmp_path):
    assert make(folder, 'setup').returncode == 0
    moved = tmp_path / 'moved'
    folder.rename(moved)
    try:
        ran = make(moved, 'setup')
        assert ran.returncode == 0, ran.stdout
        link, = moved.glob('.venv/lib/*/site-packages/d2lutils.pth')
        assert link.read_text().strip() == str(moved)
    finally:
        moved.rename(folder)
    assert make(folder, 'setup').returncode == 0
    # The system has replaced its Python
    (folder / '.venv/bin/python').unlink()
    (folder / '.venv/bin/python').symlink_to('/nowhere/python3.11')
    assert make(folder, 'setup').returncode == 0
    assert faults(folder) == []


def test_without_any_network_from_a_folder_of_wheels(folder):
    require(shutil.which('unshare') and os.geteuid() == 0, 'unshare (root)')
    assert make(folder, 'setup').returncode == 0
    ran = make(folder, 'wheels', timeout=1500)
    assert ran.returncode == 0, ran.stdout
    wheels, = (p for p in (folder / 'dist').iterdir() if p.is_dir())
    (folder / '.venv/ready').unlink()
    cut = ['unshare', '--net']
    ran = make(folder, 'setup', f'WHEELS={wheels}', prefix=cut,
               UV_CACHE_DIR=str(folder / 'dist/cache'))
    assert ran.returncode == 0, ran.stdout
    assert faults(folder) == []
    ran = make(folder, 'test', 'NB=02', prefix=cut, timeout=1500)
    assert ran.returncode == 0 and ' passed in ' in ran.stdout, ran.stdout


def test_a_read_only_course_can_be_checked(folder):
    require(shutil.which('unshare') and os.geteuid() == 0, 'unshare (root)')
    assert make(folder, 'setup').returncode == 0
    ran = subprocess.run(
        ['unshare', '--mount', 'sh', '-c', 'mount --bind "$1" "$1" && mount '
         '-o remount,ro,bind "$1" && cd "$1" && make test NB=02', 'x',
         folder], timeout=1500, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    assert ran.returncode == 0 and ' passed in ' in ran.stdout, ran.stdout
