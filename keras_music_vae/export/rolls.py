"""Functions of models of piano rolls, whose codes are one for each step."""

from keras_music_vae.export.inputs import by_xla, draw_key, how, spec
from keras_music_vae.models import VAE

MODELS = (VAE,)


def description(model):
    """What the configuration says beside the constructor's arguments: the w of each class."""
    if not model.condition_dim:
        return {}
    codes = [model.class_code(name).tolist() for name in model.classes]
    return {"class_codes": dict(zip(model.classes, codes, strict=True))}


def signatures(model, jit_compile=False):
    """Name -> function of a dict, and the dict of what it takes.

    Rolls are uint8 `(batch, time, pitch)`, of any length:

    * `encode` {piano_roll} -> {mean, stddev}, float32 `(batch, time, latent)`;
    * `decode` {z, temperature, seed} -> {piano_roll, probabilities};
    * `sample` {count, steps, temperature, seed} -> {piano_roll};
    * `reconstruct` {piano_roll, temperature, seed} -> {piano_roll, probabilities}.

    A model with key classes has also `classify` {piano_roll} -> {w}, float32 `(batch, classes)`,
    with which `reconstruct` begins; its `encode`, `decode` and `sample` take w too (for `sample`
    one row, or one per piece). The w of each class by name is in the configuration.
    """
    import tensorflow as tf

    def from_prior(silence, w, z, uniforms, temperature):
        return model.rollout(silence, w, z, uniforms, "prior", temperature)

    make = by_xla(from_prior, jit_compile)

    def encode(inputs):
        posterior = model.encode(inputs["piano_roll"], _w(inputs))
        return {name: _float(value) for name, value in posterior._asdict().items()}

    def decode(inputs):
        z = inputs["z"]
        shape = (tf.shape(z)[0], tf.shape(z)[1], model.num_pitches)
        uniforms = tf.random.stateless_uniform(shape, draw_key(inputs["seed"], 0))
        return roll_out(z, _w(inputs), uniforms, inputs["temperature"])

    def sample(inputs):
        count, steps = inputs["count"], inputs["steps"]
        w = _w(inputs)
        if w is not None:
            w = tf.broadcast_to(w, (count, model.condition_dim))
        z_shape = (count, steps, model.latent_dim)
        z = tf.random.stateless_normal(z_shape, draw_key(inputs["seed"], 0))
        roll_shape = (count, steps, model.num_pitches)
        uniforms = tf.random.stateless_uniform(roll_shape, draw_key(inputs["seed"], 1))
        made = roll_out(z, w, uniforms, inputs["temperature"])
        return {"piano_roll": made["piano_roll"]}

    def reconstruct(inputs):
        if model.condition_dim:
            inputs = inputs | classify(inputs)
        return decode(inputs | {"z": encode(inputs)["mean"]})

    def classify(inputs):
        least = getattr(model, "seq_length", 1)
        message = f"Expected at least {least} steps of piano_roll to tell the key from."
        tf.debugging.assert_greater_equal(tf.shape(inputs["piano_roll"])[1], least, message)
        return {"w": _float(model.mean_w(inputs["piano_roll"]))}

    def roll_out(z, w, uniforms, temperature):
        silence = tf.zeros((tf.shape(z)[0], 1, model.num_pitches))
        temperature = tf.cast(temperature, model.compute_dtype)
        made = make(silence, w, z, uniforms, temperature)
        notes = tf.cast(made["x"], tf.uint8)
        return {"piano_roll": notes, "probabilities": _float(made["probabilities"])}

    def _w(inputs):
        return tf.cast(inputs["w"], model.compute_dtype) if model.condition_dim else None

    def _float(x):
        return tf.cast(x, tf.float32)

    roll = spec("piano_roll", (None, None, model.num_pitches), tf.uint8)
    z = spec("z", (None, None, model.latent_dim), tf.float32)
    if not model.condition_dim:
        key, extra = {}, {}
    else:
        key = spec("w", (None, model.condition_dim), tf.float32)
        extra = {"classify": (classify, roll)}
    return {
        "encode": (encode, roll | key),
        "decode": (decode, z | key | how()),
        "sample": (sample, spec("count") | spec("steps") | key | how()),
        "reconstruct": (reconstruct, roll | how()),
    } | extra
