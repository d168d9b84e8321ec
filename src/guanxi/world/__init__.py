"""The town: a planted economy in which the truth is known."""
