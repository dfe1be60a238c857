"""The course's other doors: Binder, a container, a zip, pages on the web."""
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import nbformat
import pytest
import yaml
from docker.utils.build import exclude_paths

from tools import notes, pack, pins

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
WORKFLOWS = sorted((ROOT / '.github/workflows').glob('*.yml'))
PAGES = sorted((ROOT / 'docs').glob('*.md'))


def run(*command, timeout=60, **options):
    """Run a command to its end; return it, with what it printed."""
    return subprocess.run(command, timeout=timeout, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          **options)


# Binder --------------------------------------------------------------------

def test_binder_installs_the_lock():
    """What Binder runs writes this Dockerfile, out of our files.

    It would take a Dockerfile at the top of the repository in their place.
    """
    built = run(sys.executable, '-m', 'repo2docker', '--no-build', '--debug',
                '.', cwd=ROOT)
    assert built.returncode == 0, built.stdout
    packages = (ROOT / 'apt.txt').read_text().split()
    steps = ('Building conda environment for python=3.11',
             f'install --yes --no-install-recommends {" ".join(packages)}',
             # All is there before the environment, which reads the lock
             'COPY --chown=0:0 src/', '--file "environment.yml"',
             'RUN ./postBuild')
    places = [built.stdout.find(step) for step in steps]
    assert -1 not in places and places == sorted(places), (
        places, built.stdout)


# The container -------------------------------------------------------------

def instructions():
    """Return the Dockerfile's instructions, each as its words."""
    text = (ROOT / 'container/Dockerfile').read_text()
    text = re.sub(r'^#.*\n', '', text, flags=re.M).replace('\\\n', ' ')
    return [line.split() for line in text.splitlines() if line]


def test_hadolint_finds_nothing_in_the_dockerfile():
    found = run(BIN / 'hadolint', '--no-color', 'container/Dockerfile',
                cwd=ROOT)
    assert found.returncode == 0, found.stdout


def test_the_container_is_not_root_and_its_base_an_argument():
    base, image, *_ = instructions()
    assert base == ['ARG', 'BASE=python:3.11-slim-bookworm']
    # Of the machine that builds it, x86-64 or arm64
    assert image == ['FROM', '${BASE}']
    *_, (_, user) = (i for i in instructions() if i[0] == 'USER')
    assert user == '1000'


def test_the_container_installs_from_hashes_alone():
    installs = [i for i in instructions() if 'install' in i]
    assert [('apt-get' in i, '--require-hashes' in i) for i in installs] == [
        (True, False), (False, True)]


def test_the_container_computes_as_make_lab_does():
    variables = [dict(word.split('=') for word in i[1:])
                 for i in instructions() if i[0] == 'ENV']
    assert variables[1] == {k: v for k, v in pins.PINS.items()
                            if k != pins.CHECKS_ONLY}


def test_what_the_container_copies_is_sent_and_nothing_else():
    lines = (ROOT / 'container/Dockerfile.dockerignore').read_text()
    patterns = [p for p in lines.splitlines() if not p.startswith('#')]
    sent = {p for p in exclude_paths(ROOT, patterns)
            if (ROOT / p).is_file()}
    copied = [word for i in instructions() if i[0] == 'COPY'
              for word in i[1:-1] if not word.startswith('--')]
    wanted = set()
    for path in map(ROOT.joinpath, copied):
        assert path.exists(), path
        wanted |= {p.relative_to(ROOT).as_posix()
                   for p in [path, *path.rglob('*')] if p.is_file()
                   and not pack.LEFT.intersection(p.parts)}
    assert sent == wanted


def test_the_devcontainer_is_this_container():
    folder = ROOT / '.devcontainer'
    config = json.loads((folder / 'devcontainer.json').read_text())
    build, words = config['build'], instructions()
    assert (folder / build['context']).resolve() == ROOT
    assert (folder / build['dockerfile']).resolve() == (
        ROOT / 'container/Dockerfile')
    arguments = {i[1].split('=')[0] for i in words if i[0] == 'ARG'}
    assert set(build['args']) <= arguments
    assert any('useradd' in i and config['remoteUser'] in i for i in words)
    python = config['customizations']['vscode']['settings'][
        'python.defaultInterpreterPath']
    assert any(python in i for i in words)
    assert os.access(ROOT / config['postCreateCommand'], os.X_OK)


def engine():
    """Return an engine that has the image, if there is one."""
    for name in 'docker', 'podman':
        if shutil.which(name) and run(
                name, 'image', 'inspect', 'd2l-course').returncode == 0:
            return name
    return None


def test_the_container_runs_a_lesson_without_a_network():
    name = engine()
    if not name:
        pytest.skip('no image here: make image, with docker.io or podman')
    lesson = 'notebooks/06_numerical_stability.ipynb'
    ran = run(name, 'run', '--rm', '--no-healthcheck', '--network', 'none',
              'd2l-course', 'python', '-m', 'pytest', '-q', '--nbval', lesson,
              timeout=600)
    assert ran.returncode == 0 and ' passed in ' in ran.stdout, ran.stdout


# The zip -------------------------------------------------------------------

def test_the_zip_runs_by_itself(tmp_path):
    home = tmp_path / 'some where else'
    with zipfile.ZipFile(pack.pack(tmp_path)) as archive:
        archive.extractall(home)
    home, = home.iterdir()
    (home / '.venv').symlink_to(sys.prefix)
    # Lessons find the d2lutils in there, not this repository's
    where = nbformat.v4.new_code_cell(
        'import d2lutils\nassert d2lutils.__file__ == '
        f'{str(home / "d2lutils/__init__.py")!r}, d2lutils.__file__',
        execution_count=1)
    nbformat.write(nbformat.v4.new_notebook(cells=[where]),
                   home / 'notebooks/where.ipynb')
    readme = (home / 'README.md').read_text()
    _, check = re.findall(r'```sh\n(.*?)\n```', readme, re.S)
    # Nor do they count for the coverage of this one
    clean = {k: v for k, v in os.environ.items() if not k.startswith('COV')}
    checked = run('sh', '-c', f'{check} notebooks/where.ipynb', cwd=home,
                  env=clean, timeout=600)
    assert checked.returncode == 0 and ' passed in ' in checked.stdout, (
        checked.stdout)
    shutil.rmtree(tmp_path)     # pytest would keep 160 MB of each run


LESSONS = ['notebooks/01_a.ipynb', 'notebooks/zh/01_a.ipynb']
LESSON = nbformat.writes(nbformat.v4.new_notebook(cells=[
    nbformat.v4.new_code_cell('def f():\n    return 1', id='f',
                              metadata={'tags': ['practice']})]))


def small_course(folder, names):
    """Make a folder with all that a zip wants, and with caches besides."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LESSON if name in LESSONS else f'this is {name}')
    shutil.copy(ROOT / 'pyproject.toml', folder)
    return folder


def test_the_same_course_gives_the_same_zip(tmp_path):
    names = [*pack.FILES, 'd2lutils/data.py', *LESSONS]
    caches = ['d2lutils/__pycache__/data.pyc',
              'notebooks/.ipynb_checkpoints/01_a.ipynb',
              'notebooks/practice/01_a.ipynb',      # a learner's work
              'notebooks/zh/practice/01_a.ipynb']
    one = small_course(tmp_path / 'one', names)
    two = small_course(tmp_path / 'two', [*caches, *reversed(names)])
    os.utime(two / 'd2lutils/data.py', (0, 2e9))
    (two / 'notebooks/01_a.ipynb').chmod(0o600)
    zips = [pack.pack(tmp_path / f'{folder.name}.out', folder)
            for folder in (one, two)]
    assert zips[0].name == zips[1].name
    assert zips[0].read_bytes() == zips[1].read_bytes()
    packed = [name.partition('/')[2]
              for name in zipfile.ZipFile(zips[0]).namelist()]
    made = ['notebooks/practice/01_a.ipynb',
            'notebooks/zh/practice/01_a.ipynb']
    assert packed == ['README.md', 'README.zh.md', *sorted(names, key=Path),
                      *made]
    for name, note in zip(made, ('Your code here', '在这里写你的代码'),
                          strict=True):
        practice = zipfile.ZipFile(zips[0]).read(f'{zips[0].stem}/{name}')
        assert note in json.dumps(json.loads(practice), ensure_ascii=False)
        assert b'this is' not in practice


# Releases and pages --------------------------------------------------------

def test_release_notes_are_the_changelogs_section():
    changelog = '# Changelog\n\n## 0.2.0 (unreleased)\n\n- New.\n\n' \
                '## 0.1.0 (2026-11-21)\n\n- First.\n- Second.\n'
    assert notes.notes(changelog, '0.1.0') == '- First.\n- Second.'
    with pytest.raises(SystemExit, match=r'0\.2\.0 is unreleased'):
        notes.notes(changelog, '0.2.0')
    with pytest.raises(SystemExit, match=r'no version \'0\.1\''):
        notes.notes(changelog, '0.1')


def test_all_files_name_one_version():
    project = tomllib.loads((ROOT / 'pyproject.toml').read_text())
    version = project['project']['version']
    newest = re.search(r'^## (\S+) \(', (ROOT / 'CHANGELOG.md').read_text(),
                       re.M)
    citation = yaml.safe_load((ROOT / 'CITATION.cff').read_text())
    assert version == newest[1] == citation['version']


def test_what_runs_at_a_commit_is_there():
    hooks = yaml.safe_load((ROOT / '.pre-commit-config.yaml').read_text())
    files = [word for repo in hooks['repos'] for hook in repo['hooks']
             for word in hook['entry'].split() if word.endswith('.py')]
    assert files
    assert [file for file in files if not (ROOT / file).is_file()] == []


def targets():
    return set(re.findall(r'^([a-z0-9-]+):', (ROOT / 'Makefile').read_text(),
                          re.M))


def test_the_workflows_are_what_github_takes():
    checked = run(sys.executable, '-m', 'check_jsonschema',
                  '--builtin-schema', 'vendor.github-workflows', *WORKFLOWS)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize('path', WORKFLOWS, ids=lambda p: p.stem)
def test_a_workflow_is_bounded_and_pins_its_actions(path):
    workflow = yaml.safe_load(path.read_text())
    assert 'permissions' in workflow
    for job in workflow['jobs'].values():
        assert job['timeout-minutes'] <= 120
        for step in job['steps']:
            assert re.fullmatch(r'\S+/\S+@v\d+', step.get('uses', 'a/b@v1'))
            for target in re.findall(r'^make (?:-\S+ )*(\S+)',
                                     step.get('run', ''), re.M):
                assert target in targets()


def test_only_tags_publish_and_only_the_clock_follows_links():
    def load(name):
        workflow = yaml.safe_load(
            (ROOT / f'.github/workflows/{name}.yml').read_text())
        return workflow[True], workflow['jobs']     # YAML's on is a yes

    assert set(load('links')[0]) == {'schedule', 'workflow_dispatch'}
    assert load('release')[0] == {'push': {'tags': ['v*']}}
    starts, jobs = load('pages')
    assert starts == {'push': {'branches': ['**'], 'tags': ['v*']}}
    assert jobs['deploy']['if'] == "github.ref_type == 'tag'"


@pytest.mark.parametrize('path', PAGES, ids=lambda p: p.stem)
def test_a_page_names_what_exists(path):
    text = path.read_text()
    commands = re.findall(r'(?:`|^ *)make ([a-z0-9-]+)', text, re.M)
    assert set(commands) <= targets()
    for link in re.findall(r'\]\((?!http)([^)#]+)', text):
        assert (path.parent / link).exists(), link

