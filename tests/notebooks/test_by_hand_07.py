"""Lesson 07's check and use of a gradient are NumPy's and SciPy's."""
import functools

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from scipy.optimize import approx_fprime

from tests.notebooks.by_hand import lesson, quick, seeds

NAMES = ('one_hot', 'central_differences', 'relative_error',
         'cost_and_gradient', 'sgd_epoch', 'error_rate')
own = functools.partial(lesson, '07', *NAMES)


def drawn(seed, m=6, k=3, c=4, scale=1):
    rng = numpy.random.default_rng(seed)
    y = rng.integers(c, size=m)
    return (scale * rng.normal(size=(k, c)), rng.normal(size=(m, k)),
            numpy.eye(c)[y], y)


@given(labels=st.lists(st.integers(0, 6), min_size=1))
@quick
def test_one_hot_rows_have_their_1_at_the_label(labels):
    Y = own().one_hot(numpy.array(labels), 7)
    assert Y.shape == (len(labels), 7)
    assert [list(row) for row in Y] == [
        [int(j == label) for j in range(7)] for label in labels]


@given(seed=seeds)
@quick
def test_central_differences_are_near_scipys_and_leave_w_alone(seed):
    W, *_ = drawn(seed)
    before, where = W.copy(), list(numpy.ndindex(W.shape))
    found = own().central_differences(lambda W: numpy.sin(W).sum(), W, where)
    assert (before == W).all()
    scipys = approx_fprime(W.ravel(), lambda w: numpy.sin(w).sum(), 1e-7)
    numpy.testing.assert_allclose(found, scipys, atol=1e-5)
    numpy.testing.assert_allclose(found, numpy.cos(W).ravel(), atol=1e-8)


@given(a=st.floats(-1e3, 1e3), b=st.floats(-1e3, 1e3))
@quick
def test_the_relative_error_is_by_the_larger_and_zeros_are_refused(a, b):
    pair = numpy.array([a]), numpy.array([b])
    if a == b == 0:
        with pytest.raises(ValueError, match='both are 0'):
            own().relative_error(*pair)
    else:
        expected = abs(a - b) / max(abs(a), abs(b))
        assert own().relative_error(*pair) == [expected]


@given(seed=seeds, scale=st.sampled_from([0, 1, 1e4]))
@quick
def test_cost_and_gradient_are_scipys_at_any_size(seed, scale):
    W, X, Y, _ = drawn(seed, scale=scale)
    log_p = special.log_softmax(X @ W, axis=1)
    J, G = own().cost_and_gradient(W, X, Y)
    numpy.testing.assert_allclose(J, -(log_p * Y).sum(axis=1).mean(), 1e-9)
    numpy.testing.assert_allclose(
        G, X.T @ (numpy.exp(log_p) - Y) / len(X), atol=1e-9)


@given(seed=seeds, batch_size=st.integers(1, 8))
@quick
def test_an_epoch_is_a_step_for_each_batch_of_a_drawn_order(seed, batch_size):
    W, X, Y, _ = drawn(seed)
    expected, costs = W.copy(), []
    order = numpy.random.default_rng(seed).permutation(len(X))
    for rows in numpy.split(order, range(batch_size, len(X), batch_size)):
        J, G = own().cost_and_gradient(expected, X[rows], Y[rows])
        expected -= 0.5 * G
        costs.append(J)
    found = own().sgd_epoch(W, X, Y, numpy.random.default_rng(seed), 0.5,
                            batch_size)
    assert found == costs and (expected == W).all()


@given(seed=seeds)
@quick
def test_the_error_rate_counts_what_is_not_the_largest_score(seed):
    W, X, _, y = drawn(seed)
    wrong = [int(numpy.argmax(x @ W)) != label
             for x, label in zip(X, y, strict=True)]
    assert own().error_rate(W, X, y) == sum(wrong) / len(y)
