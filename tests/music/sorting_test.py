"""Orders against NumPy's own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from keras_music_vae.music.sorting import begins_run, stable_order

# Small numbers repeat; large ones do not fit into one word with others.
KEYS = st.integers(0, 40).flatmap(
    lambda items: st.lists(
        st_numpy.arrays(
            np.int64, items, elements=st.integers(0, 3) | st.integers(0, 2**62), fill=st.nothing()
        ),
        min_size=1,
        max_size=3,
    )
)


@given(KEYS)
def test_the_order_is_that_of_lexsort(keys):
    np.testing.assert_array_equal(stable_order(*keys), np.lexsort(keys[::-1]))


@given(KEYS)
def test_a_run_begins_where_any_key_changes(keys):
    rows = list(zip(*(key.tolist() for key in keys), strict=True))
    expected = [not n or row != rows[n - 1] for n, row in enumerate(rows)]
    assert begins_run(*keys).tolist() == expected
