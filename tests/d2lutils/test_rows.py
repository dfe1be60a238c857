"""The tumours are read as they were measured; a damaged row is named."""
import csv

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import d2lutils
from d2lutils import rows

FILE = rows._DATA / 'tumours/breast_cancer.csv'
GOOD = ['3,2,sick,well', '1,2.5,0', '-1e-3,4,1', '0,0,1']


def read(tmp_path, lines):
    path = tmp_path / 'table.csv'
    path.write_text('\n'.join(lines) + '\n')
    return d2lutils.read_table(path, 2, ('sick', 'well'))


def test_the_tumours_are_those_of_the_file():
    features, labels, names = d2lutils.tumours()
    with FILE.open() as f:
        _, *lines = csv.reader(f)
    assert features.shape == (569, 30) and features.dtype == 'float64'
    assert labels.shape == (569,) and labels.dtype == 'int32'
    assert features.tolist() == [[float(x) for x in line[:-1]]
                                 for line in lines]
    assert labels.tolist() == [int(line[-1]) for line in lines]
    assert numpy.bincount(labels).tolist() == [212, 357]
    assert len(set(names)) == len(names) == 30


def test_the_names_stand_at_their_columns():
    features, labels, names = d2lutils.tumours()
    column = dict(zip(names, features.T, strict=True))
    # A circle's perimeter and area, nearly; malignant nuclei are larger
    for kind in 'mean', 'worst':
        radius, perimeter, area = (
            column[f'{kind} {what}']
            for what in ('radius', 'perimeter', 'area'))
        assert numpy.corrcoef(radius, perimeter)[0, 1] > 0.99
        assert numpy.corrcoef(radius ** 2, area)[0, 1] > 0.98
        assert radius[labels == 0].mean() > radius[labels == 1].mean() + 4
    measured = [name.removeprefix('mean ') for name in names[:10]]
    for name in measured:
        assert (column[f'worst {name}'] >= column[f'mean {name}']).all()
        assert column[f'{name} error'].mean() < column[f'mean {name}'].mean()
    # What UCI's description of the data says of their ranges
    for name, low, high in (('mean radius', 6.981, 28.11),
                            ('mean texture', 9.71, 39.28),
                            ('fractal dimension error', 0.001, 0.030),
                            ('worst concave points', 0, 0.291),
                            ('worst fractal dimension', 0.055, 0.208)):
        assert abs(column[name].min() - low) < 6e-4
        assert abs(column[name].max() - high) < 6e-4


def test_a_good_table_is_read(tmp_path):
    features, labels = read(tmp_path, GOOD)
    assert features.tolist() == [[1, 2.5], [-1e-3, 4], [0, 0]]
    assert labels.tolist() == [0, 1, 1] and labels.dtype == 'int32'


@pytest.mark.parametrize(('line', 'wrong', 'message'), [
    (0, '4,2,sick,well', "first line is '4,2,sick,well', expected '3,2,sick"),
    (0, '3,3,sick,well', "expected '3,2,sick,well', for 3 rows follow"),
    (0, '3,2,well,sick', "expected '3,2,sick,well'"),
    (0, '3,2', "first line is '3,2', expected"),
    (1, '1,2.5', 'line 2: 2 columns, expected 2 features and a class'),
    (2, '1,2,3,0', 'line 3: 4 columns'),
    (3, '', 'line 4: 1 columns'),
    (1, '1,,0', "line 2: column 2 is '', expected a finite number"),
    (2, 'x,1,0', "line 3: column 1 is 'x', expected a finite number"),
    (2, '1,nan,0', "line 3: column 2 is 'nan', expected a finite"),
    (3, '1,inf,0', "line 4: column 2 is 'inf', expected a finite"),
    (3, '1,1,?', r"line 4: column 3 is '\?', expected a finite number"),
    (1, '1,1,2', "line 2: the class is '2', expected a whole number from 0"),
    (1, '1,1,-1', "line 2: the class is '-1', expected .* to 1"),
    (1, '1,1,0.5', "line 2: the class is '0.5'"),
])
def test_a_damaged_line_is_named_with_a_remedy(
        tmp_path, line, wrong, message):
    lines = [*GOOD[:line], wrong, *GOOD[line + 1:]]
    with pytest.raises(d2lutils.TableError, match=message) as error:
        read(tmp_path, lines)
    assert str(tmp_path / 'table.csv') in str(error.value)
    assert 'git checkout' in str(error.value)


@pytest.mark.parametrize('lines', [[], GOOD[:1], GOOD[:-1], GOOD * 2])
def test_a_lost_or_doubled_row_is_noticed(tmp_path, lines):
    with pytest.raises(d2lutils.TableError, match='first line is'):
        read(tmp_path, lines)


def test_a_missing_file_a_folder_and_bytes_are_named(tmp_path):
    (tmp_path / 'bytes').write_bytes(b'1,1,a\n\xff\xfe')
    for path in tmp_path / 'none', tmp_path, tmp_path / 'bytes':
        with pytest.raises(d2lutils.TableError, match='cannot be read'):
            d2lutils.read_table(path, 1, ('a', 'b'))


@given(content=st.binary(max_size=60))
@settings(deadline=None, max_examples=200)
def test_no_content_gets_anything_but_the_readers_own_error(
        tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / 'any'
    path.write_bytes(content)
    with pytest.raises(d2lutils.TableError, match='any'):
        d2lutils.read_table(path, 1, ('a', 'b'))
