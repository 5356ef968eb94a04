"""Music of models of piano rolls, which may have keys to choose from."""

from keras_music_vae.commands.common import CommandError, mistakes
from keras_music_vae.commands.piece import Piece

STEPS = 64


def sample(model, options):
    """The `Piece`s that the command `sample` writes."""
    from keras_music_vae.music import plotting

    if options.bars:
        raise CommandError(f"{model.preset.name} counts in steps; give --steps, not --bars.")
    if options.genre:
        raise CommandError(f"{model.preset.name} has no genres to choose from; leave out --genre.")
    _check_chords(model, options)
    if options.hits:
        raise CommandError(f"{model.preset.name} is told no hits; leave out --hits.")
    _check_key(model, options.key)
    steps = options.steps or STEPS
    rolls = model.sample(options.count, steps, options.key, None, options.temperature, options.seed)
    per_quarter = model.representation.steps_per_quarter

    def piece(roll):
        def draw():
            return plotting.piano_roll(roll, steps_per_quarter=per_quarter, key=options.key)

        score = model.representation.decode(roll)
        return Piece(score, f"{steps} steps", steps / per_quarter, draw)

    return [piece(roll) for roll in rolls]


def reconstruct(model, score, options):
    """The score that the command `reconstruct` writes, and what it says of it."""
    _check_chords(model, options)
    roll = model.representation.encode(score)
    if not roll.any():
        raise CommandError(f"{options.midi} has no notes on the piano's 88 keys but drums.")
    if model.condition_dim:
        with mistakes(ValueError):
            model.w_draws(len(roll))
    made = model.reconstruct(roll[None], None, options.temperature, options.seed)[0]
    kept, total = int((made & roll).sum()), int(roll.sum())
    told = f"{len(roll)} steps; {kept} of {total} notes kept, {int(made.sum()) - kept} new"
    return model.representation.decode(made), told


def _check_chords(model, options):
    if options.chords:
        raise CommandError(f"{model.preset.name} is told no chords; leave out --chords.")


def _check_key(model, key):
    if not model.condition_dim:
        if key:
            raise CommandError(f"{model.preset.name} has no keys to choose from; leave out --key.")
    elif key:
        with mistakes(ValueError):
            model.class_weights(key)
    else:
        raise CommandError(
            f"{model.preset.name} needs a --key, for example --key '{model.classes[0]} major'. "
            f"It knows the major keys {', '.join(model.classes)} and their relative minors."
        )
