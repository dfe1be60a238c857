"""Which context to compute on, and a check that all arrays are there."""
import ctypes
import functools
import os
import re
import sys

import mxnet as mx


def device():
    """Return the context that the environment variable D2L_DEVICE names.

    `cpu`, `cpu(1)`, `gpu` or `gpu(0)`; the CPU where it is unset or empty.

    Returns:
        An `mxnet.Context`.

    Raises:
        ValueError: D2L_DEVICE names no context of this machine.
    """
    name = os.environ.get('D2L_DEVICE') or 'cpu'
    match = re.fullmatch(r'(cpu|gpu)(?:\((\d{1,4})\))?', name.strip())
    if not match:
        raise ValueError(f'D2L_DEVICE is {name!r}, expected '
                         f'{_existing()}; unset it to compute on the CPU')
    return check_context(mx.Context(match[1], int(match[2] or 0)))


def check_context(context):
    """Return a context that exists here; raise an error for one that doesn't.

    Raises:
        TypeError: it is no `mxnet.Context`.
        ValueError: it is a GPU that this machine or this MXNet lacks.
    """
    if not isinstance(context, mx.Context):
        raise TypeError(f'device is {context!r}, expected an MXNet context '
                        'such as mx.cpu(), or None')
    gpus = mx.context.num_gpus()
    if context.device_type == 'gpu' and context.device_id >= gpus:
        raise ValueError(f'device {context} does not exist here, expected '
                         f'{_existing()}; unset D2L_DEVICE to compute on '
                         'the CPU')
    return context


def _existing():
    gpus = mx.context.num_gpus()
    return 'one of cpu, cpu(1), ...' + (
        ''.join(f', gpu({i})' for i in range(gpus))
        or ' (no GPU: this MXNet is a CPU build or sees none)')


# Strict placement ----------------------------------------------------------
#
# On the CPU, MXNet computes with arrays of cpu(0) and cpu(1) mixed; on a GPU
# the same mistake is an error. Strict mode raises that error without a GPU.

_LIB = mx.base._LIB
_CPU, _PINNED, _SHARED = (mx.Context.devstr2type[name] for name in (
    'cpu', 'cpu_pinned', 'cpu_shared'))


def _place(array):
    # Not array.ctx: this runs millions of times in a lesson
    kind, number = ctypes.c_int(), ctypes.c_int()
    mx.base.check_call(_LIB.MXNDArrayGetContext(
        array.handle, ctypes.byref(kind), ctypes.byref(number)))
    if kind.value in (_PINNED, _SHARED):
        return _CPU, 0
    return kind.value, number.value


def _check(name, arrays):
    if len(arrays) < 2:
        return
    first = _place(arrays[0])
    for i, array in enumerate(arrays[1:], start=2):
        place = _place(array)
        if place != first:
            here, there = (mx.Context(mx.Context.devtype2str[kind], number)
                           for kind, number in (first, place))
            raise mx.MXNetError(
                f'Operator {name} require all inputs live on the same '
                f'context. But the first argument is on {here} while the '
                f'{i}-th argument is on {there}. Remedy: create '
                'both on d2lutils.device(), or copy one with as_in_ctx')


def _flat(arrays):
    found = []
    for array in arrays:
        if isinstance(array, (list, tuple)):
            found += _flat(array)
        elif isinstance(array, mx.nd.NDArray):
            found.append(array)
    return found


def _operators():
    """Map each operator's handle to its name, or None: it is not checked."""
    base = mx.base
    names = {}
    for name in mx.operator.get_all_registered_operators():
        handle = base.OpHandle()
        base.check_call(_LIB.NNGetOpHandle(
            base.c_str(name), ctypes.byref(handle)))
        spared = 'copy' in name or name.endswith('_update')
        names[handle.value] = None if spared else name
    return names


def enable_strict_placement():
    """Make every operation raise where its arrays' contexts differ.

    Copies stay legal, and so do the optimisers' update operators, which run
    on pinned memory. d2lutils calls this at import where the environment
    variable D2L_STRICT_DEVICE is 1. It cannot be undone.

    Raises (later, from any operation):
        mxnet.MXNetError: as MXNet on a GPU would.
    """
    from mxnet._ctypes import ndarray as invoke
    from mxnet._ffi._ctypes.function import FunctionBase
    from mxnet.ndarray import register

    if hasattr(register._imperative_invoke, '__wrapped__'):
        return
    names = _operators()

    def imperative(call, handle, inputs, keys, vals, out, *args):
        name = names.get(handle, '(unknown)')
        if name:
            _check(name, _flat([inputs, out]))
        return call(handle, inputs, keys, vals, out, *args)

    def function(call, self, *args):
        _check(_caller(), _flat(args))
        return call(self, *args)

    def cached(call, self, *args, **kwargs):
        _check('CachedOp', _flat([args, kwargs.get('out')]))
        return call(self, *args, **kwargs)

    def backward(call, self, out_grad=None, *args, **kwargs):
        _check('backward', _flat([self, out_grad]))
        return call(self, out_grad, *args, **kwargs)

    for owner, name, check in (
            (register, '_imperative_invoke', imperative),
            (FunctionBase, '__call__', function),
            (invoke.CachedOp, '__call__', cached),
            (mx.nd.NDArray, 'backward', backward)):
        setattr(owner, name, _around(getattr(owner, name), check))


def _around(call, check):
    @functools.wraps(call)
    def checked(*args, **kwargs):
        return check(call, *args, **kwargs)
    return checked


def _caller():
    """Name the function of mxnet.np whose body calls a foreign function."""
    return sys._getframe(3).f_code.co_name


if os.environ.get('D2L_STRICT_DEVICE') == '1':
    enable_strict_placement()
