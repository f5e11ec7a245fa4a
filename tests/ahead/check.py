"""Calls the functions of model.nd by the file that `ndc build --python` wrote."""

import numpy

import model


def raises(error, words, function, *arguments):
    try:
        function(*arguments)
    except error as raised:
        assert words in str(raised), raised
    else:
        raise AssertionError(f"{function} took {arguments}")


random = numpy.random.default_rng(1)
x, y, w = random.normal(size=(4, 3)), random.normal(size=4), random.normal(size=3)
value, by_x, by_y, by_w = model.loss_value_and_gradient(x, y, w)
rest = x @ w - y
assert isinstance(value, float) and abs(value - numpy.mean(rest**2)) < 1e-12
assert by_x.shape == (4, 3) and numpy.allclose(by_w, 2 / 4 * x.T @ rest, atol=1e-12)
assert model.loss(x, y, w) == value
# Arrays that do not lie row by row, lists, and whole numbers.
assert model.loss(numpy.asfortranarray(x), y, w) == value
assert model.loss(x[::-1], y[::-1], w) == model.loss(x[::-1].copy(), y[::-1].copy(), w)
assert model.loss([[1, 0, 0]] * 4, [1] * 4, [1, 2, 3]) == 0.0
assert model.pick([1.0, 2.0, 3.0, 4.0], 2) == 3.0
assert model.whole(6, 7) == 43 and isinstance(model.whole(6, 7), int)
assert model.truth(True, [1.0, 2.0]) == 3.0
assert "The mean squared error of a line" in model.loss.__doc__
raises(ValueError, "x has shape (3, 4), not (4, 3)", model.loss, x.T, y, w)
raises(TypeError, "elements of type float64, not int64", model.pick, [1.0, 2.0, 3.0, 4.0], 1.5)
raises(RuntimeError, "pick: an index is outside its axis", model.pick, [1.0, 2.0, 3.0, 4.0], 7)
raises(TypeError, "", model.loss, x, y)
