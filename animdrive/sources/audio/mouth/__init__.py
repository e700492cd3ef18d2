"""Phones to the mouth: poses, coarticulation, visemes, and a mouth learned from captures."""
