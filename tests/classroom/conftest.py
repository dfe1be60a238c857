"""What all tests of the classroom share: a class, archives, a filter."""
from pathlib import Path

import pytest

from classroom import archive
from tests.classroom.support import LIST, make_archive, tree

#: These take minutes, and begin first
LONG = ('test_agrees_with_nbgrader', 'test_scale', 'test_grading',
        'test_failures', 'test_hub', 'test_assignments')


def pytest_collection_modifyitems(items):
    """Let no process be left with a long module at the end."""
    items.sort(key=lambda item: (LONG.index(item.path.stem)
                                 if item.path.stem in LONG else len(LONG)))


def pytest_itemcollected(item):
    """Let nbgrader use its database as it does."""
    item.add_marker(pytest.mark.filterwarnings('ignore:::nbgrader'))


@pytest.fixture
def class_(tmp_path):
    """Make a class's folder with a list, in a world with other files."""
    (tmp_path / 'secret').write_text('a secret')
    folder = tmp_path / 'class'
    (folder / 'source').mkdir(parents=True)
    (folder / 'gradebook.db').write_text('grades')
    (folder / 'students.csv').write_text(LIST)
    return folder


@pytest.fixture
def unpack(class_, tmp_path):
    """Unpack entries, and hold everything but submitted/ to be unchanged."""
    def unpack(*entries, hw='hw2', names=True, **options):
        if not names:
            (class_ / 'students.csv').unlink(missing_ok=True)
        path = (entries[0] if isinstance(entries[0], Path)
                else make_archive(tmp_path, *entries, **options))

        def others():
            return {k: v for k, v in tree(tmp_path).items()
                    if not k.startswith('class/submitted')}
        before = others()
        try:
            return archive.unpack(path, hw, class_)
        finally:
            assert others() == before
            assert not list(class_.glob('submitted/.part*'))
    return unpack
