"""Orders of whole numbers: NumPy sorts values many times faster than it finds their order."""

import numpy as np


def stable_order(*keys):
    """Orders items by the first key, equal ones by the second, and so on, else as they come.

    Args:
        *keys: int arrays (item,), none below 0.

    Returns:
        int64 array (item,) of indices; what `np.lexsort(keys[::-1])` returns.
    """
    items = len(keys[0])
    index_bits = items.bit_length()
    bits = [int(key.max(initial=0)).bit_length() for key in keys]
    if sum(bits) + index_bits > 63:
        return np.lexsort(keys[::-1])
    # Keys and index in one word, so that sorting the words sorts the indices.
    words = keys[0].astype(np.int64)
    for key, width in zip(keys[1:], bits[1:], strict=True):
        words <<= width
        words |= key
    words <<= index_bits
    words |= np.arange(items)
    words.sort()
    words &= (1 << index_bits) - 1
    return words


def begins_run(*keys):
    """Says which items differ from the one before.

    Args:
        *keys: arrays (item,), of which one that differs is enough.

    Returns:
        bool array (item,), the first True.
    """
    begins = np.empty(len(keys[0]), bool)
    begins[:1] = True
    np.not_equal(keys[0][1:], keys[0][:-1], out=begins[1:])
    for key in keys[1:]:
        begins[1:] |= key[1:] != key[:-1]
    return begins
