"""Functions of models of windows of tokens, whose codes are one for a whole window."""

from keras_music_vae.export.inputs import by_xla, draw_key, how, spec
from keras_music_vae.models import MeasureVAE, MusAE, MusicVAE
from keras_music_vae.models.latent_space import lerp, swept

MODELS = (MusicVAE, MusAE, MeasureVAE)


def description(model):
    """What the configuration says beside the constructor's arguments: lengths, and attributes.

    Lengths are in steps, those of `signatures`; in bars that of a window, if the model comes from a
    preset. Of each attribute that codes were ordered by, the `dim` of `sweep`.
    """
    told = {
        "length_unit": model.length_unit,
        "encoded_length": model.encoded_length,
        "attribute_dims": dict(model.attribute_dims),
    }
    if preset := getattr(model, "preset", None):
        told["bars"] = preset.window_bars
    return told


def signatures(model, jit_compile=False):
    """Name -> function of a dict, and the dict of what it takes.

    Tokens are int32 `(batch, time, part)`, float32 where the model makes grooves:

    * `encode` {tokens} -> {mean, stddev}, float32 `(batch, latent)`;
    * `decode` {z, length, temperature, seed} -> {tokens};
    * `sample` {count, length, temperature, seed} -> {tokens};
    * `reconstruct` {tokens, temperature, seed} -> {tokens};
    * `interpolate` {first, second, steps, temperature, seed} -> {tokens}, `(steps, time, part)`, of
      two windows `(time, part)`;
    * `sweep` {z, dim, values, length, temperature, seed} -> {tokens}, `(code, value, time, part)`,
      of codes whose dimension `dim` is set to each of `values`, float32 `(value,)`; the
      configuration's `attribute_dims` say which dimension follows which attribute.

    `length`, and the time of tokens, is any with a flat model. A hierarchical decoder makes a
    multiple of its subsequences, and one of measures of the ticks of a beat, `length_unit` in the
    configuration; a hierarchical encoder reads windows of one length, `encoded_length`. Other
    lengths are refused.

    A model with genres takes also in `sample` a `genre`, int32 `(1,)` or `(count,)`: indices of the
    configuration's `genres`, below 0 to draw one for each window.

    A model that is told controls, float32 `(batch, time, control)`, takes them in each; `count` and
    `length` follow from them and fall away. In `interpolate` and `sweep` they are `(time, control)`
    and told to every window, in `interpolate` to both ends too: `encode` ends that have others. A
    decoder alone has `sample` only, as there are no codes.
    """
    import tensorflow as tf

    parts = model.parts
    roll_out = by_xla(lambda *given: model.rollout(*given)[0], jit_compile)

    def encode(inputs):
        told = {"controls": inputs["controls"]} if "controls" in inputs else {}
        posterior = model.encode(inputs["tokens"], **told)
        return {name: _float(value) for name, value in posterior._asdict().items()}

    def decode(inputs, draw=0):
        z, controls = inputs["z"], inputs.get("controls")
        length = inputs["length"] if controls is None else tf.shape(controls)[1]
        if model.length_unit > 1:
            message = f"The length must be a multiple of {model.length_unit}, the length_unit."
            checked = tf.debugging.assert_equal(length % model.length_unit, 0, message)
            with tf.control_dependencies([checked]):  # or a reshape fails first
                length = tf.identity(length)
        key = draw_key(inputs["seed"], draw)
        uniforms = tf.random.stateless_uniform((tf.shape(z)[0], length, parts), key)
        given = z, uniforms, inputs["temperature"]
        return {"tokens": roll_out(*given, *([] if controls is None else [controls]))}

    def sample(inputs):
        controls = inputs.get("controls")
        count = inputs["count"] if controls is None else tf.shape(controls)[0]
        if not model.latent_dim:
            return decode(inputs | {"z": tf.zeros((count, 1))})
        shape = count, model.latent_dim
        z = tf.random.stateless_normal(shape, draw_key(inputs["seed"], 0))
        if not genre:
            return decode(inputs | {"z": z}, draw=1)
        uniforms = tf.random.stateless_uniform((count,), draw_key(inputs["seed"], 1))
        z = model.codes_of_noise(z, uniforms, tf.broadcast_to(inputs["genre"], (count,)))
        return decode(inputs | {"z": z}, draw=2)

    def reconstruct(inputs):
        length = tf.shape(inputs["tokens"])[1]
        return decode(inputs | {"z": encode(inputs)["mean"], "length": length})

    def interpolate(inputs):
        first, second = inputs["first"], inputs["second"]
        ends = encode({"tokens": tf.stack([first, second])} | _of_each(inputs, 2))["mean"]
        between = _lerp if model.between is lerp else _slerp
        z = between(*tf.unstack(tf.cast(ends, tf.float64)), inputs["steps"])
        given = {"z": _float(z), "length": tf.shape(first)[0]}
        return decode(inputs | given | _of_each(inputs, inputs["steps"]))

    def sweep(inputs):
        dim = inputs["dim"]
        message = f"The dimension must be from 0 to {model.latent_dim - 1}."
        checks = [
            tf.debugging.assert_non_negative(dim, message),
            tf.debugging.assert_less(dim, model.latent_dim, message),
        ]
        with tf.control_dependencies(checks):
            z = swept(inputs["z"], tf.identity(dim), inputs["values"])
        flat = tf.reshape(z, (-1, model.latent_dim))
        tokens = decode(inputs | {"z": flat} | _of_each(inputs, tf.shape(flat)[0]))["tokens"]
        shape = tf.concat([tf.shape(z)[:2], tf.shape(tokens)[1:]], axis=0)
        return {"tokens": tf.reshape(tokens, shape)}

    def _of_each(inputs, count):
        controls = inputs.get("controls")
        return {} if controls is None else {"controls": tf.repeat(controls[None], count, axis=0)}

    def _float(x):
        return tf.cast(x, tf.float32)

    window, dtype = (model.encoded_length, parts), model.token_dtype
    tokens = spec("tokens", (None, *window), dtype)
    z = spec("z", (None, model.latent_dim), tf.float32)
    count, length, of_window = spec("count"), spec("length"), spec("length")
    if model.control_dim:
        controls = spec("controls", (None, None, model.control_dim), tf.float32)
        of_window = spec("controls", (None, model.control_dim), tf.float32)
        count, length = {}, controls
        tokens |= controls
    genre = spec("genre", (None,)) if getattr(model, "genres", ()) else {}
    drawn = {"sample": (sample, count | length | genre | how())}
    if not model.latent_dim:
        return drawn
    ends = spec("first", window, dtype) | spec("second", window, dtype)
    values = spec("values", (None,), tf.float32)
    if model.control_dim:
        ends |= of_window
    return {
        "encode": (encode, tokens),
        "decode": (decode, z | length | how()),
        **drawn,
        "reconstruct": (reconstruct, tokens | how()),
        "interpolate": (interpolate, ends | spec("steps") | how()),
        "sweep": (sweep, z | spec("dim") | values | of_window | how()),
    }


def _lerp(first, second, steps):
    """`models.latent_space.lerp` for equal steps, in a graph."""
    import tensorflow as tf

    share = tf.linspace(tf.constant(0.0, tf.float64), 1.0, steps)[:, None]
    return (1 - share) * first + share * second


def _slerp(first, second, steps):
    """`models.latent_space.slerp` for equal steps, in a graph."""
    import tensorflow as tf

    cosine = tf.tensordot(first, second, 1) / (tf.norm(first) * tf.norm(second))
    angle = tf.acos(tf.clip_by_value(cosine, -1.0, 1.0))
    share = tf.linspace(tf.constant(0.0, tf.float64), 1.0, steps)[:, None]
    line = _lerp(first, second, steps)
    arc = (tf.sin((1 - share) * angle) * first + tf.sin(share * angle) * second) / tf.sin(angle)
    return tf.where(tf.sin(angle) > 1e-6, arc, line)
