"""Functions of libMODULE.so, which lies beside this file, on numpy arrays.

Arguments are numbers or whatever `numpy.asarray` takes, of the stated shape; whole numbers are accepted as real ones.
One result is returned as it is, several as a tuple; numbers are Python's own.
"""

import ctypes
import pathlib
import sys

import numpy

_ENDING = {"darwin": "dylib", "win32": "dll"}.get(sys.platform, "so")
_library = ctypes.CDLL(str(pathlib.Path(__file__).resolve().parent / f"libMODULE.{_ENDING}"))
_library.PREFIX_error_message.restype = ctypes.c_char_p
_library.PREFIX_error_message.argtypes = []

_NUMBERS = {
    "float32": ctypes.c_float,
    "float64": ctypes.c_double,
    "int64": ctypes.c_int64,
    "bool": ctypes.c_bool,
}


def _array(name, element, shape, value):
    array = numpy.asarray(value)
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, not {shape}")
    if not numpy.can_cast(array.dtype, element, "same_kind"):
        raise TypeError(f"{name} has elements of type {array.dtype}, not {element}")
    return numpy.ascontiguousarray(array, dtype=element).reshape(shape)


def _call(symbol, arguments, results):
    function = getattr(_library, symbol)
    function.restype = ctypes.c_int32
    kept, passed = [], []
    for (name, element, shape), value in arguments:
        array = _array(name, element, shape, value)
        kept.append(array)
        if shape:
            passed.append(ctypes.c_void_p(array.ctypes.data))
        else:
            passed.append(_NUMBERS[element](array.item()))
    made = [numpy.empty(shape, dtype=element) for _, element, shape in results]
    passed.extend(ctypes.c_void_p(array.ctypes.data) for array in made)
    if function(*passed) != 0:
        raise RuntimeError(_library.PREFIX_error_message().decode())
    made = [array if array.shape else array.item() for array in made]
    return made[0] if len(made) == 1 else tuple(made)
