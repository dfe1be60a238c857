"""What the checks of an assignment stand on.

A check that fails says what was put in, what was expected and what came out;
and a task's checks all run, so that all that is wrong is named at once. It
speaks the language of the assignment: Chinese from the first part that has a
Chinese name.
"""
import contextlib
import linecache
import os
import re
import sys

import numpy
from mxnet import autograd, np

from .device import device

CHINESE = {
    '{}: {}': '{}：{}',
    '{}: expected {}, got {}': '{}：应为 {}，得到 {}',
    '{}: expected {}, got {}; {}': '{}：应为 {}，得到 {}；{}',
    '{}, {} of {} numbers are wrong': '{0}，{2} 个数中有 {1} 个错了',
    '{} at {}': '{}（位置 {}）',
    '{} of {} parts failed': '{1} 个部分中有 {0} 个没有通过',
    'autograd.record was called: this task asks for your own derivation':
        '调用了 autograd.record；本题要求你自己推导',
    'expected numbers, got {}': '应为数，得到 {}',
    'in {}, line {}': '{} 的第 {} 行',
    'no message': '没有说明',
    'one number': '1 个数',
    'the shape {}': '{} 形状的数组',
    '{} was changed: expected {} as before, got {}; is it overwritten in '
    'place?': '{} 被改动了：应当仍为 {}，得到 {}；是不是就地改写了它？'}
_spoken = {}


def _say(text, *values):
    """Say a text, with values in it, in the language of the assignment."""
    return _spoken.get(text, text).format(*values)


class Parts:
    """The parts of a task's checks; `done` says which of them failed.

    A part is a block: `with part('scores of 1,000'):`. What it raises is
    kept, and the next part runs; only an answer that is not there yet, a
    NotImplementedError, ends the checks at once.
    """

    def __init__(self):
        self._checks = sys._getframe(1).f_code.co_filename
        self._number, self._failed = 0, []

    @contextlib.contextmanager
    def __call__(self, name):
        global _spoken
        if re.search('[\u4e00-\u9fff]', name):
            _spoken = CHINESE
        self._number += 1
        try:
            yield
        except NotImplementedError:
            raise
        except Exception as error:
            self._failed.append(_say('{}: {}', name,
                                     self._describe(error)))

    def done(self):
        """Raise an AssertionError that names all parts that failed."""
        if not self._failed:
            return
        text = self._failed[0]
        if self._number > 1:
            text = '\n- '.join([_say('{} of {} parts failed',
                                     len(self._failed), self._number),
                                *self._failed])
        raise AssertionError(text) from None

    def _describe(self, error):
        lines = str(error).strip().splitlines() or [_say('no message')]
        # MXNet's errors quote the library's own traceback first
        text = lines[-1] if lines[0].startswith('Traceback') else lines[0]
        if type(error) is not AssertionError:
            text = f'{type(error).__name__}: {text[:200]}'
        place = self._place(error)
        return f'{text} ({place})' if place else text

    def _place(self, error):
        """Name the last line of the answer that an error went through."""
        frame, found = error.__traceback__, None
        while frame:
            name = frame.tb_frame.f_code.co_filename
            # A cell is no file
            if name != self._checks and not os.path.exists(name):
                line = linecache.getline(name, frame.tb_lineno).strip()
                found = _say('in {}, line {}', frame.tb_frame.f_code.co_name,
                             frame.tb_lineno) + (line and f': {line}')
            frame = frame.tb_next
        return found


def array(values, dtype='float32'):
    """Make an array of MXNet on the course's device."""
    return np.array(values, dtype=dtype, ctx=device())


def to_numpy(values):
    """Hand an array, a list or a number over to NumPy, in float64.

    Raises:
        AssertionError: these are no numbers, or not in rows of one length.
    """
    if isinstance(values, list | tuple):
        values = [to_numpy(value) for value in values]
    elif hasattr(values, 'asnumpy'):
        values = values.asnumpy()
    try:
        if values is not None:      # NumPy would take it for nan
            return numpy.asarray(values, dtype='float64')
    except (TypeError, ValueError):
        pass
    raise AssertionError(_say('expected numbers, got {}', show(values)))


def show(value):
    """Write a value on one line, and shortly."""
    if hasattr(value, 'asnumpy'):
        value = value.asnumpy()
    if isinstance(value, numpy.ndarray) and not value.ndim:
        value = value.item()
    if isinstance(value, float | numpy.floating):
        return f'{value:.6g}'
    if isinstance(value, numpy.ndarray):
        text = numpy.array2string(
            value, precision=4, suppress_small=bool(
                value.dtype.kind == 'f' and 1e-3 < abs(value).max(initial=0)
                < 1e5), threshold=16, edgeitems=2, separator=', ')
        return ' '.join(text.split())
    text = ' '.join(repr(value).split())
    return text if len(text) <= 100 else f'{text[:97]}...'


def close(got, want, what, hint=None, tolerance=1e-3):
    """Check that numbers are right, up to rounding.

    Args:
        got: what an answer returned: an array, a list or a number.
        want: what is right.
        what: the call with its input, or what the numbers are.
        hint: a question that leads to the likely mistake.
        tolerance: the largest error of a number of size 1 or less, and the
            largest relative error of a larger one.

    Raises:
        AssertionError: the shapes differ, or a number is wrong.
    """
    numbers, want = to_numpy(got), numpy.asarray(want, 'float64')
    assert numbers.shape == want.shape, _wrong(what, _shape(want),
                                               _shape(numbers), hint)
    with numpy.errstate(invalid='ignore'):       # infinity less infinity
        allowed = tolerance * numpy.maximum(1, abs(want))
        # Asked this way round, nan is wrong too
        wrong = ~((abs(numbers - want) <= allowed) | (numbers == want))
    if not wrong.any():
        return
    if want.size <= 12:
        expected, found = show(want), show(numbers)
    else:
        place = tuple(numpy.argwhere(wrong)[0].tolist())
        what = _say('{}, {} of {} numbers are wrong', what, wrong.sum(),
                    wrong.size)
        expected = _say('{} at {}', f'{want[place]:.6g}', list(place))
        found = f'{numbers[place]:.6g}'
    raise AssertionError(_wrong(what, expected, found, hint))


def number(got, what):
    """Return a number that may stand in an array of one, as a float.

    Raises:
        AssertionError: it is no number, or there are several.
    """
    numbers = to_numpy(got)
    assert numbers.size == 1, _wrong(what, _say('one number'),
                                     _shape(numbers))
    return numbers.item()


def _shape(numbers):
    return (_say('the shape {}', numbers.shape) if numbers.ndim
            else _say('one number'))


def _wrong(what, expected, got, hint=None):
    """Say what is wrong, and ask the question that leads to the mistake."""
    if hint:
        return _say('{}: expected {}, got {}; {}', what, expected, got, hint)
    return _say('{}: expected {}, got {}', what, expected, got)


def equal(got, want, what, hint=None):
    """Check that a value is exactly what it should be."""
    assert got == want, _wrong(what, show(want), show(got), hint)


@contextlib.contextmanager
def unchanged(**arrays):
    """Check that a block leaves arrays, given by their names, as they are."""
    before = {name: to_numpy(values).copy()
              for name, values in arrays.items()}
    yield
    for name, values in arrays.items():
        assert numpy.array_equal(to_numpy(values), before[name],
                                 equal_nan=True), _say(
            '{} was changed: expected {} as before, got {}; is it '
            'overwritten in place?', name, show(before[name]),
            show(to_numpy(values)))


@contextlib.contextmanager
def no_autograd(message=None):
    """Check that a block records nothing for autograd."""
    message = message or _say('autograd.record was called: this task asks '
                              'for your own derivation')
    scope, recorded = autograd._RecordingStateScope, []
    enter = scope.__enter__

    def refuse(self):
        if self._enter_is_record:
            recorded.append(self)
            raise AssertionError(message)
        return enter(self)

    scope.__enter__ = refuse
    try:
        yield
    finally:
        scope.__enter__ = enter
    assert not recorded, message
