"""Our own recogniser of phones: sound → posteriors → phones, aligned to a text or heard.

`features` and `network` are the trained part, for every language and live; `senones` adds the
English Gaussians that come with pocketsphinx; `graph` and `viterbi` search; `aligner` is the whole.
"""
