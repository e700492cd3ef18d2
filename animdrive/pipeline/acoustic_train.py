"""Training the acoustic model: voices speak, a network learns, file and card are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.errors import InputError
from animdrive.files import output_folder, sha256_of, write_text
from animdrive.pipeline.acoustic_card import CardFacts, card_of, with_entry
from animdrive.pipeline.outputs import JobResult

if TYPE_CHECKING:
    from animdrive.sources.audio.training.fit import Fitted, Look
    from animdrive.sources.audio.training.model import AcousticNet, NetConfig
    from animdrive.sources.audio.training.spectra import Corpus
    from animdrive.sources.audio.training.voices import Voice

DATA = "our own synthesis: free voices of {engines} say {texts}; no recording of a person"


@dataclass(frozen=True)
class AcousticTrainConfig:
    """Settings of `train_acoustic`."""

    preset: str = "offline"
    """A name of `animdrive.sources.audio.training.model.PRESETS`."""
    voices: str = "all"
    """A name of `animdrive.sources.audio.training.voices.VOICE_SETS`."""
    steps: int | None = 4000
    """How many; None where `minutes` is given."""
    minutes: float | None = None
    """How long to train, instead of `steps`."""
    seed: int = 0
    """Of sentences, speakers, examples and weights."""
    share: float = 1.0
    """Of the minutes of every voice, above 0 and at most 1."""
    channels: int | None = None
    """Width of the network; None is the preset's."""
    batch: int = 24
    """Examples of a step."""
    workers: int = 1
    """Processes that make examples meanwhile."""
    device: str = "cpu"
    """"cpu", "cuda" or "auto"."""

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise InputError(f"share is a part of every voice's minutes, 0..1, got {self.share}.")
        if not 1 <= self.batch <= 4096:
            raise InputError(f"batch is a number of examples, 1..4096, got {self.batch}.")
        if not 0 <= self.workers <= 64:
            raise InputError(f"workers is a number of processes, 0..64, got {self.workers}.")
        if self.channels is not None and not 8 <= self.channels <= 1024:
            raise InputError(f"channels is the network's width, 8..1024, got {self.channels}.")


def train_acoustic(
    out: Path,
    *,
    config: AcousticTrainConfig,
    work: Path | None = None,
    watch: Sequence[Path] = (),
    manifest: Path | None = None,
    progress: Progress = no_progress,
    report: Report = tell_nobody,
) -> JobResult:
    """Train an acoustic model and write it to `out`, with a card (.md) beside it.

    What the voices said is kept in the work folder and taken again by the next run. Killed and run
    again with the same settings, training goes on from its last checkpoint.

    Args:
        out: Model to write (.safetensors).
        config: Settings.
        work: Folder for what the voices say, 10 MB a minute of speech in six; None is one beside
            `out`.
        watch: Folders of real recordings with labels; how the network does there is told, and
            nothing of it is learned.
        manifest: A ``manifest.toml`` to list the model in; its folder must be that of `out`.
        progress: Told of the stages "speak NAME", "train" and "write".
        report: Told of the loss and the scores now and then.

    Raises:
        BackendError: voices or texts are not installed; the message names the packages.
        InputError: a setting, a folder or a checkpoint cannot be used.
        DeviceError: there is no such device, or a process was killed.
    """
    from animdrive.pipeline.deformer_train import checked_out, device_of
    from animdrive.sources.audio.training.batches import BatchConfig
    from animdrive.sources.audio.training.export import write_network
    from animdrive.sources.audio.training.fit import FitConfig, fit
    from animdrive.sources.audio.training.spectra import Corpus, check_installed, prepare_voice
    from animdrive.sources.audio.training.voices import voice_set

    out = checked_out(out)
    if manifest is not None and Path(manifest).resolve().parent != out.resolve().parent:
        raise InputError(f"{manifest} lists what lies beside it; write the model there, too.")
    voices = voice_set(config.voices)
    layout = _layout(config)
    settings = FitConfig(
        steps=config.steps if config.minutes is None else None,
        minutes=config.minutes,
        seed=config.seed,
        workers=config.workers,
        device=device_of(config.device),
    )
    check_installed(voices)
    looks = _Watch(watch, report)
    result = JobResult()
    clock = perf_counter()
    checkpoint = out.with_name(f".{out.stem}.checkpoint.pt")
    folder = Path(work) if work is not None else out.with_name(f"{out.stem}_work")
    with output_folder(out.parent), output_folder(folder):
        for voice in voices:
            prepare_voice(
                voice, folder, seed=config.seed, share=config.share, progress=progress,
                report=report,
            )  # fmt: skip
        corpus = Corpus(folder, voices)
        clock = result.timed("speak", clock)
        fitted = fit(
            layout,
            BatchConfig(
                folder=folder,
                voices=voices,
                seed=config.seed,
                size=config.batch,
                normalisation=layout.normalisation,
            ),
            settings,
            checkpoint=checkpoint,
            look=looks.look_with(corpus),
            progress=progress,
            report=report,
        )
        clock = result.timed("train", clock)
        progress("write", 0.0)
        labels = {
            "steps": fitted.steps,
            "seed": config.seed,
            "voices": config.voices,
            "data": {voice.key: _told(voice, corpus) for voice in voices},
            "settings": {
                key: value
                for key, value in asdict(config).items()
                if key not in ("device", "workers")  # which change nothing
            },
        }
        write_network(fitted.net, corpus, out, labels=labels)
        result.figures = _figures(fitted, corpus, voices) | looks.figures()
        result.figures["bytes"] = out.stat().st_size
        result.outputs["model"] = out
        _write_about(out, config, layout, voices, corpus, result, manifest)
        checkpoint.unlink(missing_ok=True)
        progress("write", 1.0)
    result.timed("write", clock)
    return result


def _layout(config: AcousticTrainConfig) -> NetConfig:
    from dataclasses import replace

    from animdrive.sources.audio.training.model import preset

    layout = preset(config.preset)
    return layout if config.channels is None else replace(layout, channels=config.channels)


class _Watch:
    """Real recordings that are looked at while a network learns."""

    def __init__(self, folders: Sequence[Path], report: Report) -> None:
        from animdrive.sources.audio.training.watch import read_takes

        self._takes = {str(folder): read_takes(folder) for folder in folders}
        self._report = report
        self._last: dict[str, Any] = {}

    def look_with(self, corpus: Corpus) -> Look | None:
        """Return what looks at a network, or None where there is nothing to look at."""
        if not self._takes:
            return None
        from animdrive.sources.audio.acoustic.network import network_from_tensors
        from animdrive.sources.audio.training.export import PRIORS, metadata_of, tensors_of
        from animdrive.sources.audio.training.watch import score

        priors = {group: corpus.prior(group) for group in PRIORS}

        def look(net: AcousticNet, step: int, loss: float) -> None:
            network = network_from_tensors(tensors_of(net, priors), metadata_of(net, {}))
            for name, takes in self._takes.items():
                found = score(network, takes)
                self._last[name] = {
                    "phones": round(100 * found.phones, 1),
                    "classes_f1": round(100 * found.classes, 1),
                    "takes": len(takes),
                }
                self._report(
                    f"{name}: {100 * found.phones:.1f} % of frames right, mouth classes F1 "
                    f"{100 * found.classes:.1f}"
                )

        return look

    def figures(self) -> dict[str, Any]:
        """Return the last scores."""
        return {"real_speech": self._last} if self._last else {}


def _told(voice: Voice, corpus: Corpus) -> dict[str, Any]:
    listing = corpus.listings[corpus.voices.index(voice)]
    return {"minutes": listing["minutes"], "weight": voice.weight, "licence": voice.licence}


def _figures(fitted: Fitted, corpus: Corpus, voices: Sequence[Voice]) -> dict[str, Any]:
    return {
        "steps": fitted.steps,
        "loss": fitted.losses[-1][1],
        "train_minutes": round(fitted.seconds / 60, 1),
        "speech_minutes": round(sum(listing["minutes"] for listing in corpus.listings), 1),
        "voices": len(voices),
        "parameters": sum(value.numel() for value in fitted.net.parameters()),
    }


def _write_about(
    out: Path,
    config: AcousticTrainConfig,
    layout: NetConfig,
    voices: Sequence[Voice],
    corpus: Corpus,
    result: JobResult,
    manifest: Path | None,
) -> None:
    """Write the card, and the entry of the manifest where one is given."""
    length = (
        f"--steps {config.steps}" if config.minutes is None else f"--minutes {config.minutes:g}"
    )
    command = (
        f"animdrive audio-model train -o weights/{out.name} --preset {config.preset} "
        f"--voices {config.voices} {length} --seed {config.seed}"
    )
    for name in ("channels", "share", "batch"):
        value = getattr(config, name)
        if value != getattr(AcousticTrainConfig, name):
            command += f" --{name} {value:g}"
    facts = CardFacts(
        file=out.name,
        command=command,
        layout=layout,
        voices=tuple(voices),
        minutes=tuple(float(listing["minutes"]) for listing in corpus.listings),
        figures=result.figures,
    )
    card = out.with_suffix(".md")
    write_text(card, card_of(facts))
    result.outputs["card"] = card
    if manifest is None:
        return
    engines = ", ".join(sorted({voice.engine for voice in voices}))
    texts = " and ".join(sorted({voice.text for voice in voices})) + " sentences"
    entry = {
        "file": out.name,
        "sha256": sha256_of(out),
        "licence": "Apache-2.0",
        "data": DATA.format(engines=engines, texts=texts),
        "made_by": command,
    }
    path = Path(manifest)
    before = path.read_text("utf-8") if path.is_file() else ""
    write_text(path, with_entry(before, out.stem, entry))
    result.outputs["manifest"] = path
