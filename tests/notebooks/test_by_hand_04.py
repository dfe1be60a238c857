"""Lesson 04's loop is Gluon's; 04's and 05's intervals are SciPy's."""

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mxnet import autograd, gluon, np, npx
from mxnet.gluon import nn
from scipy import stats

import d2lutils
from tests.notebooks.by_hand import lesson, quick, seeds

npx.set_np()

samples = st.integers(2, 12).flatmap(lambda n: st.tuples(seeds, st.just(n)))


@pytest.fixture(scope='module')
def by_hand():
    return lesson('04', 'train_epoch_ch3', 'evaluate_accuracy', 'softmax',
                  'cross_entropy', 'sgd')


@given(seed=seeds, n=st.integers(1, 50), batch_size=st.integers(1, 20),
       lr=st.sampled_from([0.01, 0.5]))
@settings(deadline=None, max_examples=15)
def test_an_epoch_by_hand_is_gluons(by_hand, seed, n, batch_size, lr):
    own = by_hand
    rng = numpy.random.default_rng(seed)
    images = rng.integers(0, 256, (n, 3, 2)).astype('uint8')
    labels = rng.integers(0, 10, n).astype('uint8')
    loader = d2lutils.Loader(images, labels, batch_size)
    W = np.array(rng.normal(size=(6, 10)), dtype='float32')
    b = np.zeros(10)
    net = nn.Dense(10, in_units=6)
    net.initialize()
    net.weight.set_data(W.T)
    for param in (W, b):
        param.attach_grad()

    def hand(X):
        return own.softmax(np.dot(X.reshape((-1, 6)), W) + b)

    found = own.train_epoch_ch3(hand, loader, own.cross_entropy,
                                lambda size: own.sgd([W, b], lr, size))
    trainer = gluon.Trainer(net.collect_params(), 'sgd',
                            {'learning_rate': lr})
    loss, total, right = gluon.loss.SoftmaxCrossEntropyLoss(), 0, 0
    for X, y in loader:
        with autograd.record():
            scores = net(X)
            l = loss(scores, y)
        l.backward()
        trainer.step(batch_size)
        total += float(l.sum())
        right += (scores.asnumpy().argmax(axis=1) == y.asnumpy()).sum()
    assert found == pytest.approx((total / n, right / n), abs=1e-3)
    assert np.abs(W - net.weight.data().T).max() < 1e-4
    assert own.evaluate_accuracy(hand, loader) == pytest.approx(
        d2lutils.evaluate_accuracy(net, loader), abs=1e-6)


@given(sample=samples)
@quick
def test_one_more_run_is_scipys_interval(sample):
    seed, n = sample
    values = numpy.random.default_rng(seed).normal(size=n)
    wanted = stats.t.interval(0.95, n - 1, values.mean(),
                              stats.sem(values) * (n + 1) ** 0.5)
    assert lesson('04', 'one_more').one_more(values) == pytest.approx(wanted)


def test_one_more_run_lies_in_its_interval_19_times_in_20():
    own, rng = lesson('04', 'one_more'), numpy.random.default_rng(0)
    inside = 0
    for _ in range(2000):
        *values, one = rng.normal(size=6)
        low, high = own.one_more(values)
        inside += low < one < high
    assert abs(inside / 2000 - 0.95) < 4 * (0.95 * 0.05 / 2000) ** 0.5


@given(sample=samples)
@quick
def test_the_intervals_of_differences_are_scipys_tests(sample):
    """A test at 5 % just rejects a difference at the edge of its interval."""
    seed, n = sample
    own = lesson('05', 'paired', 'unpaired')
    a, b = numpy.random.default_rng(seed).normal(size=(2, n))
    for interval, test in ((own.paired, stats.ttest_rel),
                           (own.unpaired, stats.ttest_ind)):
        mean, half = interval(a, b)
        assert mean == pytest.approx(a.mean() - b.mean())
        for edge in (mean - half, mean + half):
            assert test(a - edge, b).pvalue == pytest.approx(0.05)
