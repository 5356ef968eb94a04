"""Model cards: what a preset is and how to play it, for people."""


def model_card(preset, facts, results):
    """Writes the model card of a preset, in Markdown.

    Args:
        preset: `presets.Preset`.
        facts: mapping of str to str, rows of the table of facts.
        results: sequence of mappings of equal keys, rows of the table of results.
    """
    classes = preset.config.get("classes")
    key = f"{classes[0]} major" if classes else None
    described = {
        "Model": f"{preset.model}, {preset.parameters:,} parameters",
        "Representation": "none",
    }
    if preset.representation:
        kind, settings = preset.representation["class"], preset.representation["config"]
        settings = [f"{name} {value}" for name, value in settings.items()]
        described["Representation"] = ", ".join([kind, *settings])
    if bars := preset.window_bars:
        steps = preset.steps_per_bar
        of_bars = f"{bars} {'bar' if bars == 1 else 'bars'} of {steps} steps"
        # Without a representation nothing says that a step is a sixteenth.
        described["Windows"] = of_bars if preset.representation else f"{bars * steps} steps"
    if classes:
        described["Key classes"] = ", ".join(classes)
    if preset.genres:
        described["Genres"] = ", ".join(preset.genres)
    if attributes := preset.attributes:
        described["Attributes"] = ", ".join(f"{name} z[{dim}]" for name, dim in attributes.items())
    described |= facts
    made_by = ", ".join(f"{name} {version}" for name, version in preset.versions.items())
    parts = [
        f"# {preset.name}",
        preset.summary,
        *_examples(preset, key),
        "## Facts",
        _table([{"": f"**{name}**", "Value": text} for name, text in described.items()]),
        *(["## Results", _table(results)] if results else []),
        f"Made by {made_by}. SHA-256 of `weights.npz`: `{preset.weights_sha256}`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _examples(preset, key):
    """How to play the model, as blocks of Markdown: a command and a program."""
    if names := preset.chord_example:
        flag, argument = f"--chords {' '.join(names)}", f"chords={list(names)}"
        return _told_examples(preset, "It plays to chords.", flag, argument)
    if preset.is_told_hits:
        text = "It finds velocities and offsets of the hits that a file has."
        return _told_examples(preset, text, "--hits drums.mid", 'hits="drums.mid"')
    if controls := preset.config.get("control_dim"):
        return (
            f"The model is told {controls} values at each step, which MIDI files do not have: it "
            "plays in Python, with `model.sample(..., controls=controls)`.",
        )
    imports = ["from keras_music_vae import from_preset"]
    lines = [f'model = from_preset("{preset.name}")']
    if not preset.window_bars:
        arguments = f'key="{key}", seed=1' if key else "seed=1"
        lines += [f"roll = model.sample({arguments})[0]"]
        tokens = "roll"
    else:
        steps = preset.steps_per_bar * preset.window_bars
        lines += [f"window = model.sample(1, length={steps}, seed=1)[0]"]
        tokens = "tokens_of(window, model.representation)"
    if not preset.representation:
        return (_block("python", *imports, "", *lines),)
    imports += ["from keras_music_vae.music import midi"]
    if preset.window_bars:
        imports += ["from keras_music_vae.music.representations import tokens_of"]
    lines += [
        f"score = model.representation.decode({tokens})",
        f'midi.write(score, "music.mid", tempo_qpm={preset.tempo_qpm:g})',
    ]
    program = "python -m keras_music_vae"
    commands = [
        f"{program} sample --preset {preset.name} "
        + (f'--key "{key}" ' if key else "")
        + "--seed 1 --out music.mid"
    ]
    if preset.genres:
        moved = f'--genre "{preset.genres[0]}" --amount 0.5 --out out.mid'
        commands += [f"{program} edit in.mid --preset {preset.name} {moved}"]
    if preset.attributes:
        turned = f"--attribute {next(iter(preset.attributes))} --out swept"
        commands += [f"{program} sweep in.mid --preset {preset.name} {turned}"]
    return _block("bash", *commands), _block("python", *imports, "", *lines)


def _told_examples(preset, text, flag, argument):
    """As `_examples`, of a model that must be told something."""
    played = f"{flag} --seed 1 --out music.mid"
    command = f"python -m keras_music_vae sample --preset {preset.name} {played}"
    return _block("bash", command), f"{text} In Python: `play.sample(model, {argument})`."


def _block(language, *lines):
    return "\n".join([f"```{language}", *lines, "```"])


def _table(rows):
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns), *([row[c] for c in columns] for row in rows)]
    cells = ([str(cell).replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines)
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)
