"""The shipped English word list: made, described, listed in the manifest."""

from __future__ import annotations

import textwrap
from pathlib import Path
from time import perf_counter

from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import BackendError, InputError
from animdrive.files import output_folder, sha256_of, write_text
from animdrive.pipeline.acoustic_card import with_entry
from animdrive.pipeline.outputs import JobResult

_SOURCE = "pocketsphinx's en-us language model"
_LICENCE = (
    "Apache-2.0; made from pocketsphinx's en-us language model (BSD-2-Clause, Alpha Cephei and "
    "Carnegie Mellon University), whose notices are in the card and in the file's header"
)


def make_english_words(
    out: Path, *, manifest: Path | None = None, progress: Progress = no_progress
) -> JobResult:
    """Write the English word list to `out`, with a card (.md) beside it.

    The same pocketsphinx gives the same bytes.

    Args:
        out: File (.safetensors).
        manifest: A ``manifest.toml`` to list it in; its folder must be that of `out`.
        progress: Told of the stages "read", "choose" and "write".

    Raises:
        BackendError: pocketsphinx or its model is missing.
        InputError: a path cannot be used.
    """
    from animdrive.pipeline.deformer_train import checked_out
    from animdrive.sources.audio.training.word_list import (
        language_model_file,
        read_bigrams,
        word_list_of,
        write_word_list,
    )

    out = checked_out(out)
    if manifest is not None and Path(manifest).resolve().parent != out.resolve().parent:
        raise InputError(f"{manifest} lists what lies beside it; write the list there, too.")
    result = JobResult()
    clock = perf_counter()
    progress("read", 0.0)
    source = language_model_file()
    notice = _notices(source)
    model = read_bigrams(source)
    progress("read", 1.0)
    clock = result.timed("read", clock)
    progress("choose", 0.0)
    words = word_list_of(model)
    progress("choose", 1.0)
    clock = result.timed("choose", clock)
    progress("write", 0.0)
    command = f"animdrive audio-model words -o weights/{out.name}"
    with output_folder(out.parent):
        write_word_list(words, out, notice=notice)
        result.outputs["words"] = out
        result.figures = {
            "words": len(words.words) - 2,
            "pairs": len(words.pairs),
            "bytes": out.stat().st_size,
        }
        kept = f"the {len(words.words) - 2:,} commonest words and {len(words.pairs):,} pairs"
        card = out.with_suffix(".md")
        write_text(card, _card(out.name, command, kept, sha256_of(source), notice))
        result.outputs["card"] = card
        if manifest is not None:
            entry = {
                "file": out.name,
                "sha256": sha256_of(out),
                "licence": _LICENCE,
                "data": f"{kept} of {_SOURCE}",
                "made_by": command,
            }
            path = Path(manifest)
            before = path.read_text("utf-8") if path.is_file() else ""
            write_text(path, with_entry(before, out.stem, entry))
            result.outputs["manifest"] = path
    progress("write", 1.0)
    result.timed("write", clock)
    return result


def _notices(model: Path) -> str:
    """Return the copyright notices of pocketsphinx and of its English model.

    Both licences ask that their notice goes with whatever is made of them.
    """
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        own = distribution("pocketsphinx").read_text("licenses/LICENSE") or ""
        readme = (model.parent / "en-us" / "README").read_text("utf-8")
    except (PackageNotFoundError, OSError) as error:
        raise BackendError(
            f"The licence of pocketsphinx's model cannot be read ({error}). "
            "Reinstall it: pip install --force-reinstall pocketsphinx."
        ) from error
    own = own.split("WebRTC VAD code")[0]  # none of that code is here
    lines = [line.removeprefix("/*").removeprefix(" *") for line in readme.splitlines()]
    kept = [line for line in lines if line.strip(" =/")]
    theirs = textwrap.dedent("\n".join(line for line in kept if line.startswith(" ")))
    if "Carnegie Mellon" not in own or "Alpha Cephei" not in theirs:
        raise BackendError(
            f"The licence of pocketsphinx's model is not in {model.parent / 'en-us' / 'README'}. "
            "Reinstall it: pip install --force-reinstall pocketsphinx."
        )
    return "\n\n".join(_stripped(text) for text in (own, theirs))


def _stripped(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _card(name: str, command: str, kept: str, source_sha256: str, notice: str) -> str:
    return f"""# {name}

English words and which follows which, for hearing English without a transcript: logarithms of the
probability of {kept}, with backing off (Katz 1987);
pairs in 256 steps of 0.08 nepers. How words are said is not in it; that is read from the dictionary
in pocketsphinx's wheel.

* **Made by** `{command}`
  from `en-us.lm.bin` of pocketsphinx's wheel (sha256 {source_sha256[:16]}…), a trigram model with
  backing off. Words that the dictionary cannot say are left out; pairs are
  chosen by what their loss would cost (Seymore and Rosenfeld 1996). The same wheel gives the same
  bytes.
* **Known gaps**: no triples of words; newspaper and lecture English of about 2015; names and words
  beyond the list are heard as what sounds alike.
* **Licence**: our part Apache-2.0. The language model is under a BSD licence with two clauses,
  which ask that these notices are kept with it; they are in the file's header as well:

```
{notice}
```
"""
