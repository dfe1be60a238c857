"""A table in a text file -> arrays."""
import math
from pathlib import Path

import numpy

from .data import _DATA, _REMEDY

_MEASURED = ('radius', 'texture', 'perimeter', 'area', 'smoothness',
             'compactness', 'concavity', 'concave points', 'symmetry',
             'fractal dimension')
_TUMOUR_FEATURES = (*(f'mean {name}' for name in _MEASURED),
                    *(f'{name} error' for name in _MEASURED),
                    *(f'worst {name}' for name in _MEASURED))


class TableError(ValueError):
    """A table that cannot be what it should be."""


def read_table(path, num_features, classes):
    """Read a table of numbers whose last column is a class.

    The first line is `rows,columns,class 0,class 1,...`, without the column
    of the class; each further line is one row.

    Args:
        path: a text file.
        num_features: how many columns are expected before the class.
        classes: the names of the classes, in the order of their numbers.

    Returns:
        features (rows, num_features) float64 and labels (rows,) int32.

    Raises:
        TableError: the file is missing or no text, its first line says
            something else than what is expected or what follows, or a row has
            another number of columns, something other than finite numbers, or
            a class that does not exist.
    """
    try:
        first, *rows = Path(path).read_text('utf-8').splitlines() or ['']
    except (OSError, UnicodeDecodeError) as e:
        reason = getattr(e, 'strerror', None) or 'it is no text'
        raise TableError(f'{path}: cannot be read ({reason}); '
                         + _REMEDY) from e
    expected = f'{len(rows)},{num_features},{",".join(classes)}'
    if not rows or first != expected:
        raise TableError(
            f'{path}: the first line is {first[:60]!r}, expected '
            f'{expected!r}, for {len(rows)} rows follow; {_REMEDY}')
    table = numpy.empty((len(rows), num_features + 1))
    for number, row in enumerate(rows):
        try:
            table[number] = _numbers(row, num_features, len(classes))
        except ValueError as e:
            raise TableError(f'{path}, line {number + 2}: {e}; '
                             + _REMEDY) from None
    return table[:, :-1].copy(), table[:, -1].astype('int32')


def _numbers(row, num_features, num_classes):
    """Read one row; a ValueError says what is wrong with it."""
    columns = row.split(',')
    if len(columns) != num_features + 1:
        raise ValueError(f'{len(columns)} columns, expected {num_features} '
                         'features and a class')
    for column, text in enumerate(columns, start=1):
        try:
            finite = math.isfinite(float(text))
        except ValueError:
            finite = False
        if not finite:
            raise ValueError(f'column {column} is {text!r}, expected a '
                             'finite number')
    if columns[-1] not in map(str, range(num_classes)):
        raise ValueError(f'the class is {columns[-1]!r}, expected a whole '
                         f'number from 0 to {num_classes - 1}')
    return [float(text) for text in columns]


def tumours():
    """Read the measurements of 569 breast tumours, and what each was.

    The outlines of the cell nuclei in a sample were measured in ten ways, in
    pixels and grey levels of a microscope's image: of each measurement the
    mean over the nuclei, its standard error, and its worst value, the mean of
    the three largest.

    Returns:
        `features, labels, names`: features (569, 30) float64; labels (569,)
        int32, 0 malignant (212 rows), 1 benign (357 rows); names, 30 str such
        as 'mean radius', 'radius error' and 'worst radius'.

    Raises:
        TableError: the file is missing or damaged.

    Source: Wolberg, Street, Mangasarian, "Breast Cancer Wisconsin
    (Diagnostic)", UCI Machine Learning Repository, 1995.
    """
    features, labels = read_table(_DATA / 'tumours/breast_cancer.csv',
                                  len(_TUMOUR_FEATURES),
                                  ('malignant', 'benign'))
    return features, labels, list(_TUMOUR_FEATURES)
