"""The tracks' decoder against Keras's own LSTMs, and what it refuses."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.layers import TrackDecoder


@pytest.mark.parametrize("shared", [False, True])
def test_a_decoder_is_keras_s_lstms_that_read_the_code_at_every_step(shared):
    decoder = TrackDecoder((3, 4), (5, 5), shared_initial_state=shared)
    decoder.build((None, 2))
    assert len(decoder.initial_states) == (1 if shared else 2)
    for weight in decoder.trainable_variables:
        weight.assign(np.random.default_rng(weight.shape[0]).normal(0, 0.5, weight.shape))
    z = np.random.default_rng(1).normal(size=(2, 2)).astype("float32")
    tracks = []
    for i, (lstms, head) in enumerate(zip(decoder.lstms, decoder.heads, strict=True)):
        dense = decoder.initial_states[0 if shared else i]
        first = ops.tanh(ops.matmul(z, dense.kernel.v) + dense.bias)
        x = np.repeat(z[:, None], 6, axis=1)
        for layer in lstms.layers:
            keras_layer = keras.layers.LSTM(5, return_sequences=True)
            keras_layer.build(x.shape)
            keras_layer.set_weights([layer.kernel.v, layer.recurrent_kernel.v, layer.bias])
            x = keras_layer(x, initial_state=[first, first])
        tracks.append(ops.matmul(x, head.projection.kernel.v) + head.projection.bias)
    found = decoder(z, length=6)
    np.testing.assert_allclose(found, ops.concatenate(tracks, axis=-1), atol=1e-6)


def test_layers_that_cannot_begin_with_one_state_are_refused():
    with pytest.raises(ValueError, match=r"must be equal for all layers.*\(5, 6\)"):
        TrackDecoder((3,), (5, 6))
