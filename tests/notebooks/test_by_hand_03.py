"""Lesson 03's functions are Gluon's and NumPy's, on data made at random."""
import functools

import numpy
from hypothesis import given
from hypothesis import strategies as st
from mxnet import np, npx
from mxnet.gluon.data.vision import transforms

from tests.notebooks.by_hand import lesson, quick, seeds

npx.set_np()

NAMES = 'class_means', 'shared', 'prepare', 'data_iter'
own = functools.partial(lesson, '03', *NAMES)


def pictures(rng, n, shape=(28, 28)):
    return rng.integers(256, size=(n, *shape), dtype='uint8')


@given(seed=seeds, more=st.integers(0, 30))
@quick
def test_class_means_are_weighted_averages(seed, more):
    rng = numpy.random.default_rng(seed)
    labels = numpy.append(rng.permutation(10), rng.integers(10, size=more))
    images = pictures(rng, len(labels))
    expected = [numpy.average(images, axis=0, weights=labels == k)
                for k in range(10)]
    numpy.testing.assert_allclose(own().class_means(images, labels), expected)


@given(seed=seeds, n=st.integers(0, 20), m=st.integers(1, 20))
@quick
def test_shared_counts_the_rows_that_occur(seed, n, m):
    rng = numpy.random.default_rng(seed)
    album = pictures(rng, 12)
    mine, theirs = rng.integers(12, size=n), rng.integers(12, size=m)
    assert own().shared(album[mine], album[theirs]) == numpy.isin(
        mine, theirs).sum()


@given(seed=seeds, n=st.integers(1, 5), height=st.integers(1, 28),
       width=st.integers(1, 28))
@quick
def test_prepare_is_to_tensor(seed, n, height, width):
    images = pictures(numpy.random.default_rng(seed), n, (height, width))
    before = images.copy()
    X = own().prepare(images)
    theirs = transforms.ToTensor()(np.array(images[..., None], dtype='uint8'))
    assert X.dtype == 'float32' and (images == before).all()
    assert (theirs.asnumpy() == X).all()


@given(seed=seeds, n=st.integers(1, 40), batch_size=st.integers(1, 50))
@quick
def test_batches_deal_out_each_pair_once_in_the_order_of_rng(seed, n,
                                                             batch_size):
    rng = numpy.random.default_rng(seed)
    images, labels = pictures(rng, n), rng.integers(10, size=n)
    batches = list(own().data_iter(batch_size, images, labels,
                                   numpy.random.default_rng(seed)))
    assert [len(y) for _, y in batches[:-1]] == \
        [batch_size] * ((n - 1) // batch_size)
    X, y = (numpy.concatenate([part.asnumpy() for part in parts])
            for parts in zip(*batches, strict=True))
    order = numpy.random.default_rng(seed).permutation(n)
    assert X.dtype == 'float32' and y.dtype == 'int32'
    assert (own().prepare(images[order]) == X).all()
    assert (y == labels[order]).all()
