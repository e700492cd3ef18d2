"""How the learned regressor came to be: what faces do, how rigs differ, the fit."""
