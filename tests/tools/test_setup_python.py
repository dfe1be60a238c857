"""A Python 3.11 that comes by itself, from a list of downloads of our own."""
import hashlib
import json
import os
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

from tools import bootstrap, preflight, wheels

UV = str(Path(sys.prefix, 'bin/uv'))


@pytest.fixture
def mirror(tmp_path):
    """Return a list of downloads for uv: a 3.11 that calls this one."""
    folder = tmp_path / 'mirror'
    bin = folder / 'python/bin'
    bin.mkdir(parents=True)
    real = os.path.realpath(sys.executable)
    for name in 'python', 'python3', 'python3.11':
        (bin / name).write_text(f'#!/bin/sh\nexec {real} "$@"\n')
        (bin / name).chmod(0o755)
    archive = folder / 'cpython.tar.gz'
    with tarfile.open(archive, 'w:gz') as tar:
        tar.add(folder / 'python', 'python')
    major, minor, patch = sys.version_info[:3]
    arch = 'x86_64' if os.uname().machine == 'x86_64' else 'aarch64'
    listed = folder / 'downloads.json'
    listed.write_text(json.dumps({
        f'cpython-{major}.{minor}.{patch}-linux-{arch}-gnu': {
            'name': 'cpython', 'arch': {'family': arch, 'variant': None},
            'os': 'linux', 'libc': 'gnu', 'major': major, 'minor': minor,
            'patch': patch, 'prerelease': '', 'variant': None,
            'url': archive.as_uri(), 'build': '20240101',
            'sha256': hashlib.sha256(archive.read_bytes()).hexdigest()}}))
    return listed


@pytest.fixture
def course(tmp_path, monkeypatch):
    """An unfinished set-up, on a machine without a Python 3.11."""
    for name in 'sh', 'ldd':
        (tmp_path / 'bin' / name).parent.mkdir(exist_ok=True)
        (tmp_path / 'bin' / name).symlink_to(shutil.which(name))
    (tmp_path / 'course/.venv/scratch').mkdir(parents=True)
    monkeypatch.chdir(tmp_path / 'course')
    monkeypatch.setenv('PATH', str(tmp_path / 'bin'))
    for name in [n for n in os.environ if n.startswith('UV_')]:
        monkeypatch.delenv(name)
    return tmp_path / 'course'


def get(there=None, **env):
    """Look for a Python; `there` is where uv keeps its own."""
    if there:
        env['UV_PYTHON_INSTALL_DIR'] = str(there)
    return bootstrap.get_python('python3.11', UV, None, os.environ | env)


def test_a_missing_python_is_fetched_into_the_environment(course, mirror,
                                                          capfd):
    found = get(UV_PYTHON_DOWNLOADS_JSON_URL=str(mirror))
    assert preflight.check_python(found) is None
    assert list((course / '.venv/python').glob('cpython-3.11.*'))
    assert capfd.readouterr().out == (
        'no python3.11 here: uv fetches one into .venv/python\n')


def test_a_python_that_uv_has_already_is_taken(course, mirror, tmp_path,
                                               capfd):
    there = tmp_path / 'uvs'
    get(UV_PYTHON_DOWNLOADS_JSON_URL=str(mirror), there=there)
    capfd.readouterr()
    get(UV_PYTHON_DOWNLOADS='never', there=there)
    assert 'taking' in capfd.readouterr().out
    assert not (course / '.venv/python').exists()


def test_where_none_can_be_fetched_the_remedies_are_named(course):
    with pytest.raises(SystemExit, match=r'PYTHON=(.|\n)*WHEELS=folder'):
        get(UV_PYTHON_DOWNLOADS='never')


def test_a_folder_of_wheels_may_bring_one(course, mirror, tmp_path):
    python = tmp_path / 'wheels/python'
    get(UV_PYTHON_DOWNLOADS_JSON_URL=str(mirror), there=python)
    wheels.forget_links(python)
    found = bootstrap.get_python(
        'python3.11', UV, str(python.parent),
        os.environ | {'UV_PYTHON_DOWNLOADS': 'never'})
    assert preflight.check_python(found) is None
    assert list((course / '.venv/python').glob('cpython-3.11.*'))
