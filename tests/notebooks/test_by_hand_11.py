"""Lesson 11's own definitions are Gluon's and SciPy's."""
import functools

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mxnet import autograd, gluon, np, npx
from scipy import stats

import d2lutils
from tests.notebooks.by_hand import lesson

npx.set_np()

quick = settings(deadline=None, max_examples=20)
seeds = st.integers(0, 2**31 - 1)
widths = st.lists(st.integers(1, 9), max_size=3)
NAMES = 'make_net', 'scores_by_hand', 'fit', 'interval', 'device'
own = functools.partial(lesson, '11', *NAMES)


def pictures(seed, n=5):
    rng = numpy.random.default_rng(seed)
    return np.array(rng.random((n, 1, 28, 28)), dtype='float32',
                    ctx=own().device)


@quick
@given(seeds, widths, st.sampled_from(['relu', 'tanh', 'sigmoid']))
def test_a_net_is_its_layers_one_after_the_other(seed, widths, activation):
    X = pictures(seed)
    net = own().make_net(widths, activation, seed)
    H = X.reshape(len(X), -1)
    for i, layer in enumerate(net):
        H = np.dot(H, layer.weight.data().T) + layer.bias.data()
        if i < len(widths):
            H = npx.activation(H, act_type=activation)
    assert numpy.allclose(net(X).asnumpy(), H.asnumpy(), atol=1e-4)


@quick
@given(seeds, widths)
def test_a_seed_fixes_the_weights_whatever_is_drawn_before(seed, widths):
    X = pictures(seed)
    one = own().make_net(widths, seed=seed)(X)
    np.random.normal(size=7).wait_to_read()
    assert (own().make_net(widths, seed=seed)(X) == one).all()


def test_weights_are_normal_with_the_variance_of_he():
    for layer in own().make_net((400, 300)):
        W = layer.weight.data().asnumpy().ravel()
        he = (2 / layer.weight.shape[1]) ** 0.5
        assert stats.kstest(W / he, 'norm').pvalue > 1e-3


@quick
@given(seeds, st.integers(1, 9), st.integers(1, 6))
def test_scores_by_hand_are_the_nets(seed, width, n):
    net, X = own().make_net((width,), seed=seed), pictures(seed, n)
    for layer in net:
        layer.bias.set_data(np.random.normal(size=layer.bias.shape,
                                             ctx=own().device))
    assert numpy.allclose(own().scores_by_hand(net, X).asnumpy(),
                          net(X).asnumpy(), atol=1e-4)


@pytest.mark.parametrize('num_epochs', [1, 3])
def test_a_fit_is_its_steps_and_repeats(num_epochs):
    images, labels = d2lutils.fashion_mnist_arrays()[0]
    data = d2lutils.Loader(images[:50], labels[:50], 20, shuffle=True, seed=1)
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    weights = []
    for _ in range(2):
        net = own().make_net((6,), seed=2)
        own().fit(net, data, 0.1, num_epochs, seed=5)
        weights.append(net[0].weight.data().asnumpy())
    assert (weights[0] == weights[1]).all()
    twin = own().make_net((6,), seed=2)
    data.restart(5)
    for X, y in [batch for _ in range(num_epochs) for batch in data]:
        with autograd.record():
            l = loss(twin(X), y)
        l.backward()
        for param in twin.collect_params().values():
            param.set_data(param.data() - 0.1 / 20 * param.grad())
    assert abs(weights[0] - twin[0].weight.data().asnumpy()).max() < 1e-6


@quick
@given(st.lists(st.floats(-5, 5), min_size=2, max_size=12))
def test_the_interval_is_students_for_one_more_run(values):
    n, s = len(values), numpy.std(values, ddof=1)
    middle, half = own().interval(values)
    assert numpy.isclose(middle, numpy.mean(values))
    if s > 1e-9:
        low, high = stats.t.interval(0.95, n - 1, numpy.mean(values),
                                     s * (1 + 1 / n) ** 0.5)
        assert numpy.allclose([middle - half, middle + half], [low, high])
