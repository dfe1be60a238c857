"""A file of mistakes that is written wrongly is refused."""
import pytest

from tests import planted

SOURCES = {'answer': 'x = 1\ny = 2', 'check': 'assert x == 1'}
MUTANT = {'name': 'one more', 'cell': 'answer', 'fails': ['check'],
          'right': '1', 'wrong': '2'}


def test_a_mistake_stands_in_its_cell_alone():
    assert planted.plant(SOURCES, MUTANT) == {'answer': 'x = 2\ny = 2'}
    assert planted.plant(SOURCES, {
        'name': 'nothing', 'cell': 'answer', 'fails': ['check'],
        'code': 'pass'}) == {'answer': 'pass'}


@pytest.mark.parametrize('wrong', [
    {'right': '3'}, {'right': ' = '}, {'cell': 'other'},
    {'fails': ['check', 'other']}])
def test_what_does_not_fit_the_notebook_is_refused(wrong):
    with pytest.raises(ValueError, match="'one more', in "):
        planted.plant(SOURCES, MUTANT | wrong)


@pytest.mark.parametrize('text', [
    'name = "a"\ncell = "b"\nfails = []\nright = "c"',
    'name = "a"\ncell = "b"\ncode = "c"',
    'name = "a"\ncell = "b"\nfails = []\nright = "c"\nwrong = "d"\n'
    'code = "e"',
    'name = "a"\ncell = "b"\nfails = []\ncode = "c"\nlong = true'])
def test_keys_that_lack_or_are_unknown_are_refused(tmp_path, text):
    path = tmp_path / 'hw0.toml'
    path.write_text(f'[[mutant]]\n{text}')
    with pytest.raises(ValueError, match="the keys of 'a' are"):
        planted.load(path)


def test_keys_of_its_own_may_be_allowed(tmp_path):
    path = tmp_path / 'hw0.toml'
    path.write_text('[[mutant]]\nname = "a"\ncell = "b"\nfails = []\n'
                    'code = "c"\nlong = true')
    assert len(planted.load(path, ('long',))['mutant']) == 1
