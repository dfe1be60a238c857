"""Lesson 12's cures are Gluon's, NumPy's and SciPy's."""
import functools

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mxnet import autograd, gluon, np, npx
from mxnet.gluon import nn
from scipy import stats

from tests.notebooks.by_hand import lesson, quick, seeds

npx.set_np()

sizes = st.integers(1, 30)
NAMES = ('best_score', 'fit_polynomial', 'mse', 'k_folds', 'ridge',
         'sgd_decay', 'should_stop', 'dropout', 'interval')
own = functools.partial(lesson, '12', *NAMES)


@pytest.mark.parametrize('num_models', [1, 2, 10, 100])
@pytest.mark.parametrize(('n', 'p'), [(100, 0.5), (500, 0.85), (1000, 0.99)])
def test_the_best_score_is_the_highest_order_statistic(num_models, n, p):
    rng = numpy.random.default_rng(0)
    found = own().best_score(num_models, n, p, 4000, rng)
    below = stats.binom.cdf(numpy.arange(n), n, p) ** num_models
    expected = (1 - below).sum() / n
    assert found.shape == (4000,)
    assert abs(found.mean() - expected) < 4 * found.std() / 4000 ** 0.5


@given(seed=seeds, degree=st.integers(0, 6), n=st.integers(8, 30))
@quick
def test_the_polynomial_is_numpys(seed, degree, n):
    rng = numpy.random.default_rng(seed)
    x, y = numpy.linspace(-1, 1, n), rng.normal(size=n)
    theirs = numpy.polynomial.Polynomial.fit(x, y, degree)
    w = own().fit_polynomial(x, y, degree)
    numpy.testing.assert_allclose(w, theirs.convert().coef, atol=1e-9)
    assert own().mse(w, x, y) == pytest.approx(((theirs(x) - y) ** 2).mean())


@given(seed=seeds, n=st.integers(2, 60), data=st.data())
@quick
def test_folds_share_the_examples_out(seed, n, data):
    k = data.draw(st.integers(2, n))
    folds = own().k_folds(n, k, numpy.random.default_rng(seed))
    assert len(folds) == k
    assert sorted(numpy.concatenate([v for _, v in folds])) == list(range(n))
    for train, valid in folds:
        assert sorted([*train, *valid]) == list(range(n))
        assert len(valid) in (n // k, n // k + 1)


@given(seed=seeds, n=st.integers(5, 30), d=st.integers(1, 5),
       wd=st.sampled_from([0, 1e-3, 0.5, 100]))
@quick
def test_ridge_is_least_squares_with_a_row_for_each_weight(seed, n, d, wd):
    rng = numpy.random.default_rng(seed)
    X, y = rng.normal(size=(n, d)), rng.normal(size=n)
    rows = numpy.vstack([X, (n * wd) ** 0.5 * numpy.eye(d)])
    theirs = numpy.linalg.lstsq(rows, numpy.append(y, numpy.zeros(d)),
                                rcond=None)[0]
    numpy.testing.assert_allclose(own().ridge(X, y, wd), theirs, 1e-6, 1e-9)


@given(seed=seeds, batch_size=sizes, lr=st.sampled_from([0.01, 0.5]),
       wd=st.sampled_from([0, 0.01, 0.3]))
@quick
def test_twenty_steps_with_decay_are_gluons(seed, batch_size, lr, wd):
    rng = numpy.random.default_rng(seed)
    ours = [np.array(rng.normal(size=s)) for s in ((3, 4), (5,))]
    theirs = [gluon.Parameter('theirs', shape=w.shape) for w in ours]
    for w, param in zip(ours, theirs, strict=True):
        w.attach_grad()
        param.initialize()
        param.set_data(w)
    trainer = gluon.Trainer(theirs, 'sgd', {'learning_rate': lr, 'wd': wd})
    for _ in range(20):
        for w, param in zip(ours, theirs, strict=True):
            w.grad[:] = np.array(rng.normal(size=w.shape))
            with autograd.record():
                l = (param.data() * w.grad).sum()
            l.backward()
        own().sgd_decay(ours, lr, wd, batch_size)
        trainer.step(batch_size)
    for w, param in zip(ours, theirs, strict=True):
        assert np.abs(w - param.data()).max() < 1e-5


@given(losses=st.lists(st.integers(0, 9), min_size=1, max_size=12),
       patience=st.integers(1, 6))
@quick
def test_training_stops_when_nothing_was_better_for_so_long(losses, patience):
    since_best = len(losses) - 1 - losses.index(min(losses))
    assert own().should_stop(losses, patience) == (since_best >= patience)


@pytest.mark.parametrize('p', [0, 0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean_and_is_off_at_prediction(p):
    npx.random.seed(1)
    X = np.random.normal(size=(40, 30))
    before = X.copy()
    assert (own().dropout(X, p, training=False) == X).all()
    draws = numpy.stack([own().dropout(X, p, training=True).asnumpy()
                         for _ in range(400)])
    assert not (X - before).any()
    kept = draws != 0
    scaled = numpy.broadcast_to(X.asnumpy() / (1 - p), draws.shape)
    numpy.testing.assert_allclose(draws[kept], scaled[kept], 1e-5)
    error = (p * (1 - p) / kept.size) ** 0.5
    assert abs(kept.mean() - (1 - p)) <= 3 * error
    assert abs(kept.mean(axis=0) - (1 - p)).max() <= 0.15


@pytest.mark.parametrize('p', [0.2, 0.5, 0.8])
def test_dropout_has_the_law_of_gluons(p):
    npx.random.seed(2)
    ones, layer = np.ones((20_000, 10)), nn.Dropout(p)
    with autograd.train_mode():
        theirs = layer(ones)
    counts = [numpy.bincount((out > 0).sum(axis=1).asnumpy().astype(int),
                             minlength=11)
              for out in (own().dropout(ones, p, training=True), theirs)]
    common = numpy.minimum(*counts) > 5
    assert stats.chi2_contingency([c[common] for c in counts])[1] > 1e-3


@given(values=st.lists(st.floats(-100, 100), min_size=2, max_size=9))
@quick
def test_the_interval_is_students(values):
    mean, half = own().interval(values)
    n = len(values)
    expected = numpy.std(values, ddof=1) * (1 + 1 / n) ** 0.5
    assert mean == pytest.approx(numpy.mean(values), abs=1e-9)
    assert half == pytest.approx(
        -stats.t.ppf(0.025, n - 1) * expected, abs=1e-9)


def test_the_interval_holds_one_more_run_in_95_of_100_cases():
    rng = numpy.random.default_rng(0)
    runs = rng.normal(3, 2, size=(4000, 6))
    inside = [abs(run[5] - mean) <= half for run in runs
              for mean, half in [own().interval(run[:5])]]
    assert abs(numpy.mean(inside) - 0.95) < 0.012
