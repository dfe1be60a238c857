"""IDX files -> arrays -> mini-batches."""
import math
import operator
import sys
from pathlib import Path

import mxnet as mx
import numpy

from .device import check_context
from .device import device as default_device

_DATA = Path(__file__).parent / 'data'
_IDX_UINT8 = 0x08      # the type byte of an IDX header
_BLOCK = 1536          # examples gathered at a time: a larger block leaves
                       # the processor's cache before it is used
_BLOCKS = 2            # one is read while the other is filled
_TEXT_LABELS = ('t-shirt', 'trouser', 'pullover', 'dress', 'coat', 'sandal',
                'shirt', 'sneaker', 'bag', 'ankle boot')
_REMEDY = 'restore it with: git checkout -- d2lutils/data'


class IDXError(ValueError):
    """A data file that cannot be what it should be."""


def read_idx(path, shape):
    """Open an IDX file of unsigned bytes as a read-only memory map.

    Args:
        path: an uncompressed IDX file.
        shape: the expected shape, None for any length: `(None, 28, 28)`.

    Returns:
        A uint8 `numpy.memmap` of that many dimensions. Nothing is read until
        it is used, and all processes of a machine share the pages.

    Raises:
        IDXError: the file is missing, or its header, dtype, shape or length
            is not as expected.

    Source: the format's description at the head of the MNIST distribution.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        with path.open('rb') as f:
            header = f.read(4 + 4 * len(shape))
    except OSError as e:
        raise IDXError(f'{path}: cannot be read ({e.strerror}); '
                       + _REMEDY) from e

    def fail(what, value, expected):
        return IDXError(f'{path}: {what} is {value}, expected {expected}; '
                        + _REMEDY)

    if len(header) < 4 + 4 * len(shape):
        raise fail('the header', f'{len(header)} bytes',
                   f'{4 + 4 * len(shape)} bytes')
    if header[:2] != b'\0\0':
        raise fail('the magic number', '0x' + header[:4].hex(),
                   f'0x0000{_IDX_UINT8:02x}{len(shape):02x}'
                   + (' (it is gzip: uncompress it)'
                      if header[:2] == b'\x1f\x8b' else ''))
    if header[2] != _IDX_UINT8:
        raise fail('the dtype code', f'0x{header[2]:02x}',
                   f'0x{_IDX_UINT8:02x} (uint8)')
    if header[3] != len(shape):
        raise fail('the number of dimensions', header[3], len(shape))
    found = tuple(numpy.frombuffer(header, '>u4', offset=4).tolist())
    if any(n == 0 or want not in (None, n)
           for n, want in zip(found, shape, strict=True)):
        raise fail('the shape', found,
                   str(shape).replace('None', 'n').replace("'", ''))
    length = len(header) + math.prod(found)
    if size != length:
        raise fail('the length', f'{size:,} bytes',
                   f'{length:,} bytes for shape {found}')
    return numpy.memmap(path, 'uint8', 'r', offset=len(header), shape=found)


def _pair(folder, name):
    """Open the images and labels of one part of a data set."""
    images = read_idx(folder / f'{name}-images-idx3-ubyte', (None, 28, 28))
    labels = read_idx(folder / f'{name}-labels-idx1-ubyte', (None,))
    if len(images) != len(labels):
        raise IDXError(f'{folder}: {name} has {len(images):,} images and '
                       f'{len(labels):,} labels, expected as many; '
                       + _REMEDY)
    if labels.max() > 9:
        raise IDXError(f'{folder}: {name} has a label {labels.max()}, '
                       f'expected 0 to 9; {_REMEDY}')
    return images, labels


def _arrays(folder):
    return _pair(folder, 'train'), _pair(folder, 't10k')


def fashion_mnist_arrays():
    """Open Fashion-MNIST as it lies on disk.

    Returns:
        `(train_images, train_labels), (test_images, test_labels)`: read-only
        uint8 memory maps; images (60000, 28, 28) and (10000, 28, 28) from 0
        (background) to 255, labels (60000,) and (10000,) from 0 to 9.

    Raises:
        IDXError: a file is missing or damaged.

    Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST", 2017.
    """
    return _arrays(_DATA / 'fashion-mnist')


def mnist_arrays():
    """Open MNIST, handwritten digits, as it lies on disk.

    Returns and raises as `fashion_mnist_arrays`.

    Source: LeCun, Cortes, Burges, "The MNIST database", 1998.
    """
    return _arrays(_DATA / 'mnist')


def text_labels(labels):
    """Name Fashion-MNIST's classes.

    Args:
        labels: integers from 0 to 9, in any iterable or array of one axis.

    Returns:
        A list of str, one per label.

    Raises:
        ValueError: a label is not an integer from 0 to 9.
    """
    names = []
    for label in labels:
        number = label.item() if hasattr(label, 'item') else label
        if number not in range(10):
            raise ValueError(f'label {number!r} is not one of the classes: '
                             'give integers from 0 to 9')
        names.append(_TEXT_LABELS[int(number)])
    return names


class Loader:
    """Mini-batches of a data set: an iterable to loop over, again and again.

    Each loop is one epoch, of `len(loader)` batches `X, y`: X
    (batch_size, 1, 28, 28) float32 in [0, 1], y (batch_size,) int32, both on
    `device`. The last batch is shorter where the batch size does not divide
    the number of examples. Batches drawn earlier stay as they are.

    Args:
        images: (n, height, width) uint8, a memory map or an array.
        labels: (n,) uint8.
        batch_size: examples per batch, a positive integer.
        device: where batches are put; None for `d2lutils.device()`.
        shuffle: whether each epoch draws a new order.
        seed: a whole number fixes the orders of all epochs; None draws one.

    Raises:
        ValueError, TypeError: batch_size is not a positive integer, or the
            device does not exist.
    """

    def __init__(self, images, labels, batch_size, device=None,
                 shuffle=False, seed=None):
        self.batch_size = _positive_integer(batch_size)
        self.device = check_context(device or default_device())
        self.num_examples = len(images)
        # A memory map's own indexing is slow: take a plain view of it
        self._images = numpy.asarray(images)
        self._labels = numpy.asarray(labels)
        self._shuffle = shuffle
        self.restart(numpy.random.SeedSequence().entropy if seed is None
                     else seed)

    def restart(self, seed=None):
        """Go back to the first epoch's order: a run begins.

        Args:
            seed: another seed for the orders from now on; None keeps it.

        Raises:
            ValueError: the seed is not a whole number from 0.
        """
        if seed is not None:
            if not isinstance(seed, int | numpy.integer) or seed < 0:
                raise ValueError(f'seed is {seed!r}, expected a whole number '
                                 'from 0, or None')
            self._seed = seed
        self._epoch = 0

    def __len__(self):
        return math.ceil(self.num_examples / self.batch_size)

    def __iter__(self):
        # Fixed here and not in the generator, so that loops may be nested
        order = None
        if self._shuffle:
            rng = numpy.random.default_rng([self._seed, self._epoch])
            order = rng.permutation(self.num_examples)
            self._epoch += 1
        return self._batches(order)

    def _batches(self, order):
        block_size = max(1, _BLOCK // self.batch_size) * self.batch_size
        labels = self._labels if order is None else self._labels[order]
        y = _to_device(labels.astype('int32'), self.device)
        gathered = numpy.empty((block_size, *self._images.shape[1:]),
                               self._images.dtype)
        memories, X = [], None
        for start in range(0, self.num_examples, block_size):
            block = slice(start, start + block_size)
            images = self._images[block]
            if order is not None:
                # 'clip', for 'raise' would fill a copy first
                images = numpy.take(self._images, order[block], axis=0,
                                    out=gathered[:len(images)], mode='clip')
            X = _free(memories, (block_size, 1, *images.shape[1:]), X)
            X = numpy.divide(images[:, None], numpy.float32(255),
                             dtype='float32', out=X[:len(images)])
            X = _to_device(X, self.device)
            for i in range(0, len(images), self.batch_size):
                # As X[i:j], at half its cost
                j = min(i + self.batch_size, len(images))
                yield X._slice(i, j), y._slice(start + i, start + j)


def _free(memories, shape, previous):
    """Find memory for a block, such that no batch in use lies there.

    Memory fresh from the system costs nearly as much as filling it.
    """
    for memory in memories:
        # The list's reference, this name's, and the call's
        if sys.getrefcount(memory) == 3:
            return memory
    if len(memories) == _BLOCKS:
        # MXNet computes behind Python's back: without a wait, a fast loop
        # would pile a whole epoch up in memory
        _wait_until_used(previous)
        memories.pop()
    memories.insert(0, numpy.empty(shape, 'float32'))
    return memories[0]


def _positive_integer(batch_size):
    try:
        number = operator.index(batch_size)
    except TypeError:
        number = 0
    if number < 1 or isinstance(batch_size, bool):
        raise ValueError(f'batch_size is {batch_size!r}, expected a positive '
                         'integer such as 256')
    return number


def _to_device(array, device):
    """Hand a NumPy array to MXNet, without a copy where it stays here."""
    array = mx.nd.from_numpy(array, zero_copy=True).as_np_ndarray()
    return array if device == mx.cpu() else array.as_in_ctx(device)


def _wait_until_used(array):
    """Wait for every operation that still reads an array."""
    mx.base.check_call(mx.base._LIB.MXNDArrayWaitToWrite(array.handle))


def _load(arrays, batch_size, device, seed, validation):
    (images, labels), test = arrays
    rest = len(labels) - operator.index(validation)
    if not 0 < rest <= len(labels):
        raise ValueError(f'validation is {validation!r}, expected 0 to '
                         f'{len(labels) - 1:,} of the {len(labels):,} '
                         'training examples')
    parts = [Loader(images[:rest], labels[:rest], batch_size, device,
                    shuffle=True, seed=seed)]
    if validation:
        parts.append(Loader(images[rest:], labels[rest:], batch_size, device))
    return (*parts, Loader(*test, batch_size, device))


def load_data_fashion_mnist(batch_size, device=None, seed=None,
                            validation=0):
    """Make the mini-batches of Fashion-MNIST.

    Args:
        batch_size: examples per batch, a positive integer.
        device: where batches are put; None for `d2lutils.device()`.
        seed: a whole number makes the shuffles the same in every run.
        validation: how many of the 60,000 training examples, the last ones,
            are kept out of training to compare settings on.

    Returns:
        `train_iter, test_iter`, or `train_iter, valid_iter, test_iter` where
        validation is not 0. Each is a `Loader`: the training examples in a
        new order each epoch, the others in the order of their files.

    Raises:
        IDXError: a file is missing or damaged.
        ValueError, TypeError: as `Loader`, or validation is no integer that
            leaves something to train on.

    Source: Dive into Deep Learning, chapter 3, whose function of this name
    downloads the data.
    """
    return _load(fashion_mnist_arrays(), batch_size, device, seed, validation)


def load_data_mnist(batch_size, device=None, seed=None, validation=0):
    """Make the mini-batches of MNIST: see `load_data_fashion_mnist`."""
    return _load(mnist_arrays(), batch_size, device, seed, validation)
