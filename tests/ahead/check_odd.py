"""Functions and arguments whose names Python or the file itself uses."""

import numpy

import odd

assert odd.words(1, 2, 3, 4, 5, 6, 7) == 28
assert odd.nothing() == 3.0
assert odd._call_2(4) == 4 and odd.numpy_2(5) == 5 and odd.tuple_2(7, 2) == 5
total, doubled, greatest, rows = odd.empty([], numpy.zeros((0, 3)))
assert (total, doubled.shape, greatest, rows.shape) == (0, (0,), 1, (0,))
assert "begins with /*" in odd.words.__doc__ and '"""' in odd.words.__doc__
