"""How the acoustic model is made: voices speak sentences, and a network learns who said what when.

`texts` and `made_up` give sentences, `voices` lists who says them, the `speak_*` modules have them
said, `voice_labels` turns every voice's names of sounds into phones of the inventory, `spectra`
keeps what is heard, `augment` makes other rooms and people of it, `model` and `fit` learn,
`watch` listens to real speech meanwhile, and `export` writes what inference reads. Only `model`
and `fit` need PyTorch.
"""
