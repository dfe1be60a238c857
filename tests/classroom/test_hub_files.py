"""What lies beside the hub is sound, and what cannot work is refused."""
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.classroom.hub import need_proxy, need_root, start
from tests.support import require

ROOT = Path(__file__).parents[2]
HUB = ROOT / 'classroom/hub'
CONFIG = HUB / 'jupyterhub_config.py'
LESSON = '04_softmax_scratch.ipynb'


def refusal(folder, config, *before):
    """Return what a hub says that does not start."""
    process = start(folder, config, *before)
    try:
        assert process.wait(240) != 0
    finally:
        process.kill()
        process.wait(10)
    return (folder / 'log').read_text()


@pytest.fixture
def course(tmp_path):
    """A course of one lesson, in a folder closed to others."""
    need_root()
    need_proxy()
    copy = tmp_path / 'course'
    (copy / 'classroom').mkdir(parents=True)
    shutil.copytree(HUB, copy / 'classroom/hub', symlinks=True)
    (copy / 'notebooks').mkdir()
    shutil.copy(ROOT / 'notebooks' / LESSON, copy / 'notebooks')
    tmp_path.chmod(0o700)
    return copy


def test_an_account_other_than_root_is_refused(tmp_path):
    need_root()
    assert 'sudo make hub' in refusal(
        tmp_path, CONFIG, 'setpriv', '--reuid=nobody', '--clear-groups')


def test_a_course_that_students_cannot_read_is_refused(course):
    said = refusal(course, course / 'classroom/hub/jupyterhub_config.py')
    assert f'students cannot use the course in {course}: ' in said
    assert f"Permission denied: '{course}/notebooks/{LESSON}'" in said
    assert 'clone it to /srv/d2l-course' in said


def test_a_missing_proxy_is_named(course):
    shutil.rmtree(course / 'classroom/hub/node_modules')
    said = refusal(course, course / 'classroom/hub/jupyterhub_config.py')
    assert 'configurable-http-proxy is missing: make hub installs it' in said


def test_make_hub_says_that_npm_is_missing():
    done = subprocess.run(
        [shutil.which('make'), 'PATH=/nowhere', 'hub',
         '--what-if=classroom/hub/package-lock.json'],
        capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode != 0
    assert 'apt-get install nodejs npm' in done.stderr


def test_the_lessons_are_copied_once(tmp_path):
    def log_in():
        done = subprocess.run(
            ['sh', HUB / 'student.sh', ROOT, 'echo', 'more'], text=True,
            env={**os.environ, 'HOME': str(tmp_path)}, check=True,
            capture_output=True, timeout=60)
        assert done.stdout.endswith('-m jupyterhub.singleuser more\n')

    (tmp_path / '.notebooks.new').mkdir()       # a login cut short
    (tmp_path / '.notebooks.new/half').touch()
    log_in()
    copy = tmp_path / 'notebooks'
    assert {p.name for p in copy.iterdir()} == {
        p.name for p in (ROOT / 'notebooks').iterdir()}
    (copy / LESSON).write_text('my work')
    log_in()
    assert (copy / LESSON).read_text() == 'my work'
    assert [p.name for p in tmp_path.iterdir()] == ['notebooks']


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


def test_the_proxys_lock_names_no_registry():
    text = (HUB / 'package-lock.json').read_text()
    assert '"resolved"' not in text
    for path, package in json.loads(text)['packages'].items():
        assert not path or package['integrity'].startswith('sha512-')


def test_caddy_takes_its_example_and_leads_to_the_hub():
    require(shutil.which('caddy'), 'caddy')
    subprocess.run(['caddy', 'validate', '--adapter=caddyfile',
                    f'--config={HUB / "Caddyfile"}'], check=True, timeout=60)
    adapted = subprocess.run(
        ['caddy', 'adapt', f'--config={HUB / "Caddyfile"}'], check=True,
        capture_output=True, text=True, timeout=60).stdout
    assert re.findall('"dial": *"(.*?)"', adapted) == ['127.0.0.1:8000']


def test_systemd_takes_its_unit(tmp_path):
    require(shutil.which('systemd-analyze'), 'systemd')
    text = (HUB / 'd2l-hub.service').read_text()
    unit = tmp_path / 'd2l-hub.service'
    unit.write_text(text.replace('/srv/d2l-course/.venv', sys.prefix)
                    .replace('/srv/d2l-course', str(ROOT)))
    done = subprocess.run(['systemd-analyze', 'verify', unit],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and unit.name not in done.stderr, done.stderr
    assert (ROOT / re.search(r'--config=(\S+)', text)[1]).samefile(CONFIG)
