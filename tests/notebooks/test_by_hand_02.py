"""Lesson 02's softmax, cross-entropy and slope are SciPy's and Gluon's."""
import functools

import numpy
from hypothesis import given
from hypothesis import strategies as st
from mxnet import autograd, gluon, np, npx
from mxnet.gluon import nn
from scipy import special, stats

from tests.notebooks.by_hand import lesson, quick, seeds

npx.set_np()

classes = st.sampled_from([1, 2, 3, 10, 100])
NAMES = 'score', 'softmax', 'cross_entropy', 'slope'
own = functools.partial(lesson, '02', *NAMES)


def close(ours, theirs, tolerance=1e-5):
    ours = ours.asnumpy()
    assert ours.shape == numpy.shape(theirs)
    numpy.testing.assert_allclose(ours, theirs, tolerance, tolerance)


@given(seed=seeds, n=st.integers(1, 5), d=st.integers(1, 20), q=classes)
@quick
def test_scores_are_those_of_a_dense_layer(seed, n, d, q):
    rng = numpy.random.default_rng(seed)
    X, W, b = (np.array(rng.normal(size=size), dtype='float32')
               for size in ((n, d), (d, q), (1, q)))
    net = nn.Dense(q, in_units=d)
    net.initialize()
    net.weight.set_data(W.T)
    net.bias.set_data(b[0])
    close(own().score(X, W, b), net(X).asnumpy(), 1e-4)


@given(seed=seeds, q=classes, size=st.sampled_from([0, 1, 30]))
@quick
def test_softmax_is_scipys(seed, q, size):
    o = np.array(numpy.random.default_rng(seed).uniform(-size, size, q),
                 dtype='float32')
    close(own().softmax(o), special.softmax(o.asnumpy().astype(float)))


@given(seed=seeds, q=classes, one_hot=st.booleans())
@quick
def test_cross_entropy_is_entropy_plus_divergence(seed, q, one_hot):
    rng = numpy.random.default_rng(seed)
    y_hat, y = rng.dirichlet(numpy.ones(q), size=2) * 0.99 + 0.01 / q
    if one_hot:
        y = numpy.eye(q)[rng.integers(q)]
    l = own().cross_entropy(np.array(y_hat), np.array(y))
    close(l, stats.entropy(y) + stats.entropy(y, y_hat))


@given(seed=seeds, q=classes, sparse=st.booleans())
@quick
def test_the_slope_is_what_gluons_loss_has(seed, q, sparse):
    rng = numpy.random.default_rng(seed)
    o = np.array(rng.normal(0, 3, size=(1, q)), dtype='float32')
    y = numpy.eye(q)[rng.integers(q)] if sparse else \
        rng.dirichlet(numpy.ones(q))
    y = np.array(y, dtype='float32')
    o.attach_grad()
    with autograd.record():
        l = gluon.loss.SoftmaxCrossEntropyLoss(sparse_label=False)(
            o, y.reshape(1, -1))
    l.backward()
    close(own().slope(o[0], y), o.grad[0].asnumpy())
