"""What the lessons write by hand is what Gluon and SciPy compute."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mxnet import autograd, gluon, np, npx
from mxnet.gluon import nn
from scipy import special
from scipy.optimize import check_grad

from tests.notebooks.by_hand import lesson, quick, seeds

npx.set_np()

LOGITS = 1e4        # far beyond where exp overflows, at 88.7
NAIVE = 38          # e^(2 * 38) * 1000 classes fits into float32


@st.composite
def batches(draw, largest):
    """Draw scores and labels: ties, zeros, one row, many classes as well."""
    rng = numpy.random.default_rng(draw(seeds))
    shape = draw(st.integers(1, 6)), draw(st.sampled_from([1, 2, 10, 1000]))
    limit = draw(st.sampled_from([0, 1, largest]))
    scores = rng.uniform(-limit, limit, shape)
    if draw(st.booleans()):
        scores = limit * rng.integers(-1, 2, shape)
    return (np.array(scores, dtype='float32'),
            np.array(rng.integers(0, shape[1], shape[0]), dtype='int32'))


def close(ours, theirs, tolerance=1e-5):
    ours, theirs = (numpy.asarray(getattr(a, 'asnumpy', lambda a=a: a)())
                    for a in (ours, theirs))
    assert ours.shape == theirs.shape
    numpy.testing.assert_allclose(ours, theirs, tolerance, tolerance)


def exact(scores):
    return scores.asnumpy().astype('float64')


def true_loss(scores, y):
    """Compute the cross-entropy of logits in float64."""
    log_p = special.log_softmax(exact(scores), axis=1)
    return -log_p[numpy.arange(len(y)), y.asnumpy()]


# Softmax and cross-entropy --------------------------------------------------

def naive(name):
    """Return a lesson's naive softmax, and its loss as one of scores."""
    if name == '06':
        own = lesson(name, 'naive_softmax', 'naive_cross_entropy')
        return own.naive_softmax, own.naive_cross_entropy
    own = lesson(name, 'softmax', 'cross_entropy')
    return own.softmax, lambda X, y: own.cross_entropy(own.softmax(X), y)


@pytest.mark.parametrize('name', ['04', '05', '06'])
@given(batch=batches(NAIVE))
@quick
def test_the_naive_forms_are_right_where_they_are_finite(name, batch):
    softmax, cross_entropy = naive(name)
    close(softmax(batch[0]), special.softmax(exact(batch[0]), axis=1))
    close(cross_entropy(*batch), true_loss(*batch))


@pytest.mark.parametrize('name', ['04', '05', '06'])
@given(above=st.floats(89, LOGITS), below=st.floats(-LOGITS, -104))
@quick
def test_the_naive_forms_break_where_lesson_06_says(name, above, below):
    softmax, cross_entropy = naive(name)
    X, y = np.array([[above, 0], [below, 0]]), np.zeros(2, dtype='int32')
    l = cross_entropy(X, y).asnumpy()
    assert numpy.isnan(l[0]) and numpy.isposinf(l[1])
    p = softmax(X).asnumpy()
    assert numpy.isnan(p[0, 0]) and p[1].tolist() == [0, 1]


@given(batch=batches(LOGITS))
@quick
def test_the_safe_forms_are_right_everywhere(batch):
    own = lesson('06', 'softmax', 'log_sum_exp')
    scores = exact(batch[0])
    close(own.softmax(batch[0]), special.softmax(scores, axis=1))
    close(own.log_sum_exp(batch[0]), special.logsumexp(scores, axis=1))


@pytest.mark.parametrize('name', ['06', '09'])
@given(batch=batches(LOGITS))
@quick
def test_the_loss_of_logits_and_its_gradient_are_gluons(name, batch):
    own = lesson(name, 'cross_entropy')
    (X, y), found = batch, []
    for loss in own.cross_entropy, gluon.loss.SoftmaxCrossEntropyLoss():
        X.attach_grad()
        with autograd.record():
            l = loss(X, y)
        l.backward()
        found.append((l, X.grad))
    close(found[0][0], true_loss(X, y))
    close(found[0][0], found[1][0])
    # The gradient of max goes to all of many equals, with what sums round
    close(found[0][1], found[1][1], 1e-4)


@given(batch=batches(LOGITS))
@quick
def test_accuracy_counts_the_right_rows_the_first_of_equals(batch):
    own = lesson('04', 'accuracy')
    right = exact(batch[0]).argmax(axis=1) == batch[1].asnumpy()
    assert own.accuracy(*batch) == right.sum()


@given(seed=seeds, m=st.integers(1, 5), k=st.integers(1, 4),
       c=st.integers(1, 5), scale=st.sampled_from([0, 1, LOGITS]))
@quick
def test_lesson_07_in_numpy_is_scipys(seed, m, k, c, scale):
    own = lesson('07', 'softmax', 'cost', 'gradient', 'one_hot')
    rng = numpy.random.default_rng(seed)
    X, W = rng.normal(size=(m, k)), scale * rng.normal(size=(k, c))
    Y = own.one_hot(rng.integers(c, size=m), c)
    close(own.softmax(X @ W), special.softmax(X @ W, axis=1), 1e-12)
    close(own.cost(W, X, Y),
          -(special.log_softmax(X @ W, axis=1) * Y).sum() / m, 1e-12)
    if scale < LOGITS:      # there the differences are of rounding alone
        assert check_grad(
            lambda w: own.cost(w.reshape(k, c), X, Y),
            lambda w: own.gradient(w.reshape(k, c), X, Y).ravel(),
            W.ravel()) < 1e-6


# Networks and steps ---------------------------------------------------------

def by_trainer(values, gradients, batch_size, *args):
    """Step a Gluon parameter along gradients, by a Trainer of these args."""
    parameter = gluon.Parameter('p', shape=values.shape)
    parameter.initialize()
    parameter.set_data(values)
    trainer = gluon.Trainer([parameter], *args)
    for gradient in gradients:
        with autograd.record():
            l = (parameter.data() * gradient).sum()
        l.backward()
        trainer.step(batch_size)
    return parameter.data()


@pytest.mark.parametrize('name', ['04', '09'])
@given(seed=seeds, batch_size=st.integers(1, 512),
       lr=st.sampled_from([0, 0.1, 100]), steps=st.integers(1, 3))
@quick
def test_sgd_is_the_trainers(name, seed, batch_size, lr, steps):
    own = lesson(name, 'sgd')
    rng = numpy.random.default_rng(seed)
    values, *gradients = np.array(rng.normal(size=(steps + 1, 3, 4)),
                                  dtype='float32')
    param = values.copy()
    param.attach_grad()
    for gradient in gradients:
        param.grad[:] = gradient
        own.sgd([param], lr, batch_size)
    close(param, by_trainer(values, gradients, batch_size, 'sgd',
                            {'learning_rate': lr}))


@given(seed=seeds, n=st.integers(1, 3), channels=st.integers(1, 4),
       filters=st.integers(1, 4), size=st.integers(5, 9),
       kernel=st.sampled_from([(1, 1), (3, 3), (5, 5), (2, 4)]),
       pad=st.integers(0, 2), scale=st.sampled_from([0, 1, 1e4]))
@quick
def test_convolution_by_hand_is_gluons(seed, n, channels, filters, size,
                                       kernel, pad, scale):
    own = lesson('solutions/14', 'conv2d')
    rng = numpy.random.default_rng(seed)
    X, K, b = (rng.normal(size=shape).astype('float32') for shape in (
        (n, channels, size, size), (filters, channels, *kernel), (filters,)))
    X *= scale
    theirs = npx.convolution(np.array(X), np.array(K), np.array(b),
                             kernel=kernel, pad=(pad, pad),
                             num_filter=filters)
    close(own.conv2d(X, K, b, pad) / max(scale, 1), theirs / max(scale, 1),
          1e-4)


@given(seed=seeds, n=st.integers(1, 3), channels=st.integers(1, 4),
       height=st.integers(4, 9), width=st.integers(4, 9),
       size=st.integers(1, 4), scale=st.sampled_from([0, 1, 1e30]))
@quick
def test_pooling_by_hand_is_gluons(seed, n, channels, height, width, size,
                                   scale):
    own = lesson('solutions/14', 'max_pool2d')
    X = scale * numpy.random.default_rng(seed).normal(
        size=(n, channels, height, width)).astype('float32')
    theirs = nn.MaxPool2D(size)(np.array(X, dtype='float32'))
    assert (own.max_pool2d(X, size) == theirs.asnumpy()).all()


RULES = {'sgd': ('sgd', {}), 'momentum': ('sgd', {'momentum': 0.9}),
         'adagrad': ('adagrad', {}), 'rmsprop': ('rmsprop', {}),
         'adam': ('adam', {})}


@pytest.mark.parametrize('rule', RULES)
@given(seed=seeds, lr=st.sampled_from([0, 0.001, 0.1]),
       scale=st.sampled_from([0, 1e-3, 1, 1e3]), steps=st.integers(1, 20))
@quick
def test_each_rule_of_lesson_13_is_gluons(rule, seed, lr, scale, steps):
    own = lesson('15', *RULES)
    rng = numpy.random.default_rng(seed)
    values, *gradients = np.array(rng.normal(size=(steps + 1, 3, 4)),
                                  dtype='float32')
    param, state = values.copy(), {}
    for gradient in gradients:
        getattr(own, rule)(param, scale * gradient, state, lr)
    name, more = RULES[rule]
    close(param, by_trainer(values, [scale * g for g in gradients], 1, name,
                            {'learning_rate': lr} | more))


@given(seed=seeds, rows=st.integers(1, 4),
       hidden=st.sampled_from([1, 7, 256]),
       scale=st.sampled_from([0, 0.01, 1]))
@quick
def test_the_mlp_and_its_step_are_gluons(seed, rows, hidden, scale):
    own = lesson('09', 'mlp', 'cross_entropy', 'sgd')
    rng = numpy.random.default_rng(seed)
    X = np.array(rng.random((rows, 1, 28, 28)), dtype='float32')
    y = np.array(rng.integers(0, 10, rows), dtype='int32')
    params = [np.array(scale * rng.normal(size=shape), dtype='float32')
              for shape in ((784, hidden), (hidden,), (hidden, 10), (10,))]
    net = nn.Sequential()
    net.add(nn.Dense(hidden, 'relu', in_units=784),
            nn.Dense(10, in_units=hidden))
    net.initialize()
    theirs = [p for layer in net for p in (layer.weight, layer.bias)]
    for param, p in zip(params, theirs, strict=True):
        param.attach_grad()
        p.set_data(param.T)
    trainer = gluon.Trainer(net.collect_params(), 'sgd',
                            {'learning_rate': 0.1})
    with autograd.record():
        scores, expected = own.mlp(params, X), net(X)
        l = own.cross_entropy(scores, y)
        gluons = gluon.loss.SoftmaxCrossEntropyLoss()(expected, y)
    autograd.backward([l, gluons])
    close(scores, expected, 1e-3)
    close(l, gluons, 1e-3)
    own.sgd(params, 0.1, rows)
    trainer.step(rows)
    for param, p in zip(params, theirs, strict=True):
        close(param.T, p.data(), 1e-3)


@given(values=st.lists(st.floats(width=32, allow_nan=False), min_size=1))
@quick
def test_relu_is_gluons(values):
    X = np.array(values, dtype='float32')
    own = lesson('09', 'relu')
    assert (own.relu(X) == npx.relu(X)).all()


@given(sizes=st.lists(st.integers(1, 50), min_size=2, max_size=5))
@quick
def test_lesson_08_counts_the_parameters_of_gluon(sizes):
    net = nn.Sequential()
    net.add(*(nn.Dense(n) for n in sizes[1:]))
    net.initialize()
    net(np.zeros((1, sizes[0])))
    counted = sum(p.data().size for p in net.collect_params().values())
    assert lesson('08', 'count').count(*sizes) == counted
