"""Generation step by step, the paper's "sequentially autoencoding", and its alternatives."""

import keras
import numpy as np
from keras import ops

SCHEMES = ("posterior", "prior", "released_prior")


class Rollout:
    """Generation for models with `encode_step`, `decode_step` and `warm_up`.

    Schemes, for the step that makes x_t:

    * `posterior`: z ~ q(z | x_{t-1}, w), the paper's. The MLP's decoder has x_{t-2} as its history,
      as in training, where it re-encodes x_{t-1}; the LSTM's nets both read x_{t-1}, as released
      (the released sampler throws away the first step it makes, this one does not).
    * `prior`: z ~ N(0, I), history x_{t-1}: the model's own predictive distribution.
    * `released_prior`: the original's `--use_z_prior`: z ~ N(0, I), history one step late (MLP).

    Reference: Hennig et al. 2017, "Sample generation"; `cl_vae/sample.py` of the original.
    """

    def rollout(self, seed, w, z_noise, uniforms, scheme="posterior", temperature=1.0):
        """Continues `seed` with given noise; a pure function, so it can be traced and exported.

        Args:
            seed: `(batch, seed time, pitch)`, steps of 0 and 1.
            w: `(batch, classes)`, or None for a model without classes.
            z_noise: standard normal, `(batch, noise_steps(seed time, time), latent)`.
            uniforms: uniform in [0, 1), `(batch, time, pitch)`; a note sounds where they are at
                most its probability.
            scheme: str, one of `SCHEMES`.
            temperature: scalar, divides the logits.

        Returns:
            dict of `x` (notes of 0 and 1), `probabilities`, both `(batch, time, pitch)`, and
            `z_mean`, `z_log_var`, `z`, `(batch, time, latent)`.
        """
        if scheme not in SCHEMES:
            raise ValueError(f"scheme must be one of {SCHEMES}. Received: scheme={scheme!r}")
        seed = ops.cast(seed, self.compute_dtype)
        z_noise = ops.cast(z_noise, self.compute_dtype)
        uniforms = ops.cast(uniforms, self.compute_dtype)
        w = None if w is None else ops.cast(w, self.compute_dtype)
        states, z_noise = self.warm_up(seed, w, z_noise, scheme)

        def step(carry, noise):
            eps, u = ops.split(noise, [self.latent_dim], axis=-1)
            x, states = carry["x"], carry["states"]
            mean, log_var, encoder_state = self.encode_step(x, w, states[0])
            z = eps if scheme != "posterior" else mean + ops.exp(0.5 * log_var) * eps
            late = scheme == "released_prior" or (
                scheme == "posterior" and not self.history_is_encoded
            )
            history = carry["x_prev"] if late else x
            logits, decoder_state = self.decode_step(history, z, w, states[1])
            p = ops.sigmoid(logits / temperature)
            carry = {
                "x": ops.cast(u <= p, x.dtype),
                "x_prev": x,
                "probabilities": p,
                "z_mean": mean,
                "z_log_var": log_var,
                "z": z,
                "states": (encoder_state, decoder_state),
            }
            return carry, carry

        last, latent = seed[:, -1], ops.zeros_like(z_noise[:, 0])
        start = {
            "x": last,
            "x_prev": last,
            "probabilities": last,
            "z_mean": latent,
            "z_log_var": latent,
            "z": latent,
            "states": states,
        }
        # One array: of an unknown length, `ops.scan` on TensorFlow cannot take several.
        noise = ops.concatenate([z_noise, uniforms], axis=-1)
        _, steps = ops.scan(step, start, _swap(noise))
        return {
            key: _swap(value) for key, value in steps.items() if key not in ("states", "x_prev")
        }

    def generate(self, seed_roll, steps, w=None, scheme="posterior", temperature=1.0, seed=0):
        """Continues `seed_roll` for `steps` steps.

        Args:
            seed_roll: `(batch, time, pitch)`, music of 0 and 1 to go on from.
            steps: int, number of steps to make.
            w: `(batch, classes)`; None draws it once from q(w | seed_roll), as the paper does.
            scheme, temperature: see `rollout`.
            seed: int. The same seed gives the same music.

        Returns:
            uint8 array `(batch, steps, pitch)`.
        """
        batch, seed_time, _ = np.shape(seed_roll)
        # Three draws of one stream, in this order: a SavedModel draws the same by their numbers.
        draws = keras.random.SeedGenerator(seed)
        z_shape = (batch, self.noise_steps(seed_time, steps), self.latent_dim)
        z_noise = keras.random.normal(z_shape, seed=draws)
        uniforms = keras.random.uniform((batch, steps, self.num_pitches), seed=draws)
        if w is None and self.condition_dim:
            w_shape = (batch, self.w_draws(seed_time), self.condition_dim - 1)
            w = self.infer_w(seed_roll, keras.random.normal(w_shape, seed=draws))
        made = self.rollout(seed_roll, w, z_noise, uniforms, scheme, temperature)
        return ops.convert_to_numpy(made["x"]).astype("uint8")

    def sample(self, count=1, steps=64, key=None, w=None, temperature=1.0, seed=0):
        """Makes music from silence by the model's own predictive distribution.

        Args:
            count: int, number of pieces.
            steps: int, length of each.
            key: str, for models with classes: "G major", "E minor" or a key class.
            w: `(count, classes)` or `(classes,)` in the place of `key`.
            temperature, seed: see `generate`.

        Returns:
            uint8 array `(count, steps, pitch)`.
        """
        if self.condition_dim:
            if (key is None) == (w is None):
                raise ValueError(
                    "Expected a key or w, not both, for a model with classes. "
                    f"Received: key={key!r}, w={w!r}; its classes are {', '.join(self.classes)}."
                )
            w = self.class_code(key) if w is None else np.asarray(w, "float32")
            w = np.broadcast_to(w, (count, self.condition_dim))
        elif key is not None or w is not None:
            raise ValueError(f"Expected no key: {type(self).__name__} has no classes.")
        silence = np.zeros((count, 1, self.num_pitches), "float32")
        return self.generate(silence, steps, w, "prior", temperature, seed)

    def decode(self, z, w=None, temperature=1.0, seed=0):
        """Makes the music of codes, each step after the one made before it, from silence on.

        Args:
            z: `(batch, time, latent)`.
            w: `(batch, classes)`, for models with classes.
            temperature, seed: see `generate`.

        Returns:
            uint8 array `(batch, time, pitch)`.
        """
        batch, time, _ = np.shape(z)
        draws = keras.random.SeedGenerator(seed)
        uniforms = keras.random.uniform((batch, time, self.num_pitches), seed=draws)
        silence = np.zeros((batch, 1, self.num_pitches), "float32")
        # The scheme takes its noise for z, so that codes in the place of noise are decoded.
        made = self.rollout(silence, w, z, uniforms, "prior", temperature)
        return ops.convert_to_numpy(made["x"]).astype("uint8")

    def reconstruct(self, x, w=None, temperature=1.0, seed=0):
        """Makes music again from what the codes kept of it: `decode` of the means of q(z|x).

        Args:
            x: `(batch, time, pitch)`, music of 0 and 1.
            w: `(batch, classes)`; None takes the mean over the music, `mean_w`.
            temperature, seed: see `generate`.

        Returns:
            uint8 array `(batch, time, pitch)`.
        """
        if w is None and self.condition_dim:
            w = self.mean_w(x)
        return self.decode(self.encode(x, w).mean, w, temperature, seed)

    history_is_encoded = False

    def noise_steps(self, seed_time, steps):
        """How many steps of noise for z `rollout` needs."""
        return steps

    def warm_up(self, seed, w, z_noise, scheme):
        """States of encoder and decoder after the seed, and the noise left; an MLP has none."""
        return ((), ()), z_noise

    def encode_step(self, x, w, state):
        """`(z_mean, z_log_var, state)` of one step, `x` of shape `(batch, pitch)`."""
        h = self.encoder(self.encoder_inputs(x, w))
        return self.posterior.mean(h), self.posterior.log_var(h), state

    def decode_step(self, x_prev, z, w, state):
        """`(logits, state)` of one step."""
        return self.head(self.decoder(self.decoder_inputs(x_prev, z, w))), state


class RecurrentRollout(Rollout):
    """Generation with an LSTM as encoder and as decoder: first the seed is run through both."""

    history_is_encoded = True

    def noise_steps(self, seed_time, steps):
        return seed_time - 1 + steps

    def warm_up(self, seed, w, z_noise, scheme):
        batch, time = ops.shape(seed)[0], ops.shape(seed)[1] - 1
        states = self.encoder.zero_state(batch), self.decoder.zero_state(batch)
        if seed.shape[1] == 1:
            return states, z_noise
        # As trained, x_t is encoded while x_{t-1} is the history; as released, both nets read x_t.
        encoded = seed[:, :-1] if scheme == "posterior" else seed[:, 1:]
        h, encoder_state = self.encoder.run(self.encoder_inputs(encoded, w), states[0])
        mean, log_var = self.posterior.mean(h), self.posterior.log_var(h)
        z = mean + ops.exp(0.5 * log_var) * z_noise[:, :time]
        inputs = self.decoder_inputs(seed[:, :-1], z, w)
        _, decoder_state = self.decoder.run(inputs, states[1])
        return (encoder_state, decoder_state), z_noise[:, time:]

    def encode_step(self, x, w, state):
        state = self.encoder.step(self.encoder_inputs(x, w), state)
        return self.posterior.mean(state[0]), self.posterior.log_var(state[0]), state

    def decode_step(self, x_prev, z, w, state):
        state = self.decoder.step(self.decoder_inputs(x_prev, z, w), state)
        return self.head(state[0]), state


def _swap(x):
    return ops.transpose(x, (1, 0, *range(2, len(x.shape))))
