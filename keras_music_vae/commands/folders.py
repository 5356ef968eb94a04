"""The commands that list, make and turn folders: presets, SavedModels, checkpoints, datasets."""

from pathlib import Path

from keras_music_vae.commands.common import CommandError, load, mistakes, new_folder, start_keras
from keras_music_vae.papers.magenta import MAGENTA


def presets(options):
    from keras_music_vae.presets import list_presets

    found = list_presets()
    for preset in found:
        print(f"{preset.name}  {preset.summary}")
        if preset.genres:
            print(f"  genres, neighbours side by side: {', '.join(preset.genres)}")
    if not found:
        print("This release has no presets. Folders made by save_preset work in their place.")


def export(options):
    model, out = load(options.preset), new_folder(options.out)
    from keras_music_vae import export

    with mistakes(export.ExportError):
        export.save(model, out, options.jit_compile)
    print(f"{out}: load it by tf.saved_model.load({str(out)!r}); it needs TensorFlow only")


def import_magenta(options):
    out = new_folder(options.out)
    start_keras()
    from keras_music_vae import presets
    from keras_music_vae.checkpoints import magenta
    from keras_music_vae.music.representations import steps_per_bar

    try:
        model = magenta.load(options.checkpoint, options.config)
    except ValueError as error:
        first, *problems = str(error).splitlines()
        several = f" ({len(problems)} differ, such as {problems[0]})" if problems else ""
        raise CommandError(f"{options.checkpoint}: {first}{several}") from error
    representation = magenta_representation(options.config, model.num_classes)
    preset = presets.save_preset(
        model,
        out,
        summary=f"MusicVAE of Magenta's configuration {options.config}",
        representation=representation,
        bars=MAGENTA[options.config].training["seq_length"] // steps_per_bar(representation),
        facts={
            "Weights": f"Magenta's checkpoint {Path(options.checkpoint).name}",
            "Licence": "that of the checkpoint",
        },
    )
    print(f"{out}: a preset of {preset.parameters:,} parameters, for --preset {out}")
    if names := preset.chord_example:
        print(f"It plays to chords: give the commands --chords {' '.join(names)}")
    if preset.is_told_hits:
        print("It plays hits that it is told: give sample, interpolate and extend --hits DRUMS.mid")


def magenta_representation(config, num_classes):
    """The representation of one of Magenta's configurations."""
    from keras_music_vae.music.representations import (
        Drums,
        Groove,
        Melody,
        Performance,
        Trio,
        fits,
    )

    if config.startswith("groovae"):
        return Groove(source=MAGENTA[config].training["source"])
    # The published models of drums are older than the drum map of 2019. Melodies of two bars are of
    # programs 0 to 31, those of sixteen of any.
    melody = Melody(last_program=31) if config.startswith("cat-mel_2bar") else Melody()
    known = melody, Drums("2017"), Drums("pitches"), Trio(drum_map="2017"), Performance()
    return next(each for each in known if fits(each, num_classes))


def datasets(options):
    from keras_music_vae.papers import PAPERS

    print("Building needs: pip install 'keras-music-vae[tfds]'")
    for paper in PAPERS.values():
        for dataset in paper.datasets.values():
            name, _, config = dataset.tfds.partition("/")
            print(f"\n{dataset.name}: {dataset.title}")
            print(f"  tfds build {name} --config={config} --imports=tfds_builders")
    print("\nWhat a dataset is and whether it needs files of yours: its README in tfds_builders")
