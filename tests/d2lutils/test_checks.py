"""A failed check names all parts that failed, with expected and got."""
import ast
import re
from pathlib import Path

import numpy
import pytest
from mxnet import autograd, np

from d2lutils import checks
from d2lutils.checks import (
    Parts,
    array,
    close,
    equal,
    no_autograd,
    number,
    show,
    to_numpy,
    unchanged,
)


def message(check, *args, **options):
    with pytest.raises(AssertionError) as caught:
        check(*args, **options)
    return str(caught.value)


def answer(code, name):
    """Define a function as a notebook's cell does."""
    space = {'np': np, 'autograd': autograd}
    exec(compile(code, 'a cell', 'exec'), space)
    return space[name]


def test_all_failed_parts_are_named_and_the_others_run():
    part, ran = Parts(), []
    with part('first'):
        close([1, 2], [1, 3], 'f(1)')
    with part('second'):
        ran.append('second')
    with part('third'):
        equal(2, 3, 'f(3)', 'one off?')
    assert ran == ['second']
    assert message(part.done) == (
        '2 of 3 parts failed\n'
        '- first: f(1): expected [1., 3.], got [1., 2.]\n'
        '- third: f(3): expected 3, got 2; one off?')


def test_a_single_part_is_named_alone_and_success_is_silent():
    part = Parts()
    part.done()
    with part('only'):
        raise AssertionError
    assert message(part.done) == 'only: no message'


def test_an_error_of_the_answer_comes_with_its_own_line():
    divide = answer('def inner(x):\n    return 1 // x\n\n'
                    'def divide(x):\n    return inner(x)', 'divide')
    part = Parts()
    with part('zero'):
        divide(0)
    assert message(part.done) == (
        'zero: ZeroDivisionError: integer division or modulo by zero '
        '(in inner, line 2)')


def test_an_error_of_mxnet_is_told_by_its_last_line():
    part = Parts()
    with part('library'):
        raise RuntimeError('Traceback (most recent call last):\n  x\nshape?')
    assert message(part.done) == 'library: RuntimeError: shape?'


def test_an_answer_that_is_not_there_yet_ends_the_checks():
    part = Parts()
    with pytest.raises(NotImplementedError), part('stub'):
        raise NotImplementedError


@pytest.mark.parametrize('got', [
    [1, 2], (1.0, 2.0), numpy.array([1, 2]), numpy.array([1, 2], 'uint8'),
    [np.array(1), np.array([2]).sum()], np.array([1.0005, 2])])
def test_right_numbers_pass_whatever_they_are_kept_in(got):
    close(got, [1, 2], 'f()')


@pytest.mark.parametrize(('got', 'want', 'told'), [
    ([1, 2.01], [1, 2], 'expected [1., 2.], got [1. , 2.01]'),
    ([[1, 2]], [1, 2], 'expected the shape (2,), got the shape (1, 2)'),
    ([3], 3, 'expected one number, got the shape (1,)'),
    (float('nan'), 0, 'expected 0, got nan'),
    ([float('inf')], [1], 'expected [1.], got [inf]'),
    (None, 1, 'expected numbers, got None'),
    ('text', 1, "expected numbers, got 'text'"),
    ([[1, 2], [3]], [1], 'expected numbers, got [array([1., 2.]), '
                         'array([3.])]'),
    (numpy.arange(400.0) * 2, numpy.arange(400.0),
     '399 of 400 numbers are wrong: expected 1 at [1], got 2')])
def test_wrong_numbers_are_shown_beside_the_right_ones(got, want, told):
    assert told in message(close, got, want, 'f()')


def test_the_tolerance_is_relative_for_large_numbers_only():
    close(1000.9, 1000, 'f()')
    assert message(close, 1001.1, 1000, 'f()')
    assert message(close, 0.0021, 0.001, 'f()')
    close([float('inf'), -float('inf')], [float('inf'), -float('inf')], '')


def test_one_number_may_stand_in_an_array():
    assert number(array([[3]]), 'b') == number(3, 'b') == 3
    assert message(number, [1, 2], 'b') == (
        'b: expected one number, got the shape (2,)')


@pytest.mark.parametrize(('value', 'text'), [
    (1 / 3, '0.333333'), (np.array([[1, 2]]), '[[1., 2.]]'),
    (numpy.zeros((9, 9)), '[[0., 0., ..., 0., 0.], [0., 0., ..., 0., 0.], '
     '..., [0., 0., ..., 0., 0.], [0., 0., ..., 0., 0.]]'),
    ('x' * 200, "'" + 'x' * 96 + '...'), ((None, 45), '(None, 45)')])
def test_values_are_shown_shortly_on_one_line(value, text):
    assert show(value) == text


def test_a_change_in_place_is_found():
    X = array([1, float('nan')])
    with unchanged(X=X):
        X + 1

    def change():
        with unchanged(X=X):
            X[0] = 2

    assert message(change) == (
        'X was changed: expected [ 1., nan] as before, got [ 2., nan]; '
        'is it overwritten in place?')


def test_autograd_is_found_even_where_its_error_is_swallowed():
    slope = answer("""
def slope(x):
    x.attach_grad()
    try:
        with autograd.record():
            y = x ** 2
        y.backward()
        return x.grad
    except Exception:
        return 2 * x
""", 'slope')

    def use():
        with no_autograd():
            slope(array([3]))

    assert 'autograd.record was called' in message(use)
    with no_autograd(), autograd.pause():
        array([3]) * 2
    assert slope(array([3])) == 6, 'autograd works again afterwards'


def test_arrays_are_floats_on_the_device_and_numbers_are_float64():
    assert array([1]).dtype == 'float32' and array([1], 'int32').dtype == \
        'int32'
    assert to_numpy(array([1])).dtype == 'float64'


def test_checks_speak_chinese_from_the_first_chinese_part_on(monkeypatch):
    monkeypatch.setattr(checks, '_spoken', {})      # and back afterwards
    part = Parts()
    with part('only'):
        equal(2, 3, 'f(3)')
    with part('两个数'):
        close([1, 2], [1, 3], 'f(1)', '少加了一吗？')
    with part('k = 3'):
        number([1, 2], 'f(3)')
    assert message(part.done) == (
        '3 个部分中有 3 个没有通过\n'
        '- only: f(3): expected 3, got 2\n'
        '- 两个数：f(1)：应为 [1., 3.]，得到 [1., 2.]；少加了一吗？\n'
        '- k = 3：f(3)：应为 1 个数，得到 (2,) 形状的数组')


def test_all_that_the_checks_say_is_there_in_chinese():
    tree = ast.parse(Path(checks.__file__).read_text(encoding='utf-8'))
    said = {node.args[0].value for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and getattr(node.func, 'id', '') == '_say'}
    assert said == set(checks.CHINESE)
    for english, chinese in checks.CHINESE.items():
        assert english.count('{}') == len(re.findall(r'\{\d?\}', chinese))
