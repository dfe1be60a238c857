"""The data are the official ones; the loaders lose and change nothing."""
import hashlib
import itertools
import math
import multiprocessing
import shutil
import struct
import tempfile
from pathlib import Path

import mxnet as mx
import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import d2lutils
from d2lutils import data

DIGESTS = {
    'fashion-mnist/train-images-idx3-ubyte':
        'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
    'fashion-mnist/train-labels-idx1-ubyte':
        'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
    'fashion-mnist/t10k-images-idx3-ubyte':
        '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
    'fashion-mnist/t10k-labels-idx1-ubyte':
        '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
    'mnist/train-images-idx3-ubyte':
        'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    'mnist/train-labels-idx1-ubyte':
        '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    'mnist/t10k-images-idx3-ubyte':
        '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    'mnist/t10k-labels-idx1-ubyte':
        'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
    'tumours/breast_cancer.csv':
        'fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed',
}


@pytest.mark.parametrize('name', DIGESTS)
def test_the_files_are_the_official_ones(name):
    content = (data._DATA / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == DIGESTS[name]


def test_the_data_folder_holds_nothing_else():
    found = {str(p.relative_to(data._DATA))
             for p in data._DATA.rglob('*') if p.is_file()}
    assert found == set(DIGESTS)


@pytest.mark.parametrize('arrays', [d2lutils.fashion_mnist_arrays,
                                    d2lutils.mnist_arrays])
def test_arrays_are_read_only_memory_maps(arrays):
    for (images, labels), n in zip(arrays(), (60000, 10000), strict=True):
        assert isinstance(images, numpy.memmap)
        assert images.shape == (n, 28, 28) and images.dtype == 'uint8'
        assert labels.shape == (n,) and labels.dtype == 'uint8'
        assert set(labels.tolist()) == set(range(10))
        with pytest.raises(ValueError):
            images[0] = 0


def test_text_labels():
    assert d2lutils.text_labels([0, 9]) == ['t-shirt', 'ankle boot']
    assert d2lutils.text_labels(mx.np.array([1, 8], dtype='int32')) == [
        'trouser', 'bag']
    assert len(set(d2lutils.text_labels(range(10)))) == 10
    for bad in (10, -1, 0.5, 'bag'):
        with pytest.raises(ValueError, match='is not one of the classes'):
            d2lutils.text_labels([bad])


# Loaders -------------------------------------------------------------------

def small(n=10, **kwargs):
    """Make a loader whose image i is filled with the value i."""
    images = numpy.zeros((n, 28, 28), 'uint8')
    images += numpy.arange(n, dtype='uint8')[:, None, None]
    labels = (numpy.arange(n) % 10).astype('uint8')
    return d2lutils.Loader(images, labels, **kwargs)


def drawn(loader):
    """Return the numbers of the examples in the order of one epoch."""
    return [round(float(x) * 255) for X, y in loader for x in X[:, 0, 0, 0]]


@pytest.mark.parametrize('load', [d2lutils.load_data_fashion_mnist,
                                  d2lutils.load_data_mnist])
def test_batches_are_what_the_lessons_say(load):
    train_iter, test_iter = load(256, seed=0)
    assert (len(train_iter), len(test_iter)) == (235, 40)
    assert (train_iter.num_examples, test_iter.num_examples) == (60000, 10000)
    assert train_iter.batch_size == test_iter.batch_size == 256
    sizes = []
    for X, y in train_iter:
        assert X.shape == (len(y), 1, 28, 28) and X.dtype == 'float32'
        assert y.shape == (len(y),) and y.dtype == 'int32'
        assert X.ctx == y.ctx == mx.cpu()
        sizes.append(len(y))
    assert sizes == [256] * 234 + [96]
    assert float(X.min()) == 0 and float(X.max()) == 1


def test_the_test_set_comes_whole_and_in_order():
    _, (images, labels) = d2lutils.fashion_mnist_arrays()
    _, test_iter = d2lutils.load_data_fashion_mnist(3000)
    for _ in range(2):
        X, y = (mx.np.concatenate(part) for part in zip(*test_iter,
                                                        strict=True))
        assert (y.asnumpy() == labels).all()
        assert (X.asnumpy()[:, 0] * 255 == images).mean() > 0.99
        assert numpy.allclose(X.asnumpy()[:, 0] * 255, images, atol=1e-4)


def _digest(image):
    return hashlib.md5(image.round().astype('uint8').tobytes()).digest()


def test_an_epoch_has_every_training_example_once_with_its_label():
    (images, labels), _ = d2lutils.fashion_mnist_arrays()
    train_iter, _ = d2lutils.load_data_fashion_mnist(512, seed=1)
    seen = [(_digest(X[i].asnumpy() * 255), int(y[i]))
            for X, y in itertools.islice(train_iter, 8)
            for i in range(len(y))]
    known = {(_digest(x), int(y))
             for x, y in zip(images, labels, strict=True)}
    assert set(seen) <= known and len(seen) == 4096
    counts = numpy.bincount(numpy.concatenate(
        [y.asnumpy() for _, y in train_iter]))
    assert counts.tolist() == [6000] * 10


@given(n=st.integers(1, 60), batch_size=st.integers(1, 70),
       block=st.integers(1, 40))
@settings(deadline=None, max_examples=60)
def test_nothing_is_lost_or_doubled(n, batch_size, block):
    old, data._BLOCK = data._BLOCK, block
    try:
        loader = small(n, batch_size=batch_size, shuffle=True, seed=3)
        sizes = [len(y) for _, y in loader]
        assert len(sizes) == len(loader) == math.ceil(n / batch_size)
        assert set(sizes[:-1]) <= {batch_size} and sum(sizes) == n
        assert sorted(drawn(loader)) == list(range(n))
        in_order = small(n, batch_size=batch_size)
        assert drawn(in_order) == list(range(n))
    finally:
        data._BLOCK = old


def test_each_epoch_has_a_fresh_order_that_the_seed_fixes():
    first, second, other = (small(50, batch_size=7, shuffle=True, seed=s)
                            for s in (5, 5, 6))
    orders = [drawn(first) for _ in range(3)]
    assert orders == [drawn(second) for _ in range(3)]
    assert len({tuple(o) for o in orders}) == 3
    assert drawn(other) not in orders
    unseeded = [small(50, batch_size=7, shuffle=True) for _ in range(2)]
    assert drawn(unseeded[0]) != drawn(unseeded[1])


def test_loops_may_be_nested_and_broken_off():
    loader = small(10, batch_size=4, shuffle=True, seed=0)
    pairs = [(len(y), len(z)) for _, y in loader for _, z in loader]
    assert pairs == [(a, b) for a in (4, 4, 2) for b in (4, 4, 2)]
    for _ in loader:
        break
    assert sorted(drawn(loader)) == list(range(10))
    # zip takes the next batch of each in turn
    assert all(len(a[1]) == len(b[1]) for a, b in zip(loader, loader,
                                                      strict=True))


def test_batches_drawn_earlier_stay_as_they_are():
    loader = small(40, batch_size=1, shuffle=True, seed=0)
    kept = list(loader)
    loader.restart()
    again = [round(float(X[0, 0, 0, 0]) * 255) for X, _ in loader]
    assert [round(float(X[0, 0, 0, 0]) * 255) for X, _ in kept] == again


def test_images_may_lie_in_memory_in_any_order():
    images = numpy.arange(3 * 28 * 28).astype('uint8').reshape(28, 28, 3).T
    (X, y), = d2lutils.Loader(images, numpy.arange(3), 3)
    assert (X.asnumpy()[:, 0] * 255 == images).all() and len(y) == 3


def test_batches_are_put_on_the_device():
    for X, y in small(5, batch_size=2, device=mx.cpu(1)):
        assert X.ctx == y.ctx == mx.cpu(1)


def test_a_run_that_starts_again_draws_the_same_batches():
    loader = small(50, batch_size=7, shuffle=True, seed=3)
    run = [drawn(loader), drawn(loader)]
    loader.restart()
    assert [drawn(loader), drawn(loader)] == run
    loader.restart(4)
    other = small(50, batch_size=7, shuffle=True, seed=4)
    assert drawn(loader) == drawn(other) != run[0]
    unseeded = small(50, batch_size=7, shuffle=True)
    first = drawn(unseeded)
    unseeded.restart()
    assert drawn(unseeded) == first


@pytest.mark.parametrize('seed', [-1, 0.5, '1'])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    with pytest.raises(ValueError, match=f'seed is {seed!r}, expected a wh'):
        small(10, batch_size=2, shuffle=True, seed=seed)


@pytest.mark.parametrize('load', [d2lutils.load_data_fashion_mnist,
                                  d2lutils.load_data_mnist])
def test_the_validation_part_is_the_end_of_the_training_set(load):
    train_iter, valid_iter, test_iter = load(256, seed=0, validation=10000)
    whole, _ = load(256)
    assert [part.num_examples for part in (train_iter, valid_iter, test_iter)
            ] == [50000, 10000, 10000]
    labels = numpy.concatenate([y.asnumpy() for _, y in valid_iter])
    assert (labels == whole._labels[50000:]).all()
    assert sorted(numpy.concatenate([y.asnumpy() for _, y in train_iter])
                  ) == sorted(whole._labels[:50000])


@pytest.mark.parametrize('validation', [-1, 60000, 70000])
def test_a_validation_part_that_leaves_nothing_is_refused(validation):
    with pytest.raises(ValueError, match=f'validation is {validation}, exp'):
        d2lutils.load_data_fashion_mnist(256, validation=validation)


def _epoch_in_a_process(seed):
    train_iter, _ = d2lutils.load_data_fashion_mnist(5000, seed=seed)
    return [int(y[0]) for _, y in train_iter]


def test_several_processes_read_at_once():
    with multiprocessing.get_context('spawn').Pool(3) as pool:
        found = pool.map_async(_epoch_in_a_process, [1, 1, 2]).get(120)
    assert found[0] == found[1] == _epoch_in_a_process(1) != found[2]


@pytest.mark.parametrize('bad', [0, -1, 2.5, '256', None, True])
def test_a_bad_batch_size_is_named(bad):
    with pytest.raises(ValueError, match='batch_size is .*, expected a posi'):
        d2lutils.load_data_fashion_mnist(bad)


def test_numpys_integers_are_batch_sizes():
    train_iter, _ = d2lutils.load_data_fashion_mnist(numpy.int64(600))
    assert len(train_iter) == 100 and isinstance(train_iter.batch_size, int)


# Damaged files -------------------------------------------------------------

def idx(shape, content=None, dtype=8, zeros=0):
    content = bytes(math.prod(shape)) if content is None else content
    return (struct.pack('>HBB', zeros, dtype, len(shape))
            + struct.pack(f'>{len(shape)}I', *shape) + content)


@pytest.mark.parametrize(('content', 'message'), [
    (b'', 'the header is 0 bytes, expected 16 bytes'),
    (idx((2, 28, 28))[:10], 'the header is 10 bytes, expected 16 bytes'),
    (idx((2, 28, 28), zeros=7), 'magic number is 0x00070803, expected 0x000'),
    (b'\x1f\x8b' + bytes(30), 'gzip: uncompress it'),
    (idx((2, 28, 28), dtype=13), r'dtype code is 0x0d, expected 0x08'),
    (idx((2, 784)) + bytes(9), 'number of dimensions is 2, expected 3'),
    (idx((2, 28, 27)), r'shape is \(2, 28, 27\), expected \(n, 28, 28\)'),
    (idx((0, 28, 28)), r'shape is \(0, 28, 28\), expected'),
    (idx((2, 28, 28))[:-1], 'length is 1,583 bytes, expected 1,584 bytes'),
    (idx((2, 28, 28)) + b'x', 'length is 1,585 bytes, expected 1,584 bytes'),
])
def test_a_damaged_file_is_named_with_a_remedy(tmp_path, content, message):
    path = tmp_path / 'file'
    path.write_bytes(content)
    with pytest.raises(d2lutils.IDXError, match=message) as error:
        d2lutils.read_idx(path, (None, 28, 28))
    assert str(path) in str(error.value)
    assert 'git checkout' in str(error.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in tmp_path / 'none', tmp_path:
        with pytest.raises(d2lutils.IDXError, match='cannot be read'):
            d2lutils.read_idx(path, (None,))


def test_images_and_labels_that_do_not_match_are_named(tmp_path):
    shutil.copytree(data._DATA / 'mnist', tmp_path / 'm')
    labels = tmp_path / 'm' / 't10k-labels-idx1-ubyte'
    good = labels.read_bytes()[8:]
    labels.write_bytes(idx((9999,), good[:-1]))
    with pytest.raises(d2lutils.IDXError, match='10,000 images and 9,999'):
        data._arrays(tmp_path / 'm')
    labels.write_bytes(idx((10000,), good[:-1] + b'\x0b'))
    with pytest.raises(d2lutils.IDXError, match='has a label 11'):
        data._arrays(tmp_path / 'm')


@given(header=st.binary(max_size=24), length=st.integers(0, 4000),
       ndim=st.integers(1, 3))
@settings(deadline=None, max_examples=400)
def test_no_header_gets_anything_but_the_readers_own_error(
        header, length, ndim):
    _never_fails_otherwise(header + bytes(length), ndim)


@given(shape=st.lists(st.integers(0, 2**32 - 1) | st.sampled_from([2, 28]),
                      min_size=0, max_size=4),
       dtype=st.sampled_from([8, 9, 13]), length=st.integers(0, 3000),
       ndim=st.integers(1, 3))
@settings(deadline=None, max_examples=400)
def test_no_shape_gets_anything_but_the_readers_own_error(
        shape, dtype, length, ndim):
    _never_fails_otherwise(idx(shape, bytes(length), dtype), ndim)


def _never_fails_otherwise(content, ndim):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'file'
        path.write_bytes(content)
        try:
            array = d2lutils.read_idx(path, (None,) + (28,) * (ndim - 1))
        except d2lutils.IDXError as e:
            assert str(path) in str(e)
        else:
            assert array.nbytes + 4 + 4 * ndim == len(content)
