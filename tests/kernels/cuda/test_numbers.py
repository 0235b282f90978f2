"""The 16-bit types of numbers.cuh, number by number."""

from pathlib import Path

import numpy as np
import pytest

from minibig.kernels.cuda import compilation

NUMBERS = Path(compilation.__file__).with_name("numbers.cuh").read_text("utf-8")
KERNELS = """
extern "C" __global__ void rounded(const float* x, unsigned short* y, long long n) {
    for (long long i = 0; i < n; i++) y[i] = number(x[i]).bits;
}
extern "C" __global__ void widened(const unsigned short* x, float* y, long long n) {
    for (long long i = 0; i < n; i++) {
        number each;
        each.bits = x[i];
        y[i] = real(each);
    }
}
"""


def kernel(cp, stored, name):
    options = (f"-DSTORED={stored}", "-DCOMPUTED=float")
    return cp.RawModule(code=NUMBERS + KERNELS, options=options).get_function(name)


def widened_by_formula(bits, stored):
    if stored == "float16":
        return bits.view("float16").astype("float32")
    return (bits.astype("uint32") << 16).view("float32")


@pytest.mark.parametrize("stored", ["float16", "bfloat16"])
def test_every_16_bit_number_is_widened_exactly(cp, stored):
    bits = np.arange(2**16, dtype="uint16")
    y = cp.empty(2**16, "float32")
    kernel(cp, stored, "widened")((1,), (1,), (cp.asarray(bits), y, 2**16))
    np.testing.assert_array_equal(y.get(), widened_by_formula(bits, stored))


@pytest.mark.parametrize("stored", ["float16", "bfloat16"])
def test_numbers_are_rounded_to_the_nearest_and_ties_to_even(cp, stored):
    bits = np.arange(2**16, dtype="uint16")
    exact = widened_by_formula(bits, stored)
    bits, exact = bits[np.isfinite(exact)], exact[np.isfinite(exact)]
    up = bits[:-1][(bits[1:] == bits[:-1] + 1)]  # and its upper neighbour in magnitude
    low, high = (widened_by_formula(b, stored).astype("float64") for b in (up, up + 1))
    middle, nudge = (low + high) / 2, (high - low) / 256
    x = np.concatenate([exact, middle, middle - nudge, middle + nudge]).astype("float32")
    expected = np.concatenate([bits, up + up % 2, up, up + 1])
    y = cp.empty(len(x), "uint16")
    kernel(cp, stored, "rounded")((1,), (1,), (cp.asarray(x), y, len(x)))
    np.testing.assert_array_equal(y.get(), expected)


@pytest.mark.parametrize("stored", ["float16", "bfloat16"])
def test_nan_and_infinity_stay_what_they_are(cp, stored):
    x = np.array([np.nan, -np.nan, np.inf, -np.inf, 3.38e38, -3.38e38], "float32")
    y = cp.empty(6, "uint16")
    kernel(cp, stored, "rounded")((1,), (1,), (cp.asarray(x), y, 6))
    back = widened_by_formula(y.get(), stored)
    assert np.isnan(back[:2]).all()
    assert back[2:4].tolist() == [np.inf, -np.inf]
    large = x[4:] if stored == "bfloat16" else np.array([np.inf, -np.inf])
    np.testing.assert_allclose(back[4:], large, rtol=2**-8)
